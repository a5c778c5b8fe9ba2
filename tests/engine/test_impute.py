from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer

from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_both_refuse, examples, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping features without any observed values"),
]
drawn = examples(15)


@drawn
@given(
    seed=seeds,
    width=st.integers(1, 5),
    strategy=st.sampled_from(["mean", "median", "most_frequent", "constant"]),
    missing=st.sampled_from([np.nan, -1, 0.0]),
    marked=st.booleans(),
    kept=st.booleans(),
)
def test_numbers(
    seed: int,
    width: int,
    strategy: str,
    missing: float,
    marked: bool,
    kept: bool,
    assert_pair: "AssertPair",
) -> None:
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(20, width)) * 3, 1)
    train, new = X.copy(), X.copy()
    train[rng.random(X.shape) < 0.2] = missing
    new[rng.random(X.shape) < 0.3] = missing
    if width > 1:
        train[:, 0] = missing  # a column without any value
    imputer = SimpleImputer(
        strategy=strategy, missing_values=missing, add_indicator=marked, keep_empty_features=kept
    ).fit(train)
    assert_pair(imputer, train, new)
    assert_pair(imputer, train, new[:1])


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
@pytest.mark.parametrize("missing", [np.nan, None, "?", pd.NA])
@pytest.mark.parametrize("marked", [False, True])
def test_objects(strategy: str, missing: Any, marked: bool, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(1)
    X = rng.choice(["a", "bb", "ccc"], (40, 3)).astype(object)
    hole = np.nan if missing is pd.NA else missing
    X[::4, 0] = hole
    X[1::5, 1] = hole
    X[:, 2] = "same"
    imputer = SimpleImputer(
        strategy=strategy, missing_values=missing, fill_value="none", add_indicator=marked
    )
    assert_pair(imputer.fit(X), X, X)
    assert_pair(imputer, X, X[:1])


@pytest.mark.parametrize("strategy", ["most_frequent", "constant"])
def test_a_frame_of_strings(strategy: str, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": ["x", None, "y", "y"], "b": ["p", "q", None, "q"]})
    assert_pair(SimpleImputer(strategy=strategy).fit(frame), frame, frame)


def test_a_frame_of_strings_and_numbers(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": ["x", None, "y", "y"], "b": [1.0, np.nan, 2.0, 2.0]})
    imputer = SimpleImputer(strategy="most_frequent", add_indicator=True).fit(frame)
    assert_pair(imputer, frame, frame)


def test_booleans_of_a_category_beside_numbers_are_numbers(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": [1, 2, 2], "b": pd.Categorical([True, False, True])})
    imputer = SimpleImputer(strategy="most_frequent").fit(frame)
    assert imputer._fit_dtype.kind == "f"
    model = assert_pair(imputer, frame, frame)
    assert model.transform({"a": [1], "b": [True]}).dtype == np.float64


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "category", "int8", "bool"])
def test_types_of_pandas(dtype: Any, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": pd.Series([0, 1, 1, 0, 1]).astype(dtype), "b": list("xxyyx")})
    imputer = SimpleImputer(strategy="most_frequent").fit(frame)
    assert_pair(imputer, frame, frame)


def test_whole_numbers_keep_all_their_digits(assert_pair: "AssertPair") -> None:
    X = np.array([[2**53 + 1, 5], [2**53 + 3, 6]])
    imputer = SimpleImputer(strategy="most_frequent", missing_values=5).fit(X)
    assert_pair(imputer, pd.DataFrame(X, columns=["a", "b"]), pd.DataFrame(X, columns=["a", "b"]))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("missing", [np.nan, -1])
def test_refuses_what_scikit_learn_refuses(
    value: float, missing: float, assert_pair: "AssertPair"
) -> None:
    X = np.arange(12.0).reshape(6, 2)
    imputer = SimpleImputer(missing_values=missing).fit(X)
    model = assert_pair(imputer, X, X)
    bad = X.copy()
    bad[2, 1] = value
    if np.isnan(value) and np.isnan(missing):
        assert np.array_equal(model.transform(bad), imputer.transform(bad))
        return
    assert_both_refuse(imputer, model, bad, [(2, 1)], "transform")


def test_nan_beside_another_marker_is_refused_among_objects(assert_pair: "AssertPair") -> None:
    X = np.array([["a", "?"], ["a", "b"]], dtype=object)
    imputer = SimpleImputer(strategy="most_frequent", missing_values="?").fit(X)
    model = assert_pair(imputer, X, X)
    bad = X.copy()
    bad[1, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        imputer.transform(bad)
    with pytest.raises(RowsRefused):
        model.transform(bad)


def test_a_filling_that_json_cannot_hold_is_unsupported(tmp_path: "Path") -> None:
    X = np.array([[pd.Timestamp("2020-01-01")], [np.nan]], dtype=object)
    imputer = SimpleImputer(strategy="most_frequent").fit(X)
    with pytest.raises(UnsupportedEstimator, match=r"SimpleImputer.*Timestamp"):
        export_model(imputer, X, tmp_path / "model")
