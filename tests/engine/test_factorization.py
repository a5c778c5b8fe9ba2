from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import NMF, MiniBatchNMF
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_proven,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COMMON: dict[str, Any] = {"max_iter": 60, "random_state": 0}
FACTORIZATIONS = [
    NMF(3, **COMMON),
    NMF(1, **COMMON),
    NMF(2, shuffle=True, **COMMON),
    NMF(3, alpha_W=0.01, l1_ratio=0.5, **COMMON),
    NMF(3, alpha_W=0.01, l1_ratio=1.0, tol=1e-8, **COMMON),
    NMF(2, solver="mu", **COMMON),
    NMF(2, solver="mu", tol=0, **COMMON),
    NMF(2, solver="mu", alpha_W=0.01, l1_ratio=0.5, **COMMON),
    NMF(2, solver="mu", beta_loss="kullback-leibler", alpha_W=0.01, l1_ratio=0.5, **COMMON),
    NMF(2, solver="mu", beta_loss="itakura-saito", init="nndsvda", **COMMON),
    NMF(2, solver="mu", beta_loss=0.5, init="nndsvda", alpha_W=0.01, **COMMON),
    NMF(2, solver="mu", beta_loss=1.5, **COMMON),
    NMF(2, solver="mu", beta_loss=2.5, **COMMON),
    NMF(2, solver="mu", beta_loss=-1, init="nndsvda", **COMMON),
    MiniBatchNMF(2, **COMMON),
    MiniBatchNMF(2, tol=0, transform_max_iter=20, **COMMON),
    MiniBatchNMF(2, beta_loss="kullback-leibler", alpha_W=0.01, l1_ratio=1.0, **COMMON),
    MiniBatchNMF(2, beta_loss="itakura-saito", init="nndsvda", **COMMON),
    MiniBatchNMF(2, beta_loss=2.5, **COMMON),
]


def products(seed: int, width: int, rows: int = 50) -> Matrix:
    """Sums of three parts and noise, none of it 0."""
    rng = np.random.default_rng(seed)
    return rng.random((rows, 3)) ** 3 @ rng.random((3, width)) + 0.1 * rng.random((rows, width))


@pytest.mark.parametrize("factorization", FACTORIZATIONS, ids=repr)
@examples(3)
@given(seed=seeds, width=st.integers(4, 9), rows=st.sampled_from([1, 2, 8, 9, 50]))
def test_factorizations(
    factorization: Any, seed: int, width: int, rows: int, assert_pair: "AssertPair"
) -> None:
    X = products(seed, width)
    estimator = fitted(factorization, X)
    model = assert_pair(estimator, X, X[:rows])
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(width)])
    assert_pair(fitted(factorization, frame), frame, frame.iloc[:rows])
    if not isinstance(factorization, MiniBatchNMF):  # whose norms are BLAS's there
        # The same operations in the same order: the same bits.
        assert np.array_equal(model.transform(X), fitted(factorization, X).transform(X))


@pytest.mark.parametrize("factorization", FACTORIZATIONS, ids=repr)
def test_zeros_float32_and_many_rows(factorization: Any, assert_pair: "AssertPair") -> None:
    words = np.random.default_rng(0).choice(["a", "b", "c", "d"], (60, 3)).astype(object)
    # A loss that is infinite at 0 takes no zeros.
    front = (
        ()
        if getattr(factorization, "beta_loss", 2) in ("itakura-saito", -1)
        else (OneHotEncoder(dtype=np.float32, sparse_output=False),)
    )
    X = words if front else products(0, 6)
    assert_pair(fitted(make_pipeline(*front, factorization), X), X, X)
    X = products(1, 7, rows=5000)
    assert_pair(fitted(factorization, X[:100]), X, X)


@pytest.mark.parametrize("beta", [2, 1, 0, 0.5, 1.5, 3])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_batches_of_float32(beta: float, penalty: float, assert_pair: "AssertPair") -> None:
    """What was trained on float32 takes the float64 of requests, as no other factorization."""
    X = products(0, 6)
    factorization = MiniBatchNMF(3, beta_loss=beta, alpha_W=penalty, random_state=0, max_iter=20)
    assert_pair(fitted(factorization, X.astype(np.float32)), X, X)


@pytest.mark.parametrize("factorization", FACTORIZATIONS, ids=repr)
def test_nasty_rows(factorization: Any, tmp_path: "Path") -> None:
    scaler = MinMaxScaler(feature_range=(0.1, 1), clip=True)
    X = products(0, 5)
    assert_proven(fitted(make_pipeline(scaler, factorization), X), X, tmp_path)


def test_orders_of_no_fixed_seed(tmp_path: "Path") -> None:
    X = products(0, 5)
    with pytest.raises(UnsupportedEstimator, match="no fixed seed"):
        export_model(NMF(2, shuffle=True).fit(X), X, tmp_path / "model")


@pytest.mark.parametrize("factorization", FACTORIZATIONS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(
    factorization: Any, value: float, tmp_path: "Path"
) -> None:
    X = products(0, 5)
    estimator = fitted(factorization, X)
    export_model(estimator, X, tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(estimator, load_model(tmp_path / "model"), bad, [(3, 1)], "transform")


@pytest.mark.parametrize("factorization", FACTORIZATIONS, ids=repr)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_negative_values_and_zeros(factorization: Any, tmp_path: "Path") -> None:
    X = products(0, 5)
    estimator = fitted(factorization, X)
    export_model(estimator, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    one = np.zeros(X.shape, dtype=bool)
    one[3, 1] = True
    for bad in (np.where(one, -1, X), np.where(one, 0, X), -X):
        try:
            expected = estimator.transform(bad)
        except ValueError:
            with pytest.raises(InvalidInput):
                model.transform(bad)
        else:
            np.testing.assert_allclose(model.transform(bad), expected, rtol=1e-9)
