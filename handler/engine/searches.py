"""Searches for the nearest training rows among all distances.

They find the same rows as scikit-learn's also where distances are equal, as among whole numbers
and repeated rows: which of them stay is up to the order in which its heaps see them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from handler.engine.checks import finite_numbers
from handler.engine.chunks import KERNEL_ROWS, cores, in_chunks, of_whole_kernels
from handler.engine.distances import Metric, pairwise, row_blocks, squared_euclidean
from handler.engine.heaps import Heaps, Positions, smallest
from handler.engine.products import ONE_THREAD, blas_threads, product
from handler.engine.search import Search, Within, as_within, joined, stacked
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs
from handler.errors import Refusal, RowsRefused

# The side of the blocks in which scikit-learn multiplies matrices ("pairwise_dist_chunk_size").
_TILE = 256
_LARGEST = float(np.finfo(np.float64).max)
_HUGE = 1e300
# Rows whose distances to all training rows are looked at together, a part of a tile's.
_ROWS = 48
# Tiles of rows whose ties are told apart together, and how many distances of theirs are held:
# so many tiles that their rows are whole kernels.
_TILES = 3
_HELD = 2**22
# Distances that are held at a time where the nearest alone is asked for.
_PAIRS = 2**16
_EMPTY = "has no neighbour in its graph, nor has any other row"


@dataclass(frozen=True, eq=False)
class BruteSearch(Search):
    """A search through all training rows: ``algorithm="brute"``.

    scikit-learn has two: compiled ones, which push distances onto heaps, and
    ``pairwise_distances``, which numpy sorts, for other metrics and for inputs whose type
    is unlike training's.

    Parameters
    ----------
    points : shape (n_train, d)
    compiled : the fields of the compiled search's ``Metric``, or None where there is none
    norms : shape (n_train,), the rows' squared lengths where the compiled search multiplies
        matrices, else None
    apart : the fields of ``pairwise``'s ``Metric``
    squared : bool
        Whether distances are squares.
    rooted : bool
        Whether squares are compared where ``pairwise_distances`` is asked.
    threads : int
        How many threads share the training rows in scikit-learn when there are few inputs.
    """

    points: Array
    compiled: dict[str, Any] | None
    norms: Floats | None
    apart: dict[str, Any]
    squared: bool
    rooted: bool
    threads: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the training rows."""
        return self.points.dtype

    @property
    def by_row(self) -> bool:
        """False where the number of rows tells how the training rows are shared by threads."""
        return self.compiled is None

    @cached_property
    def _metric(self) -> Metric:
        """The compiled search's metric; asked only where there is one."""
        return Metric(**(self.compiled or {}))

    @cached_property
    def _apart(self) -> Metric:
        return Metric(**self.apart)

    def nearest(
        self, X: Any, k: int, *, ordered: bool = False, by_rows: bool = False
    ) -> tuple[Floats, Positions]:
        """Return the distances to the k nearest training rows and their positions, (n, k)."""
        if not self._is_compiled_for(X):
            return joined([self._sorted(X[rows], k) for rows in self._blocks(X)])
        shared = not by_rows and self._shares_points(len(X))

        def compute(rows: Any) -> list[Array]:
            return list(self._heaped(rows, k, ordered=ordered, shared=shared))

        # Threads are given whole tiles, as scikit-learn's are.
        size = max(1, min(_TILES, _HELD // (_TILE * len(self.points)))) * _TILE
        threads = cores() if len(X) > 2 * cores() * _TILE else 1
        distances, indices = in_chunks(compute, X, size, threads=threads)
        return distances, indices

    def within(self, X: Any, radius: float) -> Within:
        """Return the training rows within a radius of each row of X, in their order."""
        find = self._all_within if self._is_compiled_for(X) else self._all_within_apart
        blocks = list(self._blocks(X))
        return stacked([find(X[rows], radius) for rows in blocks], blocks)

    def _blocks(self, X: Array) -> Iterator[slice]:
        """Yield rows, few enough that their distances stay near the processor."""
        return row_blocks(len(X), len(self.points), _ROWS)

    def closest(self, X: Array) -> Positions:
        """Return the nearest training row's position, shape (n,): ``pairwise_distances_argmin``."""
        if not X.flags.c_contiguous:
            return np.asarray(pairwise(self._apart, X, self.points).argmin(axis=1))
        if not self._is_compiled_for(X):
            return self.nearest(X, 1)[1][:, 0]
        # A heap of one keeps the first of the smallest, of which none is below 0.
        found = [
            np.fmax(self._surrogates(X[rows]), 0.0).argmin(axis=1)
            for rows in row_blocks(len(X), len(self.points), _PAIRS // len(self.points))
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _is_compiled_for(self, X: Array) -> bool:
        return self.compiled is not None and X.dtype == self.points.dtype

    def _shares_points(self, n_rows: int) -> bool:
        """Whether threads share the training rows, and not the inputs: ``strategy="auto"``."""
        return len(self.points) >= n_rows and 4 * _TILE * self.threads >= n_rows

    def _heaped(self, X: Array, k: int, *, ordered: bool, shared: bool) -> tuple[Floats, Positions]:
        """Return the nearest as ``ArgKmin`` finds them."""
        found, left = [], []
        for rows in self._blocks(X):
            surrogates = self._surrogates(X[rows])
            nearest = smallest(surrogates, k, ordered=ordered)
            found.append(nearest)
            left.append(surrogates[nearest.tied])
        values, indices, tied = (np.concatenate(parts) for parts in zip(*found, strict=True))
        if tied.any():
            values[tied], indices[tied] = self._pushed(np.concatenate(left), k, shared=shared)
        return self._distances(values), indices

    def _pushed(self, surrogates: Floats, k: int, *, shared: bool) -> tuple[Floats, Positions]:
        """Return the nearest as heaps find them, to which each thread adds what it found."""
        surrogates = np.fmax(surrogates, 0.0) if self.norms is not None else surrogates
        rows = np.arange(len(surrogates))
        heaps = Heaps(len(rows), k, _LARGEST)
        if not shared:
            heaps.push(rows, surrogates, np.arange(len(self.points)))
            return heaps.in_order()
        for share in self._shares():
            part = Heaps(len(rows), k, _LARGEST)
            part.push(rows, surrogates[:, share], np.arange(share.start, share.stop))
            heaps.push(rows, part.values, part.indices)
        return heaps.in_order()

    def _shares(self) -> list[slice]:
        """Return the training rows of each thread: OpenMP's static schedule of whole tiles."""
        n_points = len(self.points)
        tiles = np.array_split(np.arange(-(-n_points // _TILE)), self.threads)
        return [
            slice(int(part[0]) * _TILE, min(int(part[-1] + 1) * _TILE, n_points))
            for part in tiles
            if len(part)
        ]

    def _surrogates(self, X: Array) -> Floats:
        if self.norms is None:
            return self._metric.between(X, self.points)
        points = self.points.astype(np.float64, copy=False)
        return _by_products(X.astype(np.float64, copy=False), points, self.norms)

    def _distances(self, surrogates: Floats) -> Floats:
        if self.squared:
            return surrogates
        distances = self._metric.distance(self._rounded(np.maximum(surrogates, 0.0)))
        return self._rounded(distances)

    def _rounded(self, values: Floats) -> Floats:
        """Return values as the compiled search passes them on: those of float32 as such."""
        if self.points.dtype != np.float32:
            return values
        with np.errstate(over="ignore"):
            return values.astype(np.float32).astype(np.float64)

    def _sorted(self, X: Array, k: int) -> tuple[Floats, Positions]:
        """Return the nearest as ``KNeighborsMixin._kneighbors_reduce_func`` finds them."""
        values, indices = _partitioned(self._pairwise(X), k)
        return np.sqrt(values) if self.rooted else values, indices

    def _pairwise(self, X: Array) -> Floats:
        if not self.rooted:
            return pairwise(self._apart, X, self.points)
        with np.errstate(over="ignore", invalid="ignore"):
            return squared_euclidean(X, self.points)

    def _all_within(self, X: Array, radius: float) -> Within:
        surrogates = self._surrogates(X)
        limit = np.asarray(radius)
        if not self.squared:
            limit = self._rounded(self._metric.surrogate(self._rounded(limit)))
        rows, indices = np.nonzero(surrogates <= limit)
        found = np.fmax(surrogates[rows, indices], 0.0)
        return as_within(rows, self._distances(found), indices, len(X))

    def _all_within_apart(self, X: Array, radius: float) -> Within:
        values = self._pairwise(X)
        rows, indices = np.nonzero(values <= (radius * radius if self.rooted else radius))
        found = values[rows, indices]
        return as_within(rows, np.sqrt(found) if self.rooted else found, indices, len(X))


def _partitioned(values: Floats, k: int) -> tuple[Floats, Positions]:
    """Return each row's k smallest and their positions, as numpy, whom scikit-learn asks too."""
    rows = np.arange(len(values))[:, None]
    indices = np.argpartition(values, k - 1, axis=1)[:, :k]
    indices = indices[rows, np.argsort(values[rows, indices])]
    return values[rows, indices], indices


def _by_products(X: Floats, points: Floats, norms: Floats) -> Floats:
    """Return squared Euclidean distances, shape (n, n_train): ``EuclideanArgKmin``.

    Those that rounding makes negative count as 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.vecdot(X, X)
        squares = _products(-2.0 * X, points)
        tame = lengths.max() < _HUGE and norms.max() < _HUGE
        if not tame:
            huge = ~(lengths < _HUGE)
            squares[huge] = -2.0 * (X[huge] @ points.T)
        squares += lengths[:, None]
        squares += norms
    # What overflowed to NaN counts as 0, too.
    return squares if tame else np.fmax(squares, 0.0, out=squares)


def _products(X: Floats, points: Floats) -> Floats:
    """Return products as scikit-learn's threads compute them, each one by itself."""
    if blas_threads() == 1:
        return product(X, points)
    products = np.empty((len(X), len(points)))
    for rows, tile in _tiles(len(X), *points.shape):
        if X[rows].shape[0] == 1:
            products[rows, tile] = product(X[rows], points[tile])
        else:
            np.matmul(X[rows], points[tile].T, out=products[rows, tile])
    return products


def _tiles(n_rows: int, n_points: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and points whose products one thread computes, as scikit-learn's threads do."""
    side = max(math.isqrt(ONE_THREAD // width), ONE_THREAD // (width * n_points))
    step = min(n_rows, max(8, side // 8 * 8) if side < KERNEL_ROWS else of_whole_kernels(side))
    size = max(8, ONE_THREAD // (max(step, 3) * width) // 8 * 8)
    starts = list(range(0, n_points, size))
    # A lone last point would go through the routine for vectors.
    stops = [*starts[1:], n_points]
    if len(starts) > 1 and n_points - starts[-1] == 1:
        starts, stops = starts[:-1], [*stops[:-2], n_points]
    for first in range(0, n_rows, step):
        for start, stop in zip(starts, stops, strict=True):
            yield slice(first, first + step), slice(start, stop)


@dataclass(frozen=True, eq=False)
class PrecomputedSearch(Search):
    """A search in distances that are given: ``metric="precomputed"``.

    Parameters
    ----------
    n_train : int
    """

    n_train: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the training rows."""
        return np.dtype(np.float64)

    @property
    def takes_sparse(self) -> bool:
        """True: a graph tells the distances to some training rows."""
        return True

    def checked(self, X: Inputs, *, missing: bool) -> Any:
        """Return distances, shape (n, n_train), all finite and none negative."""
        if isinstance(X, Sparse):
            _refuse_negative(X.rows[X.data < 0])
            return finite_numbers(X)
        distances = super().checked(X, missing=missing)
        _refuse_negative(np.flatnonzero((distances < 0).any(axis=1)))
        return distances

    def nearest(
        self, X: Any, k: int, *, ordered: bool = False, by_rows: bool = False
    ) -> tuple[Floats, Positions]:
        """Return the k smallest distances and their positions, shape (n, k)."""
        if isinstance(X, Sparse):
            return _first_of_graph(X, k)
        blocks = row_blocks(len(X), self.n_train, _TILE)
        return joined([_partitioned(X[rows].astype(float, copy=False), k) for rows in blocks])

    def within(self, X: Any, radius: float) -> Within:
        """Return the distances up to a radius."""
        if isinstance(X, Sparse):
            if not len(X.data):
                # scikit-learn looks for the largest distance of all rows.
                raise RowsRefused([Refusal(i, None, _EMPTY) for i in range(X.shape[0])])
            X = _sorted_graph(X)
            X = X.kept(X.data <= radius)
            return as_within(X.rows, X.data.astype(np.float64), X.indices, X.shape[0])
        rows, indices = np.nonzero(radius >= X)
        return as_within(rows, X[rows, indices].astype(np.float64), indices, len(X))


def _first_of_graph(X: Sparse, k: int) -> tuple[Floats, Positions]:
    counts = np.diff(X.indptr)
    if (counts < k).any():
        why = f"has fewer neighbours in its graph than the {k} that this model asks for"
        raise RowsRefused([Refusal(int(row), None, why) for row in np.flatnonzero(counts < k)])
    X = _sorted_graph(X)
    places = X.indptr[:-1, None] + np.arange(k)
    return X.data[places].astype(np.float64), X.indices[places]


def _sorted_graph(X: Sparse) -> Sparse:
    """Return a graph with each row's neighbours from near to far."""
    order = np.lexsort((X.data, X.rows))
    return Sparse(X.data[order], X.indices[order], X.indptr, X.shape)


def _refuse_negative(rows: Positions) -> None:
    if rows.size:
        why = "has a negative distance"
        raise RowsRefused([Refusal(int(row), None, why) for row in np.unique(rows)])
