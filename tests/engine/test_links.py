"""The formulas between decision values and probabilities, against scipy's."""

from typing import Any

import numpy as np
import pytest
from scipy import special

from handler.engine.links import expit

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 88.72, 88.73, -88.72, -104.0, 1e-40]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [0.01, 1, 15, 60])
def test_the_logistic_function_is_scipys_to_the_last_bit(dtype: Any, scale: float) -> None:
    drawn = np.random.default_rng(0).normal(size=200_000) * scale
    scores = np.concatenate([drawn, EDGES]).astype(dtype)
    got = expit(scores)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, special.expit(scores))
