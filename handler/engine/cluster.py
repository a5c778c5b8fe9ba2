"""Clusters: the nearest of some centres, and features pooled by cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_numbers
from handler.engine.products import MinusTwice, finite_floats
from handler.engine.table import Array, Floats, Inputs, as_array

# Values far from training's overflow in scikit-learn too.
_quiet = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True, eq=False)
class Centers(Evaluator):
    """The nearest centre and all distances: the mirror of ``KMeans``.

    Parameters
    ----------
    centers : shape (k, d)
    """

    centers: Array

    @_quiet
    def predict(self, X: Inputs) -> NDArray[np.int32]:
        """Return the number of each row's nearest centre, shape (n,)."""
        return self._products.by_block(self._nearest, X).astype(np.int32, copy=False)

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the distances to the centres, shape (n, k)."""
        return euclidean(finite_floats(X), self.centers)

    def _nearest(self, _: Array, products: Array, finite: bool) -> Array:
        """Return the labels of some rows: the E-step of ``lloyd_iter_chunked_dense``.

        scikit-learn has GEMM add the products to the norms: the same bits, as long as OpenBLAS
        does not split the columns (some 256 fit its cache); with more, the last may differ.
        """
        products += self._norms_of_rows[: len(products)]
        return products.argmin(axis=1) if finite else first_least(products)

    @cached_property
    def _products(self) -> MinusTwice:
        return MinusTwice(self._ends)

    @cached_property
    def _norms_of_rows(self) -> Array:
        return _of_rows(row_norms(self._ends), self._products)

    @property
    def _ends(self) -> Array:
        """Return the centres whose scores are asked for."""
        return self.centers


def _of_rows(norms: Array, products: MinusTwice) -> Array:
    """Return norms beside each row of a block: numpy adds a short row to many slowly."""
    return norms[None].repeat(products.block_rows, axis=0)


@dataclass(frozen=True, eq=False)
class BisectedCenters(Centers):
    """Centres at the leaves of a tree of halved clusters: the mirror of ``BisectingKMeans``.

    Parameters
    ----------
    halves : shape (2 m, d), the centres of the first and of the second half of each split
    children : shape (2 m,) of int
        What follows on each half: the number of a split, or ``~label`` at a leaf.
    """

    halves: Array
    children: Array

    def _nearest(self, _: Array, products: Array, finite: bool) -> Array:
        """Return the leaf that each row ends in; split 0 is the first."""
        products += self._norms_of_rows[: len(products)]
        second = products[:, 1::2] < products[:, ::2]
        rows = np.arange(len(second))
        at = np.zeros(len(second), dtype=np.intp)
        labels = np.empty(len(second), dtype=np.int32)
        while rows.size:
            at = self.children[2 * at + second[rows, at]]
            ended = at < 0
            labels[rows[ended]] = ~at[ended]
            rows, at = rows[~ended], at[~ended]
        return labels

    @property
    def _ends(self) -> Array:
        return self.halves


@dataclass(frozen=True, eq=False)
class NearestPoint(Evaluator):
    """The label of the nearest point: the mirror of ``pairwise_distances_argmin``.

    Parameters
    ----------
    points : shape (k, d)
    labels : shape (k,) of int
    norms : shape (k,), the points' squared norms, or None where scikit-learn makes them anew
    """

    points: Array
    labels: Array
    norms: Floats | None

    @_quiet
    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        values = as_array(X)
        if not values.flags.c_contiguous:
            # Rows that do not lie one after the other are no matter for its compiled code.
            return self.labels[euclidean(finite_floats(values), self.points).argmin(axis=1)]
        return self.labels[self._products.by_block(self._nearest, values)]

    def _nearest(self, X: Array, products: Array, _: bool) -> NDArray[np.intp]:
        """Return the positions of the nearest points: ``EuclideanArgKmin64`` with k = 1."""
        # vecdot sums up as BLAS's dot does.
        products += np.vecdot(X, X)[:, None]
        products += self._norms_of_rows[: len(products)]
        # What overflowed to NaN counts as 0 there, as what is negative does.
        return np.fmax(products, 0.0, out=products).argmin(axis=1)

    @cached_property
    def _exact(self) -> Floats:
        return self.points.astype(np.float64, copy=False)

    @cached_property
    def _products(self) -> MinusTwice:
        return MinusTwice(self._exact)

    @cached_property
    def _norms_of_rows(self) -> Array:
        norms = np.vecdot(self._exact, self._exact) if self.norms is None else self.norms
        return _of_rows(norms, self._products)


@dataclass(frozen=True, eq=False)
class Subclusters(NearestPoint):
    """Subclusters with a label each: the mirror of ``Birch``."""

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the distances to the subclusters' centres, shape (n, k)."""
        return euclidean(as_finite_numbers(X), self.points)


@dataclass(frozen=True, eq=False)
class Unclustered(Evaluator):
    """The label -1 for all rows: an ``AffinityPropagation`` that found no centres."""

    def predict(self, X: Inputs) -> Array:
        """Return -1 for each row, shape (n,)."""
        return np.full(len(as_finite(X)), -1)


@dataclass(frozen=True, eq=False)
class PooledMeans(Evaluator):
    """The mean of each cluster of features: the mirror of ``FeatureAgglomeration``.

    Parameters
    ----------
    labels : shape (d,) of int, the cluster of each feature; each of k clusters has one at least
    sizes : shape (k,), how many features each cluster has
    """

    labels: Array
    sizes: Array

    @_quiet
    def transform(self, X: Inputs) -> Floats:
        """Return the means, shape (n, k)."""
        values = as_finite_numbers(X)
        n, k = len(values), len(self.sizes)
        # One bincount for all rows, each with places of its own; it adds feature by feature.
        places = self.labels if n == 1 else np.add.outer(k * np.arange(n), self.labels).ravel()
        sums = np.bincount(places, values.ravel(), n * k)
        means: Floats = sums.reshape(n, k) / self.sizes
        return means


# How a cluster of features may be pooled, beside by its mean.
_POOLS: dict[str, Callable[..., Any]] = {"max": np.max, "min": np.min, "median": np.median}


@dataclass(frozen=True, eq=False)
class PooledFeatures(Evaluator):
    """Another statistic of each cluster of features: ``FeatureAgglomeration``.

    Parameters
    ----------
    clusters : the positions of each cluster's features
    pool : {"max", "min", "median"}
    """

    clusters: Sequence[Array]
    pool: str

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the statistics, shape (n, k)."""
        values = as_finite_numbers(X)
        pool = _POOLS[self.pool]
        return np.array([pool(values[:, columns], axis=1) for columns in self.clusters]).T


def row_norms(X: Array) -> Array:
    """Return the rows' squared norms, shape (n,), as ``sklearn.utils.extmath.row_norms`` does."""
    norms: Array = np.einsum("ij,ij->i", X, X)
    return norms


def euclidean(X: Array, points: Array) -> Array:
    """Return the distances of rows to points: ``sklearn.metrics.euclidean_distances``.

    Parameters
    ----------
    X : shape (n, d)
    points : shape (k, d)

    Returns
    -------
    array of shape (n, k): float32 where X and the points are, else float64
    """
    exact, ends = X.astype(np.float64, copy=False), points.astype(np.float64, copy=False)
    distances = -2 * (exact @ ends.T)
    distances += row_norms(exact)[:, None]
    distances += row_norms(ends)
    if X.dtype == points.dtype:
        # Of float32 the squares are made float32 before the root is drawn.
        distances = distances.astype(X.dtype, copy=False)
    np.maximum(distances, 0, out=distances)
    return np.sqrt(distances, out=distances)


def first_least(scores: Array) -> NDArray[np.intp]:
    """Return the position of each row's first least score, shape (n,).

    As the comparison ``score < least`` finds it, from the first column on: a NaN that comes
    first stays, any other is passed over.

    Parameters
    ----------
    scores : shape (n, k)
    """
    passed = np.where(np.isnan(scores), np.inf, scores)
    passed[np.isnan(scores[:, 0]), 0] = -np.inf
    return passed.argmin(axis=1)
