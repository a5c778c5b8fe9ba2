from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import feature_selection as fs
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    RandomTreesEmbedding,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from tests.engine.drawn import (
    NAMES,
    assert_both_refuse,
    codes_of,
    examples,
    fitted,
    seeds,
    unlike_scales,
    yes_or_no,
)

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
    reference = make_pipeline(StandardScaler(), estimator(inner)).fit(X, target)
    model = assert_pair(reference, X, X)
    assert "transform" in model.methods
    assert "predict" in model.methods


def test_an_elimination_that_only_transforms_needs_no_estimator(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(4, 4)

    class Custom(LogisticRegression):  # type: ignore[misc]
        """A class of the user's own, which has no numpy form."""

    reference = make_pipeline(fs.RFE(Custom()), LogisticRegression()).fit(X, y)
    assert_pair(reference, X, X)


BASES = [
    AdaBoostClassifier(n_estimators=4, random_state=0),
    DecisionTreeClassifier(max_depth=3, random_state=0),
    GradientBoostingClassifier(n_estimators=3, random_state=0),
    LinearDiscriminantAnalysis(),
    LinearSVC(random_state=0),
    LogisticRegression(),
    RandomForestClassifier(n_estimators=4, random_state=0),
    RidgeClassifier(),
    SGDClassifier(random_state=0),
    SVC(kernel="linear"),
]


@pytest.mark.parametrize("base", BASES, ids=lambda each: type(each).__name__)
@examples(3)
@given(seed=seeds, classes=st.integers(2, 3))
def test_whatever_ranks_columns(
    base: Any, seed: int, classes: int, assert_pair: "AssertPair"
) -> None:
    X = unlike_scales(seed, 5)
    y = NAMES[codes_of(X, classes, np.random.default_rng(seed), of_each=6)]
    searched = GridSearchCV(base, {}, cv=2)
    for estimator in (
        fs.RFE(base, n_features_to_select=2, step=2),
        fs.RFE(searched, n_features_to_select=3, importance_getter=of_the_best),
        fs.SelectFromModel(base, threshold="0.5*mean"),
        fs.SelectFromModel(FrozenEstimator(fitted(base, X, y))),
    ):
        assert_pair(fitted(estimator, X, y), X, np.vstack([X, X * 10]))


def of_the_best(search: GridSearchCV) -> Any:
    best = search.best_estimator_
    return np.abs(best.coef_) if hasattr(best, "coef_") else best.feature_importances_


@pytest.mark.parametrize("base", [Ridge(), RandomForestRegressor(4, random_state=0)])
def test_elimination_by_cross_validation(base: Any, assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 4)
    assert_pair(fs.RFECV(base, cv=2).fit(X, X[:, 1] * 2), X, X * 3)


def test_selectors_side_by_side(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0, 6)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    numbers = make_union(
        fs.RFE(LogisticRegression(), n_features_to_select=1),
        RandomTreesEmbedding(3, random_state=0),
    )
    chosen = make_column_transformer(
        (numbers, ["a", "b", "c"]),
        (fs.SelectFromModel(AdaBoostClassifier(random_state=0), max_features=1), [3, 4]),
        remainder="passthrough",
    )
    assert_pair(fitted(make_pipeline(chosen, LogisticRegression()), frame, y), frame, frame)
    assert_pair(fitted(chosen, frame, y), frame, frame)
