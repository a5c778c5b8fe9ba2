"""What each front makes of a function's answer.

The fronts differ in what they accept and in how they fail. Sources: the developer guides of API
Gateway ("Output format of a Lambda function for proxy integration", "Create AWS Lambda proxy
integrations for HTTP APIs", "Gateway responses") and of Lambda ("Lambda function URLs").
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Sequence
from typing import Any

from local_aws.events import matches_binary
from local_aws.http import HttpAnswer, Pairs, last

REST_FIELDS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
# REST APIs set these themselves and rename those of the function.
REMAPPED = {"connection", "content-length", "date", "server", "www-authenticate"}
REST_FAILED = HttpAnswer.json(
    502, {"message": "Internal server error"}, "InternalServerErrorException"
)
REST_TIMED_OUT = HttpAnswer.json(
    504, {"message": "Endpoint request timed out"}, "GatewayTimeoutException"
)
REST_THROTTLED = HttpAnswer.json(
    500, {"message": "Internal server error"}, "InternalServerErrorException"
)
HTTP_FAILED = HttpAnswer.json(500, {"message": "Internal Server Error"})
HTTP_UNAVAILABLE = HttpAnswer.json(503, {"message": "Service Unavailable"})
URL_FAILED = HttpAnswer(502, [("Content-Type", "application/json")], b"Internal Server Error")


class MalformedAnswerError(Exception):
    """A function's answer is not of the form that the front expects."""


def rest_api(payload: bytes, *, binary_media_types: Sequence[str], accept: str) -> HttpAnswer:
    """Turn a function's answer into a REST API's; what is malformed becomes a 502.

    Any other field than the five known ones, a body that is no string, or a header that is neither
    string nor truth value makes the answer malformed. A base64 body is decoded only where the
    client's first accepted type is one of the API's binary media types.
    """
    try:
        answer = _fields(payload)
        if not answer.keys() <= REST_FIELDS:
            raise MalformedAnswerError("unknown fields")
        headers = _rest_headers(answer)
        first_accepted = accept.split(",")[0] or last(headers, "Content-Type")
        decode = bool(answer.get("isBase64Encoded"))
        decode = decode and matches_binary(first_accepted, binary_media_types)
        return HttpAnswer(_status(answer.get("statusCode", 200)), headers, _body(answer, decode))
    except MalformedAnswerError:
        return REST_FAILED


def http_api(payload: bytes) -> HttpAnswer:
    """Turn a function's answer into an HTTP API's; what is malformed becomes a 500.

    Without ``statusCode`` the whole JSON is the body, with status 200. (This inference is payload
    format 2.0; in 1.0 the fields must be there, and multi-value headers are taken, too.)
    """
    return _inferring(payload, "text/plain; charset=utf-8", HTTP_FAILED)


def http_api_v1(payload: bytes) -> HttpAnswer:
    """Turn an answer of payload format 1.0 into an HTTP API's."""
    try:
        answer = _fields(payload)
        headers = _rest_headers(answer, default_type="text/plain; charset=utf-8")
        body = _body(answer, bool(answer.get("isBase64Encoded")))
        return HttpAnswer(_status(answer.get("statusCode")), headers, body)
    except MalformedAnswerError:
        return HTTP_FAILED


def function_url(payload: bytes) -> HttpAnswer:
    """Turn a function's answer into a Function URL's; what is malformed becomes a 502."""
    return _inferring(payload, "application/json", URL_FAILED)


def compressed(answer: HttpAnswer, minimum_bytes: int | None, accept_encoding: str) -> HttpAnswer:
    """Compress as a REST API with ``minimumCompressionSize`` does, for clients that take gzip."""
    if minimum_bytes is None or len(answer.body) < minimum_bytes or not answer.body:
        return answer
    if "gzip" not in accept_encoding.lower() or last(answer.headers, "Content-Encoding"):
        return answer
    headers = [*answer.headers, ("Content-Encoding", "gzip")]
    return HttpAnswer(answer.status, headers, gzip.compress(answer.body, mtime=0))


def _inferring(payload: bytes, default_type: str, failed: HttpAnswer) -> HttpAnswer:
    try:
        answer = json.loads(payload)
        if not isinstance(answer, dict) or "statusCode" not in answer:
            body = answer if isinstance(answer, str) else json.dumps(answer, separators=(",", ":"))
            return HttpAnswer(
                200, [("Content-Type", "application/json")], body.encode("utf-8", "replace")
            )
        headers = [(name, _header(value)) for name, value in _dict(answer, "headers").items()]
        headers += [("Set-Cookie", _header(cookie)) for cookie in _list(answer, "cookies")]
        body_bytes = _body(answer, bool(answer.get("isBase64Encoded")))
        return HttpAnswer(
            _status(answer["statusCode"]), _with_type(headers, default_type), body_bytes
        )
    except (ValueError, MalformedAnswerError):
        return failed


def _fields(payload: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(payload)
    except ValueError:
        raise MalformedAnswerError("not JSON") from None
    if not isinstance(answer, dict):
        raise MalformedAnswerError("not an object")
    return answer


def _rest_headers(answer: dict[str, Any], default_type: str = "application/json") -> Pairs:
    """Join both kinds of headers; a name in both has the values of the multi-value field."""
    lists = _dict(answer, "multiValueHeaders")
    single = _dict(answer, "headers")
    headers = [(name, _header(value)) for name, value in single.items() if name not in lists]
    for name in lists:
        headers += [(name, _header(value)) for value in _list(lists, name)]
    return _with_type([(_remap(name), value) for name, value in headers], default_type)


def _remap(name: str) -> str:
    return f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name


def _with_type(headers: Pairs, default: str) -> Pairs:
    return headers if last(headers, "Content-Type") else [("Content-Type", default), *headers]


def _dict(answer: dict[str, Any], field: str) -> dict[str, Any]:
    value = answer.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedAnswerError(f"{field} is no object")
    return value


def _list(answer: dict[str, Any], field: str) -> list[Any]:
    value = answer.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedAnswerError(f"{field} is no list")
    return value


def _header(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    raise MalformedAnswerError(f"a header is {value!r}")


def _status(value: object) -> int:
    try:
        status = int(str(value))
    except ValueError:
        raise MalformedAnswerError(f"statusCode is {value!r}") from None
    if not 100 <= status <= 599:
        raise MalformedAnswerError(f"statusCode is {value!r}")
    return status


def _body(answer: dict[str, Any], decode: bool) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError("body is no string")
    if not decode:
        return body.encode("utf-8", "replace")  # JSON may have half of a surrogate pair
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise MalformedAnswerError("body is no base64") from None
