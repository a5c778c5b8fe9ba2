from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import assert_both_refuse, assert_proven, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

PROJECTIONS = [
    GaussianRandomProjection(3, random_state=0),
    GaussianRandomProjection(n_components=2, compute_inverse_components=True, random_state=0),
    SparseRandomProjection(7, random_state=0),
    SparseRandomProjection(2, density=0.05, dense_output=True, random_state=0),
    SparseRandomProjection(4, density=1.0, random_state=0),
]


@pytest.mark.parametrize("projection", PROJECTIONS, ids=repr)
@examples(4)
@given(seed=seeds, width=st.integers(8, 300), rows=st.sampled_from([1, 2, 40, 5000]))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataDimensionalityWarning")
def test_projections(
    projection: Any, seed: int, width: int, rows: int, assert_pair: "AssertPair"
) -> None:
    X = np.random.default_rng(seed).normal(size=(rows, width))
    model = assert_pair(projection.fit(X), X, X)
    # The same products in the same order: the same bits.
    assert np.array_equal(model.transform(X), projection.transform(X))


@pytest.mark.parametrize("projection", PROJECTIONS, ids=repr)
def test_nasty_rows_frames_and_pipelines(
    projection: Any, tmp_path: "Path", assert_pair: "AssertPair"
) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 12))
    assert_proven(projection.fit(X), X, tmp_path)
    frame = pd.DataFrame(rng.integers(0, 9, (40, 12)), columns=list("abcdefghijkl"))
    assert_pair(projection.fit(frame), frame, frame)
    words = rng.choice(["a", "b", "c", "d"], (60, 4)).astype(object)
    for dtype in (np.float32, np.float64):
        for sparse in (True, False):
            encoder = OneHotEncoder(dtype=dtype, sparse_output=sparse)
            assert_pair(fitted(make_pipeline(encoder, projection), words), words, words)
    whole = make_pipeline(OneHotEncoder(), projection, RidgeClassifier())
    assert_pair(fitted(whole, words, words[:, 0] == "a"), words, words)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(projection: Any, value: float, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(30, 8))
    export_model(projection.fit(X), X, tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(projection, load_model(tmp_path / "model"), bad, [(3, 1)], "transform")
