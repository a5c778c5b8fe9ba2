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
