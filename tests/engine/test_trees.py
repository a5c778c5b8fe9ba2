from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)

from handler.artifact import load_model
from model_build.compare import compare
from model_build.export import export_model
from model_build.export.forest_walk import at_most_in_float32
from tests.engine.drawn import (
    LABELS,
    Matrix,
    Shape,
    assert_both_refuse,
    assert_identical,
    examples,
    shapes,
    unlike_columns,
    with_missing,
)

drawn = examples(8)

CLASSIFIERS = [
    DecisionTreeClassifier(random_state=0),
    DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=9, class_weight="balanced"),
    DecisionTreeClassifier(ccp_alpha=0.02),
    ExtraTreeClassifier(random_state=0),
    ExtraTreeClassifier(splitter="best", random_state=0),
    RandomForestClassifier(8, random_state=0),
    RandomForestClassifier(5, max_depth=2, class_weight="balanced_subsample", random_state=0),
    ExtraTreesClassifier(7, bootstrap=True, random_state=0),
]
REGRESSORS = [
    DecisionTreeRegressor(random_state=0),
    DecisionTreeRegressor(criterion="absolute_error", max_depth=4),
    DecisionTreeRegressor(criterion="poisson", min_samples_leaf=3),
    ExtraTreeRegressor(random_state=0),
    ExtraTreeRegressor(splitter="best", random_state=0),
    RandomForestRegressor(7, random_state=0),
    RandomForestRegressor(5, criterion="poisson", max_features=0.5, random_state=0),
    ExtraTreesRegressor(6, random_state=0),
]
problems = shapes(widest=5, fewest_classes=1, labels=[*LABELS, lambda codes: codes > 0])


def inputs_of(shape: Shape) -> Matrix:
    return unlike_columns(shape.seed, shape.width, 60)


def classes_of(shape: Shape, rows: int = 60) -> Any:
    rng = np.random.default_rng(shape.seed + 1)
    codes = rng.integers(0, shape.classes, size=(rows, shape.outputs))
    return shape.labels(codes[:, 0] if shape.outputs == 1 else codes)


def targets_of(shape: Shape, rows: int = 60) -> Matrix:
    rng = np.random.default_rng(shape.seed + 2)
    y = rng.exponential(size=(rows, shape.outputs))
    return y[:, 0] if shape.outputs == 1 else y


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=str)
@drawn
@given(shape=problems)
def test_classifiers(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    assert_identical(clone(estimator).fit(X, classes_of(shape)), X, tmp_path)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=str)
@drawn
@given(shape=problems)
def test_regressors(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = inputs_of(shape)
    assert_identical(clone(estimator).fit(X, targets_of(shape)), X, tmp_path)


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(),
        ExtraTreeClassifier(random_state=0),
        RandomForestClassifier(6, random_state=0),
        ExtraTreesClassifier(6, random_state=0),
    ],
    ids=str,
)
@drawn
@given(shape=problems)
def test_missing_values_in_training(estimator: Any, shape: Shape, tmp_path: Path) -> None:
    X = with_missing(inputs_of(shape), shape.seed)
    # Labels that follow from what is missing: splits that send missing values either way.
    y = np.isnan(X[:, 0]).astype(int) + (X.sum(axis=1) > 0)
    assert_identical(clone(estimator).fit(X, y), X, tmp_path)


@pytest.mark.parametrize("estimator", [DecisionTreeRegressor(), RandomForestRegressor(5)], ids=str)
def test_missing_values_only_after_training(estimator: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(3).normal(size=(200, 3))
    estimator.fit(X, X @ [1.0, -2.0, 3.0])
    assert_identical(estimator, with_missing(X), tmp_path)


def test_the_sign_of_a_missing_value_means_nothing(tmp_path: Path) -> None:
    X = with_missing(np.random.default_rng(3).normal(size=(200, 3)))
    estimator = RandomForestClassifier(20, random_state=0).fit(X, np.isnan(X).any(axis=1))
    assert_identical(estimator, np.where(np.isnan(X), -np.nan, X), tmp_path)


def test_monotonic_constraints(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    estimator = RandomForestClassifier(5, monotonic_cst=[1, -1], random_state=0)
    assert_identical(estimator.fit(X, rng.integers(0, 2, 80)), X, tmp_path)


def test_ties_between_classes_fall_as_in_scikit_learn(tmp_path: Path) -> None:
    """Leaf shares of thirds and sevenths, whose sums tie but for the order of additions."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, size=(300, 4)).astype(np.float64)
    estimator = RandomForestClassifier(60, random_state=0).fit(X, rng.integers(0, 3, 300))
    X = np.unique(X, axis=0)
    assert_identical(estimator, X, tmp_path)


@pytest.mark.parametrize("rows", [1, 2, 300, 20_000])
def test_batches_of_all_sizes(rows: int, tmp_path: Path) -> None:
    """From one block for all trees to several blocks of rows, with finished pairs dropped."""
    rng = np.random.default_rng(0)
    X = with_missing(rng.normal(size=(2_000, 6)))
    y = (np.nan_to_num(X[:, 0]) > rng.normal(size=2_000)) + np.isnan(X[:, 1]) * 1
    estimator = RandomForestClassifier(20, random_state=0).fit(X, y)
    export_model(estimator, X, tmp_path / "model")
    batch = with_missing(rng.normal(size=(rows, 6)), seed=1)
    found = compare(estimator, load_model(tmp_path / "model"), batch)
    assert [(d.equal, d.relative) for d in found] == [(True, 0.0)] * 3


@pytest.mark.parametrize("leaves", [2, 8, 9, 16, 17, 32, 33, 64, 65])
def test_leaves_at_the_widths_of_the_tables_masks(leaves: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(leaves)
    X = with_missing(rng.normal(size=(500, 3)))
    estimator = DecisionTreeRegressor(max_leaf_nodes=leaves).fit(X, rng.normal(size=500))
    assert estimator.get_n_leaves() == leaves
    assert_identical(estimator, X, tmp_path)


def test_many_classes_make_blocks_smaller(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 2))
    estimator = RandomForestClassifier(3, max_depth=6, random_state=0)
    estimator.fit(X, np.arange(3_000) % 150)
    export_model(estimator, X, tmp_path / "model")
    found = compare(estimator, load_model(tmp_path / "model"), X)
    assert [(d.equal, d.relative) for d in found] == [(True, 0.0)] * 3


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3.5e38, np.nan])
def test_refusals(value: float, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    estimator = ExtraTreeRegressor(splitter="best").fit(X, X[:, 0])
    export_model(estimator, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    X[[4, 7], [1, 2]] = value
    assert_both_refuse(estimator, model, X, [(4, 1), (7, 2)])


@given(threshold=st.floats(allow_nan=False), value=st.floats(width=32, allow_nan=False))
def test_rounded_thresholds_compare_alike(threshold: float, value: float) -> None:
    limits = np.array([threshold])
    with np.errstate(over="ignore"):
        near = limits.astype(np.float32)
    values = np.array([value, *near, *np.nextafter(near, 9e9), *np.nextafter(near, -9e9)], "f4")
    np.testing.assert_array_equal(values <= at_most_in_float32(limits), values <= limits)


def test_the_artifact_is_smaller_than_a_compressed_joblib_file(tmp_path: Path) -> None:
    import joblib

    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 8))
    estimator = RandomForestClassifier(20, random_state=0).fit(X, rng.integers(0, 3, 2_000))
    export_model(estimator, X, tmp_path / "model")
    joblib.dump(estimator, tmp_path / "estimator.joblib", compress=9)
    size = sum(part.stat().st_size for part in (tmp_path / "model").iterdir())
    assert size < (tmp_path / "estimator.joblib").stat().st_size / 2
