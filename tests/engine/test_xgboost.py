import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.artifact import load_model
from handler.engine import single
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Codes,
    Matrix,
    Shape,
    assert_identical,
    codes_of,
    examples,
    fitted,
    shapes,
    unlike_columns,
    with_missing,
)

xgboost = pytest.importorskip("xgboost", reason="XGBoost is locked for Linux alone")

# XGBoost says so of its linear boosters, at each call.
pytestmark = pytest.mark.filterwarnings("ignore:.*booster=gblinear. is deprecated:UserWarning")

drawn = examples(4)
small = {"n_estimators": 8, "n_jobs": 1}
problems = shapes(widest=5)


def quietly(make: Any, **settings: Any) -> Any:
    """Return an estimator whose class is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(**settings)


CLASSIFIERS = [
    xgboost.XGBClassifier(**small),
    xgboost.XGBClassifier(
        objective="multi:softmax", grow_policy="lossguide", max_leaves=7, **small
    ),
    xgboost.XGBClassifier(booster="gblinear", **small),
    xgboost.XGBClassifier(rate_drop=0.5, max_depth=3, base_score=0.3, **small),
    xgboost.XGBClassifier(num_parallel_tree=3, subsample=0.5, **small),
    quietly(xgboost.XGBRFClassifier, **small),
]
IDENTITY = ("squarederror", "absoluteerror", "pseudohubererror", "squaredlogerror", "quantileerror")
REGRESSORS = [
    *(
        xgboost.XGBRegressor(objective=f"reg:{name}", quantile_alpha=0.7, **small)
        for name in IDENTITY
    ),
    *(
        xgboost.XGBRegressor(objective=name, **small)
        for name in ("reg:gamma", "reg:tweedie", "reg:logistic", "count:poisson", "survival:cox")
    ),
    xgboost.XGBRegressor(objective="reg:expectileerror", expectile_alpha=0.3, **small),
    xgboost.XGBRegressor(booster="gblinear", **small),
    xgboost.XGBRegressor(rate_drop=0.5, **small),
    quietly(xgboost.XGBRFRegressor, max_depth=9, **small),
    xgboost.XGBRegressor(missing=1.0, **small),
]


def inputs_of(shape: Shape) -> Matrix:
    return with_missing(unlike_columns(shape.seed, shape.width, 120).clip(-3e37, 3e37), shape.seed)


def classes_of(X: Matrix, classes: int, seed: int) -> Codes:
    return codes_of(np.nan_to_num(X), classes, np.random.default_rng(seed), of_each=5)


def shares_of(X: Matrix, seed: int) -> Any:
    """Targets between 0 and 1 that follow the first column but for noise."""
    noise = np.random.default_rng(seed).normal(size=len(X))
    return 1 / (1 + np.exp(-np.nan_to_num(X[:, 0]).clip(-9, 9) - noise))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=range(len(CLASSIFIERS)))
@drawn
@given(shape=problems)
def test_classifiers(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    classes = max(shape.classes, 3 if estimator.objective == "multi:softmax" else 2)
    assert_identical(fitted(estimator, X, classes_of(X, classes, shape.seed)), X, tmp_path)


@pytest.mark.parametrize("objective", ["binary:hinge", "binary:logitraw"])
def test_binary_objectives(objective: str, tmp_path: Path) -> None:
    X = with_missing(np.random.default_rng(0).normal(size=(200, 3)))
    estimator = xgboost.XGBClassifier(objective=objective, **small)
    assert_identical(estimator.fit(X, classes_of(X, 2, 0)), X, tmp_path)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=range(len(REGRESSORS)))
@drawn
@given(shape=problems)
def test_regressors(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    assert_identical(fitted(estimator, X, shares_of(X, shape.seed)), X, tmp_path)


@pytest.mark.parametrize("strategy", ["one_output_per_tree", "multi_output_tree"])
@pytest.mark.parametrize("labels", [0, 2, 3])
def test_several_outputs(strategy: str, labels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(150, 3)))
    y = np.nan_to_num(X) + rng.normal(size=(150, 3))
    if labels:
        classifier = xgboost.XGBClassifier(multi_strategy=strategy, **small)
        estimator = classifier.fit(X, (y[:, :labels] > 0).astype(int))
    else:
        estimator = xgboost.XGBRegressor(multi_strategy=strategy, **small).fit(X, y)
    assert_identical(estimator, X, tmp_path)


def test_several_quantiles_do_not_cross(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 3))
    estimator = xgboost.XGBRegressor(
        objective="reg:quantileerror", quantile_alpha=[0.4, 0.5, 0.6], learning_rate=1.5, **small
    ).fit(X, X[:, 0] + rng.normal(size=150))
    assert (np.diff(estimator.predict(X, output_margin=True)) < 0).any()
    assert_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("objective", ["rank:ndcg", "rank:pairwise", "rank:map"])
def test_ranker(objective: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(200, 3)))
    estimator = xgboost.XGBRanker(objective=objective, **small)
    estimator.fit(X, rng.integers(0, 2, 200), qid=np.repeat(range(10), 20))
    assert_identical(estimator, X, tmp_path)


def test_early_stopping_uses_the_best_iteration(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    estimator = xgboost.XGBRegressor(n_estimators=60, early_stopping_rounds=2, n_jobs=1)
    estimator.fit(X, X[:, 0], eval_set=[(X[:50], -X[:50, 0] / 9)], verbose=False)
    assert 0 <= estimator.best_iteration < estimator.get_booster().num_boosted_rounds() - 1
    assert_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("one_hot", [1, 100])
def test_categories_of_numbers(one_hot: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(0, 40, 900), rng.normal(size=900), rng.integers(0, 3, 900)])
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0] % 7 < 3) + np.nan_to_num(X[:, 2] == 1)
    kinds = ["c", "q", "c"]
    estimator = xgboost.XGBRegressor(feature_types=kinds, max_cat_to_onehot=one_hot, **small)
    others = X.copy()
    others[:400, 0] = np.linspace(-3, 90, 400)
    others[400:406, 0] = [1e10, -1e10, np.inf, -np.inf, -0.5, 0.5]
    assert_identical(estimator.fit(X, y), others, tmp_path)


def test_categories_of_a_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "weight": rng.normal(size=300),
            "colour": pd.Categorical(rng.choice(["red", "green", "é"], 300)),
            "count": rng.integers(0, 9, 300),
            "size": pd.Categorical(rng.choice([10, 20, 35], 300), categories=[20, 10, 35]),
        }
    )
    frame.loc[::9, "colour"] = np.nan
    y = (frame["colour"] == "é") * 2.0 + (frame["size"] == 20) + frame["count"] / 9
    estimator = xgboost.XGBRegressor(enable_categorical=True, max_cat_to_onehot=1, **small)
    assert_identical(estimator.fit(frame, y), frame, tmp_path)


def test_within_a_pipeline(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    pipeline = make_pipeline(StandardScaler(), xgboost.XGBClassifier(**small))
    assert_identical(fitted(pipeline, X, X[:, 0] > 0), X, tmp_path)


def test_trees_without_a_split(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    assert_identical(xgboost.XGBRegressor(**small).fit(X, np.full(100, 2.5)), X, tmp_path)


@pytest.mark.parametrize("rows", [1, 3, 700, 9_000])
@pytest.mark.parametrize("depth", [6, 12])
def test_batches_of_all_sizes(rows: int, depth: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(3_000, 6)))
    estimator = xgboost.XGBClassifier(max_depth=depth, **small).fit(X, classes_of(X, 3, 0))
    export_model(estimator, X, tmp_path / "model")
    batch = with_missing(rng.normal(size=(rows, 6)), seed=1)
    found = compare(estimator, load_model(tmp_path / "model"), batch)
    assert [(each.equal, each.relative) for each in found] == [(True, 0.0)] * 2


def test_answers_are_of_float32(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    export_model(xgboost.XGBRegressor(**small).fit(X, X[:, 0]), X, tmp_path / "model")
    assert load_model(tmp_path / "model").predict(X).dtype == np.float32


@pytest.mark.parametrize("value", [np.inf, 3.5e38])
def test_linear_boosters_refuse(value: float, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    estimator = xgboost.XGBRegressor(booster="gblinear", **small).fit(X, X[:, 0])
    export_model(estimator, X, tmp_path / "model")
    X[3, 1] = value
    with pytest.raises(ValueError, match="inf"):
        estimator.predict(X)
    with pytest.raises(ValueError, match="row 3, column 1"):
        load_model(tmp_path / "model").predict(X)


def test_objectives_without_an_exact_form(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    own = xgboost.XGBRegressor(objective=lambda y, scores: (scores - y, np.ones(len(y))), **small)
    several = xgboost.XGBRegressor(
        objective="reg:expectileerror", expectile_alpha=[0.2, 0.7], **small
    )
    for estimator, why in ((own, "objective"), (several, "expectiles")):
        with pytest.raises(UnsupportedEstimator, match=f"XGBRegressor: .*{why}"):
            export_model(estimator.fit(X, X[:, 0]), X, tmp_path / "model")


def test_the_exponential_rounds_as_in_c() -> None:
    """XGBoost's own answers to margins from 0 over the subnormal ones to infinity."""
    margins = np.linspace(-110, 95, 40_001, dtype=np.float32)
    estimator = xgboost.XGBRegressor(objective="count:poisson", booster="gblinear", **small)
    estimator.fit(np.zeros((9, 1)), np.ones(9))
    data = xgboost.DMatrix(np.zeros((len(margins), 1)), base_margin=margins)
    expected = estimator.get_booster().predict(data)
    bias = estimator.get_booster().predict(data, output_margin=True)
    np.testing.assert_array_equal(single.exp(bias), expected)
