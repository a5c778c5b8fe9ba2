"""The body of a request: its media type and its size, before anything reads it as JSON."""

from http import HTTPStatus

from flask import request

from handler.problems import Problem


def json_body() -> bytes:
    """Return the body of the current request, which says that it is JSON or says nothing.

    Raises
    ------
    Problem
        415 for another media type or character set.
    RequestEntityTooLarge
        413 for more bytes than the app's MAX_CONTENT_LENGTH, before they are read.
    """
    if request.mimetype and not _is_json(request.mimetype):
        raise _unsupported(f"got {request.mimetype}")
    charset = request.mimetype_params.get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8"):
        raise _unsupported(f"got the character set {charset}")
    return request.get_data(cache=False)


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _unsupported(got: str) -> Problem:
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"The header Content-Type must be application/json in UTF-8, {got}.",
    )
