from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    MiniBatchSparsePCA,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_both_refuse, assert_proven, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

PROJECTIONS = [
    PCA(),
    PCA(n_components=2, whiten=True),
    PCA(n_components=0.8, svd_solver="full"),
    PCA(n_components="mle", svd_solver="full"),
    PCA(svd_solver="covariance_eigh", whiten=True),
    PCA(n_components=2, svd_solver="arpack", random_state=0),
    PCA(n_components=2, svd_solver="randomized", random_state=0),
    IncrementalPCA(n_components=2, whiten=True),
    TruncatedSVD(n_components=2, random_state=0),
    TruncatedSVD(n_components=1, algorithm="arpack", random_state=0),
    FactorAnalysis(2, random_state=0),
    FactorAnalysis(3, rotation="varimax", svd_method="lapack"),
    FastICA(2, random_state=0),
    FastICA(whiten=False, random_state=0, max_iter=5),
    FastICA(3, whiten="arbitrary-variance", algorithm="deflation", random_state=0),
]
# What scikit-learn solves for each batch is one linear map here, whose last digits may differ.
SOLVED = [
    SparsePCA(2, random_state=0, max_iter=20),
    SparsePCA(3, ridge_alpha=0.5, random_state=0, max_iter=20),
    MiniBatchSparsePCA(2, random_state=0, max_iter=20),
]


@pytest.mark.parametrize("projection", PROJECTIONS, ids=repr)
@examples(3)
@given(seed=seeds, width=st.integers(3, 9))
@pytest.mark.filterwarnings("ignore::scipy.linalg.LinAlgWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_projections(projection: Any, seed: int, width: int, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, width)) * 10.0 ** rng.integers(-2, 3, width)
    model = assert_pair(projection.fit(X), X, X)
    # The same operations on the same memory layout: the same bits.
    assert np.array_equal(model.transform(X), projection.transform(X))
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(width)])
    assert_pair(projection.fit(frame), frame, frame.iloc[:1])


@pytest.mark.parametrize("solved", SOLVED, ids=repr)
@examples(3)
@given(seed=seeds, width=st.integers(3, 9))
def test_ridge_regressions_on_components(
    solved: Any, seed: int, width: int, tmp_path_factory: Any
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, width)) @ rng.normal(size=(width, width))
    assert_proven(fitted(solved, X), X, tmp_path_factory.mktemp("solved"))


def test_components_too_much_alike(tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    estimator = SparsePCA(2, ridge_alpha=1e-9, random_state=0).fit(X)
    estimator.components_[1] = estimator.components_[0]
    with pytest.raises(UnsupportedEstimator, match="too much alike"):
        export_model(estimator, X, tmp_path / "model")


def test_what_solves_equations_in_float32(tmp_path: "Path") -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c", "d"], (50, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    pipeline = make_pipeline(encoder, SparsePCA(2, random_state=0)).fit(X)
    with pytest.raises(UnsupportedEstimator, match="it solves equations in float32"):
        export_model(pipeline, X, tmp_path / "model")


def test_a_component_without_variance_is_whitened_as_scikit_learn_does(
    assert_pair: "AssertPair",
) -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    X[:, 3] = 2.0
    X[:, 2] = X[:, 1]
    pca = PCA(whiten=True, svd_solver="full").fit(X)
    assert_pair(make_pipeline(pca, "passthrough"), X, X)


def test_a_singular_covariance_has_no_likelihood(tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    X[:, 2] = 2.0
    pca = PCA(svd_solver="full").fit(X)
    export_model(pca, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    assert np.array_equal(model.transform(X), pca.transform(X))
    with pytest.raises(np.linalg.LinAlgError):
        pca.score_samples(X)
    with pytest.raises(InvalidInput, match="singular"):
        model.score_samples(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_inputs_are_dense_here(dtype: Any, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c", "d"], (50, 3)).astype(object)
    encoder = OneHotEncoder(dtype=dtype)
    assert_pair(make_pipeline(encoder, TruncatedSVD(2, random_state=0)).fit(X), X, X)
    encoder = OneHotEncoder(dtype=dtype, sparse_output=False)
    for projection in (FactorAnalysis(2, random_state=0), FastICA(2, random_state=0)):
        assert_pair(make_pipeline(encoder, projection).fit(X), X, X)


@pytest.mark.parametrize("projection", [*PROJECTIONS, *SOLVED], ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_refuses_what_scikit_learn_refuses(
    projection: Any, value: float, assert_pair: "AssertPair"
) -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    model = assert_pair(projection.fit(X), X, X)
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(projection, model, bad, [(3, 1)], "transform")
