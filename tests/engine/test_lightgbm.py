from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.artifact import load_model
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Labels,
    Matrix,
    Shape,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    shapes,
    unlike_columns,
    with_missing,
)

lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is locked for Linux alone")

drawn = examples(4)
small = {"n_estimators": 8, "min_child_samples": 4, "verbose": -1, "n_jobs": 1}
problems = shapes(widest=5)
INEXACT = ("predict_proba",)

CLASSIFIERS = [
    lightgbm.LGBMClassifier(**small),
    lightgbm.LGBMClassifier(objective="multiclassova", **small),
    lightgbm.LGBMClassifier(boosting_type="dart", drop_rate=0.5, **small),
    lightgbm.LGBMClassifier(boosting_type="rf", subsample=0.5, subsample_freq=1, **small),
    lightgbm.LGBMClassifier(num_leaves=3, class_weight="balanced", extra_trees=True, **small),
]
OBJECTIVES = [
    *("regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma"),
    *("tweedie", "cross_entropy", "cross_entropy_lambda"),
]
REGRESSORS = [
    *(lightgbm.LGBMRegressor(objective=objective, **small) for objective in OBJECTIVES),
    lightgbm.LGBMRegressor(reg_sqrt=True, **small),
    lightgbm.LGBMRegressor(boosting_type="rf", subsample=0.5, subsample_freq=1, **small),
    lightgbm.LGBMRegressor(boosting_type="dart", drop_rate=0.5, **small),
    lightgbm.LGBMRegressor(zero_as_missing=True, **small),
    lightgbm.LGBMRegressor(use_missing=False, max_bin=7, **small),
]


def inputs_of(shape: Shape) -> Matrix:
    """Two thirds of the columns have missing values, in training too."""
    X = unlike_columns(shape.seed, shape.width, 120)
    X[:, ::3] = with_missing(X[:, ::3], shape.seed)
    X[:, 1::3] = with_missing(np.round(X[:, 1::3]), shape.seed + 1)
    return X


def classes_of(X: Matrix, labels: Labels, classes: int, seed: int) -> Any:
    codes = codes_of(np.nan_to_num(X), classes, np.random.default_rng(seed), of_each=5)
    return labels(codes)


def shares_of(X: Matrix, seed: int) -> Any:
    """Targets between 0 and 1 that follow the first column but for noise."""
    noise = np.random.default_rng(seed).normal(size=len(X))
    return 1 / (1 + np.exp(-np.nan_to_num(X[:, 0]).clip(-9, 9) - noise))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
@drawn
@given(shape=problems)
def test_classifiers(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    classes = max(shape.classes, 3 if estimator.objective == "multiclassova" else 2)
    y = classes_of(X, shape.labels, classes, shape.seed)
    assert_identical(fitted(estimator, X, y), X, tmp_path, inexact=INEXACT)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=str)
@drawn
@given(shape=problems)
def test_regressors(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    assert_proven(fitted(estimator, X, shares_of(X, shape.seed)), X, tmp_path)


def test_ranker(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(200, 3)))
    for objective in ("lambdarank", "rank_xendcg"):
        estimator = lightgbm.LGBMRanker(objective=objective, random_state=0, **small)
        estimator.fit(X, rng.integers(0, 4, 200), group=[20] * 10)
        assert_identical(estimator, X, tmp_path)


def test_early_stopping_uses_the_best_iteration(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    estimator = lightgbm.LGBMRegressor(n_estimators=60, verbose=-1, n_jobs=1)
    stop = lightgbm.early_stopping(3, verbose=False)
    estimator.fit(X, X[:, 0], eval_X=X[:50], eval_y=-X[:50, 0] / 9, callbacks=[stop])
    assert 0 < estimator.best_iteration_ < 60
    assert_identical(estimator, X, tmp_path)


def test_values_beside_0_are_0(tmp_path: Path) -> None:
    """Thresholds of LightGBM's own zero, and values up to it on both sides."""
    rng = np.random.default_rng(0)
    tiny = float(np.float32(1e-35))
    values = [0.0, -0.0, tiny, -tiny, np.nextafter(tiny, 1), -np.nextafter(tiny, 1), 1.0, -1.0]
    X = rng.choice(values, size=(300, 3))
    y = np.sign(X[:, 0]) + (np.abs(X[:, 1]) <= tiny)
    for zero_as_missing in (False, True):
        estimator = lightgbm.LGBMRegressor(zero_as_missing=zero_as_missing, **small).fit(X, y)
        assert_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("known", [5, 300])
def test_categories_of_numbers(known: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(known)
    X = np.column_stack(
        [rng.integers(-1, known, 900), rng.normal(size=900), rng.integers(0, 3, 900)]
    )
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0] % 7 < 3) + np.nan_to_num(X[:, 2] == 1)
    estimator = lightgbm.LGBMRegressor(min_data_per_group=2, cat_smooth=1, **small)
    estimator.fit(X, y, categorical_feature=[0, 2])
    others = X.copy()
    others[:400, 0] = np.linspace(-3, known + 50, 400)
    others[400:406, 0] = [1e10, -1e10, np.inf, -np.inf, -0.5, 0.5]
    assert_identical(estimator, others, tmp_path)


def frame_of(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "weight": rng.normal(size=rows),
            "colour": pd.Categorical(rng.choice(["red", "green", "é"], rows)),
            "count": rng.integers(0, 9, rows),
            "size": pd.Categorical(rng.choice([10, 20, 35], rows), categories=[20, 10, 35]),
        }
    )
    frame.loc[::9, "colour"] = np.nan
    frame.loc[::7, "weight"] = np.nan
    return frame


def test_categories_of_a_table(tmp_path: Path) -> None:
    frame = frame_of(300)
    y = (frame["colour"] == "é") * 2.0 + (frame["size"] == 20) + frame["count"] / 9
    estimator = lightgbm.LGBMRegressor(min_data_per_group=2, cat_smooth=1, **small)
    assert_identical(estimator.fit(frame, y), frame, tmp_path)


def test_within_a_pipeline(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    pipeline = make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**small))
    assert_identical(fitted(pipeline, X, X[:, 0] > 0), X, tmp_path, inexact=INEXACT)


def test_trees_without_a_split(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    assert_identical(lightgbm.LGBMRegressor(**small).fit(X, np.full(100, 2.5)), X, tmp_path)


@pytest.mark.parametrize("rows", [1, 3, 700, 9_000])
@pytest.mark.parametrize("leaves", [31, 255])
def test_batches_of_all_sizes(rows: int, leaves: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(3_000, 6)))
    estimator = lightgbm.LGBMRegressor(num_leaves=leaves, **small)
    estimator.fit(X, np.nan_to_num(X).sum(axis=1))
    export_model(estimator, X, tmp_path / "model")
    batch = with_missing(rng.normal(size=(rows, 6)), seed=1)
    found = compare(estimator, load_model(tmp_path / "model"), batch)
    assert [(each.equal, each.relative) for each in found] == [(True, 0.0)]


@pytest.mark.parametrize(
    ("estimator", "why"),
    [
        (lightgbm.LGBMRegressor(linear_tree=True, **small), "linear_tree"),
        (
            lightgbm.LGBMRegressor(
                objective=lambda y, scores: (scores - y, np.ones(len(y))), **small
            ),
            "objective",
        ),
    ],
    ids=["linear", "callable"],
)
def test_settings_without_an_exact_form(estimator: Any, why: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    with pytest.raises(UnsupportedEstimator, match=f"LGBMRegressor: .*{why}"):
        export_model(estimator.fit(X, X[:, 0]), X, tmp_path / "model")


def test_ordered_categories_have_no_exact_form(tmp_path: Path) -> None:
    frame = frame_of(100)
    frame["size"] = frame["size"].cat.as_ordered()
    estimator = lightgbm.LGBMRegressor(**small).fit(frame, frame["count"])
    with pytest.raises(UnsupportedEstimator, match="ordered categories"):
        export_model(estimator, frame, tmp_path / "model")
