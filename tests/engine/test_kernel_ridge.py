from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_same_bits,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

KERNELS = [
    {"kernel": "linear"},
    {"kernel": "rbf"},
    {"kernel": "rbf", "gamma": 0.0},
    {"kernel": "rbf", "gamma": 2.5},
    {"kernel": "laplacian"},
    {"kernel": "laplacian", "gamma": 0.3},
    {"kernel": "poly"},
    {"kernel": "polynomial", "degree": 2, "coef0": 0, "gamma": 0.1},
    {"kernel": "poly", "degree": 1.5, "coef0": 1e9},
    {"kernel": "sigmoid"},
    {"kernel": "sigmoid", "coef0": -0.5, "gamma": 0.05},
    {"kernel": "cosine"},
    {"kernel": 2.0 * RBF(3.0) + WhiteKernel(0.1)},
]
COUNTS = [{"kernel": "chi2", "gamma": 0.2}, {"kernel": "additive_chi2"}]

kernels = st.sampled_from(KERNELS)


def targets_of(X: Matrix, outputs: int | None) -> Matrix:
    y = np.sin(X).sum(axis=1)
    return y if outputs is None else np.column_stack([y ** (j + 1) for j in range(outputs)])


@examples(40)
@given(
    seed=seeds,
    width=st.integers(1, 12),
    rows=st.sampled_from([1, 2, 3, 50]),
    kernel=kernels,
    outputs=st.sampled_from([None, 1, 3]),
    alpha=st.sampled_from([1e-8, 1.0]),
)
def test_kernels(
    seed: int,
    width: int,
    rows: int,
    kernel: dict[str, Any],
    outputs: int | None,
    alpha: float,
    tmp_path: Path,
) -> None:
    X = unlike_scales(seed, width)
    X[:, -1] = 2.0 if width > 2 else X[:, -1]
    reference = fitted(KernelRidge(alpha=alpha, **kernel), X[:rows], targets_of(X[:rows], outputs))
    assert_same_bits(reference, X, tmp_path, np.vstack([X, 30 * X]))
    assert_same_bits(reference, X, tmp_path, X[-1:])


@examples(10)
@given(seed=seeds, width=st.integers(1, 12), kernel=st.sampled_from(COUNTS))
def test_kernels_of_counts(seed: int, width: int, kernel: dict[str, Any], tmp_path: Path) -> None:
    X = np.random.default_rng(seed).poisson(0.8, (50, width)).astype(float)
    reference = fitted(KernelRidge(**kernel), X[:30], targets_of(X[:30], None))
    model = assert_same_bits(reference, X, tmp_path)
    bad = X.copy()
    bad[[4, 7], 0] = -1e-300, -3
    with pytest.raises(ValueError, match="negative"):
        reference.predict(bad)
    with pytest.raises(ValueError, match="row 4, column 0: is negative"):
        model.predict(bad)


@pytest.mark.parametrize("kernel", [*KERNELS[:2], KERNELS[4], *KERNELS[6:], *COUNTS], ids=repr)
def test_float32_stays(kernel: dict[str, Any], tmp_path: Path) -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c"], (40, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    y = np.arange(40.0) % 7
    assert_same_bits(fitted(make_pipeline(encoder, KernelRidge(**kernel)), X, y), X, tmp_path)


def test_a_precomputed_kernel(tmp_path: Path) -> None:
    X = unlike_scales(0, 4)
    reference = KernelRidge(kernel="precomputed").fit(X[:4] @ X[:4].T, np.arange(4.0))
    assert_same_bits(reference, X, tmp_path, X @ X[:4].T)


def test_sparse_vectors_are_dense_here(tmp_path: Path) -> None:
    X = np.random.default_rng(0).poisson(0.5, (30, 5)).astype(float)
    reference = KernelRidge(kernel="rbf").fit(sparse.csr_array(X), X[:, 0])
    export_model(reference, X, tmp_path / "model")
    answer = load_model(tmp_path / "model").predict(X)
    np.testing.assert_allclose(answer, reference.predict(X), rtol=1e-12)


def test_many_rows_go_through_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handler.engine.kernel_model._MATRIX", 64 * 200)
    monkeypatch.setattr("handler.engine.kernel_model._TILE", 100)
    X = np.random.default_rng(0).normal(size=(500, 3))
    for kernel in ("rbf", "laplacian"):
        reference = KernelRidge(kernel=kernel, alpha=0.1).fit(X[:200], X[:200, 0])
        assert_same_bits(reference, X, tmp_path)
    frame = pd.DataFrame(X, columns=list("abc"))
    model = assert_same_bits(reference.fit(frame[:200], X[:200, 0]), frame, tmp_path, frame)
    bad = X.copy()
    bad[[3, 450], 1] = np.inf
    assert_both_refuse(KernelRidge().fit(X, X), model, bad, [(3, 1), (450, 1)])


@pytest.mark.parametrize("kernel", ["linear", "rbf", "laplacian", "chi2"])
def test_nasty_rows(kernel: str, tmp_path: Path) -> None:
    X = np.abs(unlike_scales(1, 3))
    reference = KernelRidge(kernel=kernel, gamma=0.1).fit(X, X[:, 0])
    export_model(reference, X, tmp_path / "model")
    parity = prove(reference, load_model(tmp_path / "model"), X)
    assert parity.proven, parity.told()
    assert parity.refused


def test_a_callable_kernel_is_code(tmp_path: Path) -> None:
    X = unlike_scales(0, 2)
    reference = KernelRidge(kernel=np.dot).fit(X, X[:, 0])
    with pytest.raises(UnsupportedEstimator, match="callable"):
        export_model(reference, X, tmp_path / "model")
