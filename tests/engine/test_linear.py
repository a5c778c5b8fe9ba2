from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

if TYPE_CHECKING:
    from conftest import AssertPair


@pytest.mark.parametrize("estimator", [LinearRegression(), Ridge()])
def test_regressors(estimator: LinearRegression, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4))
    estimator.fit(X, X @ [1.0, 2.0, 3.0, 4.0])
    assert_pair(estimator, X, X)
