"""What the tests of searches share."""

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

from handler.engine import build
from handler.engine.distances import Metric
from handler.engine.search import Search
from model_build.export.node import Context
from model_build.export.searches import search_node
from tests.engine.drawn import Matrix

WIDTH = 5
KINDS = ["real", "whole", "truths", "repeated", "far"]
_RNG = np.random.default_rng(7)
_SQUARE = _RNG.normal(size=(WIDTH, WIDTH))
PARAMS: dict[str, dict[str, Any]] = {
    "mahalanobis": {"VI": _SQUARE @ _SQUARE.T + np.eye(WIDTH)},
    "minkowski": {"p": 3.3, "w": _RNG.random(WIDTH)},
    "seuclidean": {"V": _RNG.random(WIDTH) + 0.1},
}
METRICS = [
    *("braycurtis", "canberra", "chebyshev", "dice", "euclidean", "hamming", "haversine"),
    *("jaccard", "kulsinski", "mahalanobis", "manhattan", "matching", "minkowski"),
    *("rogerstanimoto", "russellrao", "seuclidean", "sokalmichener", "sokalsneath"),
]


def rows(kind: str, seed: int, count: int, width: int = WIDTH) -> Matrix:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, width))
    kinds = {
        "whole": np.round(1.5 * X),
        "truths": (X > 0.3).astype(float),
        "repeated": np.round(X[rng.integers(0, max(1, count // 5), count)], 2),
        "far": 2 * X + 1e6,
    }
    return kinds.get(kind, X)


def metric_of(name: str) -> Metric:
    params = PARAMS.get(name, {})
    weights = params.get("V", params.get("w"))
    return Metric(name, params.get("p", 2.0), weights, params.get("VI"))


def search_of(estimator: NearestNeighbors) -> Search:
    search: Search = build(search_node(estimator, Context({})))
    return search


def assert_same_neighbours(estimator: NearestNeighbors, X: Any) -> None:
    """To the last bit, and equally distant ones in the same order."""
    search = search_of(estimator)
    distances, indices = estimator.kneighbors(X)
    k = estimator.n_neighbors
    for found in (search.nearest(X, k, ordered=True), search.nearest(X, k)):
        np.testing.assert_array_equal(found[0], distances)
        np.testing.assert_array_equal(np.sort(found[1], axis=1), np.sort(indices, axis=1))
    np.testing.assert_array_equal(search.nearest(X, k, ordered=True)[1], indices)


def assert_same_within(estimator: NearestNeighbors, X: Any) -> None:
    found = search_of(estimator).within(X, estimator.radius)
    distances, indices = estimator.radius_neighbors(X)
    assert found.counts.tolist() == [len(each) for each in indices]
    np.testing.assert_array_equal(found.indices, np.concatenate(list(indices)))
    np.testing.assert_array_equal(found.distances, np.concatenate(list(distances)))
