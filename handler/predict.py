"""POST /predict: ``{"X": [[…]]}`` or ``{"records": [{column: value}]}`` to predictions."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
from flask import Flask, Response, g, request

from handler.batch import Batch, RowFault, refused
from handler.body import json_body
from handler.decode import BodyDecoder
from handler.encode import json_response
from handler.errors import InvalidInput, RowsRefused
from handler.model import Model
from handler.problems import Fault, Problem

_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def register(app: Flask, model: Model, max_rows: int) -> None:
    """Add the resource to an app."""
    predictor = Predictor(model, max_rows)

    @app.post("/predict")
    def predict() -> Response:
        probabilities = _flag("probabilities")
        if probabilities and "predict_proba" not in model.methods:
            raise _without_probabilities(model)
        return json_response(predictor.answer(json_body(), probabilities=probabilities))


class Predictor:
    """Answers bodies of /predict.

    Parameters
    ----------
    model : loaded model
    max_rows : rows that one request may have
    """

    def __init__(self, model: Model, max_rows: int) -> None:
        self._model = model
        self._decoder = BodyDecoder(model.signature, max_rows)
        # What only transforms, or only scores, answers under the name of its method.
        self._method = "predict" if "predict" in model.methods else model.methods[0]
        self._answer = "prediction" if self._method == "predict" else self._method
        columns = model.signature.columns
        self._numbers = model.signature.kind == "array" and all(c.numeric for c in columns)

    def answer(self, body: bytes, *, probabilities: bool) -> dict[str, Any]:
        """Return the predictions for a body, and the probabilities of classes if wanted.

        Raises
        ------
        Problem
            400, 413 or 422, with everything that is wrong with the body.
        """
        batch = self._decoder.decode(body)
        g.rows = len(batch.rows) + len({row for row, _ in batch.faults if row >= 0})
        answer, faults = self._compute(body, batch, probabilities)
        if faults:
            raise _unprocessable(faults)
        return answer

    def _compute(
        self, body: bytes, batch: Batch, probabilities: bool
    ) -> tuple[dict[str, Any], Sequence[RowFault]]:
        """Return the answer for a batch's rows, and all faults: its own and the model's."""
        try:
            answer = self._ask(batch, probabilities) if batch.rows else {}
        except RowsRefused as error:
            found = refused(batch, self._model.signature, error.problems)
            return {}, sorted([*batch.faults, *found], key=lambda fault: fault.row)
        except InvalidInput as error:
            # An integer that float64 cannot hold; the decoder lets it pass, to stay fast.
            faults = self._decoder.inspect(body).faults
            return {}, faults or [RowFault(-1, Fault(f"$.{batch.field}", str(error)))]
        return answer, batch.faults

    def _ask(self, batch: Batch, probabilities: bool) -> dict[str, Any]:
        X = np.array(batch.rows, dtype=np.float64) if self._numbers else batch.rows
        # An overflow shows in the answer; numpy's warning would only show in the log.
        with np.errstate(all="ignore"):
            answer: dict[str, Any] = {self._answer: getattr(self._model, self._method)(X)}
            if probabilities:
                answer["probabilities"] = self._model.predict_proba(X)
                answer["classes"] = self._model.classes
        return answer


def _flag(name: str) -> bool:
    text = request.args.get(name, "false")
    if text.lower() not in _FLAGS:
        fault = Fault(f"?{name}", "expected true or false", "true or false")
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"The query parameter {name} must be true or false.",
            [fault],
        )
    return _FLAGS[text.lower()]


def _without_probabilities(model: Model) -> Problem:
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The model {model.name} has no probabilities; it offers {', '.join(model.methods)}.",
    )


def _unprocessable(faults: Sequence[RowFault]) -> Problem:
    first = faults[0].fault.to_dict()
    others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{first['path']}: {first['detail']}{others}.",
        [fault for _, fault in faults],
        sorted({row for row, _ in faults if row >= 0}),
    )
