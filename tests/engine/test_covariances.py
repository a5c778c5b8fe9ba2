"""The kernels themselves: each as scikit-learn has it, to the last bit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process import kernels as gp

from handler.engine import build
from handler.engine.kernel_model import matrix_with
from model_build.export import UnsupportedEstimator, exporters
from model_build.export.node import export_node
from tests.engine.drawn import examples, seeds, unlike_scales

KERNELS = [
    gp.ConstantKernel(2),
    gp.ConstantKernel(0.3) ** 2 + gp.WhiteKernel(0.1),
    gp.WhiteKernel(3),
    gp.RBF(),
    gp.RBF(np.array([0.7])),
    gp.RBF(1e-3),
    *(gp.Matern(2.0, nu=nu) for nu in (0.5, 1.5, 2.5, np.inf)),
    gp.RationalQuadratic(3.0, alpha=0.4),
    gp.RationalQuadratic(alpha=2),
    gp.ExpSineSquared(1.3, periodicity=0.7),
    gp.DotProduct(),
    gp.DotProduct(0.0) ** 2,
    (gp.RBF(2.0) * 3.0 + 0.5) ** 1.5,
    gp.RBF() * gp.DotProduct() + gp.WhiteKernel() * gp.Matern(),
    gp.PairwiseKernel(metric="laplacian", gamma=0.2) + 2.0 * gp.PairwiseKernel(metric="rbf"),
]


@pytest.mark.parametrize("theirs", KERNELS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@examples(8)
@given(seed=seeds, width=st.integers(1, 20), count=st.sampled_from([1, 2, 9, 60]))
def test_kernels(theirs: Any, dtype: Any, seed: int, width: int, count: int) -> None:
    X = unlike_scales(seed, width).astype(dtype)
    vectors = np.vstack([X[:5], np.nextafter(X[5:10], X[:5]), 3 * X])[:count]
    ours = build(export_node(theirs, exporters()))
    for rows in (X, X[:1]):
        expected = theirs(rows, vectors)
        got = matrix_with(ours, vectors)(rows)
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == np.result_type(expected, np.float32)
        diagonal = np.broadcast_to(ours.diagonal(rows), len(rows))
        np.testing.assert_array_equal(diagonal, theirs.diag(rows))


@examples(8)
@given(seed=seeds, width=st.integers(2, 9), cls=st.sampled_from([gp.RBF, gp.Matern]))
def test_a_scale_a_column(seed: int, width: int, cls: Any) -> None:
    X = unlike_scales(seed, width)
    theirs = cls(10.0 ** np.random.default_rng(seed).integers(-2, 3, width))
    ours = build(export_node(theirs, exporters()))
    np.testing.assert_array_equal(matrix_with(ours, X[:7])(X), theirs(X, X[:7]))


class Own(gp.RBF):  # type: ignore[misc]
    """A user's own kernel."""


@pytest.mark.parametrize("part", [Own(), gp.Matern(nu=0.7), gp.CompoundKernel([gp.RBF()])])
def test_what_has_no_numpy_form(part: Any) -> None:
    with pytest.raises(UnsupportedEstimator, match=r"step k2 > kernel") as caught:
        export_node(gp.ConstantKernel() + gp.Exponentiation(part, 2), exporters())
    assert type(part).__name__ in str(caught.value)
