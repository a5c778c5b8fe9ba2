"""The kernels themselves: each as sklearn.metrics.pairwise has it, to the last bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process.kernels import PairwiseKernel
from sklearn.metrics.pairwise import KERNEL_PARAMS, pairwise_kernels

from handler.engine import build
from handler.engine.kernel_model import Kernel
from model_build.export import UnsupportedEstimator, exporters
from model_build.export.kernels import pairwise_kernel
from model_build.export.node import Context, export_node
from tests.engine.drawn import Matrix, examples, named, seeds

PARAMETERS: dict[str, Any] = {"gamma": 0.3, "coef0": -0.2, "degree": 2}


def rows_of(name: str, seed: int, width: int, dtype: Any) -> tuple[Matrix, Matrix]:
    """Rows and vectors, some of them equal, some with zeros."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(23, width)) * (rng.random((23, width)) < 0.7)
    X = (np.abs(X) if "chi2" in name else X).astype(dtype)
    return X, np.vstack([X[:5], 2 * X[5:9]])


def test_every_kernel_of_scikit_learn_is_here() -> None:
    for name in KERNEL_PARAMS:
        assert isinstance(build(pairwise_kernel(name, {}, 3)), Kernel)


@pytest.mark.parametrize("name", sorted(KERNEL_PARAMS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@examples(12)
@given(seed=seeds, width=st.integers(1, 30), given_parameters=st.booleans())
def test_kernels(name: str, dtype: Any, seed: int, width: int, given_parameters: bool) -> None:
    X, vectors = rows_of(name, seed, width, dtype)
    parameters = PARAMETERS if given_parameters else {}
    kernel = build(pairwise_kernel(name, parameters, width))
    expected = pairwise_kernels(X, vectors, metric=name, filter_params=True, **parameters)
    got = kernel.towards(vectors)(X)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    one = pairwise_kernels(X[:1], vectors[:1], metric=name, filter_params=True, **parameters)
    np.testing.assert_array_equal(kernel.towards(vectors[:1])(X[:1]), one)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_large_kernel_is_made_by_tiles(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    X, vectors = (rng.normal(size=(rows, 5)).astype(dtype) for rows in (80, 1000))
    got = build(pairwise_kernel("rbf", {"gamma": 0.3}, 5)).towards(vectors)(X)
    assert got.dtype == dtype
    expected = pairwise_kernels(X, vectors, metric="rbf", gamma=0.3)
    # scikit-learn's one product is shared out to OpenBLAS's threads.
    np.testing.assert_allclose(got, expected, rtol=1e-12 if dtype == np.float64 else 1e-6)


@pytest.mark.parametrize("name", sorted(KERNEL_PARAMS))
@examples(6)
@given(seed=seeds, width=st.integers(1, 30))
def test_diagonals(name: str, seed: int, width: int) -> None:
    X, _ = rows_of(name, seed, width, np.float64)
    theirs = PairwiseKernel(gamma=0.3, metric=name, pairwise_kernels_kwargs={"degree": 2})
    ours = build(export_node(theirs, exporters()))
    diagonal = np.broadcast_to(ours.diagonal(X), len(X))
    # numpy multiplies a row by itself with another routine of BLAS than many rows.
    np.testing.assert_allclose(diagonal, theirs.diag(X), rtol=1e-14, atol=0)


@pytest.mark.parametrize("metric", ["precomputed", lambda x, y: float(x @ y)], ids=named)
def test_what_has_no_numpy_form(metric: Any) -> None:
    with pytest.raises(UnsupportedEstimator, match="PairwiseKernel"):
        Context(exporters()).export(PairwiseKernel(metric=metric), "kernel_")
