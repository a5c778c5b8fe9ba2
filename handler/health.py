"""GET /health: whether this instance answers; it does once its model is loaded."""

from flask import Flask, Response

from handler.encode import json_response
from handler.model import Model


def register(app: Flask, model: Model) -> None:
    """Add the resource to an app."""

    @app.get("/health")
    def health() -> Response:
        return json_response({"status": "ok", "model": model.name, "version": model.version})
