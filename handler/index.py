"""GET /: what there is."""

from flask import Flask, Response, request

from handler.encode import json_response
from handler.model import Model


def register(app: Flask, model: Model) -> None:
    """Add the resource to an app."""

    @app.get("/")
    def index() -> Response:
        root = request.root_path
        return json_response(
            {
                "name": model.name,
                "version": model.version,
                "links": {
                    "predict": f"{root}/predict",
                    "model": f"{root}/model",
                    "health": f"{root}/health",
                },
            }
        )
