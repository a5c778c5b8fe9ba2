"""Estimators that ask the nearest training rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.heaps import Positions
from handler.engine.search import Search, Within
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs, as_array
from handler.errors import Refusal, RowsRefused

_ALONE = "has no neighbours within the model's radius"
_FAR = "is so far from all training rows that its neighbours have no weight"


@dataclass(frozen=True, eq=False)
class _Neighbors(Evaluator):
    """What asks a search.

    Parameters
    ----------
    search : Search
    missing : bool
        Whether missing values are taken.
    """

    search: Search
    missing: bool

    @property
    def takes_sparse(self) -> bool:
        """As the search does."""
        return self.search.takes_sparse

    def _checked(self, X: Inputs) -> Any:
        return self.search.checked(X, missing=self.missing)


@dataclass(frozen=True, eq=False)
class _Nearest(_Neighbors):
    """What asks a number of the nearest.

    Parameters
    ----------
    n_neighbors : int
    weighted : bool
        Whether neighbours count by the inverse of their distance.
    """

    n_neighbors: int
    weighted: bool

    def _weights(self, distances: Floats) -> Floats:
        """Return the neighbours' weights, shape (n, k); those at distance 0 take all."""
        with np.errstate(divide="ignore", over="ignore"):
            weights = 1.0 / distances
        infinite = np.isinf(weights)
        at_once = infinite.any(axis=1)
        weights[at_once] = infinite[at_once]
        return weights


@dataclass(frozen=True, eq=False)
class NeighborsClassifier(_Nearest):
    """The class of most neighbours: the mirror of ``KNeighborsClassifier``.

    Parameters
    ----------
    classes : shape (n_classes,), or for several targets a list of such
    labels : shape (n_train, n_outputs), the training rows' classes as positions
    by_rows : bool
        Whether scikit-learn counts votes while it searches, where it is given plain arrays.
    """

    classes: Array | Sequence[Array]
    labels: Positions
    by_rows: bool

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,) or (n, n_outputs)."""
        labels, weights = self._votes(X, ordered=self.weighted)
        if not self.weighted:
            return self._named([counts.argmax(axis=1) for counts in self._counts(labels, None)])
        # numpy sums up the weights of each class, which may round unlike ``predict_proba``.
        return self._named(
            [
                _heaviest(labels[:, :, k], weights, len(classes))
                for k, classes in enumerate(self._classes)
            ]
        )

    def predict_proba(self, X: Inputs) -> Any:
        """Return the classes' shares, shape (n, n_classes), or a list of such."""
        labels, weights = self._votes(X, ordered=False)
        shares = [counts / counts.sum(axis=1)[:, None] for counts in self._counts(labels, weights)]
        return shares if isinstance(self.classes, list) else shares[0]

    @property
    def _classes(self) -> Sequence[Array]:
        return self.classes if isinstance(self.classes, list) else [np.asarray(self.classes)]

    def _votes(self, X: Inputs, *, ordered: bool) -> tuple[Positions, Floats | None]:
        """Return the neighbours' labels, shape (n, k, n_outputs), and their weights or None."""
        by_rows = self.by_rows and _is_plain(X)
        distances, indices = self.search.nearest(
            self._checked(X), self.n_neighbors, ordered=ordered, by_rows=by_rows
        )
        if not self.weighted:
            return self.labels[indices], None
        weights = self._weights(distances)
        _refuse_rows((weights == 0).all(axis=1), _FAR)
        return self.labels[indices], weights

    def _counts(self, labels: Positions, weights: Floats | None) -> list[Floats]:
        """Return the sums of the weights by class, for each target of shape (n, n_classes)."""
        return [
            _sums_by_class(labels[:, :, k], weights, len(classes))
            for k, classes in enumerate(self._classes)
        ]

    def _named(self, positions: Sequence[Positions]) -> Array:
        """Return the classes at these positions; as in scikit-learn in the first target's type."""
        if not isinstance(self.classes, list):
            return np.asarray(self.classes)[positions[0]]
        answer = np.empty((len(positions[0]), len(positions)), dtype=self.classes[0].dtype)
        for k, (classes, chosen) in enumerate(zip(self.classes, positions, strict=True)):
            answer[:, k] = classes[chosen]
        return answer


def _sums_by_class(labels: Positions, weights: Floats | None, n_classes: int) -> Floats:
    n_rows = len(labels)
    places = (labels + np.arange(n_rows)[:, None] * n_classes).ravel()
    heights = None if weights is None else weights.ravel()
    sums: Array = np.bincount(places, heights, minlength=n_rows * n_classes)
    return sums.reshape(n_rows, n_classes)


def _heaviest(labels: Positions, weights: Any, n_classes: int) -> Positions:
    """Return each row's class of the largest weight: ``sklearn.utils.extmath.weighted_mode``."""
    best = np.zeros(len(labels))
    heaviest = np.zeros(len(labels), dtype=np.intp)
    for label in range(n_classes):
        weight = np.where(labels == label, weights, 0.0).sum(axis=1)
        heaviest[weight > best] = label
        best = np.maximum(weight, best)
    return heaviest


@dataclass(frozen=True, eq=False)
class NeighborsRegressor(_Nearest):
    """The mean of the neighbours' targets: the mirror of ``KNeighborsRegressor``.

    Parameters
    ----------
    targets : shape (n_train,) or (n_train, n_outputs)
    """

    targets: Array

    def predict(self, X: Inputs) -> Array:
        """Return the means, shape (n,) or (n, n_outputs)."""
        distances, indices = self.search.nearest(self._checked(X), self.n_neighbors)
        targets = self.targets.reshape(len(self.targets), -1)
        if self.weighted:
            means = self._weighted_means(targets[indices], self._weights(distances))
        else:
            means = targets[indices].mean(axis=1)
        return means.ravel() if self.targets.ndim == 1 else means

    def _weighted_means(self, targets: Array, weights: Floats) -> Floats:
        means = np.empty((len(targets), targets.shape[2]))
        total = weights.sum(axis=1)
        with np.errstate(invalid="ignore"):
            for k in range(means.shape[1]):
                means[:, k] = (targets[:, :, k] * weights).sum(axis=1) / total
        return means


@dataclass(frozen=True, eq=False)
class _Within(_Neighbors):
    """What asks all neighbours within a radius.

    Parameters
    ----------
    radius : float
    weighted : bool
        Whether neighbours count by the inverse of their distance.
    """

    radius: float
    weighted: bool

    def _weights(self, found: Within) -> Floats | None:
        """Return the neighbours' weights, one by one; those at distance 0 take all."""
        if not self.weighted:
            return None
        at_once = np.zeros(len(found.counts), dtype=bool)
        at_once[found.rows[found.distances == 0.0]] = True
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(at_once[found.rows], found.distances == 0.0, 1.0 / found.distances)


@dataclass(frozen=True, eq=False)
class RadiusClassifier(_Within):
    """The class of most neighbours within a radius: ``RadiusNeighborsClassifier``.

    Parameters
    ----------
    classes, labels : as for ``NeighborsClassifier``
    by_rows : bool
        Whether scikit-learn counts votes while it searches, where it is given plain arrays;
        it checks no values then.
    outliers : for each target, what a row without neighbours is; None where it is refused
    outlier_positions : for each target, the position of that among the classes; -1 for none
    plain_position : int
        What scikit-learn takes for that position where it counts while it searches.
    """

    classes: Array | Sequence[Array]
    labels: Positions
    by_rows: bool
    outliers: Sequence[Any] | None
    outlier_positions: Sequence[int]
    plain_position: int

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,) or (n, n_outputs)."""
        shares = self._shares(X)
        answer = np.empty((len(shares[0]), len(shares)), dtype=self._classes[0].dtype)
        for k, (classes, share) in enumerate(zip(self._classes, shares, strict=True)):
            answer[:, k] = classes[share.argmax(axis=1)]
            nothing = (share == 0).all(axis=1)
            if self.outliers is not None and nothing.any():
                answer[nothing, k] = self.outliers[k]
        return answer if isinstance(self.classes, list) else answer.ravel()

    def predict_proba(self, X: Inputs) -> Any:
        """Return the classes' shares, shape (n, n_classes), or a list of such."""
        shares = self._shares(X)
        return shares if isinstance(self.classes, list) else shares[0]

    @property
    def _classes(self) -> Sequence[Array]:
        return self.classes if isinstance(self.classes, list) else [np.asarray(self.classes)]

    def _shares(self, X: Inputs) -> list[Floats]:
        # Whatever its order in memory: a single row, or a request's rows, lie as scikit-learn
        # wants them there.
        plain = self.by_rows and isinstance(X, np.ndarray) and X.dtype == self.search.dtype
        found = self.search.within(as_array(X) if plain else self._checked(X), self.radius)
        alone = found.counts == 0
        if self.outliers is None:
            _refuse_rows(alone, _ALONE)
        weights = self._weights(found)
        positions = [self.plain_position] if plain else self.outlier_positions
        return [
            self._share(found, self.labels[found.indices, k], weights, len(classes), position)
            for k, (classes, position) in enumerate(zip(self._classes, positions, strict=True))
        ]

    def _share(
        self, found: Within, labels: Positions, weights: Floats | None, n_classes: int, alone: int
    ) -> Floats:
        n_rows = len(found.counts)
        places = found.rows * n_classes + labels
        sums: Array = np.bincount(places, weights, minlength=n_rows * n_classes).astype(np.float64)
        sums = sums.reshape(n_rows, n_classes)
        if alone >= 0:
            sums[found.counts == 0, alone] = 1.0
        total = sums.sum(axis=1)[:, None]
        total[total == 0.0] = 1.0
        # Weights are infinite next to the smallest of distances, as in scikit-learn.
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / total)


@dataclass(frozen=True, eq=False)
class RadiusRegressor(_Within):
    """The mean of the targets within a radius: the mirror of ``RadiusNeighborsRegressor``.

    Parameters
    ----------
    targets : shape (n_train,) or (n_train, n_outputs)
    alone : shape (n_outputs,), what is told of a row without neighbours
    """

    targets: Array
    alone: Floats

    def predict(self, X: Inputs) -> Array:
        """Return the means, shape (n,) or (n, n_outputs)."""
        found = self.search.within(self._checked(X), self.radius)
        weights = self._weights(found)
        targets = self.targets.reshape(len(self.targets), -1)[found.indices]
        n_rows = len(found.counts)
        total = np.bincount(found.rows, weights, minlength=n_rows)
        means = np.empty((n_rows, targets.shape[1]))
        for k in range(targets.shape[1]):
            values = targets[:, k] if weights is None else targets[:, k] * weights
            sums = np.bincount(found.rows, values, minlength=n_rows)
            with np.errstate(invalid="ignore"):
                means[:, k] = np.where(found.counts == 0, self.alone[k], sums / total)
        return means.ravel() if self.targets.ndim == 1 else means


class _Graph(Sparse):
    """A graph whose rows may name a neighbour several times.

    scikit-learn's do where distances overflow: the first training row, again and again.
    """

    def toarray(self) -> Array:
        """Return the whole array; what is told of one neighbour is added up."""
        array = np.zeros(self.shape)
        np.add.at(array, (self.rows, self.indices), self.data)
        return array


@dataclass(frozen=True, eq=False)
class NeighborsGraph(_Neighbors):
    """A graph of the nearest training rows: the mirror of ``KNeighborsTransformer``.

    Parameters
    ----------
    n_neighbors : int
    distances : bool
        Whether the graph tells distances; else it tells 1 for each neighbour.
    n_train : int
    """

    n_neighbors: int
    distances: bool
    n_train: int

    def transform(self, X: Inputs) -> Sparse:
        """Return the graph, shape (n, n_train), each row's neighbours from near to far."""
        distances, indices = self.search.nearest(self._checked(X), self.n_neighbors, ordered=True)
        data = distances.ravel() if self.distances else np.ones(indices.size)
        starts = np.arange(0, indices.size + 1, self.n_neighbors)
        return _Graph(data, indices.ravel(), starts, (len(indices), self.n_train))


@dataclass(frozen=True, eq=False)
class RadiusGraph(_Neighbors):
    """A graph of the training rows within a radius: ``RadiusNeighborsTransformer``.

    Parameters
    ----------
    radius : float
    distances : bool
        Whether the graph tells distances; else it tells 1 for each neighbour.
    n_train : int
    """

    radius: float
    distances: bool
    n_train: int

    def transform(self, X: Inputs) -> Sparse:
        """Return the graph, shape (n, n_train)."""
        found = self.search.within(self._checked(X), self.radius)
        indices, data = found.indices, np.ones(len(found.indices))
        if self.distances:
            order = np.lexsort((found.distances, found.rows))
            indices, data = indices[order], found.distances[order]
        starts = np.concatenate([[0], np.cumsum(found.counts)])
        return Sparse(data, indices, starts, (len(found.counts), self.n_train))


@dataclass(frozen=True, eq=False)
class LocalOutlierFactor(_Neighbors):
    """How much sparser a row's surroundings are than its neighbours': ``LocalOutlierFactor``.

    Parameters
    ----------
    n_neighbors : int
    farthest : shape (n_train,), the training rows' distances to their own last neighbours
    densities : shape (n_train,), their local reachability densities
    offset : float
        The score below which a row is an outlier.
    """

    n_neighbors: int
    farthest: Array
    densities: Array
    offset: float

    def predict(self, X: Inputs) -> Array:
        """Return 1 for inliers and -1 for outliers, shape (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores over the offset, shape (n,)."""
        return self.score_samples(X) - self.offset

    def score_samples(self, X: Inputs) -> Floats:
        """Return the opposites of the local outlier factors, shape (n,)."""
        values = self._checked(X)
        distances, indices = self.search.nearest(values, self.n_neighbors, ordered=True)
        if values.dtype == np.float32:
            distances = distances.astype(np.float32)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            reached = np.maximum(distances, self.farthest[indices])
            density = 1.0 / (reached.mean(axis=1) + 1e-10)
            return np.asarray(-np.mean(self.densities[indices] / density[:, None], axis=1))


def _is_plain(X: Inputs) -> bool:
    """Whether X is an array that scikit-learn's compiled searches take as it is."""
    return isinstance(X, np.ndarray) and X.flags.c_contiguous


def _refuse_rows(bad: NDArray[np.bool_], why: str) -> None:
    if bad.any():
        raise RowsRefused([Refusal(int(row), None, why) for row in np.flatnonzero(bad)])
