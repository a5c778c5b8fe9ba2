"""Golden requests: requests with scikit-learn's own answers, replayed against the finished zip."""

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from model_build.bundle import Golden
from model_build.compare import rows_of
from model_build.export.writer import to_json

_SINGLE = 3  # requests of one row
_BATCH = 64  # rows of a batch, of each kind


def golden_requests(estimator: Any, held_out: Any, nasty: Any) -> list[Golden]:
    """Return requests and the answers that scikit-learn gives to them.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    held_out, nasty : DataFrame, 2-D array or list of str
        Rows that it takes. Of the nasty ones, those that JSON can say are used.
    """
    requests = [_request(estimator, rows_of(held_out, slice(i, i + 1))) for i in range(_SINGLE)]
    requests.append(_request(estimator, rows_of(held_out, slice(0, _BATCH))))
    if isinstance(held_out, pd.DataFrame):
        requests.append(_records(estimator, held_out.iloc[:_SINGLE]))
    sayable = [i for i, row in enumerate(_as_lists(nasty)) if _sayable(row)]
    if sayable:
        step = max(1, len(sayable) // _BATCH)
        requests.append(_request(estimator, rows_of(nasty, sayable[::step])))
    return requests


def request_rows(X: Any) -> list[Any]:
    """Return X as the ``X`` of a request: lists of JSON values, or texts."""
    return to_json(_as_lists(X))  # type: ignore[no-any-return]


def _request(estimator: Any, X: Any) -> Golden:
    query, expected = _expected(estimator, X)
    return Golden(path="/predict", query=query, body={"X": request_rows(X)}, expected=expected)


def _records(estimator: Any, frame: pd.DataFrame) -> Golden:
    query, expected = _expected(estimator, frame)
    names = [str(name) for name in frame.columns]
    records = [dict(zip(names, row, strict=True)) for row in request_rows(frame)]
    return Golden(path="/predict", query=query, body={"records": records}, expected=expected)


def _expected(estimator: Any, X: Any) -> tuple[dict[str, str], dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = {"prediction": to_json(estimator.predict(X))}
        if not hasattr(estimator, "predict_proba"):
            return {}, expected
        expected["probabilities"] = to_json(estimator.predict_proba(X))
    return {"probabilities": "true"}, expected | {"classes": to_json(estimator.classes_)}


def _as_lists(X: Any) -> list[Any]:
    if isinstance(X, pd.DataFrame):
        columns: Iterator[list[Any]] = (X.iloc[:, j].tolist() for j in range(X.shape[1]))
        return [list(row) for row in zip(*columns, strict=True)]
    return list(X)


def _sayable(row: Any) -> bool:
    """Whether JSON has words for all values of a row: it has none for infinities."""
    if isinstance(row, Mapping):
        row = list(row.values())
    if isinstance(row, list | tuple | set | frozenset | np.ndarray):
        return all(_sayable(value) for value in row)
    return not (isinstance(row, float) and math.isinf(row))
