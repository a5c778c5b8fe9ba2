from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import assert_both_refuse, assert_proven, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

ESTIMATORS = [
    PLSRegression(1),
    PLSRegression(2, scale=False),
    PLSCanonical(1),
    PLSCanonical(1, algorithm="svd", scale=False),
    CCA(1),
    PLSSVD(1),
    PLSSVD(1, scale=False),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@examples(5)
@given(seed=seeds, width=st.integers(2, 9), targets=st.integers(0, 3))
def test_latent_factors(
    estimator: Any, seed: int, width: int, targets: int, tmp_path_factory: Any
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, width)) * 10.0 ** rng.integers(-2, 3, width)
    y = X[:, :1] + rng.normal(size=(50, max(1, targets)))
    folder = tmp_path_factory.mktemp("latent")
    one = fitted(estimator, X, y if targets else y.ravel())
    parity = assert_proven(one, X, folder)
    assert all(d.relative == 0 for d in parity.differences["held-out"])
    model = load_model(folder / "model")
    for method in model.methods:
        answers, row = getattr(one, method)(X), getattr(one, method)(X[:1])
        assert np.array_equal(getattr(model, method)(X), answers)
        # A view of more columns, as scikit-learn may hold, goes another way through BLAS.
        np.testing.assert_allclose(getattr(model, method)(X[:1]), row, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_frames_pipelines_and_constant_columns(estimator: Any, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 3)), columns=list("abc"))
    frame["constant"] = 3
    y = frame["a"] + rng.normal(size=40)
    assert_pair(fitted(estimator, frame, y), frame, frame)
    words = rng.choice(["a", "b", "c"], (40, 2)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    assert_pair(fitted(make_pipeline(encoder, estimator), words, y), words, words)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(estimator: Any, value: float, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    estimator = fitted(estimator, X, X[:, 0])
    export_model(estimator, X, tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(estimator, load_model(tmp_path / "model"), bad, [(3, 1)], "transform")
