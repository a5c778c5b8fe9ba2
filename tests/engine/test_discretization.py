from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_identical,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

METHODS = ["averaged_inverted_cdf", "inverted_cdf", "linear", "hazen", "weibull"]


@pytest.mark.parametrize("strategy", ["uniform", "quantile", "kmeans"])
@pytest.mark.parametrize("encode", ["onehot", "onehot-dense", "ordinal"])
@examples(5)
@given(
    seed=seeds,
    width=st.integers(1, 4),
    n_bins=st.integers(2, 6),
    quantile_method=st.sampled_from(METHODS),
    dtype=st.sampled_from([None, np.float32, np.float64]),
)
def test_bins(
    strategy: Any, encode: Any, seed: int, width: int, tmp_path: Path, **options: Any
) -> None:
    X = _numbers(seed, width)
    reference = fitted(KBinsDiscretizer(strategy=strategy, encode=encode, **options), X)
    assert_identical(reference, _with_edges(reference, X), tmp_path)
    model = load_model(tmp_path / "model")
    assert model.transform(X).dtype == reference.transform(X).dtype
    assert_identical(reference, X[:1], tmp_path)


def _numbers(seed: int, width: int) -> Matrix:
    """Columns of unlike scales with ties; of three or more, one is constant."""
    X = unlike_scales(seed, width).round(1)
    if width > 2:
        X[:, 1] = 7.5
    return X


def _with_edges(reference: KBinsDiscretizer, X: Any) -> Any:
    """Add rows on the edges of bins and as close to them as floats get."""
    edges = np.array(
        [np.resize(column[1:-1], 7) for column in reference.bin_edges_ if len(column) > 2]
    )
    if len(edges) < X.shape[1]:
        return X
    return np.vstack([X, edges.T, np.nextafter(edges.T, np.inf), np.nextafter(edges.T, -np.inf)])


def test_bins_of_unlike_numbers(tmp_path: Path) -> None:
    X = _numbers(3, 3)
    assert_identical(fitted(KBinsDiscretizer([2, 5, 3]), X), X, tmp_path)


@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
@pytest.mark.parametrize("dtype", [None, np.float64])
def test_float32(encode: Any, dtype: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 3, (50, 2))
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    reference = fitted(make_pipeline(encoder, KBinsDiscretizer(3, encode=encode, dtype=dtype)), X)
    assert_identical(reference, X, tmp_path)
    expected = reference.transform(X).dtype
    assert load_model(tmp_path / "model").transform(X).dtype == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_what_scikit_learn_refuses(value: float, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    reference = fitted(KBinsDiscretizer(), X)
    export_model(reference, X, tmp_path / "model")
    rows = X.copy()
    rows[[3, 5], [1, 0]] = value
    model = load_model(tmp_path / "model")
    assert_both_refuse(reference, model, rows, [(3, 1), (5, 0)], "transform")
