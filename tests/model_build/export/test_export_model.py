from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.errors import InvalidInput
from model_build.export import export_model

X = np.random.default_rng(0).normal(size=(20, 2))
FRAME = pd.DataFrame(X, columns=["a", "b"])
UNFITTED = [
    LinearRegression(),
    make_pipeline(StandardScaler(), LinearRegression()),
    RandomForestClassifier(),
]


@pytest.mark.parametrize("estimator", UNFITTED, ids=repr)
def test_an_unfitted_estimator_is_named(estimator: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=f"{type(estimator).__name__} is not fitted"):
        export_model(estimator, X, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_sample_of_another_width_is_refused(tmp_path: Path) -> None:
    model = LinearRegression().fit(X, X[:, 0])
    with pytest.raises(InvalidInput, match=r"LinearRegression does not take the sample.*3 feat"):
        export_model(model, np.ones((4, 3)), tmp_path / "model")


def test_a_sample_with_columns_in_another_order_is_refused(tmp_path: Path) -> None:
    model = LinearRegression().fit(FRAME, X[:, 0])
    with pytest.raises(InvalidInput, match="same order"):
        export_model(model, FRAME[["b", "a"]], tmp_path / "model")


def test_the_sample_stays_as_it_is(tmp_path: Path) -> None:
    sample = X.copy()
    export_model(StandardScaler(copy=False).fit(X.copy()), sample, tmp_path / "model")
    assert np.array_equal(sample, X)
