from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import DistanceMetric, pairwise_distances
from sklearn.metrics.pairwise import nan_euclidean_distances
from sklearn.neighbors import NearestNeighbors
from sklearn.utils._sorting import _py_simultaneous_sort

from handler.engine.distances import Metric, pairwise
from handler.engine.heaps import _sorted, smallest
from tests.engine.neighbours import (
    KINDS,
    METRICS,
    PARAMS,
    WIDTH,
    assert_same_neighbours,
    assert_same_within,
    metric_of,
    rows,
)

APART = [
    *("braycurtis", "canberra", "chebyshev", "correlation", "cosine", "dice", "euclidean"),
    *("hamming", "jaccard", "mahalanobis", "manhattan", "minkowski", "rogerstanimoto"),
    *("russellrao", "seuclidean", "sokalsneath", "sqeuclidean", "yule"),
]
BY_BRUTE: list[dict[str, Any]] = [
    *({"metric": m} for m in APART if m not in PARAMS),
    {"metric": "l2"},
    *({"metric": m, "metric_params": PARAMS[m], "p": None} for m in PARAMS),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", METRICS)
def test_metrics(name: str, kind: str) -> None:
    width = 2 if name == "haversine" else WIDTH
    X, Y = rows(kind, 0, 30, width), rows(kind, 1, 40, width)
    expected = DistanceMetric.get_metric(name, **PARAMS.get(name, {})).pairwise(X, Y)
    metric = metric_of(name)
    np.testing.assert_array_equal(metric.distance(metric.between(X, Y)), expected)
    if name == "euclidean":  # its squares are rounded before the root is
        return
    single = DistanceMetric.get_metric(name, np.float32, **PARAMS.get(name, {}))
    X, Y = X.astype(np.float32), Y.astype(np.float32)
    got = metric.distance(metric.between(X, Y)).astype(np.float32)
    np.testing.assert_allclose(got, single.pairwise(X, Y), rtol=2e-7)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", APART)
@pytest.mark.filterwarnings("ignore:Data was converted to boolean", "ignore:invalid value")
def test_pairwise_distances(name: str, kind: str) -> None:
    X, Y = rows(kind, 0, 30), rows(kind, 1, 40)
    expected = pairwise_distances(X, Y, metric=name, **PARAMS.get(name, {}))
    np.testing.assert_array_equal(pairwise(metric_of(name), X, Y), expected)


def test_distances_of_rows_with_missing_values() -> None:
    X, Y = rows("real", 0, 30), rows("real", 1, 40)
    X[np.random.default_rng(0).random(X.shape) < 0.4] = np.nan
    expected = nan_euclidean_distances(X, Y)
    np.testing.assert_array_equal(pairwise(Metric("nan_euclidean"), X, Y), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("params", BY_BRUTE, ids=repr)
@pytest.mark.filterwarnings("ignore:Data was converted to boolean", "ignore:invalid value")
def test_brute(params: dict[str, Any], kind: str) -> None:
    for n_train, k in ((40, 1), (300, 4)):
        X, more = rows(kind, 0, n_train), rows(kind, 1, 50)
        search = NearestNeighbors(n_neighbors=k, algorithm="brute", radius=1.0, **params).fit(X)
        assert_same_neighbours(search, more)
        assert_same_within(search, more)
        assert_same_neighbours(search, more[:1])


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "canberra", "l2"])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_types_of_numbers(algorithm: str, metric: str, dtype: type) -> None:
    if (algorithm, metric) == ("kd_tree", "canberra"):
        return
    X: NDArray[Any] = rows("whole", 0, 300).astype(dtype)
    more: NDArray[Any] = rows("whole", 1, 300).astype(dtype)
    search = NearestNeighbors(algorithm=algorithm, metric=metric, radius=2.0).fit(X)
    for other in (more, more[:1], more.astype(np.float64)):
        assert_same_neighbours(search, other)
        assert_same_within(search, other)


@pytest.mark.parametrize("n_rows", [1, 2, 17, 256, 257, 513])
@pytest.mark.parametrize("width", [2, 8, 30, 300])
def test_matrix_products_round_as_in_scikit_learn(width: int, n_rows: int) -> None:
    """Far from 0 rounding alone chooses the neighbours."""
    X, more = rows("far", 0, 600, width), rows("far", 1, n_rows, width)
    search = NearestNeighbors(algorithm="brute").fit(X)
    assert_same_neighbours(search, more)


@pytest.mark.parametrize("width", [2, 12])
def test_many_training_rows(width: int) -> None:
    X, more = rows("real", 0, 20_000, width), rows("real", 1, 300, width)
    assert_same_neighbours(NearestNeighbors().fit(X), more)
    assert_same_neighbours(NearestNeighbors(algorithm="brute").fit(X), more)


@pytest.mark.parametrize("algorithm", ["brute", "kd_tree", "ball_tree"])
def test_many_neighbours(algorithm: str) -> None:
    X, more = rows("whole", 0, 700, 3), rows("whole", 1, 40, 3)
    search = NearestNeighbors(n_neighbors=30, algorithm=algorithm, leaf_size=5, radius=1.0).fit(X)
    assert_same_neighbours(search, more)
    assert_same_within(search, more)


def test_all_training_rows_are_neighbours() -> None:
    X = rows("whole", 0, 50)
    for algorithm in ("brute", "kd_tree", "ball_tree"):
        assert_same_neighbours(NearestNeighbors(n_neighbors=50, algorithm=algorithm).fit(X), X)
    assert_same_neighbours(NearestNeighbors(n_neighbors=1).fit(X[:1]), X)


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 40, 300])
def test_equal_values_are_sorted_as_in_scikit_learn(size: int) -> None:
    rng = np.random.default_rng(size)
    drawn = [rng.integers(0, high, size).astype(float) for high in (1, 2, 5, size + 1)]
    for values in (*drawn, *map(np.sort, drawn), *(np.sort(each)[::-1] for each in drawn)):
        order: NDArray[np.intp] = np.arange(size)
        _py_simultaneous_sort(values.copy(), order, size, use_three_way_partition=False)
        assert _sorted(values.tolist()) == order.tolist()


@pytest.mark.parametrize("k", [1, 5, 60])
def test_the_smallest_of_different_values(k: int) -> None:
    values = np.random.default_rng(0).normal(size=(20, 5000)) ** 2
    found = smallest(values, k, ordered=True)
    np.testing.assert_array_equal(found.indices, np.argsort(values, axis=1)[:, :k])
    assert not found.tied.any()
    values[3, :k] = values[3, k] = 0.0
    assert smallest(values, k, ordered=False).tied.nonzero()[0].tolist() == [3]
