from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from handler.artifact import load_model
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    Shape,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    shapes,
    unlike_columns,
    with_missing,
)

catboost = pytest.importorskip(
    "catboost", reason="CatBoost, with 97 MB to fetch, is not locked: pip install catboost"
)

drawn = examples(4)
small = {"iterations": 8, "depth": 3, "verbose": 0, "allow_writing_files": False}
problems = shapes(widest=5)
POLICIES = ["SymmetricTree", "Depthwise", "Lossguide"]
LOSSES = [
    *("RMSE", "MAE", "MAPE", "LogCosh", "Poisson", "Quantile:alpha=0.3", "Expectile:alpha=0.3"),
    *("Huber:delta=1", "Lq:q=3", "Tweedie:variance_power=1.5"),
]


def inputs_of(shape: Shape) -> Matrix:
    """Columns of which one at least is not constant, as CatBoost wants it."""
    X = with_missing(unlike_columns(shape.seed, shape.width, 120).clip(-3e37, 3e37), shape.seed)
    X[:, 0] = np.random.default_rng(shape.seed).normal(size=120)
    return X


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("loss", [None, "MultiClass", "MultiClassOneVsAll"])
@drawn
@given(shape=problems)
def test_classifiers(loss: str | None, policy: str, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    rng = np.random.default_rng(shape.seed)
    y = shape.labels(codes_of(np.nan_to_num(X), shape.classes, rng, of_each=5))
    estimator = catboost.CatBoostClassifier(loss_function=loss, grow_policy=policy, **small)
    assert_proven(estimator.fit(X, y), X, tmp_path)


@pytest.mark.parametrize("mode", ["Min", "Max"])
@pytest.mark.parametrize("loss", LOSSES)
@drawn
@given(shape=problems)
def test_regressors(loss: str, mode: str, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    y = np.exp(np.random.default_rng(shape.seed + 1).normal(size=len(X)) + X[:, 0])
    estimator = catboost.CatBoostRegressor(loss_function=loss, nan_mode=mode, **small)
    assert_proven(estimator.fit(X, y), X, tmp_path)


@pytest.mark.parametrize("policy", POLICIES)
def test_missing_values_only_after_training(policy: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    estimator = catboost.CatBoostRegressor(grow_policy=policy, **small).fit(X, X[:, 0])
    assert_identical(estimator, with_missing(X), tmp_path)


def test_several_targets(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    estimator = catboost.CatBoostRegressor(loss_function="MultiRMSE", **small)
    assert_identical(estimator.fit(X, X[:, :2] ** 2), X, tmp_path)


def test_ranker(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    estimator = catboost.CatBoostRanker(**small)
    estimator.fit(X, rng.integers(0, 4, 200), group_id=np.repeat(range(10), 20))
    assert_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [-1, 1], [0.5, 2.0]])
def test_two_classes(labels: list[Any], tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(90, 3))
    estimator = catboost.CatBoostClassifier(**small)
    assert_proven(estimator.fit(X, np.array(labels)[(X[:, 0] > 0) * 1]), X, tmp_path)


@pytest.mark.parametrize("rows", [1, 3, 9_000])
def test_batches_of_all_sizes(rows: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(2_000, 6)))
    estimator = catboost.CatBoostRegressor(iterations=40, verbose=0, allow_writing_files=False)
    estimator.fit(X, np.nan_to_num(X).sum(axis=1))
    export_model(estimator, X, tmp_path / "model")
    batch = with_missing(rng.normal(size=(rows, 6)), seed=1)
    found = compare(estimator, load_model(tmp_path / "model"), batch)
    assert [(each.equal, each.relative) for each in found] == [(True, 0.0)]


def test_what_has_no_exact_form(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(90.0), "c": ["x", "y", "z"] * 30})
    categories = catboost.CatBoostRegressor(cat_features=["c"], **small).fit(frame, frame["a"])
    loss = catboost.CatBoostRegressor(loss_function="RMSEWithUncertainty", **small)
    loss.fit(frame[["a"]], frame["a"])
    for estimator, why in ((categories, "categories"), (loss, "RMSEWithUncertainty")):
        with pytest.raises(UnsupportedEstimator, match=f"CatBoostRegressor: .*{why}"):
            export_model(estimator, frame[list(estimator.feature_names_)], tmp_path / "model")
