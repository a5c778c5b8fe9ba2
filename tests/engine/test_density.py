from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    NAMES,
    Matrix,
    assert_both_refuse,
    assert_proven,
    examples,
    seeds,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

KERNELS = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"]
kernels = pytest.mark.parametrize("kernel", KERNELS)


def groups(seed: int, width: int, rows: int) -> Matrix:
    """Rows around three centres; some are equal, and some on a grid, equally far from others."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, width)) + 6 * rng.normal(size=(3, width))[np.arange(rows) % 3]
    X[:6] = X[6:12]
    X[12:20] = np.round(X[12:20])
    return X


def around(X: Matrix) -> Matrix:
    """Rows as in training, between its groups, and far away from all."""
    rng = np.random.default_rng(0)
    mixed = rng.permuted(X, axis=0)
    return np.vstack([X[:40], X[:40] + rng.normal(size=X[:40].shape), mixed[:40], 3 * mixed[:20]])


@kernels
@examples(6)
@given(
    seed=seeds,
    width=st.integers(1, 6),
    rows=st.sampled_from([30, 80, 81, 400]),
    bandwidth=st.sampled_from([0.2, 1.0, 5.0, "scott"]),
    breadth_first=st.booleans(),
)
def test_densities(
    kernel: str,
    seed: int,
    width: int,
    rows: int,
    bandwidth: Any,
    breadth_first: bool,
    assert_pair: "AssertPair",
    tmp_path: "Path",
) -> None:
    X = groups(seed, width, rows)
    options: dict[str, Any] = {"bandwidth": bandwidth, "breadth_first": breadth_first}
    density = KernelDensity(kernel=kernel, **options).fit(X)
    assert_pair(density, X, around(X))
    assert_proven(density, X, tmp_path / "proven")


@kernels
@examples(4)
@given(seed=seeds, error=st.sampled_from(["atol", "rtol"]), breadth_first=st.booleans())
def test_densities_up_to_an_error(
    kernel: str, seed: int, error: str, breadth_first: bool, assert_pair: "AssertPair"
) -> None:
    X = groups(seed, 3, 200)
    density = KernelDensity(
        kernel=kernel, leaf_size=5, breadth_first=breadth_first, **{error: 1e-3}
    )
    assert_pair(density.fit(X), X, around(X))


@pytest.mark.parametrize("leaf_size", [3, 40])
@pytest.mark.parametrize("kernel", ["gaussian", "linear"])
def test_weights(kernel: str, leaf_size: int, assert_pair: "AssertPair") -> None:
    X = groups(0, 3, 120)
    weights = np.arange(120.0) % 7
    density = KernelDensity(kernel=kernel, leaf_size=leaf_size)
    with np.errstate(divide="ignore"):
        density.fit(X, sample_weight=weights + 0.5)
        assert_pair(density, X, around(X))


@pytest.mark.parametrize(
    ("metric", "options"),
    [
        ("manhattan", {}),
        ("chebyshev", {}),
        ("minkowski", {"p": 1.5}),
        ("canberra", {}),
        ("haversine", {}),
    ],
)
@pytest.mark.parametrize("algorithm", ["auto", "ball_tree"])
def test_metrics(
    metric: str, options: dict[str, float], algorithm: str, assert_pair: "AssertPair"
) -> None:
    X = groups(3, 2, 150) / 10
    density = KernelDensity(
        algorithm=algorithm, metric=metric, metric_params=options, leaf_size=4, bandwidth=0.3
    )
    assert_pair(density.fit(X), X, around(X))


def test_what_is_equal_everywhere_or_one_row(assert_pair: "AssertPair") -> None:
    for X in (np.ones((100, 2)), np.ones((1, 3)), np.repeat(np.eye(2), 60, axis=0)):
        for kernel in KERNELS:
            density = KernelDensity(kernel=kernel, leaf_size=10).fit(X)
            assert_pair(density, X, np.vstack([X, X + 0.5, X + 30, -X]))


def test_far_values_and_unlike_scales(assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 4, 300)
    for kernel in ("gaussian", "exponential"):
        density = KernelDensity(kernel=kernel, leaf_size=15).fit(X)
        assert_pair(density, X, np.vstack([X, 1e3 * X, 1e9 * X]))


def test_after_other_steps_and_from_frames(assert_pair: "AssertPair") -> None:
    names = NAMES[np.arange(90) % 5].reshape(30, 3).astype(object)
    encoded = make_pipeline(OneHotEncoder(dtype=np.float32, sparse_output=False), KernelDensity())
    assert_pair(encoded.fit(names), names, names)
    frame = pd.DataFrame(groups(1, 2, 100), columns=["a", "b"])
    assert_pair(make_pipeline(StandardScaler(), KernelDensity()).fit(frame), frame, frame)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_scikit_learn_refuses(value: float, tmp_path: "Path") -> None:
    X = groups(0, 2, 40)
    density = KernelDensity().fit(X)
    export_model(density, X, tmp_path / "model")
    X[3, 1] = value
    assert_both_refuse(density, load_model(tmp_path / "model"), X, [(3, 1)], "score_samples")


def test_a_metric_that_is_a_function_has_no_numpy_form(tmp_path: "Path") -> None:
    def apart(a: Matrix, b: Matrix) -> float:
        return float(np.abs(a - b).sum())

    options: dict[str, Any] = {"metric": "pyfunc", "metric_params": {"func": apart}}
    density = KernelDensity(algorithm="ball_tree", **options).fit(groups(0, 2, 30))
    with pytest.raises(UnsupportedEstimator, match="its metric is a function"):
        export_model(density, groups(0, 2, 30), tmp_path / "model")
