"""Data drawn for the tests of the engine, and the checks that several families share."""

import re
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import clone

from handler.artifact import load_model
from handler.engine.sklearn_engine import ask
from handler.errors import RowsRefused
from handler.model import Model
from model_build.compare import as_inputs, dense, on_one_thread
from model_build.export import export_model
from model_build.proof import Parity, prove

type Matrix = NDArray[np.float64]
type Codes = NDArray[np.intp]
type Labels = Callable[[Codes], Any]

NAMES = np.array(["red", "green", "é", "a rather long name", "blue"])
LABELS: list[Labels] = [
    lambda codes: codes,
    lambda codes: codes * 3 - 1,
    lambda codes: codes.astype(np.int32) * 3 - 1,
    lambda codes: codes * 2.0,
    lambda codes: NAMES[codes],
    lambda codes: NAMES.astype(object)[codes],
]
EXTREMES = [
    0.0,
    -0.0,
    5e-324,
    1e-300,
    2.0**24 + 1,
    2.0**53 + 2,
    1e18,
    1e160,
    1e300,
    -1e300,
    1.7e308,
]

seeds = st.integers(0, 2**16)


class Shape(NamedTuple):
    """What a drawn problem looks like."""

    seed: int
    width: int
    classes: int
    outputs: int
    labels: Labels


def shapes(
    *, widest: int, fewest_classes: int = 2, labels: Sequence[Labels] = LABELS
) -> st.SearchStrategy[Shape]:
    return st.builds(
        Shape,
        seed=seeds,
        width=st.integers(1, widest),
        classes=st.integers(fewest_classes, 4),
        outputs=st.integers(1, 3),
        labels=st.sampled_from(labels),
    )


def named(value: Any) -> str:
    """Return a test's name for a value: the same in each process.

    Without addresses, and the members of sets in order.
    """
    text = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return re.sub(r"{('[^:{}]*')}", lambda found: str(sorted(found[1].split(", "))), text)


def examples(count: int) -> settings:
    """Draw so many examples, the same in every run; their fixtures are made once for all."""
    return settings(
        deadline=None,
        max_examples=count,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def unlike_scales(seed: int, width: int, rows: int = 60) -> Matrix:
    """Normal columns, some ten or a hundred times as wide as others."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, width)) * 10.0 ** rng.integers(-1, 2, width)


def unlike_columns(seed: int, width: int, rows: int = 80) -> Matrix:
    """Columns of several sizes: real, whole, constant, beyond 2**24 and nearly 0."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, width))
    kinds = [X[:, 0], np.round(3 * X[:, 0]), np.ones(rows), 2.0**25 + 9 * X[:, 0], 1e-40 * X[:, 0]]
    for j in range(1, width):
        X[:, j] = kinds[rng.integers(len(kinds))]
    return X


def extreme_rows(width: int) -> Matrix:
    """Zeros, tiny, huge and overflowing values, beyond 2**24, and mixtures of them."""
    mixed = np.random.default_rng(0).choice(EXTREMES, size=(10, width))
    return np.vstack([[np.full(width, value) for value in EXTREMES], mixed])


def with_missing(X: Matrix, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    return np.where(rng.random(X.shape) < 0.15, np.nan, X)


def codes_of(X: Matrix, classes: int, rng: np.random.Generator, *, of_each: int) -> Codes:
    """Classes that follow the columns but for noise; the first rows have so many of each."""
    scores = X @ rng.normal(size=(X.shape[1], classes)) + rng.normal(size=(len(X), classes))
    codes = scores.argmax(axis=1)
    codes[: of_each * classes] = np.arange(of_each * classes) % classes
    return codes


def problem_with_ties(seed: int, classes: int) -> tuple[Matrix, Codes]:
    """Values of one decimal: a tree cannot tell some rows apart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(70, 3)).round(1)
    return X, codes_of(X, classes, rng, of_each=3)


def yes_or_no(seed: int, width: int = 3) -> tuple[Matrix, NDArray[np.str_]]:
    """Two classes that follow the first column but for noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, width))
    return X, np.where(X[:, 0] + rng.normal(size=60) > 0, "yes", "no")


def fitted(estimator: Any, X: Any, y: Any = None) -> Any:
    """Return a fitted clone, whatever scikit-learn warns of.

    Solvers stopped early, small folds and deprecations have no part in our answers.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return clone(estimator).fit(X, y)


def assert_proven(estimator: Any, X: Any, folder: Path) -> Parity:
    """Labels and refusals equal, numbers within 1e-9, on these rows and on nasty ones."""
    export_model(estimator, X, folder / "model")
    model = load_model(folder / "model")
    parity = prove(estimator, model, X)
    assert parity.proven, parity.told()
    assert_same_in_pieces(model, parity.accepted)
    return parity


def assert_identical(
    estimator: Any, X: Any, folder: Path, *, inexact: Collection[str] = ()
) -> None:
    """All that ``assert_proven`` asserts, and equal to the last bit but for inexact methods."""
    parity = assert_proven(estimator, X, folder)
    found = [difference for kind in parity.differences.values() for difference in kind]
    exact = [difference for difference in found if difference.method not in inexact]
    assert exact
    assert all(difference.relative == 0 for difference in exact), exact


def assert_same_in_pieces(model: Model, X: Any) -> None:
    """Few rows are walked, many go through tables: both ways end in the same leaves."""
    scores = ("decision_function", "predict_proba", "predict")
    offered = [name for name in scores if name in model.methods]
    # A transformer's matrix products may be summed in another order.
    if not offered or not len(X):
        return
    method = getattr(model, offered[0])
    pieces = [dense(method(as_inputs(X[i : i + 40]))) for i in range(0, len(X), 40)]
    np.testing.assert_array_equal(np.concatenate(pieces), dense(method(as_inputs(X))))


def assert_both_refuse(
    estimator: Any, model: Model, X: Matrix, places: list[tuple[int, int]], method: str = "predict"
) -> None:
    """scikit-learn refuses these rows, and the model names the places: (row, column)."""
    reason = "NaN" if np.isnan(X).any() else "infinity"
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=reason):
        getattr(estimator, method)(X)
    row, column = places[0]
    with pytest.raises(RowsRefused, match=f"row {row}, column {column}") as refused:
        getattr(model, method)(X)
    assert [(each.row, each.column) for each in refused.value.problems] == places


def assert_same_bits(estimator: Any, sample: Any, folder: Path, rows: Any = None) -> Model:
    """Every answer is scikit-learn's to the last bit, and of its type."""
    export_model(estimator, sample, folder / "model")
    model = load_model(folder / "model")
    rows = sample if rows is None else rows
    for method in model.methods:
        with on_one_thread():
            expected = dense(ask(estimator, method, rows))
            got = dense(getattr(model, method)(as_inputs(rows)))
        np.testing.assert_array_equal(got, expected, err_msg=f"{estimator}: {method}")
        assert got.dtype == expected.dtype or got.dtype.kind in "OU"
    return model
