"""The formulas between decision values and probabilities, against scipy's."""

from typing import Any

import numpy as np
import pytest
from scipy import special
from sklearn.utils import extmath

from handler.engine.links import expit, softmax

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 88.72, 88.73, -88.72, -104.0, 1e-40]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [0.01, 1, 15, 60])
def test_the_logistic_function_is_scipys_to_the_last_bit(dtype: Any, scale: float) -> None:
    drawn = np.random.default_rng(0).normal(size=200_000) * scale
    scores = np.concatenate([drawn, EDGES]).astype(dtype)
    got = expit(scores)
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, special.expit(scores))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("width", [1, 2, 3, 7, 8, 20])
def test_shares_of_exponentials_are_scikit_learns_to_the_last_bit(
    width: int, order: Any, dtype: Any
) -> None:
    drawn = np.random.default_rng(0).normal(size=(5000, width)) * 30
    drawn[0], drawn[1, 0], drawn[2, 0], drawn[3] = np.inf, np.nan, -np.inf, 0
    scores = drawn.astype(dtype, order=order)
    for rows in (scores, scores[4:5]):
        with np.errstate(invalid="ignore"):
            expected = extmath.softmax(rows.copy(order="K"), copy=False)
        got = softmax(rows)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, expected)
