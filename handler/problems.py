"""Every error answer: a problem document (RFC 9457), without a traceback and without the data."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

# A batch of thousands of bad rows is told by its first ones and their number.
MAX_FAULTS = 100


class Fault(NamedTuple):
    """One thing that is wrong with a request.

    Attributes
    ----------
    path : where, as ``$.X[3][0]``
    detail : what is wrong
    expected, got : kinds of values, never values
    unknown, known : a name that means nothing, and those that do
    """

    path: str
    detail: str
    expected: str | None = None
    got: str | None = None
    unknown: str | None = None
    known: Sequence[str] = ()

    def to_dict(self) -> dict[str, str]:
        """Return the public fields that are set; a misspelt name with the one that is near."""
        fields = {
            "path": self.path,
            "detail": self.detail + _suggestion(self.unknown, self.known),
            "expected": self.expected,
            "got": self.got,
        }
        return {key: value for key, value in fields.items() if value is not None}


class Problem(Exception):
    """An answer with an error status.

    Parameters
    ----------
    status : HTTP status, 4xx or 5xx
    detail : what is wrong with this request, in one sentence
    faults : where, one by one; the first ``MAX_FAULTS`` are answered, the rest is counted
    rows : positions of all bad rows of a batch; answered where ``faults`` are cut short
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        faults: Sequence[Fault] = (),
        rows: Sequence[int] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.faults = faults
        self.rows = rows


def register(app: Flask) -> None:
    """Answer all errors of an app with problem documents."""
    app.register_error_handler(Problem, _of_problem)
    app.register_error_handler(HTTPException, _of_http_exception)
    app.register_error_handler(Exception, _of_bug)


def _of_problem(problem: Problem) -> Response:
    return _response(problem.status, problem.detail, problem.faults, problem.rows)


def _of_http_exception(error: HTTPException) -> Response:
    """Return werkzeug's own errors (404, 405, 413 …) in our form, with their headers."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _response(status, _detail(status))
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name != "Content-Type"
    )
    return response


def _of_bug(error: Exception) -> Response:
    g.error = error  # the access log tells where it was raised
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _response(status, "The request could not be answered; the log has the reason.")


def _detail(status: HTTPStatus) -> str:
    if status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {_path()}; GET {request.root_path}/ lists what there is."
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.method} is not offered at {_path()}; the header Allow lists what is."
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"The body may have at most {request.max_content_length} bytes."
    return f"{status.description or status.phrase}."


def _response(
    status: HTTPStatus, detail: str, faults: Sequence[Fault] = (), rows: Sequence[int] = ()
) -> Response:
    document: dict[str, Any] = {
        "type": "about:blank",  # RFC 9457, 4.2.1: the status tells all that a type would
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "instance": _path(),
    }
    if faults:
        document["errors"] = [fault.to_dict() for fault in faults[:MAX_FAULTS]]
    if len(faults) > MAX_FAULTS:
        document["omitted"] = len(faults) - MAX_FAULTS
        document["rows"] = rows
    return Response(msgspec.json.encode(document), status, content_type=MEDIA_TYPE)


def _suggestion(unknown: str | None, known: Sequence[str]) -> str:
    if unknown is None:
        return ""
    # Imported here: only this kind of mistake needs it.
    from difflib import get_close_matches

    short = unknown[:100]  # the search's time grows with the product of the lengths
    same = [name for name in known if name.lower() == short.lower()]
    near = same or get_close_matches(short, known, n=1)
    return f"; did you mean {msgspec.json.encode(near[0]).decode()}?" if near else ""


def _path() -> str:
    return quote(request.root_path + request.path)
