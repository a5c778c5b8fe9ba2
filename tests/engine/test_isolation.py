from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.engine.drawn import (
    assert_identical,
    examples,
    fitted,
    seeds,
    unlike_columns,
    unlike_scales,
    with_missing,
)

if TYPE_CHECKING:
    from pathlib import Path


@examples(15)
@given(
    seed=seeds,
    width=st.integers(1, 6),
    rows=st.sampled_from(["auto", 1, 2, 3, 0.5]),
    columns=st.sampled_from([1, 0.5, 1.0]),
    contamination=st.sampled_from(["auto", 0.05, 0.5]),
    bootstrap=st.booleans(),
    missing=st.booleans(),
)
def test_isolation_forest(
    seed: int,
    width: int,
    rows: float | str,
    columns: float,
    contamination: float | str,
    bootstrap: bool,
    missing: bool,
    tmp_path: "Path",
) -> None:
    X = unlike_columns(seed, width)
    estimator = IsolationForest(
        n_estimators=8,
        max_samples=rows,
        max_features=columns,
        contamination=contamination,
        bootstrap=bootstrap,
        random_state=0,
    )
    X = with_missing(X) if missing else X
    assert_identical(fitted(estimator, X), X, tmp_path)


@pytest.mark.parametrize("columns", [1.0, 0.5])
def test_many_trees_behind_a_scaler(columns: float, tmp_path: "Path") -> None:
    X = unlike_scales(0, 4, rows=400)
    forest = IsolationForest(max_features=columns, random_state=0)
    assert_identical(make_pipeline(StandardScaler(), forest).fit(X), X, tmp_path)


def test_nothing_is_refused(tmp_path: "Path") -> None:
    X = unlike_scales(0, 2)
    X[:3] = [[np.inf, 0], [-np.inf, 0], [np.nan, 1e300]]
    reference = IsolationForest(n_estimators=9, random_state=0).fit(X[3:])
    assert_identical(reference, X, tmp_path)
