"""Estimators of the families without parts, as parts of pipelines and of meta-estimators."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MultinomialNB,
)
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, StandardScaler

from tests.engine.drawn import NAMES, Codes, examples, fitted, seeds

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

QUICK: dict[str, Any] = {"max_iter": 5, "solver": "lbfgs", "random_state": 0}
CLASSIFIERS = [
    GaussianNB(),
    MultinomialNB(),
    ComplementNB(),
    BernoulliNB(binarize=0.4),
    make_pipeline(KBinsDiscretizer(4, encode="ordinal"), CategoricalNB(min_categories=4)),
    LinearDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(reg_param=0.1),
    DummyClassifier(),
    MLPClassifier((4,), **QUICK),
]
REGRESSORS = [
    DummyRegressor(strategy="median"),
    MLPRegressor("squared_error", (4,), **QUICK),
    MLPRegressor("poisson", (3,), activation="tanh", **QUICK),
]
DENSITIES = [
    GaussianMixture(2, random_state=0, reg_covar=1e-2),
    BayesianGaussianMixture(n_components=2, random_state=0, reg_covar=1e-2),
    EllipticEnvelope(random_state=0, support_fraction=1.0),
]
classifiers = st.sampled_from(CLASSIFIERS)


def people(seed: int) -> tuple[pd.DataFrame, Codes]:
    """Numbers that are not negative and words, and three classes that follow them but for noise."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 90),
            "kind": NAMES.astype(object)[rng.integers(0, 4, 90)],
            "income": rng.exponential(3.0, 90),
            "share": rng.random(90),
        }
    )
    scores = frame["income"] + frame["age"] / 20 + rng.normal(size=90)
    return frame, np.asarray(pd.qcut(scores, 3, labels=False))


def columns() -> Any:
    """Inputs that every estimator takes: none is negative, and none is a sum of the others."""
    return make_column_transformer(
        (OneHotEncoder(drop="first", sparse_output=False), ["kind"]),
        (MinMaxScaler(clip=True), ["age", "income"]),
        remainder="passthrough",
    )


def check(estimator: Any, X: pd.DataFrame, y: Any, assert_pair: "AssertPair") -> None:
    reference = fitted(make_pipeline(columns(), estimator), X, y)
    far = X.assign(age=X["age"] * 40, income=X["income"] * 1e3)
    assert_pair(reference, X, pd.concat([X, far]))
    assert_pair(reference, X, X.iloc[[7]])


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=repr)
@examples(3)
@given(seed=seeds)
def test_after_columns_of_several_kinds(
    classifier: Any, seed: int, assert_pair: "AssertPair"
) -> None:
    X, y = people(seed)
    check(classifier, X, NAMES[y], assert_pair)


@pytest.mark.parametrize(
    "strategy",
    [
        OneVsRestClassifier,
        OneVsOneClassifier,
        lambda part: OutputCodeClassifier(part, random_state=0),
        lambda part: CalibratedClassifierCV(part, cv=2),
        lambda part: CalibratedClassifierCV(part, method="isotonic", cv=2),
        lambda part: CalibratedClassifierCV(part, method="temperature", cv=2, ensemble=False),
    ],
    ids=["rest", "one", "code", "sigmoid", "isotonic", "temperature"],
)
@examples(9)
@given(seed=seeds, classifier=classifiers)
def test_strategies(strategy: Any, classifier: Any, seed: int, assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    check(strategy(classifier), X, y, assert_pair)


@examples(10)
@given(
    seed=seeds,
    parts=st.lists(classifiers, min_size=2, max_size=3, unique_by=repr),
    voting=st.sampled_from(["hard", "soft"]),
)
def test_votes(seed: int, parts: list[Any], voting: str, assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    named = [(f"part{i}", part) for i, part in enumerate(parts)]
    check(VotingClassifier(named, voting=voting), X, NAMES[y], assert_pair)


@examples(5)
@given(
    seed=seeds,
    parts=st.lists(classifiers, min_size=2, max_size=3, unique_by=repr),
    passthrough=st.booleans(),
)
def test_stacks(seed: int, parts: list[Any], passthrough: bool, assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    named = [(f"part{i}", part) for i, part in enumerate(parts)]
    stack = StackingClassifier(named, LogisticRegression(), cv=2, passthrough=passthrough)
    check(stack, X, y, assert_pair)
    check(StackingClassifier(named, GaussianNB(), cv=2), X, y, assert_pair)


@examples(3)
@given(seed=seeds, parts=st.permutations(REGRESSORS))
def test_regressors_together(seed: int, parts: list[Any], assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    named = [(f"part{i}", part) for i, part in enumerate(parts)]
    check(VotingRegressor(named), X, y.astype(float), assert_pair)
    check(StackingRegressor(named, LinearRegression(), cv=2), X, y.astype(float), assert_pair)


@examples(5)
@given(seed=seeds, classifier=classifiers, regressor=st.sampled_from(REGRESSORS))
def test_several_targets(
    seed: int, classifier: Any, regressor: Any, assert_pair: "AssertPair"
) -> None:
    X, y = people(seed)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    check(MultiOutputClassifier(classifier), X, Y, assert_pair)
    check(ClassifierChain(classifier), X, Y, assert_pair)
    check(MultiOutputRegressor(regressor), X, Y.astype(float), assert_pair)


@pytest.mark.parametrize("density", DENSITIES, ids=repr)
@examples(3)
@given(seed=seeds)
def test_densities(density: Any, seed: int, assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    check(make_pipeline(StandardScaler(), density), X, y, assert_pair)


@examples(5)
@given(seed=seeds)
def test_features_side_by_side(seed: int, assert_pair: "AssertPair") -> None:
    X, y = people(seed)
    features = make_union(LinearDiscriminantAnalysis(), BernoulliRBM(3, n_iter=2), StandardScaler())
    check(make_pipeline(features, LogisticRegression()), X, y, assert_pair)
