"""Compares a model's answers with scikit-learn's own, method by method."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from handler.engine.sklearn_engine import ask
from handler.engine.table import Array
from handler.model import Model

RELATIVE = 1e-9
# Sums that cancel leave rounding errors where the exact answer is near 0; relative to 0 any
# error is infinite. Differences below this part of a typical answer's size are such errors.
CANCELLED = 1e-12


class Difference(NamedTuple):
    """The largest difference that one method showed.

    ``relative`` is the largest |got - expected| / |expected| among numbers that differ by more
    than ``CANCELLED`` of a typical answer (the median over the rows of a row's largest number);
    ``row`` is where it was, None where all answers were equal.
    """

    method: str
    equal: bool
    relative: float
    row: int | None
    expected: Any
    got: Any


def compare(estimator: Any, model: Model, X: Any) -> list[Difference]:
    """Return a difference a method: equal or not, and by how much.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator, which answers for X as it is
    model : Model
    X : DataFrame, 2-D array or list of str; all rows must be such that scikit-learn takes them
    """
    inputs = as_inputs(X)
    with on_one_thread():
        return [
            # A copy: some estimators write into what they are given (IterativeImputer, copy=False).
            difference(method, ask(estimator, method, deepcopy(X)), getattr(model, method)(inputs))
            for method in model.methods
        ]


def on_one_thread() -> AbstractContextManager[Any]:
    """Return a context in which BLAS computes on one thread.

    How it shares work among threads changes the last bits, and a model whose sums cancel shows
    them: scikit-learn's answers are then of one machine only. On one thread they are of none.
    """
    return _controller().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _controller() -> ThreadpoolController:
    # Finding the libraries takes milliseconds; numpy's and scipy's are there by now.
    return ThreadpoolController()


def as_inputs(X: Any) -> Any:
    """Return X as ``Model.predict`` takes it: a DataFrame becomes a dict of columns."""
    if isinstance(X, pd.DataFrame):
        return {str(name): _column(X.iloc[:, j]) for j, name in enumerate(X.columns)}
    return X.toarray() if hasattr(X, "toarray") else X


def rows_of(X: Any, rows: Any) -> Any:
    """Return the rows of a DataFrame, array or list that a list of positions or a slice names."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[rows]
    if isinstance(X, np.ndarray) or isinstance(rows, slice):
        return X[rows]
    return [X[i] for i in rows]


def _column(values: "pd.Series[Any]") -> Array:
    if pd.api.types.is_extension_array_dtype(values.dtype):
        return values.astype(object).to_numpy(na_value=np.nan)  # callers have no pd.NA
    return values.to_numpy()


def difference(method: str, expected: Any, got: Any) -> Difference:
    """Return how two answers of a method to the same rows differ; each of any form."""
    expected, got = dense(expected), dense(got)
    if expected.shape != got.shape:
        return Difference(method, False, np.inf, 0, expected.shape, got.shape)
    wrong, relative = _differences(expected, got)
    if not relative.size:
        return Difference(method, True, 0.0, None, None, None)
    worst = int(np.argmax(relative.reshape(len(expected), -1).max(axis=1)))
    largest = float(relative.max())
    row = worst if wrong.any() or largest else None
    return Difference(method, not wrong.any(), largest, row, expected[worst], got[worst])


def dense(answer: Any) -> Array:
    """Return an answer of any form (list, sparse matrix, DataFrame) as an array.

    Probabilities of several targets, a list of (n, n_classes), stand side by side.
    """
    if isinstance(answer, list) and np.ndim(answer[0]) == 2:
        return np.concatenate(answer, axis=1)
    array = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    if array.dtype == object:  # pandas' own missing value is neither equal nor unequal to itself
        array = np.where(pd.isna(array), np.nan, array)
    return array


def rounding_floor(expected: Array) -> float:
    """Return the size of differences that cancelling sums leave among answers of shape (n, …)."""
    sizes = np.where(np.isfinite(expected), np.abs(expected), 0.0).reshape(len(expected), -1)
    return CANCELLED * float(np.median(sizes.max(axis=1, initial=0.0)))


def _differences(expected: Array, got: Array) -> tuple[Array, Array]:
    """Return which values differ, and by how much (infinite for labels)."""
    if expected.dtype.kind != "f" or got.dtype.kind != "f":
        wrong = ~_same_objects(expected, got)
        return wrong, np.where(wrong, np.inf, 0.0)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        distance = np.abs(got - expected)
        same = (
            (got == expected)
            | (np.isnan(got) & np.isnan(expected))
            | (distance <= rounding_floor(expected))
        )
        relative = np.where(same, 0.0, distance / np.abs(expected))
    relative[np.isnan(relative)] = np.inf
    return relative > RELATIVE, relative


def _same_objects(expected: Array, got: Array) -> Array:
    pairs: Iterator[tuple[Any, Any]] = zip(expected.ravel(), got.ravel(), strict=True)
    same = [a == b or (a != a and b != b) for a, b in pairs]
    return np.array(same, dtype=bool).reshape(expected.shape)
