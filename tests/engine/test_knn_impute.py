from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import KNNImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import Matrix, assert_identical, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair


def rows(seed: int, width: int, missing: float, share: float) -> Matrix:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, width)).round(1)
    X[rng.random(X.shape) < share] = missing
    X[0] = 1.0  # one value a column at least
    return X


@pytest.mark.parametrize("missing", [np.nan, -1.0])
@examples(14)
@given(
    seed=seeds,
    width=st.integers(1, 5),
    share=st.sampled_from([0.1, 0.5, 0.8]),
    n_neighbors=st.sampled_from([1, 2, 5, 80]),
    weights=st.sampled_from(["uniform", "distance"]),
    indicator=st.booleans(),
)
def test_imputers(
    missing: float,
    seed: int,
    width: int,
    share: float,
    n_neighbors: int,
    weights: str,
    indicator: bool,
    tmp_path: "Path",
) -> None:
    X = rows(seed, width, missing, share)
    imputer = KNNImputer(
        missing_values=missing,
        n_neighbors=n_neighbors,
        weights=weights,
        add_indicator=indicator,
    )
    assert_identical(fitted(imputer, X), X, tmp_path)


@pytest.mark.parametrize("keep_empty_features", [True, False])
def test_columns_without_values(keep_empty_features: bool, tmp_path: "Path") -> None:
    X = rows(0, 4, np.nan, 0.3)
    X[:, 2] = np.nan
    imputer = KNNImputer(keep_empty_features=keep_empty_features, add_indicator=True)
    assert_identical(fitted(imputer, X), X, tmp_path)
    whole = rows(0, 4, np.nan, 0.0)
    whole[:, 2] = np.nan
    assert_identical(fitted(imputer, X), whole, tmp_path)


def test_rows_that_share_no_value_get_the_mean(assert_pair: "AssertPair") -> None:
    X = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 5.0], [np.nan, 7.0], [4.0, 1.0]])
    assert_pair(KNNImputer().fit(X), X, X)
    assert_pair(KNNImputer(weights="distance").fit(X[:4]), X, X)


def test_tables_and_float32(assert_pair: "AssertPair") -> None:
    X = rows(0, 3, np.nan, 0.4)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    assert_pair(KNNImputer().fit(frame), frame, frame)
    assert_pair(make_pipeline(KNNImputer(), StandardScaler()).fit(frame), frame, frame.iloc[:1])
    whole = frame.fillna(3).astype(int)
    assert_pair(KNNImputer(missing_values=3).fit(whole), whole, whole)


def test_refuses_infinities(assert_pair: "AssertPair") -> None:
    X = rows(0, 3, np.nan, 0.4)
    model = assert_pair(KNNImputer().fit(X), X, X)
    X[3, 1] = np.inf
    with pytest.raises(RowsRefused, match="row 3, column 1: is infinite"):
        model.transform(X)


@pytest.mark.parametrize("params", [{"weights": np.ones_like}, {"metric": lambda a, b, **_: 1.0}])
def test_functions_have_no_numpy_form(params: dict[str, Any], tmp_path: "Path") -> None:
    X = rows(0, 3, np.nan, 0.4)
    with pytest.raises(UnsupportedEstimator, match="a function"):
        export_model(fitted(KNNImputer(**params), X), X, tmp_path / "model")
