"""Searches for the nearest training rows through a tree of them.

Where distances are equal, which training rows are found depends on the order in which the walk
through the tree comes to its leaves: a row's own. So what is not decided by distances alone is
walked as scikit-learn walks it, for many rows at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from handler.engine.chunks import KERNEL_ROWS
from handler.engine.distances import Metric
from handler.engine.heaps import Heaps, Nearest, Positions, limits, select, smallest
from handler.engine.products import ONE_THREAD
from handler.engine.search import Search, Within, as_within, joined, stacked
from handler.engine.table import Floats

# Pairs of a row and a training row that are looked at together.
_PAIRS = 2**20
# Distances along features that are computed together.
_NUMBERS = 2**16
# Products of rows and training rows that are held at a time.
_MULTIPLIED = 2**18
# Of so few training rows, a product tells sooner than a walk which are within a radius.
_FEW_POINTS = 2**16
# Of so few, it tells sooner than their leaves which are the nearest.
_FEWER = 2**11
# The level of a tree at which all nodes are looked at.
_FLAT = 8
# By so much the distances to nodes are taken for less than they are computed to be.
_SLACK = 1e-9

# Returns what squared distances (n,) may be at most, less the rows' squared lengths, given what
# they are roughly (n, n_train), less these too, and these lengths (n,).
type Limit = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True, eq=False)
class _TreeSearch(Search):
    """A search through a binary tree of training rows: the mirror of ``BinaryTree``.

    A full tree: the children of node i are 2 i + 1 and 2 i + 2, and all leaves are of one level.

    Parameters
    ----------
    points : shape (n_train, d), the training rows in the order of the leaves
    index : shape (n_train,), their positions in training
    starts, stops : shape (n_nodes,), where each node's points start and stop in them
    metric : the fields of the ``Metric``
    """

    points: Floats
    index: Positions
    starts: Positions
    stops: Positions
    metric: dict[str, Any]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the training rows."""
        return self.points.dtype

    @cached_property
    def _metric(self) -> Metric:
        return Metric(**self.metric)

    @cached_property
    def _columns(self) -> Floats:
        return np.ascontiguousarray(self.points.T)

    @cached_property
    def _depth(self) -> int:
        """The level of the leaves; the root is of level 0."""
        return len(self.starts).bit_length() - 1

    @cached_property
    def _centred(self) -> tuple[Floats, Floats, Floats, float]:
        """The points' mean, -2 times the centred points, their squared lengths, the largest."""
        mean = self.points.mean(axis=0)
        centred = self.points - mean
        norms = np.vecdot(centred, centred)
        return mean, np.ascontiguousarray(-2.0 * centred.T), norms, float(norms.max())

    def nearest(
        self, X: Any, k: int, *, ordered: bool = False, by_rows: bool = False
    ) -> tuple[Floats, Positions]:
        """Return the distances to the k nearest training rows and their positions, (n, k)."""
        X = X.astype(np.float64, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):
            values, indices = self._found(X, k, ordered=ordered)
        return self._metric.distance(values), indices

    def _found(self, X: Floats, k: int, *, ordered: bool) -> tuple[Floats, Positions]:
        if not self._metric.is_metric:
            return self._traversed(X, k)
        values, places, tied = self._selected(X, k, ordered=ordered)
        indices = self.index[places]
        if tied.any():
            rows = np.flatnonzero(tied)
            values[rows], indices[rows] = self._traversed(X[rows], k)
        return values, indices

    def _selected(self, X: Floats, k: int, *, ordered: bool) -> Nearest:
        """Return the nearest by any way; that goes as long as no distances are equal."""
        near = self._metric.name != "euclidean" or len(self.points) > _FEWER
        found, start, size = [], 0, 64
        while start < len(X):
            x = np.ascontiguousarray(X[start : start + size].T)
            start += x.shape[1]
            nearest, seen = self._by_leaves(x, k, ordered=ordered) if near else (None, 0)
            if nearest is None:
                nearest = self._by_all(x, k, ordered=ordered)
                near, seen = False, len(self.points)
            found.append(nearest)
            size = max(8, min(4096, (_PAIRS if near else _MULTIPLIED) // (seen + 1) // 8 * 8))
        return Nearest(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _by_leaves(self, x: Floats, k: int, *, ordered: bool) -> tuple[Nearest | None, int]:
        """Return the nearest and how many points a row were looked at; None where too many."""
        count = x.shape[1]
        level = min(self._depth, _FLAT)
        nodes = np.arange(2**level - 1, 2 ** (level + 1) - 1)
        bounds = self._lower(x[:, :, None], nodes[None])
        farthest = self._farthest(x, self._closest(x, nodes[bounds.argmin(axis=1)], level, k), k)
        rows, columns = np.nonzero(~(bounds > farthest[:, None]))
        nodes = nodes[columns]
        for _ in range(level, self._depth):
            rows, nodes = _children(rows, nodes)
            kept = ~(self._lower(x[:, rows], nodes) > farthest[rows])
            rows, nodes = rows[kept], nodes[kept]
        rows, places = self._points_of(rows, nodes)
        seen = len(rows) // count
        if seen > len(self.points) // 6:
            return None, seen
        values = self._metric.surrogates(x[:, rows], self._columns[:, places])
        kept = values <= farthest[rows]
        return select(rows[kept], values[kept], places[kept], count, k, ordered), seen

    def distances(self, x: Floats) -> Floats:
        """Return the distances of rows, given as shape (d, n, 1), to all points: (n, n_train)."""
        return self._metric.distances(x, self._columns[:, None, :])

    def _closest(self, x: Floats, nodes: Positions, level: int, k: int) -> Positions:
        """Return for each row a node close to it, as far below these as all have k points."""
        goal = min(self._depth, (len(self.points) // k).bit_length() - 1)
        if goal <= level:
            return ((nodes + 1) >> (level - goal)) - 1
        for _ in range(level, goal):
            left, right = 2 * nodes + 1, 2 * nodes + 2
            nodes = np.where(self._lower(x, left) <= self._lower(x, right), left, right)
        return nodes

    def _farthest(self, x: Floats, nodes: Positions, k: int) -> Floats:
        """Return for each row a surrogate within which there are k points: of a node."""
        width = int((self.stops[nodes] - self.starts[nodes]).min())
        places = self.starts[nodes] + np.arange(width)[:, None]
        values = self._metric.surrogates(x[:, None, :], self._columns[:, places])
        return np.asarray(np.partition(values, k - 1, axis=0)[k - 1])

    def _points_of(self, rows: Positions, nodes: Positions) -> tuple[Positions, Positions]:
        """Return the points of nodes, with each node's row repeated."""
        starts, counts = self.starts[nodes], self.stops[nodes] - self.starts[nodes]
        ends = np.cumsum(counts)
        places = np.arange(ends[-1] if len(ends) else 0)
        return np.repeat(rows, counts), places + np.repeat(starts - (ends - counts), counts)

    def _by_all(self, x: Floats, k: int, *, ordered: bool) -> Nearest:
        """Return the nearest out of the distances to all points."""
        if self._metric.name != "euclidean":
            values = self._metric.surrogates(x[:, :, None], self._columns[:, None, :])
            return smallest(values, k, ordered=ordered)
        rows, values, places = self._up_to(x, lambda roughly, _: limits(roughly, k))
        return select(rows, values, places, x.shape[1], k, ordered)

    def _up_to(self, x: Floats, limit: Limit) -> tuple[Positions, Floats, Positions]:
        """Return rows, surrogates and points, for each row all that are not surely beyond a limit.

        A product of matrices tells which are, but for its rounding.

        Parameters
        ----------
        x : shape (d, n)
        limit : Limit
        """
        mean, points, norms, longest = self._centred
        centred = x.T - mean
        roughly = _product(centred, points)
        roughly += norms
        lengths = np.vecdot(centred, centred)
        bound = limit(roughly, lengths) + 1e-14 * (len(x) + 8) * (lengths + longest)
        beyond = roughly > bound[:, None]
        # Not "roughly <= …": of NaN nothing is sure.
        found = np.flatnonzero(np.logical_not(beyond, out=beyond))
        rows = found // len(norms)
        places = found - rows * len(norms)
        return rows, self._metric.surrogates(x[:, rows], self._columns[:, places]), places

    def _traversed(self, X: Floats, k: int) -> tuple[Floats, Positions]:
        """Return the nearest as a tree's walk finds them: ``_query_single_depthfirst``."""
        size = max(1, min(1024, _PAIRS // len(self.starts)))
        parts = [
            _Walk(self, np.ascontiguousarray(X[start : start + size].T), k).walked()
            for start in range(0, len(X), size)
        ]
        return joined(parts)

    def within(self, X: Any, radius: float) -> Within:
        """Return the training rows within a radius of each row of X: ``_query_radius_single``."""
        X = X.astype(np.float64, copy=False)
        size = 256 if self._walks_to_radius else max(1, _MULTIPLIED // len(self.points))
        blocks = [slice(start, start + size) for start in range(0, len(X), size)]
        with np.errstate(over="ignore", invalid="ignore"):
            found = [self._all_within(np.ascontiguousarray(X[rows].T), radius) for rows in blocks]
        return stacked(found, blocks)

    def _all_within(self, x: Floats, radius: float) -> Within:
        if self._walks_to_radius:
            return self._walked_within(x, radius)
        slack = _SLACK * (radius + self._spread)
        least = self._metric.surrogate(np.fmax(radius - slack, 0.0))
        most = self._metric.surrogate(np.asarray(radius + slack))
        rows, values, places = self._up_to(x, lambda _, lengths: most - lengths)
        kept = values <= self._metric.surrogate(np.asarray(radius))
        found = as_within(
            rows[kept], self._metric.distance(values[kept]), self.index[places[kept]], x.shape[1]
        )
        # The walk rounds the distances of nodes, so there it may find points that are too far
        # away, or lose some.
        unsure = np.unique(rows[~(values < least) & ~(values > most)])
        if not unsure.size:
            return found
        return _replaced(found, unsure, self._walked_within(x[:, unsure], radius))

    @property
    def _walks_to_radius(self) -> bool:
        """Whether the walk through the tree looks at less than all distances are."""
        return self._metric.name != "euclidean" or len(self.points) > _FEW_POINTS

    @cached_property
    def _spread(self) -> float:
        """The largest of the lengths from which distances to nodes are computed."""
        return 0.0

    def _walked_within(self, x: Floats, radius: float) -> Within:
        rows = np.arange(x.shape[1])
        nodes = np.zeros_like(rows)
        inside: list[tuple[Positions, Positions]] = []
        for level in range(self._depth + 1):
            least, most = self.bounds(x[:, rows], nodes)
            whole = ~(least > radius) & (most <= radius)
            inside.append((rows[whole], nodes[whole]))
            cut = ~(least > radius) & ~whole
            rows, nodes = rows[cut], nodes[cut]
            if level < self._depth:
                rows, nodes = _children(rows, nodes)
        return self._gathered(x, inside, rows, nodes, radius)

    def _gathered(
        self,
        x: Floats,
        inside: Sequence[tuple[Positions, Positions]],
        rows: Positions,
        nodes: Positions,
        radius: float,
    ) -> Within:
        """Return the points of nodes that are inside, and those inside of leaves that are cut."""
        pairs = [self._points_of(*part) for part in (*inside, (rows, nodes))]
        n_cut = len(pairs[-1][0])
        rows, places = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        values = self._metric.surrogates(x[:, rows], self._columns[:, places])
        kept = values <= self._metric.surrogate(np.asarray(radius))
        kept[: len(kept) - n_cut] = True
        order = np.lexsort((places[kept], rows[kept]))
        rows, places, values = rows[kept][order], places[kept][order], values[kept][order]
        return as_within(rows, self._metric.distance(values), self.index[places], x.shape[1])

    def least(self, x: Floats, nodes: Positions) -> Floats:
        """Return the surrogates of the least distances to nodes, as scikit-learn rounds them."""
        raise NotImplementedError(type(self).__name__)

    def bounds(self, x: Floats, nodes: Positions) -> tuple[Floats, Floats]:
        """Return the least and the largest distances to nodes, as scikit-learn rounds them.

        Parameters
        ----------
        x : shape (d, …)
        nodes : a shape that broadcasts with the rest of x's
        """
        raise NotImplementedError(type(self).__name__)

    def _lower(self, x: Floats, nodes: Positions) -> Floats:
        """Return surrogates that are surely not above the least distances to nodes.

        Parameters
        ----------
        x : shape (d, …)
        nodes : a shape that broadcasts with the rest of x's
        """
        raise NotImplementedError(type(self).__name__)


def _product(X: Floats, Y: Floats) -> Floats:
    """Return ``X @ Y``, by parts that OpenBLAS leaves to one thread.

    This may be one of several threads, which would wait for each other's.
    """
    step = min(len(X), KERNEL_ROWS)
    size = max(64, ONE_THREAD // (step * len(Y)))
    product = np.empty((len(X), Y.shape[1]))
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        for left in range(0, Y.shape[1], size):
            columns = slice(left, left + size)
            np.matmul(X[rows], Y[:, columns], out=product[rows, columns])
    return product


def _replaced(found: Within, rows: Positions, others: Within) -> Within:
    """Return what was found, with that of others for some rows, which ascend."""
    kept = ~np.isin(found.rows, rows)
    of = np.concatenate([found.rows[kept], rows[others.rows]])
    distances = np.concatenate([found.distances[kept], others.distances])
    indices = np.concatenate([found.indices[kept], others.indices])
    order = np.argsort(of, kind="stable")
    return as_within(of[order], distances[order], indices[order], len(found.counts))


@dataclass(frozen=True, eq=False)
class KDTreeSearch(_TreeSearch):
    """A search through a tree of boxes: the mirror of ``KDTree``.

    Parameters
    ----------
    lower, upper : shape (n_nodes, d), the boxes' sides
    """

    lower: Floats
    upper: Floats

    @cached_property
    def _sides(self) -> tuple[Floats, Floats]:
        return np.ascontiguousarray(self.lower.T), np.ascontiguousarray(self.upper.T)

    def _lower(self, x: Floats, nodes: Positions) -> Floats:
        lower, upper = self._sides
        gaps = np.maximum(lower[:, nodes] - x, x - upper[:, nodes])
        np.maximum(gaps, 0.0, out=gaps)
        if self._power == 1:
            total = gaps.sum(axis=0)
        elif self._power == np.inf:
            total = gaps.max(axis=0)
        else:
            total = (gaps * gaps if self._power == 2 else gaps**self._power).sum(axis=0)
        return np.asarray(total * (1 - _SLACK))

    @cached_property
    def _power(self) -> float:
        powers = {"euclidean": 2.0, "manhattan": 1.0, "chebyshev": np.inf}
        return powers.get(self._metric.name, self._metric.p)

    def least(self, x: Floats, nodes: Positions) -> Floats:
        """Return the surrogates of the least distances to nodes: ``min_rdist``."""
        total = self._zeros(x, nodes)
        for below, above in self._gaps(x, nodes):
            self._add(total, _outside(below, above))
        return total

    def bounds(self, x: Floats, nodes: Positions) -> tuple[Floats, Floats]:
        """Return the least and the largest distances to boxes: ``min_max_dist``."""
        least, most = self._zeros(x, nodes), self._zeros(x, nodes)
        for below, above in self._gaps(x, nodes):
            self._add(least, _outside(below, above))
            self._add(most, np.fmax(np.abs(below), np.abs(above)))
        if self._power == np.inf:
            return least, most
        return _power(least, 1.0 / self._power), _power(most, 1.0 / self._power)

    def _zeros(self, x: Floats, nodes: Positions) -> Floats:
        return np.zeros(np.broadcast_shapes(x.shape[1:], nodes.shape))

    def _gaps(self, x: Floats, nodes: Positions) -> Iterator[tuple[Floats, Floats]]:
        """Yield how far rows are below and above boxes, some features (g, …) at a time."""
        lower, upper = self._sides
        nodes = nodes[(None,) * (x.ndim - 1 - nodes.ndim)]
        size = max(1, _NUMBERS // max(1, x[0].size, nodes.size))
        for start in range(0, len(x), size):
            some = slice(start, start + size)
            yield lower[some, nodes] - x[some], x[some] - upper[some, nodes]

    def _add(self, total: Floats, gaps: Floats) -> None:
        """Add the gaps of some features to surrogates, one feature after the other."""
        farthest = self._power == np.inf
        terms, add = (gaps, np.fmax) if farthest else (_power(gaps, self._power), np.add)
        if total.size > 1:
            add(terms[0], total, out=terms[0])
            add.reduce(terms, axis=0, out=total)
        else:  # numpy adds up a lone column in an order of its own
            for term in terms:
                add(total, term, out=total)


@dataclass(frozen=True, eq=False)
class BallTreeSearch(_TreeSearch):
    """A search through a tree of balls: the mirror of ``BallTree``.

    Parameters
    ----------
    centres : shape (n_nodes, d)
    radii : shape (n_nodes,)
    """

    centres: Floats
    radii: Floats

    @cached_property
    def _spread(self) -> float:
        return 2 * float(self.radii.max())

    @cached_property
    def _centre_columns(self) -> Floats:
        return np.ascontiguousarray(self.centres.T)

    def _to_centres(self, x: Floats, nodes: Positions) -> Floats:
        return self._metric.distances(x, self._centre_columns[:, nodes])

    def _lower(self, x: Floats, nodes: Positions) -> Floats:
        distances = self._to_centres(x, nodes) * (1 - _SLACK)
        return self._metric.surrogate(np.fmax(0.0, distances - self.radii[nodes] * (1 + _SLACK)))

    def least(self, x: Floats, nodes: Positions) -> Floats:
        """Return the surrogates of the least distances to nodes: ``min_rdist``."""
        return self._metric.surrogate(np.fmax(0.0, self._to_centres(x, nodes) - self.radii[nodes]))

    def bounds(self, x: Floats, nodes: Positions) -> tuple[Floats, Floats]:
        """Return the least and the largest distances to balls: ``min_max_dist``."""
        distances, radii = self._to_centres(x, nodes), self.radii[nodes]
        return np.fmax(0.0, distances - radii), distances + radii


class _Walk:
    """The walk of some rows through a tree, each in its own order, nearer children first.

    Parameters
    ----------
    tree : _TreeSearch
    x : shape (d, n)
    k : int
    """

    def __init__(self, tree: _TreeSearch, x: Floats, k: int) -> None:
        self.tree = tree
        self.x = x
        self.depth = tree._depth
        self.least = tree.least(x[:, :, None], np.arange(len(tree.starts))[None])
        self.leaves = self._order()
        self.heaps = Heaps(x.shape[1], k, np.inf)

    def _order(self) -> Positions:
        """Return each row's leaves, shape (n, 2**depth), in the order of its walk."""
        ranks = np.zeros((self.x.shape[1], 1), dtype=np.intp)
        for level in range(self.depth):
            children = self.least[:, 2 ** (level + 1) - 1 : 2 ** (level + 2) - 1]
            left_first = children[:, 0::2] <= children[:, 1::2]
            both = np.stack([2 * ranks + ~left_first, 2 * ranks + left_first], axis=2)
            ranks = both.reshape(len(ranks), -1)
        return np.argsort(ranks, axis=1)

    def walked(self) -> tuple[Floats, Positions]:
        """Return the surrogates and positions of the nearest, the smallest first."""
        live = np.arange(self.x.shape[1])
        steps = np.zeros(len(live), dtype=np.intp)
        while live.size:
            leaves = self.leaves[live, steps[live]]
            skipped = self._skipped(live, leaves, steps[live])
            self._visit(live[skipped == 0], leaves[skipped == 0])
            steps[live] += np.maximum(skipped, 1)
            live = live[steps[live] < 2**self.depth]
        return self.heaps.in_order()

    def _skipped(self, rows: Positions, leaves: Positions, steps: Positions) -> Positions:
        """Return how many leaves are skipped: those of the highest node now entered that is far.

        A node is entered with the first of its leaves.
        """
        heights = np.arange(self.depth, -1, -1)
        nodes = (leaves[:, None] >> heights) + (2 ** (self.depth - heights) - 1)
        far = self.least[rows[:, None], nodes] > self.heaps.values[rows, :1]
        entered = (steps[:, None] & (2**heights - 1)) == 0
        far &= entered
        return np.where(far.any(axis=1), 2 ** heights[far.argmax(axis=1)], 0)

    def _visit(self, rows: Positions, leaves: Positions) -> None:
        nodes = leaves + 2**self.depth - 1
        sizes = self.tree.stops[nodes] - self.tree.starts[nodes]
        for size in np.unique(sizes):
            alike = sizes == size
            places = self.tree.starts[nodes[alike]][:, None] + np.arange(size)
            values = self.tree._metric.surrogates(
                self.x[:, rows[alike], None], self.tree._columns[:, places]
            )
            self.heaps.push(rows[alike], values, self.tree.index[places])


def _children(rows: Positions, nodes: Positions) -> tuple[Positions, Positions]:
    """Return both children of each node, with its row repeated."""
    return np.repeat(rows, 2), (2 * nodes[:, None] + np.array([1, 2])).ravel()


def _outside(below: Floats, above: Floats) -> Floats:
    """Return how far outside rows are that are so far below and above; 0 inside."""
    below, above = below + np.abs(below), above + np.abs(above)
    below += above
    below *= 0.5
    return below


def _power(values: Floats, power: float) -> Floats:
    """Return ``pow`` of each value, as the C library rounds it; numpy has ways of its own."""
    return np.power(values, np.full_like(values, power)) if power != 1 else values
