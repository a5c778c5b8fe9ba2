from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import feature_selection as fs
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.engine.drawn import assert_both_refuse, examples, seeds, yes_or_no

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

pytestmark = pytest.mark.filterwarnings("ignore:No features were selected")

SELECTORS = [
    fs.SelectKBest(k=2),
    fs.SelectPercentile(percentile=40),
    fs.SelectFpr(alpha=0.3),
    fs.SelectFdr(alpha=0.3),
    fs.SelectFwe(alpha=0.3),
    fs.GenericUnivariateSelect(mode="k_best", param=1),
    fs.SelectFromModel(LogisticRegression()),
    fs.SelectFromModel(LogisticRegression(), max_features=1, threshold=-np.inf),
    fs.SequentialFeatureSelector(LogisticRegression(), n_features_to_select=2, cv=2),
    fs.VarianceThreshold(),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
@examples(2)
@given(seed=seeds, width=st.integers(3, 6))
def test_selectors(selector: Any, seed: int, width: int, assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(seed, width)
    assert_pair(selector.fit(X, y), X, X)
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(width)])
    assert_pair(selector.fit(frame, y), frame, frame.iloc[:1])


def test_no_feature_at_all(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0, 3)
    assert_pair(fs.SelectFpr(alpha=1e-30).fit(X, y), X, X)


def test_whole_numbers_and_booleans_keep_their_type(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": [2**53 + 1, 5, 7], "b": [1, 1, 1], "c": [3, 4, 5]})
    model = assert_pair(fs.VarianceThreshold().fit(frame), frame, frame)
    assert model.transform({"a": [2**53 + 1], "b": [1], "c": [0]})[0, 0] == 2**53 + 1


@pytest.mark.parametrize("selector", SELECTORS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(
    selector: Any, value: float, assert_pair: "AssertPair"
) -> None:
    X, y = yes_or_no(1, 4)
    model = assert_pair(selector.fit(X, y), X, X)
    bad = X.copy()
    bad[3, 1] = value
    if isinstance(selector, fs.VarianceThreshold):  # it takes NaN, and with it infinities
        assert np.array_equal(model.transform(bad), selector.transform(bad), equal_nan=True)
        return
    assert_both_refuse(selector, model, bad, [(3, 1)], "transform")


def test_a_frame_that_stays_a_frame_is_not_looked_into(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(2, 3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    selector = fs.SelectKBest(k=2).set_output(transform="pandas").fit(frame, y)
    missing = frame.copy()
    missing.loc[0] = np.nan
    assert_pair(selector, frame, missing)


@pytest.mark.parametrize("estimator", [fs.RFE, fs.RFECV])
@pytest.mark.parametrize("inner", [LogisticRegression(), LinearRegression()])
def test_recursive_elimination(estimator: Any, inner: Any, assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(3, 4)
    target = y if isinstance(inner, LogisticRegression) else X[:, 0] * 2 + 1
    fitted = make_pipeline(StandardScaler(), estimator(inner)).fit(X, target)
    model = assert_pair(fitted, X, X)
    assert "transform" in model.methods
    assert "predict" in model.methods


def test_an_elimination_that_only_transforms_needs_no_estimator(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(4, 4)

    class Custom(LogisticRegression):  # type: ignore[misc]
        """A class of the user's own, which has no numpy form."""

    fitted = make_pipeline(fs.RFE(Custom()), LogisticRegression()).fit(X, y)
    assert_pair(fitted, X, X)
