from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 (it adds that imputer)
from sklearn.impute import IterativeImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from handler.artifact import load_model
from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    examples,
    fitted,
    seeds,
    unlike_scales,
    with_missing,
    yes_or_no,
)

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


def followers(seed: int, width: int, *, missing: float = np.nan, rows: int = 60) -> Matrix:
    """Columns that follow one another, with missing values; two rows have none or nothing."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, 1)) + 0.5 * unlike_scales(seed, width, rows)
    X[rng.random(X.shape) < 0.2] = missing
    X[0], X[1] = 1.5, missing
    return X


@drawn
@given(
    seed=seeds,
    width=st.integers(1, 5),
    estimator=st.sampled_from(
        [
            None,
            Ridge(),
            DecisionTreeRegressor(max_depth=3, random_state=0),
            make_pipeline(StandardScaler(), LinearRegression()),
        ]
    ),
    order=st.sampled_from(["ascending", "descending", "roman", "arabic", "random"]),
    initial=st.sampled_from(["mean", "median", "most_frequent", "constant"]),
    missing=st.sampled_from([np.nan, -1, 0.0]),
    nearest=st.sampled_from([None, 2]),
    marked=st.booleans(),
    skipped=st.booleans(),
    rounds=st.sampled_from([0, 1, 4]),
)
def test_imputation_in_rounds(
    seed: int,
    width: int,
    estimator: Any,
    order: str,
    initial: str,
    missing: float,
    nearest: int | None,
    marked: bool,
    skipped: bool,
    rounds: int,
    assert_pair: "AssertPair",
) -> None:
    train, new = (followers(each, width, missing=missing) for each in (seed, seed + 1))
    train[:, -1] = np.where(train[:, -1] == missing, 7.0, train[:, -1])
    imputer = IterativeImputer(
        estimator,
        imputation_order=order,
        initial_strategy=initial,
        missing_values=missing,
        n_nearest_features=nearest,
        add_indicator=marked,
        skip_complete=skipped,
        max_iter=rounds,
        random_state=0,
    )
    reference = fitted(imputer, train)
    for rows in (new, new[:1], new[1:2], np.vstack([new[1:2], new[1:2]])):
        assert_pair(reference, train, rows)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("initial", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("marked", [True, False])
def test_a_column_without_any_value(
    initial: str, kept: bool, marked: bool, assert_pair: "AssertPair"
) -> None:
    train, new = followers(0, 4), followers(1, 4)
    train[:, 1] = np.nan
    imputer = IterativeImputer(
        initial_strategy=initial, keep_empty_features=kept, add_indicator=marked, max_iter=3
    )
    reference = fitted(imputer, train)
    for rows in (new, new[:1], new[1:2]):
        assert_pair(reference, train, rows)


@pytest.mark.parametrize(
    ("low", "high"), [(0, None), (None, 0.5), ([-1, -9, -np.inf, 0], [1, 9, 0, np.inf])]
)
def test_limits(low: Any, high: Any, assert_pair: "AssertPair") -> None:
    X = followers(0, 4)
    reference = fitted(IterativeImputer(min_value=low, max_value=high, max_iter=3), X)
    assert_pair(reference, X, X * 3)


def test_limits_beside_a_column_without_any_value(assert_pair: "AssertPair") -> None:
    X = followers(0, 4)
    X[:, 1] = np.nan
    for kept in (True, False):
        imputer = IterativeImputer(
            min_value=[-1, 0, -2, 0], max_value=2, keep_empty_features=kept, max_iter=3
        )
        assert_pair(fitted(imputer, X), X, X * 3)


def test_imputed_frames_before_a_classifier(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    frame = pd.DataFrame(with_missing(X), columns=["a", "b", "c"])
    frame["whole"] = np.arange(len(frame))
    impute = make_union(IterativeImputer(max_iter=3), MissingIndicator())
    select = make_column_transformer((impute, ["a", "b", "c"]), remainder="passthrough")
    for front in (impute, select):
        reference = fitted(make_pipeline(front, LogisticRegression()), frame, y)
        assert_pair(reference, frame, frame)


def test_refusals_of_imputation_in_rounds(tmp_path: "Path") -> None:
    X = followers(0, 3)
    reference = fitted(IterativeImputer(max_iter=3), X)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    parity = prove(reference, model, X)
    assert parity.proven, parity.told()
    bad = np.ones((8, 3))
    bad[2, 1] = np.inf
    assert_both_refuse(reference, model, bad, [(2, 1)], "transform")


def test_a_refusal_by_an_estimator_that_imputes(tmp_path: "Path") -> None:
    X = followers(0, 3)
    forest = RandomForestRegressor(n_estimators=2, random_state=0)
    reference = fitted(IterativeImputer(forest, max_iter=2), X)
    export_model(reference, X, tmp_path / "model")
    X[5] = np.nan, 1e300, 0  # too large for the trees that are asked for the first column
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="too large"):
        reference.transform(X)
    with pytest.raises(RowsRefused, match="row 5"):
        load_model(tmp_path / "model").transform(X)


def test_random_imputation_is_unsupported(tmp_path: "Path") -> None:
    X = followers(0, 3)
    reference = fitted(IterativeImputer(sample_posterior=True, max_iter=2), X)
    with pytest.raises(UnsupportedEstimator, match="random"):
        export_model(reference, X, tmp_path / "model")


@drawn
@given(
    seed=seeds,
    width=st.integers(1, 4),
    features=st.sampled_from(["missing-only", "all"]),
    sparse=st.sampled_from([True, False, "auto"]),
    missing=st.sampled_from([np.nan, -1, 0.0]),
)
def test_indicator(
    seed: int,
    width: int,
    features: Any,
    sparse: Any,
    missing: float,
    assert_pair: "AssertPair",
) -> None:
    train, new = (followers(each, width, missing=missing) for each in (seed, seed + 1))
    if width > 1:
        train[:, 0] = 5.0
    indicator = MissingIndicator(
        missing_values=missing, features=features, sparse=sparse, error_on_new=False
    ).fit(train)
    assert_pair(indicator, train, new)
    assert_pair(indicator, train, new[:1])


@pytest.mark.parametrize("missing", [None, "?", np.nan, pd.NA])
def test_indicator_of_objects(missing: Any, assert_pair: "AssertPair") -> None:
    hole = None if missing is pd.NA else missing
    X = np.array([["a", hole], ["b", "c"], ["b", hole]], dtype=object)
    assert_pair(MissingIndicator(missing_values=missing).fit(X), X, X)


def test_indicator_of_a_frame(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": ["x", np.nan, "y"], "b": [1.0, 2.0, np.nan], "c": [1, 2, 3]})
    assert_pair(MissingIndicator().fit(frame), frame, frame)


def test_indicator_of_what_was_never_missing(assert_pair: "AssertPair") -> None:
    X = np.arange(12.0).reshape(4, 3)
    X[1, 1] = np.nan
    reference = MissingIndicator().fit(X)
    model = assert_pair(reference, X, X)
    bad = X.copy()
    bad[2, 2] = bad[3, 0] = np.nan
    with pytest.raises(ValueError, match="have missing values in transform"):
        reference.transform(bad)
    with pytest.raises(RowsRefused) as refused:
        model.transform(bad)
    assert [(each.row, each.column) for each in refused.value.problems] == [(2, 2), (3, 0)]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_indicator_refuses_what_scikit_learn_refuses(
    value: float, assert_pair: "AssertPair"
) -> None:
    X = np.arange(12.0).reshape(6, 2)
    X[0, 0] = -1
    indicator = MissingIndicator(missing_values=-1, error_on_new=False).fit(X)
    model = assert_pair(indicator, X, X)
    X[2, 1] = value
    assert_both_refuse(indicator, model, X, [(2, 1)], "transform")
