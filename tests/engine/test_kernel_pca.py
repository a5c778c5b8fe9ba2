from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import KernelPCA
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KernelCenterer, OneHotEncoder

from handler.engine.kernel_pca import KernelCenterer as NumpyCenterer
from handler.engine.table import Table
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    assert_both_refuse,
    assert_proven,
    assert_same_bits,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

PROJECTIONS = [
    KernelPCA(),
    KernelPCA(3, kernel="rbf"),
    KernelPCA(4, kernel="rbf", gamma=0.2, eigen_solver="arpack", random_state=0),
    KernelPCA(4, kernel="poly", degree=2, eigen_solver="randomized", random_state=0),
    KernelPCA(2, kernel="cosine", fit_inverse_transform=True),
    KernelPCA(9, kernel="linear", remove_zero_eig=True),
    KernelPCA(2, kernel="sigmoid", gamma=1e-3),
]


@pytest.mark.parametrize("projection", PROJECTIONS, ids=repr)
@examples(4)
@given(seed=seeds, width=st.integers(1, 9))
def test_projections(projection: Any, seed: int, width: int, tmp_path: Path) -> None:
    X = unlike_scales(seed, width)
    reference = fitted(projection, X)
    assert_same_bits(reference, X, tmp_path, np.vstack([X, 5 * X]))
    assert_same_bits(reference, X, tmp_path, X[7:8])


def test_components_without_variance_answer_0(tmp_path: Path) -> None:
    X = unlike_scales(0, 2)
    reference = KernelPCA(5, kernel="linear").fit(X)
    assert (reference.eigenvalues_ == 0).any()
    model = assert_same_bits(reference, X, tmp_path)
    assert not model.transform(X)[:, 2:].any()


def test_a_precomputed_kernel(tmp_path: Path) -> None:
    X = unlike_scales(0, 3)
    kernel = rbf_kernel(X, X[:20])
    before = kernel.copy()
    reference = KernelPCA(3, kernel="precomputed").fit(kernel[:20])
    assert_same_bits(reference, kernel[:20], tmp_path, kernel)
    np.testing.assert_array_equal(kernel, before)


def test_float32_stays(tmp_path: Path) -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c"], (40, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    for kernel in ("rbf", "poly"):
        chain = make_pipeline(encoder, KernelPCA(2, kernel=kernel)).fit(X)
        assert_same_bits(chain, X, tmp_path)


@examples(5)
@given(seed=seeds)
def test_centering(seed: int, tmp_path: Path) -> None:
    X = unlike_scales(seed, 4)
    kernel = rbf_kernel(X, X[:30], gamma=0.1)
    centerer = KernelCenterer().fit(kernel[:30])
    model = assert_same_bits(centerer, kernel, tmp_path)
    bad = kernel.copy()
    bad[3, 1] = np.nan
    assert_both_refuse(centerer, model, bad, [(3, 1)], "transform")


def test_large_kernels_are_centred_by_tiles() -> None:
    rng = np.random.default_rng(0)
    centerer = KernelCenterer().fit(rng.normal(size=(1000, 1000)))
    evaluator = NumpyCenterer(centerer.K_fit_rows_, centerer.K_fit_all_)
    kernel = rng.normal(size=(65, 1000))
    expected = centerer.transform(kernel)
    np.testing.assert_array_equal(evaluator.transform(kernel), expected)
    columns = Table(list(kernel.T), len(kernel))
    np.testing.assert_allclose(evaluator.transform(columns), expected, rtol=1e-9, atol=1e-12)


def test_nasty_rows(tmp_path: Path) -> None:
    X = unlike_scales(1, 3)
    assert assert_proven(KernelPCA(2, kernel="rbf", gamma=0.3).fit(X), X, tmp_path).refused


def test_a_callable_kernel_is_code(tmp_path: Path) -> None:
    X = unlike_scales(0, 2)
    with pytest.raises(UnsupportedEstimator, match="callable"):
        export_model(KernelPCA(kernel=np.dot).fit(X), X, tmp_path / "model")
