"""The app that is measured: load a joblib file, answer POST /predict."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
from flask import Flask, request
from flask_restful import Api, Resource

app = Flask(__name__)
api = Api(app)
model = joblib.load(Path(__file__).with_name("model.joblib"))


class Predict(Resource):  # type: ignore[misc]  # flask-restful has no types
    """The one resource."""

    def post(self) -> dict[str, Any]:
        """Answer {"X": [[…]]} with {"prediction": […]}."""
        rows = np.array(request.get_json()["X"], dtype=object)
        return {"prediction": model.predict(rows).tolist()}


api.add_resource(Predict, "/predict")
