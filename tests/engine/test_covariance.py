from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.covariance import EllipticEnvelope
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair


def rows_with_outliers(seed: int, width: int) -> Matrix:
    X = unlike_scales(seed, width, rows=60)
    X[::9] *= 5
    return X


@examples(25)
@given(
    seed=seeds,
    width=st.integers(1, 12),
    contamination=st.sampled_from([0.1, 0.4]),
    centred=st.booleans(),
    store=st.booleans(),
)
def test_envelopes(
    seed: int, width: int, contamination: float, centred: bool, store: bool, tmp_path: "Path"
) -> None:
    X = rows_with_outliers(seed, width)
    envelope = EllipticEnvelope(
        contamination=contamination,
        assume_centered=centred,
        store_precision=store,
        random_state=seed,
    )
    assert_identical(fitted(envelope, X), X, tmp_path)


@examples(8)
@given(seed=seeds, width=st.integers(2, 7))
def test_nearly_singular_covariances(seed: int, width: int, tmp_path: "Path") -> None:
    """Sums that cancel to a millionth of their terms are the same to the last bit."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, width))
    X[:, 1] = X[:, 0] + 1e-5 * rng.normal(size=60)
    X[:, -1] *= 1e4
    assert_identical(fitted(EllipticEnvelope(random_state=0), X), X, tmp_path)


@pytest.mark.parametrize("rows", [1, 2, 60])
def test_frames(rows: int, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame(rows_with_outliers(0, 4), columns=list("abcd"))
    frame["d"] = (frame["d"] * 10).astype(int)
    reference = fitted(EllipticEnvelope(random_state=0), frame)
    assert_pair(reference, frame, frame.iloc[:rows])


def test_many_rows(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(5000, 30))
    reference = fitted(EllipticEnvelope(random_state=0, support_fraction=0.9), X[:300])
    assert_pair(reference, X, X)


def test_in_a_pipeline(tmp_path: "Path") -> None:
    X = rows_with_outliers(1, 5)
    pipeline = make_pipeline(StandardScaler(), EllipticEnvelope(random_state=0))
    assert_identical(fitted(pipeline, X), X, tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(value: Any, tmp_path: "Path") -> None:
    X = rows_with_outliers(0, 4)
    reference = fitted(EllipticEnvelope(random_state=0), X)
    export_model(reference, X, tmp_path / "model")
    X[5, 2] = value
    model = load_model(tmp_path / "model")
    for method in model.methods:
        assert_both_refuse(reference, model, X, [(5, 2)], method)
