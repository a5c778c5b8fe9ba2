from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    LABELS,
    NAMES,
    Matrix,
    assert_both_refuse,
    codes_of,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(8)
CLASSIFIERS = [
    LogisticRegression(),
    LinearSVC(random_state=0),
    DecisionTreeClassifier(max_depth=3, random_state=0),
    make_pipeline(StandardScaler(), SVC()),
]


def wide(X: Matrix) -> Matrix:
    return np.vstack([X, X * 100, np.zeros((1, X.shape[1]))])


def some_targets(seed: int, count: int, classes: int) -> tuple[Matrix, Any]:
    X = unlike_scales(seed, 3)
    rng = np.random.default_rng(seed)
    targets = [codes_of(X, classes, rng, of_each=4) for _ in range(count)]
    return X, np.column_stack(targets)


@pytest.mark.parametrize("base", CLASSIFIERS, ids=lambda each: type(each).__name__)
@drawn
@given(
    seed=seeds,
    count=st.integers(1, 3),
    classes=st.integers(2, 4),
    labels=st.sampled_from(LABELS),
)
def test_classifiers(
    base: Any, seed: int, count: int, classes: int, labels: Any, assert_pair: "AssertPair"
) -> None:
    X, y = some_targets(seed, count, classes)
    assert_pair(fitted(MultiOutputClassifier(base), X, labels(y)), X, wide(X))


def test_targets_with_different_classes(assert_pair: "AssertPair") -> None:
    X, y = some_targets(0, 2, 4)
    mixed = np.column_stack([NAMES[y[:, 0]], NAMES[y[:, 1] % 2]])
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    assert_pair(MultiOutputClassifier(forest).fit(X, mixed), X, wide(X))


@drawn
@given(
    seed=seeds,
    count=st.integers(1, 3),
    base=st.sampled_from(
        [LinearRegression(), GradientBoostingRegressor(n_estimators=3, random_state=0)]
    ),
)
def test_regressors(seed: int, count: int, base: Any, assert_pair: "AssertPair") -> None:
    X, y = some_targets(seed, count, 3)
    assert_pair(MultiOutputRegressor(base).fit(X, y + X[:, :1]), X, wide(X))


def test_frames(assert_pair: "AssertPair") -> None:
    X, y = some_targets(0, 2, 2)
    frame = pd.DataFrame({"a": X[:, 0], "whole": y[::-1, 0], "flag": X[:, 1] > 0})
    for several in (
        MultiOutputClassifier(LogisticRegression()),
        ClassifierChain(LogisticRegression()),
        MultiOutputRegressor(LinearRegression()),
        RegressorChain(LinearRegression()),
    ):
        assert_pair(several.fit(frame, y), frame, frame)


@pytest.mark.parametrize("base", CLASSIFIERS, ids=lambda each: type(each).__name__)
@drawn
@given(
    seed=seeds,
    order=st.permutations(range(3)) | st.sampled_from([None, "random"]),
    chained=st.sampled_from(["predict", "predict_proba", "decision_function"]),
    cv=st.sampled_from([None, 2]),
)
def test_chains_of_classifiers(
    base: Any, seed: int, order: Any, chained: str, cv: int | None, assert_pair: "AssertPair"
) -> None:
    if not hasattr(base, chained):
        chained = "predict"
    X, y = some_targets(seed, 3, 2)
    chain = ClassifierChain(base, order=order, chain_method=chained, cv=cv, random_state=0)
    assert_pair(fitted(chain, X, y), X, wide(X))


@pytest.mark.parametrize(
    "methods", ["predict_log_proba", ["decision_function", "predict_proba"], "predict"]
)
def test_what_a_chain_passes_on(methods: Any, assert_pair: "AssertPair") -> None:
    X, y = some_targets(0, 3, 2)
    chain = ClassifierChain(LogisticRegression(), chain_method=methods)
    assert_pair(fitted(chain, X, y * 3 - 1), X, X)


def test_a_chain_of_several_classes(assert_pair: "AssertPair") -> None:
    X, y = some_targets(0, 2, 4)
    assert_pair(ClassifierChain(LinearSVC(random_state=0)).fit(X, y), X, X)


@drawn
@given(
    seed=seeds,
    order=st.permutations(range(3)) | st.sampled_from([None, "random"]),
    base=st.sampled_from([Ridge(), DecisionTreeRegressor(max_depth=3, random_state=0)]),
    cv=st.sampled_from([None, 2]),
)
def test_chains_of_regressors(
    seed: int, order: Any, base: Any, cv: int | None, assert_pair: "AssertPair"
) -> None:
    X, y = some_targets(seed, 3, 3)
    chain = RegressorChain(base, order=order, cv=cv, random_state=0)
    assert_pair(fitted(chain, X, y + X), X, wide(X))


@pytest.mark.parametrize(
    "several",
    [
        MultiOutputClassifier(DecisionTreeClassifier(random_state=0)),
        ClassifierChain(DecisionTreeClassifier(random_state=0)),
        RegressorChain(DecisionTreeRegressor(random_state=0)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_refusals(several: Any, tmp_path: Any) -> None:
    """A chain refuses missing values, which its trees alone would take."""
    X, y = some_targets(0, 2, 2)
    reference = several.fit(X, y)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    X[3, 1] = np.inf
    assert_both_refuse(reference, model, X, [(3, 1)])
    X[3, 1] = np.nan
    if isinstance(several, MultiOutputClassifier):
        np.testing.assert_array_equal(reference.predict(X), model.predict(X))
    else:
        assert_both_refuse(reference, model, X, [(3, 1)])


def test_a_classifier_trained_bit_by_bit(assert_pair: "AssertPair") -> None:
    X, y = some_targets(0, 2, 3)
    reference = MultiOutputClassifier(SGDClassifier(loss="log_loss", random_state=0))
    reference.partial_fit(X, y, classes=[np.unique(target) for target in y.T])
    assert_pair(reference, X, wide(X))
