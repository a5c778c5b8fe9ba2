"""One JSON line a request on stdout, without the request's data."""

import os
import sys
import time
import traceback
from itertools import chain, repeat
from pathlib import PurePath
from typing import Any

import msgspec
from flask import Flask, Response, g, request

# The first request of a process pays for its start.
_cold = chain([True], repeat(False))


def register(app: Flask) -> None:
    """Write a line for each request of an app."""
    app.before_request(_start)
    app.after_request(_finish)


def write(context: Any, **fields: Any) -> None:
    """Write one line: the id of the request, the fields, and whether it was the first one.

    Parameters
    ----------
    context : Lambda's context object, or None outside Lambda
    fields : what happened; None where it does not apply
    """
    line = {"id": _request_id(context), **fields, "cold_start": next(_cold)}
    # One write of one whole line: Lambda's runtime flushes each write by itself.
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")


def milliseconds_since(started: float) -> float:
    """Return the time since a reading of ``time.perf_counter``, to the microsecond."""
    return round((time.perf_counter() - started) * 1e3, 3)


def _request_id(context: Any) -> str:
    return getattr(context, "aws_request_id", None) or os.urandom(16).hex()


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    gateway = request.environ.get("apig_wsgi.request_context") or {}
    write(
        request.environ.get("apig_wsgi.context"),
        gateway_id=gateway.get("requestId"),
        method=request.method,
        # The rule, not the path: what a client typed is its data.
        route=request.url_rule.rule if request.url_rule else None,
        rows=g.get("rows"),
        status=response.status_code,
        ms=milliseconds_since(g.started),
        **_error(g.get("error")),
    )
    return response


def _error(error: Exception | None) -> dict[str, Any]:
    """Return where an error was raised; its message may hold the request's data and stays out."""
    if error is None:
        return {}
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__qualname__,
        "traceback": [
            f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames
        ],
    }
