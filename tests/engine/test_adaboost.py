from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    LABELS,
    NAMES,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    problem_with_ties,
    seeds,
    shapes,
    unlike_columns,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.drawn import Shape

drawn = examples(12)
rates = st.sampled_from([0.1, 1.0, 2.0])


@drawn
@given(
    shape=shapes(widest=5),
    base=st.sampled_from(
        [None, DecisionTreeClassifier(max_depth=3), ExtraTreeClassifier(max_leaf_nodes=5)]
    ),
    count=st.sampled_from([1, 2, 20]),
    rate=rates,
)
def test_trees(shape: "Shape", base: Any, count: int, rate: float, tmp_path: "Path") -> None:
    X = unlike_columns(shape.seed, shape.width)
    y = codes_of(X, shape.classes, np.random.default_rng(shape.seed), of_each=3)
    estimator = AdaBoostClassifier(base, n_estimators=count, learning_rate=rate, random_state=0)
    assert_identical(fitted(estimator, X, shape.labels(y)), X, tmp_path)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "base",
    [
        LogisticRegression(),
        RidgeClassifier(),
        SVC(),
        RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0),
    ],
    ids=lambda each: type(each).__name__,
)
def test_any_classifier(base: Any, classes: int, labels: Any, tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, classes)
    estimator = AdaBoostClassifier(base, n_estimators=4, random_state=0)
    assert_proven(fitted(estimator, X, labels(y)), X, tmp_path)


def test_many_classes_are_summed_as_columns(tmp_path: "Path") -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    y = codes_of(X, 12, rng, of_each=3)
    for base in (DecisionTreeClassifier(max_depth=3), LogisticRegression()):
        estimator = AdaBoostClassifier(base, n_estimators=10, random_state=0)
        assert_identical(fitted(estimator, X, y), X, tmp_path)


def test_boosting_that_ended_early(tmp_path: "Path") -> None:
    X, _ = problem_with_ties(0, 2)
    perfect = AdaBoostClassifier(random_state=0).fit(X, X[:, 0] > 0)
    assert len(perfect.estimators_) == 1
    assert_identical(perfect, X, tmp_path)


def test_one_class_is_unsupported(tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 2)
    alone = AdaBoostClassifier(random_state=0).fit(X, np.zeros_like(y))
    with pytest.raises(UnsupportedEstimator, match="one class"):
        export_model(alone, X, tmp_path / "model")


def test_refuses_missing_values_which_its_trees_would_take(tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 2)
    reference = AdaBoostClassifier(n_estimators=3, random_state=0).fit(X, y)
    export_model(reference, X, tmp_path / "model")
    X[3, 0] = np.nan
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(3, 0)])


def test_a_frame(tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 3)
    frame = pd.DataFrame({"a": X[:, 0], "whole": y[::-1], "flag": X[:, 1] > 0})
    for base in (None, LogisticRegression()):
        reference = AdaBoostClassifier(base, n_estimators=5, random_state=0)
        assert_proven(fitted(reference, frame, NAMES[y]), frame, tmp_path)


@drawn
@given(
    seed=seeds,
    base=st.sampled_from(
        [None, DecisionTreeRegressor(max_depth=1), ExtraTreeRegressor(max_depth=4)]
    ),
    count=st.sampled_from([1, 2, 20]),
    rate=rates,
    loss=st.sampled_from(["linear", "square", "exponential"]),
    steps=st.booleans(),
)
def test_medians_of_trees(
    seed: int, base: Any, count: int, rate: float, loss: str, steps: bool, tmp_path: "Path"
) -> None:
    X, y = problem_with_ties(seed, 3)
    target = y.astype(float) if steps else X[:, 0] * 3 + y  # equal predictions in many trees
    estimator = AdaBoostRegressor(
        base, n_estimators=count, learning_rate=rate, loss=loss, random_state=0
    )
    assert_identical(fitted(estimator, X, target), X, tmp_path)


@pytest.mark.parametrize(
    "base",
    [
        LinearRegression(),
        RandomForestRegressor(n_estimators=3, random_state=0),
        make_pipeline(StandardScaler(), LinearRegression()),
        DecisionTreeClassifier(max_depth=2),
    ],
    ids=lambda each: type(each).__name__,
)
def test_any_regressor(base: Any, tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 3)
    estimator = AdaBoostRegressor(base, n_estimators=7, random_state=0)
    assert_proven(fitted(estimator, X, y.astype(float)), X, tmp_path)
