from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.kernel_approximation import (
    AdditiveChi2Sampler,
    Nystroem,
    PolynomialCountSketch,
    RBFSampler,
    SkewedChi2Sampler,
)
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_proven,
    assert_same_bits,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

NYSTROEM = [
    Nystroem(n_components=20, random_state=0),
    Nystroem(n_components=900, gamma=0.01, random_state=0),
    Nystroem("poly", n_components=5, random_state=0),
    Nystroem("polynomial", degree=2, coef0=0, n_components=15, random_state=0),
    Nystroem("linear", n_components=15, random_state=0),
    Nystroem("sigmoid", gamma=0.001, n_components=15, random_state=0),
    Nystroem("laplacian", kernel_params={"gamma": 0.4}, n_components=15, random_state=0),
    Nystroem("cosine", n_components=15, random_state=0),
]
COUNTS = [
    Nystroem("chi2", n_components=15, random_state=0),
    Nystroem("chi2", gamma=0.1, n_components=15, random_state=0),
    Nystroem("additive_chi2", n_components=15, random_state=0),
    AdditiveChi2Sampler(),
    AdditiveChi2Sampler(sample_steps=1),
    AdditiveChi2Sampler(sample_steps=3),
    AdditiveChi2Sampler(sample_steps=5, sample_interval=0.25),
    AdditiveChi2Sampler(sample_interval=1),
]
SAMPLERS = [
    RBFSampler(random_state=0),
    RBFSampler(gamma="scale", n_components=7, random_state=0),
    RBFSampler(gamma=0.01, n_components=1, random_state=0),
    PolynomialCountSketch(random_state=0),
    PolynomialCountSketch(degree=1, n_components=7, random_state=0),
    PolynomialCountSketch(degree=4, n_components=64, gamma=0.3, coef0=2, random_state=0),
    PolynomialCountSketch(n_components=1, coef0=0.5, random_state=0),
    PolynomialCountSketch(n_components=2, random_state=0),
]
POSITIVE = [
    SkewedChi2Sampler(random_state=0),
    SkewedChi2Sampler(skewedness=0.01, n_components=7, random_state=0),
]


def counts(seed: int, width: int) -> Matrix:
    rng = np.random.default_rng(seed)
    return rng.poisson(0.8, (60, width)) * rng.random((60, width))


@pytest.mark.parametrize("sampler", [*NYSTROEM, *SAMPLERS], ids=repr)
@examples(4)
@given(seed=seeds, width=st.integers(1, 30))
def test_samplers(sampler: Any, seed: int, width: int, tmp_path: Path) -> None:
    X = unlike_scales(seed, width)
    reference = fitted(sampler, X)
    model = assert_same_bits(reference, X, tmp_path, np.vstack([X, 5 * X]))
    assert_same_bits(reference, X, tmp_path, X[7:8])
    bad = X.copy()
    bad[3, 0] = np.inf
    assert_both_refuse(reference, model, bad, [(3, 0)], "transform")


@pytest.mark.parametrize("sampler", [*COUNTS, *POSITIVE], ids=repr)
@examples(4)
@given(seed=seeds, width=st.integers(1, 30))
def test_samplers_of_counts(sampler: Any, seed: int, width: int, tmp_path: Path) -> None:
    X = counts(seed, width)
    reference = fitted(sampler, X)
    model = assert_same_bits(reference, X, tmp_path)
    bad = X.copy()
    bad[[4, 7], 0] = -2
    with pytest.raises(ValueError, match=r"[Nn]egative|smaller than"):
        reference.transform(bad)
    with pytest.raises(ValueError, match=r"row 4, column 0.*row 7, column 0"):
        model.transform(bad)


def test_skewed_samples_reach_below_0_but_not_the_limit(tmp_path: Path) -> None:
    X = counts(0, 3) - 0.9
    reference = SkewedChi2Sampler(skewedness=1, random_state=0).fit(X)
    model = assert_same_bits(reference, X, tmp_path)
    X[5, 1] = -1
    with pytest.raises(ValueError, match="row 5, column 1: is not above"):
        model.transform(X)


@pytest.mark.parametrize("sampler", [*SAMPLERS, *COUNTS, *POSITIVE, NYSTROEM[0]], ids=repr)
def test_float32_stays(sampler: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c"], (40, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    assert_same_bits(fitted(make_pipeline(encoder, sampler), X), X, tmp_path)


def test_integers_stay_integers(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).poisson(3, (30, 3)), columns=list("abc"))
    reference = AdditiveChi2Sampler().fit(frame)
    assert reference.transform(frame).dtype == np.int64
    assert_same_bits(reference, frame, tmp_path)


def test_a_precomputed_kernel(tmp_path: Path) -> None:
    X = unlike_scales(0, 3)
    kernel = rbf_kernel(X, X[:20])
    reference = Nystroem("precomputed", n_components=20, random_state=0).fit(kernel[:20])
    assert_same_bits(reference, kernel[:20], tmp_path, kernel)


@pytest.mark.parametrize("sampler", [*NYSTROEM[:2], *COUNTS[3:5], *SAMPLERS[3:4], *POSITIVE[:1]])
def test_nasty_rows(sampler: Any, tmp_path: Path) -> None:
    X = counts(1, 3)
    assert assert_proven(fitted(sampler, X), X, tmp_path).refused


def test_a_callable_kernel_is_code(tmp_path: Path) -> None:
    X = unlike_scales(0, 2)
    with pytest.raises(UnsupportedEstimator, match="callable"):
        export_model(Nystroem(np.dot, n_components=9).fit(X), X, tmp_path / "model")
