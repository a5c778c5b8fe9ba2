from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from handler.artifact import load_model
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    Shape,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    examples,
    seeds,
    shapes,
    unlike_columns,
    with_missing,
)

drawn = examples(5)

CLASSIFIERS = [
    GradientBoostingClassifier(n_estimators=8),
    GradientBoostingClassifier(n_estimators=6, learning_rate=0.3, subsample=0.7, init="zero"),
    GradientBoostingClassifier(n_estimators=5, max_depth=None, max_leaf_nodes=7),
    HistGradientBoostingClassifier(max_iter=6, min_samples_leaf=3),
    HistGradientBoostingClassifier(max_iter=4, max_depth=2, class_weight="balanced"),
    HistGradientBoostingClassifier(max_iter=9, early_stopping=True, min_samples_leaf=2),
]
REGRESSORS = [
    *(
        GradientBoostingRegressor(n_estimators=6, loss=loss)
        for loss in ("squared_error", "absolute_error", "huber", "quantile")
    ),
    GradientBoostingRegressor(n_estimators=6, init="zero", max_features=1),
    *(
        HistGradientBoostingRegressor(max_iter=6, min_samples_leaf=3, loss=loss)
        for loss in ("squared_error", "absolute_error", "gamma", "poisson")
    ),
    HistGradientBoostingRegressor(max_iter=6, loss="quantile", quantile=0.8, max_bins=9),
]
problems = shapes(widest=5)


def inputs_of(shape: Shape) -> Matrix:
    return unlike_columns(shape.seed, shape.width)


def classes_of(shape: Shape, X: Matrix) -> Any:
    """Classes that follow the first column, all of them among the rows."""
    codes = np.argsort(np.argsort(X[:, 0])) * shape.classes // len(X)
    return shape.labels(codes)


def assert_scores_identical(estimator: Any, X: Any, folder: Path) -> None:
    """Scores and predictions equal to the last bit: so is every leaf that was reached.

    Probabilities are left out: scipy's logistic function rounds in its own way.
    """
    assert_identical(estimator, X, folder, inexact=("predict_proba", "predict_log_proba"))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
@drawn
@given(shape=problems)
def test_classifiers(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    assert_scores_identical(clone(estimator).fit(X, classes_of(shape, X)), X, tmp_path)


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [-1, 1]])
def test_exponential_loss(labels: list[Any], tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(90, 3))
    y = np.array(labels)[(X[:, 0] > 0) * 1]
    estimator = GradientBoostingClassifier(n_estimators=9, loss="exponential").fit(X, y)
    assert_scores_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=str)
@drawn
@given(shape=problems)
def test_regressors(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    y = np.random.default_rng(shape.seed).exponential(size=len(X)) + 0.1
    assert_scores_identical(clone(estimator).fit(X, y), X, tmp_path)


@pytest.mark.parametrize("score", [0.0, -0.0])
def test_a_score_of_0(score: float, tmp_path: Path) -> None:
    """Gradient boosting takes 0 for the second class, histogram boosting for the first."""
    X = np.array([[0.0], [0.0], [1.0], [1.0]])
    for number, estimator in enumerate(
        [GradientBoostingClassifier(init="zero", n_estimators=1), HistGradientBoostingClassifier()]
    ):
        estimator.fit(X, [0, 1, 0, 1])
        assert_scores_identical(estimator, X + score, tmp_path / str(number))


def test_a_single_class(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    assert_proven(HistGradientBoostingClassifier(max_iter=3).fit(X, ["one"] * 40), X, tmp_path)


@pytest.mark.parametrize(
    "init",
    [
        RandomForestClassifier(5, random_state=0),
        DummyClassifier(strategy="uniform"),
        DummyClassifier(strategy="most_frequent"),
    ],
    ids=str,
)
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
def test_initial_classifiers(init: Any, classes: int, loss: str, tmp_path: Path) -> None:
    if loss == "exponential" and classes > 2:
        return  # scikit-learn has it for two classes only
    X = np.random.default_rng(0).normal(size=(120, 3))
    y = np.digitize(X @ [1.0, 2.0, -1.0], [-1.0, 1.0][: classes - 1])
    estimator = GradientBoostingClassifier(n_estimators=4, loss=loss, init=init)
    assert_proven(estimator.fit(X, y), X, tmp_path)


@pytest.mark.parametrize(
    "init",
    [
        DecisionTreeRegressor(max_depth=2),
        DummyRegressor(strategy="median"),
        DummyRegressor(strategy="constant", constant=[[2.5]]),
    ],
    ids=str,
)
def test_initial_regressors(init: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(120, 3))
    estimator = GradientBoostingRegressor(n_estimators=4, init=init)
    assert_proven(estimator.fit(X, X @ [1.0, 2.0, -1.0]), X, tmp_path)


@pytest.mark.parametrize(
    ("init", "why"),
    [
        (DummyClassifier(strategy="stratified", random_state=0), "DummyClassifier.*at random"),
        (LogisticRegression(), "LogisticRegression.*float32"),
        # It answers in float64, of what its member added up in float32.
        (CalibratedClassifierCV(LogisticRegression(), cv=2), "CalibratedClassifierCV.*float32"),
    ],
    ids=str,
)
def test_initial_estimators_without_an_exact_form(init: Any, why: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    estimator = GradientBoostingClassifier(n_estimators=2, init=init).fit(X, X[:, 0] > 0)
    with pytest.raises(UnsupportedEstimator, match=why):
        export_model(estimator, X, tmp_path / "model")


@drawn
@given(shape=problems)
def test_missing_values(shape: Shape, tmp_path: Path) -> None:
    X = with_missing(inputs_of(shape), shape.seed)
    y = np.isnan(X[:, 0]) * 2 + (np.nansum(X, axis=1) > 0)
    estimator = HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=2)
    assert_scores_identical(estimator.fit(X, y), X, tmp_path)


def test_infinities(tmp_path: Path) -> None:
    """Taken in training and after, beside splits that send all but missing values left."""
    rng = np.random.default_rng(0)
    X = rng.choice([-np.inf, -1e308, 0.0, 1e308, np.inf, np.nan], size=(200, 3))
    y = np.isnan(X[:, 0]) * 4.0 + np.isposinf(X[:, 1]) + 2 * np.isneginf(X[:, 2])
    estimator = HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=2).fit(X, y)
    nodes = np.concatenate([row[0].nodes for row in estimator._predictors])
    assert np.isposinf(nodes["num_threshold"]).any()
    assert_scores_identical(estimator, X, tmp_path)


def test_monotonic_constraints(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    estimator = HistGradientBoostingRegressor(max_iter=5, monotonic_cst=[1, -1])
    assert_scores_identical(estimator.fit(X, X[:, 0] ** 2), X, tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3.5e38])
def test_gradient_boosting_refuses(value: float, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    estimator = GradientBoostingRegressor(n_estimators=2).fit(X, X[:, 0])
    export_model(estimator, X, tmp_path / "model")
    X[3, 1] = value
    assert_both_refuse(estimator, load_model(tmp_path / "model"), X, [(3, 1)])


@pytest.mark.parametrize("rows", [1, 3, 700, 9_000])
@pytest.mark.parametrize("classes", [2, 5])
def test_batches_of_all_sizes(rows: int, classes: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(1_500, 6)))
    y = (np.nan_to_num(X).sum(axis=1) // 1).astype(int) % classes
    estimator = HistGradientBoostingClassifier(max_iter=12).fit(X, y)
    export_model(estimator, X, tmp_path / "model")
    batch = with_missing(rng.normal(size=(rows, 6)), seed=1)
    found = compare(estimator, load_model(tmp_path / "model"), batch)
    assert all(difference.equal for difference in found), found
    assert [d.relative for d in found if d.method == "decision_function"] == [0.0]


def categorical_numbers(rows: int, seed: int, missing: float) -> Matrix:
    """Return whole, negative, fractional and large categories, then two numeric columns."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.integers(0, 40, rows),
            rng.choice([-3.0, 0.5, 2.0**40, 1e-5, 7.0], rows),
            rng.normal(size=(rows, 2)),
        ]
    )
    X[rng.random(X.shape) < missing] = np.nan
    return X


@pytest.mark.parametrize("missing", [0.0, 0.2])
@settings(drawn, max_examples=3)
@given(seed=seeds)
def test_categories_of_numbers(missing: float, seed: int, tmp_path: Path) -> None:
    X = categorical_numbers(300, seed, missing)
    y = np.isin(X[:, 0], [3, 5, 8, 20, 33]) * 2.0 + (X[:, 1] == 0.5) + np.isnan(X[:, 1])
    mask = [True, True, False, False]
    estimator = HistGradientBoostingRegressor(
        max_iter=5, categorical_features=mask, min_samples_leaf=2
    )
    others = categorical_numbers(300, seed + 1, 0.3)
    others[:50, 0] = np.linspace(-20, 300, 50)
    assert_scores_identical(estimator.fit(X, y), others, tmp_path)


def test_a_split_between_one_category_and_missing_values(tmp_path: Path) -> None:
    """Such a split has no bits of its own in scikit-learn, which reads those of the first."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.full(400, 3.0), rng.integers(0, 5, 400)])
    X[rng.random(400) < 0.5, 0] = np.nan
    y = np.isnan(X[:, 0]) * 3.0 + np.isin(X[:, 1], [0, 3]) * 2
    estimator = HistGradientBoostingRegressor(max_iter=3, categorical_features=[0, 1]).fit(X, y)
    assert_scores_identical(estimator, X, tmp_path)


def test_255_categories(tmp_path: Path) -> None:
    X = np.arange(2_000.0)[:, None] % 255
    X[::7] = np.nan
    estimator = HistGradientBoostingRegressor(max_iter=4, categorical_features=[0])
    estimator.fit(X, np.nan_to_num(X[:, 0]) * 7919 % 31)
    assert_scores_identical(estimator, X, tmp_path)


def frame_of(rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    colour = pd.Series(rng.choice(["red", "green", "blue", "é"], rows)).astype("category")
    size = pd.Series(rng.choice([10, 20, 35], rows)).astype("category")
    frame = pd.DataFrame(
        {
            "weight": rng.normal(size=rows),
            "colour": colour,
            "count": rng.integers(0, 9, rows),
            "size": size,
        }
    )
    frame.loc[rng.random(rows) < 0.1, "colour"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "weight"] = np.nan
    return frame


@pytest.mark.parametrize(
    "features", ["from_dtype", ["colour", "size"], ["colour", "count", "size"]]
)
def test_categories_of_a_table(features: Any, tmp_path: Path) -> None:
    frame = frame_of(300, 0)
    y = frame["colour"].isin(["red", "é"]) * 2 + (frame["size"] == 20).astype(int)
    estimator = HistGradientBoostingClassifier(
        max_iter=5, categorical_features=features, min_samples_leaf=2
    )
    assert_scores_identical(estimator.fit(frame, y), frame, tmp_path)


def test_categories_only(tmp_path: Path) -> None:
    frame = frame_of(200, 1)[["colour", "size"]]
    estimator = HistGradientBoostingRegressor(max_iter=4, min_samples_leaf=2)
    assert_scores_identical(estimator.fit(frame, (frame["size"] == 20) * 2.0), frame, tmp_path)


def test_strings_in_an_array_of_objects(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = np.empty((200, 2), dtype=object)
    X[:, 0] = rng.normal(size=200)
    X[:, 1] = rng.choice(["a", "b", "c"], 200)
    estimator = HistGradientBoostingRegressor(max_iter=4, categorical_features=[1])
    assert_scores_identical(estimator.fit(X, (X[:, 1] == "b") * 2.0), X, tmp_path)
