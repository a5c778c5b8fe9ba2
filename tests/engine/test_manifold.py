from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import Isomap, LocallyLinearEmbedding
from sklearn.neighbors import KNeighborsTransformer, RadiusNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.engine import lapack
from handler.errors import RowsRefused
from tests.engine.drawn import Matrix, assert_both_refuse, assert_identical, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

MAPS = [
    Isomap(n_components=2, eigen_solver="dense"),
    Isomap(n_components=1, n_neighbors=9, metric="manhattan", neighbors_algorithm="brute"),
    Isomap(n_components=2, n_neighbors=None, radius=2.5, eigen_solver="dense"),
    LocallyLinearEmbedding(n_components=2, eigen_solver="dense"),
    LocallyLinearEmbedding(n_components=1, n_neighbors=1, eigen_solver="dense"),
    LocallyLinearEmbedding(
        n_components=2, n_neighbors=8, method="modified", eigen_solver="dense", reg=1e-6
    ),
    LocallyLinearEmbedding(
        n_components=2, n_neighbors=8, method="ltsa", neighbors_algorithm="brute", reg=0.1
    ),
]


def rows(seed: int, *, whole: bool, width: int = 3) -> Matrix:
    X = np.random.default_rng(seed).normal(size=(50, width))
    return np.round(2 * X) if whole else X


@pytest.mark.parametrize("embedding", MAPS, ids=repr)
@examples(3)
@given(seed=seeds, whole=st.booleans())
def test_embeddings(embedding: Any, seed: int, whole: bool, tmp_path: "Path") -> None:
    X = rows(seed, whole=whole)
    assert_identical(fitted(embedding, X), X, tmp_path)


@pytest.mark.parametrize("radius", [None, 2.5])
def test_graphs_of_distances(radius: float | None, assert_pair: "AssertPair") -> None:
    X = rows(0, whole=False)
    if radius is None:
        graph, count = KNeighborsTransformer(n_neighbors=9), 8
    else:
        graph, count = RadiusNeighborsTransformer(radius=3.0), None
    embedding = Isomap(n_neighbors=count, radius=radius, metric="precomputed", eigen_solver="dense")
    assert_pair(fitted(make_pipeline(graph, embedding), X), X, rows(1, whole=False) / 2)


def test_tables_and_a_row(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame(rows(0, whole=False), columns=["a", "b", "c"])
    for embedding in MAPS[::3]:
        model = make_pipeline(StandardScaler(), embedding)
        assert_pair(model.fit(frame), frame, frame.iloc[:1])


@pytest.mark.parametrize("embedding", [MAPS[0], MAPS[2], MAPS[3]], ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(
    embedding: Any, value: float, assert_pair: "AssertPair"
) -> None:
    X = rows(0, whole=False)
    embedding = fitted(embedding, X)
    model = assert_pair(embedding, X, X)
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(embedding, model, bad, [(3, 1)], "transform")


def test_a_row_alone_is_refused(assert_pair: "AssertPair") -> None:
    X = rows(0, whole=False)
    embedding = fitted(MAPS[2], X)
    model = assert_pair(embedding, X, X)
    with pytest.raises(ValueError, match="zero-size array"):
        embedding.transform(X + np.array([50.0, 0, 0]))
    with pytest.raises(RowsRefused, match="row 0, column 0: has no neighbours"):
        model.transform(X + np.array([50.0, 0, 0]))


def test_without_lapack_of_its_own(
    assert_pair: "AssertPair", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lapack, "routine", lambda name: None)
    X = rows(0, whole=False)
    assert_pair(fitted(MAPS[3], X), X, X)
