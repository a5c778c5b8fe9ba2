"""Invocations to answers: HTTP through WSGI to Flask, schedules at once, all else refused."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from apig_wsgi import make_lambda_handler
from flask import Flask

from handler import access_log
from handler.events import is_http, is_scheduled, mount_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

type LambdaHandler = Callable[[Any, Any], dict[str, Any]]

_REFUSAL = "this function answers HTTP requests and schedules, nothing else"


def create_handler(app: Flask, base_path: str = "") -> LambdaHandler:
    """Return the function that Lambda calls with each event.

    Parameters
    ----------
    app : the Flask app
    base_path : the prefix of all paths, where no event tells of it ("/prefix" or empty)
    """
    # REST APIs take binary answers as well; apig-wsgi leaves JSON and text as they are.
    answer_http = make_lambda_handler(_mounted(app.wsgi_app, base_path), binary_support=True)

    def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        if is_http(event):
            try:
                return answer_http(event, context)
            except ValueError:  # a body that is neither base64 nor Unicode; no gateway sends it
                return _refuse(context, started)
        if is_scheduled(event):
            _log(context, "scheduled", started)
            return {"status": "warm"}
        return _refuse(context, started)

    return lambda_handler


def _mounted(app: "WSGIApplication", base_path: str) -> "WSGIApplication":
    """Return a WSGI app that is told its mount, so that stages are no part of its paths."""

    def mounted(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        mount, path = mount_of(environ["apig_wsgi.full_event"], base_path)
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = _wsgi_text(mount), _wsgi_text(path)
        return app(environ, start_response)

    return mounted


def _wsgi_text(text: str) -> str:
    """Return text as WSGI has it: its UTF-8 bytes as Latin-1 (PEP 3333)."""
    return text.encode().decode("latin-1")


def _refuse(context: Any, started: float) -> dict[str, Any]:
    _log(context, "refused", started)
    return {"refused": _REFUSAL}


def _log(context: Any, kind: str, started: float) -> None:
    access_log.write(context, event=kind, ms=access_log.milliseconds_since(started))
