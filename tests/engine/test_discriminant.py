from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    NAMES,
    Codes,
    Matrix,
    Shape,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    shapes,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

LINEAR = [
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(n_components=1, tol=1e-3),
    LinearDiscriminantAnalysis(solver="lsqr"),
    LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=OAS()),
    LinearDiscriminantAnalysis(solver="eigen"),
    LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.4, n_components=1),
    LinearDiscriminantAnalysis(solver="eigen", covariance_estimator=OAS()),
]
QUADRATIC = [
    QuadraticDiscriminantAnalysis(),
    QuadraticDiscriminantAnalysis(reg_param=0.3),
    QuadraticDiscriminantAnalysis(solver="eigen"),
    QuadraticDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
    QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.2),
    QuadraticDiscriminantAnalysis(solver="eigen", covariance_estimator=OAS()),
]
analyses = pytest.mark.parametrize("analysis", [*LINEAR, *QUADRATIC], ids=repr)


def problem(seed: int, width: int, classes: int) -> tuple[Matrix, Codes]:
    X = unlike_scales(seed, width, rows=90)
    return X, codes_of(X, classes, np.random.default_rng(seed), of_each=width + 4)


@analyses
@examples(6)
@given(shape=shapes(widest=8))
def test_analyses(analysis: Any, shape: Shape, tmp_path: "Path") -> None:
    X, codes = problem(shape.seed, shape.width, shape.classes)
    assert_proven(fitted(analysis, X, shape.labels(codes)), X, tmp_path)


@pytest.mark.parametrize("analysis", [LINEAR[0], QUADRATIC[0]], ids=repr)
@examples(8)
@given(shape=shapes(widest=5), scale=st.sampled_from([1.0, 0.0]))
def test_given_priors(analysis: Any, shape: Shape, scale: float, tmp_path: "Path") -> None:
    X, codes = problem(shape.seed, shape.width, shape.classes)
    priors = np.r_[scale, np.arange(2.0, shape.classes + 1)]
    reference = fitted(analysis.set_params(priors=priors / priors.sum()), X, codes)
    analysis.set_params(priors=None)
    assert_proven(reference, X, tmp_path)


@analyses
@pytest.mark.parametrize("classes", [2, 3])
def test_bit_for_bit(analysis: Any, classes: int, tmp_path: "Path") -> None:
    X, codes = problem(1, 5, classes)
    assert_identical(fitted(analysis, X, NAMES[codes]), X, tmp_path)


@analyses
@pytest.mark.parametrize("rows", [1, 2, 90])
def test_frames(analysis: Any, rows: int, assert_pair: "AssertPair") -> None:
    X, codes = problem(5, 4, 3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert_pair(fitted(analysis, frame, codes), frame, frame.iloc[:rows])


def test_many_classes_in_a_batch(assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    X, codes = rng.normal(size=(300, 9)), np.arange(300) % 12
    for analysis in (LINEAR[0], QUADRATIC[0]):
        assert_pair(fitted(analysis, X, codes), X, X * 3)


@pytest.mark.parametrize("analysis", [LINEAR[0], LINEAR[5]], ids=repr)
def test_as_a_step_that_projects(analysis: Any, tmp_path: "Path") -> None:
    X, codes = problem(2, 6, 4)
    pipeline = make_pipeline(StandardScaler(), analysis, LogisticRegression())
    assert_proven(fitted(pipeline, X, codes), X, tmp_path)


@pytest.mark.parametrize("analysis", [LINEAR[0], LINEAR[2], QUADRATIC[3]], ids=repr)
def test_in_single_precision(analysis: Any, assert_pair: "AssertPair") -> None:
    X, codes = problem(2, 3, 3)
    words = NAMES.astype(object)[(np.median(X, axis=0) < X).astype(int)]
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False, drop="first")
    assert_pair(fitted(make_pipeline(encoder, analysis), words, codes), words, words)


def test_the_least_squares_solver_projects_nothing(tmp_path: "Path") -> None:
    X, codes = problem(0, 3, 3)
    reference = LinearDiscriminantAnalysis(solver="lsqr").fit(X, codes)
    with pytest.raises(NotImplementedError):
        reference.transform(X)
    for estimator in (reference, make_pipeline(StandardScaler(), reference).fit(X, codes)):
        export_model(estimator, X, tmp_path / "model")
        assert "transform" not in load_model(tmp_path / "model").methods


def test_one_class_has_no_answers(tmp_path: "Path") -> None:
    X, _ = problem(0, 3, 2)
    reference = fitted(LinearDiscriminantAnalysis(), X, np.zeros(len(X)))
    with pytest.raises(UnsupportedEstimator, match="one class"):
        export_model(reference, X, tmp_path / "model")


@analyses
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(analysis: Any, value: float, tmp_path: "Path") -> None:
    X, codes = problem(0, 4, 2)
    reference = fitted(analysis, X, codes)
    export_model(reference, X, tmp_path / "model")
    X[5, 2] = value
    model = load_model(tmp_path / "model")
    for method in model.methods:
        assert_both_refuse(reference, model, X, [(5, 2)], method)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("shrink_threshold", [None, 0.3])
@examples(5)
@given(
    shape=shapes(widest=5, fewest_classes=2),
    priors=st.sampled_from(["uniform", "empirical"]),
    far=st.booleans(),
)
def test_nearest_centroids(
    metric: str,
    shrink_threshold: float | None,
    shape: Shape,
    priors: str,
    far: bool,
    tmp_path: "Path",
) -> None:
    X = np.round(unlike_scales(shape.seed, shape.width) + 1e6 * far, 1)
    codes = np.arange(len(X)) % shape.classes
    centroids = NearestCentroid(metric, shrink_threshold=shrink_threshold, priors=priors)
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(shape.width)])
    for inputs in (X, frame):
        fit = fitted(centroids, inputs, shape.labels(codes))
        assert_identical(fit, inputs, tmp_path)


def test_equally_near_centroids_and_a_class_that_is_impossible(assert_pair: "AssertPair") -> None:
    X = np.array([[-0.5, 1], [0.5, 3], [1.5, 1], [2.5, 3], [3.5, 1], [4.5, 3]])
    y = [0, 0, 1, 1, 2, 2]
    between = np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 2.0]])
    assert_pair(NearestCentroid().fit(X, y), X, between)
    assert_pair(NearestCentroid(priors=[0.5, 0.0, 0.5]).fit(X, y), X, between)
    assert_pair(NearestCentroid(metric="manhattan").fit(X, y), X, between)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_nearest_centroids_of_many_rows(metric: str, assert_pair: "AssertPair") -> None:
    """More than are compared at a time; among whole numbers many are equally near."""
    X = np.round(2 * np.random.default_rng(0).normal(size=(3000, 3)))
    centroids = NearestCentroid(metric).fit(X[:80], np.arange(80) // 2)
    assert_pair(centroids, X[:80], X)
    assert_pair(centroids, X[:80], X[:60] * 1e160)
    assert_pair(NearestCentroid(metric).fit(X[:, :2], np.arange(3000) % 3), X[:, :2], X[:, 1:])


def test_nearest_centroids_refuse_what_scikit_learn_refuses(assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 3)
    for priors in ("uniform", [0.2, 0.8]):
        centroids = NearestCentroid(priors=priors).fit(X, np.arange(len(X)) % 2)
        model = assert_pair(centroids, X, X)
        bad = X.copy()
        bad[3, 1] = np.nan
        assert_both_refuse(centroids, model, bad, [(3, 1)])
