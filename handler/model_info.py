"""GET /model: what the model is and what it takes."""

from typing import Any

from flask import Flask, Response

from handler.encode import json_response
from handler.model import Model
from handler.signature import Column


def register(app: Flask, model: Model) -> None:
    """Add the resource to an app."""
    description = describe(model)

    @app.get("/model")
    def model_info() -> Response:
        return json_response(description)


def describe(model: Model) -> dict[str, Any]:
    """Return the public description of a model: nothing in it is a row of the training data."""
    return {
        "name": model.name,
        "version": model.version,
        "engine": model.engine,
        "sha256": model.digest,
        "methods": model.methods,
        "classes": model.classes,
        "signature": {
            "kind": model.signature.kind,
            "columns": [_column(column) for column in model.signature.columns],
        },
        "metrics": model.metadata.get("metrics", {}),
        "versions": model.metadata.get("versions", {}),
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "categories": column.categories,
    }
