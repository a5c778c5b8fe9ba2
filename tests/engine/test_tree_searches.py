from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tests.engine.neighbours import (
    KINDS,
    METRICS,
    PARAMS,
    assert_same_neighbours,
    assert_same_within,
    rows,
)

IN_TREES: list[dict[str, Any]] = [
    *({"algorithm": "kd_tree", "metric": m} for m in ("euclidean", "manhattan", "chebyshev")),
    {"algorithm": "kd_tree", "p": 3},
    *(
        {"algorithm": "ball_tree", "metric": m}
        for m in METRICS
        if m
        not in (
            "haversine",
            "kulsinski",
            "matching",
            "minkowski",
            "seuclidean",
            "mahalanobis",
            "sokalmichener",
        )
    ),
    *(
        {"algorithm": "ball_tree", "metric": m, "metric_params": PARAMS[m], "p": None}
        for m in PARAMS
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("params", IN_TREES, ids=repr)
def test_trees(params: dict[str, Any], kind: str) -> None:
    for n_train, k, leaf_size in ((30, 1, 1), (150, 4, 30)):
        X, more = rows(kind, 0, n_train), rows(kind, 1, 40)
        search = NearestNeighbors(n_neighbors=k, leaf_size=leaf_size, radius=1.0, **params).fit(X)
        assert_same_neighbours(search, more)
        assert_same_within(search, more)
        assert_same_neighbours(search, X[:1])


def test_places_on_earth() -> None:
    X = np.random.default_rng(0).uniform([-1.5, -3], [1.5, 3], size=(200, 2)).round(1)
    search = NearestNeighbors(metric="haversine", algorithm="ball_tree", radius=0.2).fit(X)
    assert_same_neighbours(search, X)
    assert_same_within(search, X)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize("size", [1.0, 1e-170, 1e153, 1e200])
@pytest.mark.parametrize("kind", ["real", "whole"])
def test_radii(kind: str, size: float, algorithm: str) -> None:
    """Where rounding decides what is within: none, exactly a distance's, and beyond all numbers."""
    X, more = size * rows(kind, 0, 150), size * rows(kind, 1, 40)
    search = NearestNeighbors(algorithm=algorithm, leaf_size=5).fit(X)
    distances = search.kneighbors(more[:3], 20)[0][:, -1].tolist()
    for radius in (0.0, 2 * size, size * np.sqrt(2), *distances, 1e160, 1e300):
        assert_same_within(search.set_params(radius=radius), np.vstack([more, X[:5]]))


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize("n_train", [100, 3000, 66_000])
def test_trees_of_few_and_of_many_rows(n_train: int, algorithm: str) -> None:
    """Of few, all distances are looked at; of many, a tree's nodes first."""
    X = rows("real", 0, n_train, 2)
    search = NearestNeighbors(algorithm=algorithm, radius=0.1).fit(X)
    for more in (X[:1], X[1:2] + 0.01, X[:1] + 100.0, rows("real", 1, 100, 2)):
        assert_same_within(search, more)
        assert_same_neighbours(search, more)
