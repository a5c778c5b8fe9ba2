from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from handler.artifact import load_model
from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_proven,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

COMMON: dict[str, Any] = {"max_iter": 4, "random_state": 0}
ALLOCATIONS = [
    LatentDirichletAllocation(4, **COMMON),
    LatentDirichletAllocation(1, **COMMON),
    LatentDirichletAllocation(12, doc_topic_prior=1.0, **COMMON),
    LatentDirichletAllocation(3, doc_topic_prior=1e-7, topic_word_prior=0.5, **COMMON),
    LatentDirichletAllocation(5, learning_method="online", batch_size=16, **COMMON),
    LatentDirichletAllocation(3, mean_change_tol=1e-9, **COMMON),
    LatentDirichletAllocation(30, max_doc_update_iter=3, **COMMON),
    LatentDirichletAllocation(3, doc_topic_prior=0.0, **COMMON),
    LatentDirichletAllocation(3, max_doc_update_iter=0, **COMMON),
]
TEXTS = [
    "red green blue",
    "green grey",
    "the red dog ran",
    "a dog and a cat ran",
    "cat",
    "blue dog",
]


def counts(seed: int, width: int, rows: int = 60) -> Matrix:
    """Words of documents about two of three topics; the first has none."""
    rng = np.random.default_rng(seed)
    words = rng.dirichlet(np.full(width, 0.3), 3)
    shares = rng.dirichlet(np.full(3, 0.3), rows) @ words
    drawn = np.array([rng.multinomial(rng.integers(1, 40), share) for share in shares])
    drawn[0] = 0
    return drawn.astype(np.float64)


@pytest.mark.parametrize("allocation", ALLOCATIONS, ids=repr)
@examples(3)
@given(seed=seeds, width=st.integers(2, 40), rows=st.sampled_from([1, 2, 60]))
def test_allocations(
    allocation: Any, seed: int, width: int, rows: int, assert_pair: "AssertPair"
) -> None:
    X = counts(seed, width)
    model = assert_pair(fitted(allocation, X), X, X[:rows])
    # One way for one document, another for many: the same numbers but for rounding.
    together = model.transform(X)
    alone = np.concatenate([model.transform(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(alone, together, rtol=1e-10)
    frame = pd.DataFrame(X + 0.5, columns=[f"c{j}" for j in range(width)])
    assert_pair(fitted(allocation, frame), frame, frame.iloc[:rows])


@pytest.mark.parametrize("allocation", ALLOCATIONS, ids=repr)
def test_nasty_rows_texts_and_many_documents(
    allocation: Any, tmp_path: "Path", assert_pair: "AssertPair"
) -> None:
    X = counts(0, 6)
    assert_proven(fitted(allocation, X), X, tmp_path)
    pipeline = fitted(make_pipeline(CountVectorizer(), allocation), TEXTS)
    assert_pair(pipeline, TEXTS, [*TEXTS, "", "unknown words", "dog " * 30])
    many = counts(1, 30, rows=3000)
    assert_pair(fitted(allocation, many[:50]), many, many)
    whole = make_pipeline(allocation, LogisticRegression())
    assert_pair(fitted(whole, X[1:], np.arange(1, len(X)) % 2), X[1:], X[1:])


def test_what_iterates_in_float32(tmp_path: "Path") -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c", "d"], (50, 3)).astype(object)
    pipeline = make_pipeline(OneHotEncoder(dtype=np.float32), LatentDirichletAllocation(2))
    with pytest.raises(UnsupportedEstimator, match="it iterates in float32"):
        export_model(pipeline.fit(X), X, tmp_path / "model")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(value: float, tmp_path: "Path") -> None:
    X = counts(0, 5)
    estimator = fitted(ALLOCATIONS[0], X)
    export_model(estimator, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(estimator, model, bad, [(3, 1)], "transform")
    with pytest.raises(ValueError, match="Negative"):
        estimator.transform(-X)
    with pytest.raises(RowsRefused, match="negative"):
        model.transform(-X)
