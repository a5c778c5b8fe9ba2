"""Distances between rows, as ``DistanceMetric`` and as ``pairwise_distances`` compute them.

Two forms stand side by side, for they round differently. ``Metric`` adds up feature by feature,
in the order of scikit-learn's compiled loops, as its trees and heaps do. ``pairwise`` is what
``pairwise_distances`` gives; its Euclidean and cosine distances come from a matrix product.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.chunks import of_whole_kernels
from handler.engine.table import Array, Floats
from handler.errors import ArtifactError

# A block of rows for all of which distances to all training rows are held at a time.
_BLOCK = 2**22
# So many differences are computed by one call; more of them feature by feature, in less memory.
_AT_ONCE = 2**14


def row_blocks(n_rows: int, n_train: int, most: int) -> Iterator[slice]:
    """Yield slices of rows, so few that their distances to all training rows fit in memory.

    As many as kernels of matrix products take, so that these treat each row alike in any block.

    Parameters
    ----------
    n_rows, n_train : int
    most : int
        The most rows of a slice.
    """
    size = of_whole_kernels(min(most, _BLOCK // max(n_train, 1)))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


@dataclass(frozen=True, eq=False)
class Metric:
    """A distance that scikit-learn's trees and heaps compute: a ``DistanceMetric``.

    They compare surrogates that are cheaper, such as squares; ``distance`` and ``surrogate``
    lead from one to the other.

    Parameters
    ----------
    name : a key of ``_SURROGATES``, or of ``_PAIRWISE``, which only ``pairwise`` takes
    p : float
        The power of the Minkowski distance.
    weights : shape (d,), of the Minkowski distance; the variances of "seuclidean"; or None
    inverse : shape (d, d), the matrix of "mahalanobis"; or None
    """

    name: str
    p: float = 2.0
    weights: Any = None
    inverse: Any = None

    def __post_init__(self) -> None:
        if self.name not in _SURROGATES and self.name not in _PAIRWISE:
            raise ArtifactError(f"model.json names the metric {self.name!r}, which skzap lacks")

    def surrogates(self, x: Array, y: Array) -> Floats:
        """Return the surrogates of distances between rows.

        Parameters
        ----------
        x, y : shape (d, …), of shapes that broadcast: the features come first
        """
        # Values far from training's overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return _SURROGATES[self.name](self, x, y)

    def between(self, X: Array, Y: Array) -> Floats:
        """Return the surrogates between all rows of X (n, d) and of Y (m, d), shape (n, m)."""
        values = self.surrogates(*_by_feature(X, Y))
        # What compares float32 keeps its distances in float32.
        return values.astype(np.float32).astype(np.float64) if X.dtype == np.float32 else values

    def distance(self, surrogates: Floats) -> Floats:
        """Return the distances that have these surrogates."""
        with np.errstate(invalid="ignore"):
            if self.name in _SQUARED:
                return np.sqrt(surrogates)
            if self.name == "minkowski":
                return np.asarray(surrogates ** (1.0 / self.p))
            if self.name == "haversine":
                return np.asarray(2 * np.arcsin(np.sqrt(surrogates)))
        return surrogates

    def surrogate(self, distances: Floats) -> Floats:
        """Return the surrogates of distances."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.name in _SQUARED:
                return np.asarray(distances * distances)
            if self.name == "minkowski":
                return np.asarray(distances**self.p)
            if self.name == "haversine":
                sines = np.sin(0.5 * distances)
                return np.asarray(sines * sines)
        return distances

    def distances(self, x: Array, y: Array) -> Floats:
        """Return distances; x and y as for ``surrogates``."""
        return self.distance(self.surrogates(x, y))

    @property
    def is_metric(self) -> bool:
        """Whether it keeps the triangle inequality, so that a tree finds the nearest."""
        return self.name not in ("braycurtis", "dice", "sokalsneath", "kulsinski", "russellrao")


def _differences(x: Array, y: Array) -> Iterator[Floats]:
    """Yield the features' differences; those of float32 are rounded to float32."""
    for a, b in zip(x, y, strict=True):
        yield np.subtract(a, b).astype(np.float64, copy=False)


def _euclidean(_: Metric, x: Array, y: Array) -> Floats:
    # numpy adds up a lone column in an order of its own, as it does where features lie together.
    if len(x) < np.broadcast(x, y).size <= _AT_ONCE:
        differences = np.subtract(x, y, order="C").astype(np.float64, copy=False)
        differences *= differences
        return np.asarray(np.add.reduce(differences, axis=0))
    total = _zeros(x, y)
    for difference in _differences(x, y):
        difference *= difference
        total += difference
    return total


def _standardised(metric: Metric, x: Array, y: Array) -> Floats:
    total = _zeros(x, y)
    for difference, variance in zip(_differences(x, y), metric.weights, strict=True):
        difference *= difference
        difference /= variance
        total += difference
    return total


def _manhattan(_: Metric, x: Array, y: Array) -> Floats:
    total = _zeros(x, y)
    for difference in _differences(x, y):
        total += np.abs(difference, out=difference)
    return total


def _chebyshev(_: Metric, x: Array, y: Array) -> Floats:
    total = _zeros(x, y)
    for difference in _differences(x, y):
        np.fmax(total, np.abs(difference, out=difference), out=total)
    return total


def _minkowski(metric: Metric, x: Array, y: Array) -> Floats:
    total = _zeros(x, y)
    weights = np.ones(len(x)) if metric.weights is None else metric.weights
    for difference, weight in zip(_differences(x, y), weights, strict=True):
        total += weight * np.abs(difference) ** metric.p
    return total


def _mahalanobis(metric: Metric, x: Array, y: Array) -> Floats:
    differences = list(_differences(x, y))
    total = _zeros(x, y)
    for row, difference in zip(metric.inverse, differences, strict=True):
        product = _zeros(x, y)
        for weight, other in zip(row, differences, strict=True):
            product += weight * other
        product *= difference
        total += product
    return total


def _hamming(_: Metric, x: Array, y: Array) -> Floats:
    return _count(x, y, np.not_equal) / len(x)


def _canberra(_: Metric, x: Array, y: Array) -> Floats:
    total = _zeros(x, y)
    for a, b, difference in zip(x, y, _differences(x, y), strict=True):
        sizes = np.abs(a).astype(np.float64) + np.abs(b)
        total += np.where(sizes > 0, np.abs(difference) / sizes, 0.0)
    return total


def _braycurtis(_: Metric, x: Array, y: Array) -> Floats:
    total, sizes = _zeros(x, y), _zeros(x, y)
    for a, b, difference in zip(x, y, _differences(x, y), strict=True):
        total += np.abs(difference)
        sizes += np.abs(a).astype(np.float64) + np.abs(b)
    return np.where(sizes > 0, total / sizes, 0.0)


def _jaccard(_: Metric, x: Array, y: Array) -> Floats:
    both, unequal = _truths(x, y)
    some = both + unequal
    return np.where(some == 0, 0.0, unequal / some)


def _matching(_: Metric, x: Array, y: Array) -> Floats:
    return _truths(x, y)[1] / len(x)


def _dice(_: Metric, x: Array, y: Array) -> Floats:
    both, unequal = _truths(x, y)
    return unequal / (2.0 * both + unequal)


def _kulsinski(_: Metric, x: Array, y: Array) -> Floats:
    both, unequal = _truths(x, y)
    return (unequal - both + len(x)) / (unequal + len(x))


def _rogerstanimoto(_: Metric, x: Array, y: Array) -> Floats:
    unequal = _truths(x, y)[1]
    return (2.0 * unequal) / (len(x) + unequal)


def _russellrao(_: Metric, x: Array, y: Array) -> Floats:
    return (len(x) - _truths(x, y)[0]) / len(x)


def _sokalsneath(_: Metric, x: Array, y: Array) -> Floats:
    both, unequal = _truths(x, y)
    return unequal / (0.5 * both + unequal)


def _haversine(_: Metric, x: Array, y: Array) -> Floats:
    latitudes, longitudes = (np.sin(0.5 * difference) for difference in _differences(x, y))
    cosines = np.cos(x[0].astype(np.float64)) * np.cos(y[0].astype(np.float64))
    return np.asarray(latitudes * latitudes + cosines * longitudes * longitudes)


def _truths(x: Array, y: Array) -> tuple[Floats, Floats]:
    """Return in how many features both rows are not 0, and in how many just one is not."""
    x, y = x != 0, y != 0
    return _count(x, y, np.logical_and), _count(x, y, np.not_equal)


def _count(x: Array, y: Array, compare: Callable[[Array, Array], Array]) -> Floats:
    total = _zeros(x, y)
    for a, b in zip(x, y, strict=True):
        total += compare(a, b)
    return total


def _zeros(x: Array, y: Array) -> Floats:
    return np.zeros(np.broadcast_shapes(x.shape[1:], y.shape[1:]))


_SURROGATES: dict[str, Callable[[Metric, Array, Array], Floats]] = {
    "braycurtis": _braycurtis,
    "canberra": _canberra,
    "chebyshev": _chebyshev,
    "dice": _dice,
    "euclidean": _euclidean,
    "hamming": _hamming,
    "haversine": _haversine,
    "jaccard": _jaccard,
    "kulsinski": _kulsinski,
    "mahalanobis": _mahalanobis,
    "manhattan": _manhattan,
    "matching": _matching,
    "minkowski": _minkowski,
    "rogerstanimoto": _rogerstanimoto,
    "russellrao": _russellrao,
    "seuclidean": _standardised,
    "sokalmichener": _rogerstanimoto,
    "sokalsneath": _sokalsneath,
}
_SQUARED = frozenset(["euclidean", "mahalanobis", "seuclidean"])


def pairwise(metric: Metric, X: Array, Y: Array) -> Floats:
    """Return the distances of ``pairwise_distances``, shape (n, m).

    Parameters
    ----------
    metric : Metric; "precomputed" takes X for the distances
    X : shape (n, d)
    Y : shape (m, d)
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if metric.name in _PAIRWISE:
            return _PAIRWISE[metric.name](metric, X, Y)
        X, Y = X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
        return metric.distance(metric.between(X, Y))


def squared_euclidean(X: Array, Y: Array) -> Floats:
    """Return squared Euclidean distances by a matrix product: ``euclidean_distances``.

    Those of float32 are rounded to it.
    """
    single = X.dtype == Y.dtype == np.float32
    X, Y = X.astype(np.float64, copy=False), Y.astype(np.float64, copy=False)
    distances: Floats = -2 * (X @ Y.T)
    distances += np.einsum("ij,ij->i", X, X)[:, None]
    distances += np.einsum("ij,ij->i", Y, Y)[None, :]
    if single:
        distances = distances.astype(np.float32)
    return np.maximum(distances, 0, out=distances)


def nan_euclidean(
    X: Floats, Y: Floats, absent_x: NDArray[np.bool_], absent_y: NDArray[np.bool_]
) -> Floats:
    """Return Euclidean distances over the features that both rows have.

    As ``nan_euclidean_distances``: scaled up to all features; NaN where no feature is shared.

    Parameters
    ----------
    X, Y : shapes (n, d) and (m, d), 0 where a value is missing
    absent_x, absent_y : whether values of X, of Y are missing
    """
    distances = squared_euclidean(X, Y)
    distances -= np.dot(X * X, absent_y.T)
    distances -= np.dot(absent_x, (Y * Y).T)
    np.clip(distances, 0, None, out=distances)
    # Of floats, BLAS makes a product; these are whole, and so exact.
    shared = np.dot((~absent_x).astype(np.float64), (~absent_y).T.astype(np.float64))
    distances[shared == 0] = np.nan
    np.maximum(1, shared, out=shared)
    distances /= shared
    distances *= X.shape[1]
    return np.sqrt(distances, out=distances)


def _euclidean_product(_: Metric, X: Array, Y: Array) -> Floats:
    return np.sqrt(squared_euclidean(X, Y))


def _squared_apart(_: Metric, X: Array, Y: Array) -> Floats:
    return _euclidean(_, *_by_feature(X.astype(float), Y.astype(float)))


def _cosine(_: Metric, X: Array, Y: Array) -> Floats:
    similarities: Floats = _of_length_one(X) @ _of_length_one(Y).T
    similarities *= -1
    similarities += 1
    return np.clip(similarities, 0.0, 2.0)


def _of_length_one(X: Array) -> Array:
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", X, X))
    lengths[lengths < 10 * np.finfo(lengths.dtype).eps] = 1.0
    return np.asarray(X / lengths[:, None])


# scipy's C loops add in two lanes, the even features and the odd ones.


def _standardised_apart(metric: Metric, X: Array, Y: Array) -> Floats:
    differences = list(_differences(*_by_feature(X, Y)))
    terms = [(a * a) / v for a, v in zip(differences, metric.weights, strict=True)]
    return np.sqrt(_in_two_lanes(terms))


def _mahalanobis_apart(metric: Metric, X: Array, Y: Array) -> Floats:
    differences = list(_differences(*_by_feature(X, Y)))
    products = [
        _in_two_lanes([weight * a for weight, a in zip(row, differences, strict=True)]) * b
        for row, b in zip(metric.inverse, differences, strict=True)
    ]
    return np.sqrt(_in_two_lanes(products))


def _correlation(_: Metric, X: Array, Y: Array) -> Floats:
    X, Y = (Z - Z.mean(axis=1, keepdims=True) for Z in (X.astype(float), Y.astype(float)))
    lengths, others = (np.sqrt(_in_two_lanes(list(Z.T * Z.T))) for Z in (X, Y))
    x, y = _by_feature(X, Y)
    cosines = _in_two_lanes([a * b for a, b in zip(x, y, strict=True)])
    cosines /= lengths[:, None] * others
    return 1.0 - np.where(np.abs(cosines) > 1.0, np.sign(cosines), cosines)


def _in_two_lanes(terms: list[Floats]) -> Floats:
    paired = len(terms) // 2 * 2
    lanes = [sum(terms[lane:paired:2]) for lane in (0, 1)]
    return np.asarray(sum(terms[paired:], lanes[0] + lanes[1]))


def _braycurtis_apart(_: Metric, X: Array, Y: Array) -> Floats:
    x, y = _by_feature(X, Y)
    return _manhattan(_, x, y) / _manhattan(_, x, -y)


def _yule(_: Metric, X: Array, Y: Array) -> Floats:
    x, y = _by_feature(X != 0, Y != 0)
    both, neither = _count(x, y, np.logical_and), _count(~x, ~y, np.logical_and)
    half = _count(x, ~y, np.logical_and) * _count(~x, y, np.logical_and)
    return np.where(half == 0, 0.0, 2.0 * half / (both * neither + half))


def _missing_apart(_: Metric, X: Array, Y: Array) -> Floats:
    X, Y = _given(_, X, Y), _given(_, Y, X)
    absent_x, absent_y = np.isnan(X), np.isnan(Y)
    return nan_euclidean(np.where(absent_x, 0, X), np.where(absent_y, 0, Y), absent_x, absent_y)


def _given(_: Metric, X: Array, __: Array) -> Floats:
    return X if X.dtype.kind == "f" else X.astype(np.float64)


def _by_feature(X: Array, Y: Array) -> tuple[Array, Array]:
    return X.T[:, :, None], Y.T[:, None, :]


_PAIRWISE: dict[str, Callable[[Metric, Array, Array], Floats]] = {
    "braycurtis": _braycurtis_apart,
    "correlation": _correlation,
    "cosine": _cosine,
    "euclidean": _euclidean_product,
    "mahalanobis": _mahalanobis_apart,
    "nan_euclidean": _missing_apart,
    "precomputed": _given,
    "seuclidean": _standardised_apart,
    "sqeuclidean": _squared_apart,
    "yule": _yule,
}
