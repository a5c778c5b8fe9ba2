"""Densities that kernels around the training rows add up to."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite_numbers
from handler.engine.distances import row_blocks
from handler.engine.heaps import Positions
from handler.engine.table import Floats, Inputs
from handler.engine.tree_searches import BallTreeSearch, KDTreeSearch

# Rows whose distances to all training rows and nodes are looked at together, at most.
_ROWS = 1024
# Of so few rows, each is walked alone.
_FEW = 8
# Rounding errors that scikit-learn's bounds leave behind matter from this share of a density on.
_NEGLIGIBLE = 1e-14
_EPSILON = float(np.finfo(np.float64).eps)
# What is so much less, as a logarithm, adds nothing to 1.
_LOST = 38.0


class _C:
    """Functions as the C library rounds them; numpy has ways of its own on some machines."""

    @staticmethod
    def exp(values: Floats) -> Floats:
        """Return the exponentials, shape (n,)."""
        return np.fromiter(map(math.exp, values.tolist()), np.float64, len(values))

    @staticmethod
    def log(values: Floats) -> Floats:
        """Return the logarithms, shape (n,)."""
        return np.fromiter(map(_log, values.tolist()), np.float64, len(values))

    @staticmethod
    def cos(values: Floats) -> Floats:
        """Return the cosines, shape (n,)."""
        return np.fromiter(map(math.cos, values.tolist()), np.float64, len(values))


# The logarithms of kernels of distances, a bandwidth, and functions that are numpy's or C's; and
# whether a kernel ends at the bandwidth.
type _Kernel = Callable[[Floats, float, Any], Floats]
_KERNELS: dict[str, tuple[_Kernel, bool]] = {
    "gaussian": (lambda d, h, _: -0.5 * (d * d) / (h * h), False),
    "exponential": (lambda d, h, _: -d / h, False),
    "tophat": (lambda d, h, _: 0.0 * d, True),
    "epanechnikov": (lambda d, h, c: c.log(1.0 - (d * d) / (h * h)), True),
    "linear": (lambda d, h, c: c.log(1 - d / h), True),
    "cosine": (lambda d, h, c: c.log(c.cos(0.5 * math.pi * d / h)), True),
}


@dataclass(frozen=True, eq=False)
class KernelDensity(Evaluator):
    """Logarithms of densities: the mirror of ``KernelDensity``.

    Parameters
    ----------
    tree : KDTreeSearch or BallTreeSearch
    kernel : a key of ``_KERNELS``
    bandwidth : float
    log_norm : float
        The logarithm of what makes the kernel's integral 1.
    log_weights : shape (n_train,), in the order of the tree's points; None for equal weights
    log_totals : shape (n_nodes,), the logarithms of the weights of each node's points together
    log_atol, log_rtol : float
        The logarithms of the errors that the walk may leave; minus infinity for none.
    breadth_first : bool
        Whether the walk takes the nearest node next, not a child of the last.
    """

    tree: KDTreeSearch | BallTreeSearch
    kernel: str
    bandwidth: float
    log_norm: float
    log_weights: Floats | None
    log_totals: Floats
    log_atol: float
    log_rtol: float
    breadth_first: bool

    def score_samples(self, X: Inputs) -> Floats:
        """Return the logarithms of the rows' densities, shape (n,)."""
        values = as_finite_numbers(X).astype(np.float64, copy=False)
        width = len(self.tree.points) + len(self.tree.starts)
        # Kernels are 0, whose logarithm is minus infinity, where training is too far away.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            sums = [self._sums(values[rows]) for rows in row_blocks(len(values), width, _ROWS)]
        return np.asarray(np.concatenate(sums) + self.log_norm - self.log_totals[0])

    def _sums(self, X: Floats) -> Floats:
        """Return the logarithms of the kernels' weighted sums, shape (n,)."""
        x = np.ascontiguousarray(X.T)[:, :, None]
        kernels = self._kernels(self.tree.distances(x))
        if self.log_weights is not None:
            kernels += self.log_weights
        sums = _log_sums(kernels)
        if len(self.tree.starts) > 1:
            self._spoil(sums, kernels, *self.tree.bounds(x, self._nodes))
        return sums

    def _spoil(self, sums: Floats, kernels: Floats, least: Floats, most: Floats) -> None:
        """Make exact sums those that scikit-learn's walk through the tree finds.

        It subtracts nodes' bounds from their sum, of which rounding errors remain; and it stops
        where no more than an error lacks.
        """
        if max(self.log_atol, self.log_rtol) > -math.inf:
            walked = np.arange(len(sums))
        else:
            rows = self._inexact(sums, least)
            left = self._left(least[rows], most[rows, 0])
            sums[rows] = _more_of_all(sums[rows], left - math.log(2))
            walked = rows[np.isnan(left)]
        for row in walked:
            sums[row] = _Walk(self, kernels[row], least[row], most[row]).sum()

    def _kernels(self, distances: Floats) -> Floats:
        compute, ends = _KERNELS[self.kernel]
        kernels = compute(distances, self.bandwidth, np)
        return np.where(distances < self.bandwidth, kernels, -np.inf) if ends else kernels

    @cached_property
    def _nodes(self) -> Positions:
        return np.arange(len(self.tree.starts))

    def _inexact(self, sums: Floats, least: Floats) -> Positions:
        """Return the rows whose sums may be so small that rounding errors of bounds matter.

        Of few rows all: they are walked as fast as looked at.
        """
        if len(sums) <= _FEW:
            return np.arange(len(sums))
        largest = _log_sums(self.log_totals + self._kernels(least))
        errors = 8 * len(self.tree.starts) * _EPSILON * (1 + np.abs(largest))
        exact = sums > largest + np.log(errors / _NEGLIGIBLE)
        return np.flatnonzero(~exact & (largest > -np.inf))

    def _left(self, least: Floats, farthest: Floats) -> Floats:
        """Return the logarithms of what a walk to the nearest node next leaves of its bounds.

        NaN where the order of the walk is not told by the distances alone, or it stops early.

        Parameters
        ----------
        least : shape (n, n_nodes), the least distances to the nodes
        farthest : shape (n,), the largest distances to the root
        """
        left = np.full(len(least), np.nan)
        if self.breadth_first:
            # So scikit-learn has it: of the nodes below the root, bounds of the whole sum.
            spreads = self.bounds(least)
            spreads[:, 0] = _less_of_all(spreads[:, 0], self.bounds(farthest, 0))
            if len(least) <= _FEW:
                pairs = zip(least.tolist(), spreads.tolist(), strict=True)
                left[:] = [_left(*pair) for pair in pairs]
            else:
                order = least.argsort(axis=1, kind="stable")
                clear = self._is_clear(least, order)
                left[clear] = _left_of_all(order[clear], spreads[clear])
        return left

    def _is_clear(self, least: Floats, order: Positions) -> NDArray[np.bool_]:
        """Whether nodes come in the order of their distances, parents first, for each row."""
        sorted_ = np.take_along_axis(least, order, axis=1)
        is_child = (order[:, 1:] - 1) // 2 == order[:, :-1]
        parents = (self._nodes[1:] - 1) // 2
        nested = (least[:, 1:] >= least[:, parents]).all(axis=1)
        return np.asarray(nested & ((sorted_[:, 1:] > sorted_[:, :-1]) | is_child).all(axis=1))

    def bounds(self, distances: Floats, node: int | slice = slice(None)) -> Floats:
        """Return the logarithms of sums of kernels as if all points of a node were so far away.

        Parameters
        ----------
        distances : shape (n, n_nodes), or (n,) to one node
        node : int or slice, the nodes
        """
        compute, ends = _KERNELS[self.kernel]
        if not ends:
            return np.asarray(self.log_totals[node] + compute(distances, self.bandwidth, _C))
        kernels = np.full(distances.shape, -np.inf)
        inside = distances < self.bandwidth
        kernels[inside] = compute(distances[inside], self.bandwidth, _C)
        return np.asarray(self.log_totals[node] + kernels)


def _log_sums(logs: Floats) -> Floats:
    """Return the logarithms of sums of what has these logarithms, shape (n,)."""
    largest = logs.max(axis=1)
    largest = np.where(np.isfinite(largest), largest, 0.0)
    return np.asarray(np.log(np.exp(logs - largest[:, None]).sum(axis=1)) + largest)


def _left(least: list[float], spreads: list[float]) -> float:
    """Return the logarithm of what a walk leaves of bounds; NaN where a glance does not tell.

    Parameters
    ----------
    least, spreads : of each node, its distance and the logarithm of its bound
    """
    left, n_inner, last = spreads[0], len(spreads) // 2, 0
    for node in sorted(range(len(least)), key=least.__getitem__):
        parent = (node - 1) // 2
        if node and (
            least[node] < least[parent] or (least[node] == least[last] and parent != last)
        ):
            return math.nan
        last = node
        if spreads[node] == -math.inf:
            continue
        if left == -math.inf:
            return math.nan
        left = _less(left, spreads[node])
        if node < n_inner:
            left = _more(_more(left, spreads[2 * node + 1]), spreads[2 * node + 2])
    return left


def _left_of_all(order: Positions, spreads: Floats) -> Floats:
    """Return ``_left`` of rows whose nodes come in this order, shape (n,)."""
    left, n_inner = spreads[:, 0].copy(), spreads.shape[1] // 2
    early = np.zeros(len(left), dtype=bool)
    for nodes in order.T:
        rows = np.flatnonzero(spreads[np.arange(len(left)), nodes] > -np.inf)
        nodes = nodes[rows]
        early[rows] |= left[rows] == -np.inf
        after = _less_of_all(left[rows], spreads[rows, nodes])
        inner = np.flatnonzero(nodes < n_inner)
        for child in (2 * nodes[inner] + 1, 2 * nodes[inner] + 2):
            after[inner] = _more_of_all(after[inner], spreads[rows[inner], child])
        left[rows] = after
    left[early] = np.nan
    return left


class _Walk:
    """The walk of a row through the tree: ``_kde_single_breadthfirst`` and ``…_depthfirst``.

    It keeps a lower bound of the sum of kernels and a bound of what that may lack, both as
    logarithms, and makes them exact node by node.

    Parameters
    ----------
    density : KernelDensity
    kernels : shape (n_train,), the logarithms of the points' weighted kernels
    least, most : shape (n_nodes,), the distances to the nodes
    """

    def __init__(
        self, density: KernelDensity, kernels: Floats, least: Floats, most: Floats
    ) -> None:
        self.density = density
        self.totals: list[float] = density.log_totals.tolist()
        self.least: list[float] = least.tolist()
        self.highest: list[float] = density.bounds(least[None])[0].tolist()
        self.lowest: list[float] = density.bounds(most[None])[0].tolist()
        self.n_inner = len(least) // 2
        leaves = np.split(kernels, density.tree.starts[self.n_inner + 1 :])
        self.sums = [float(_log_sums(leaf[None])[0]) for leaf in leaves]

    def sum(self) -> float:
        """Return the logarithm of the sum of kernels."""
        differences = [_less(*pair) for pair in zip(self.highest, self.lowest, strict=True)]
        if self.density.breadth_first:
            # So scikit-learn has it: of the nodes below the root, bounds of the whole sum.
            return self._sum(_Queue(self.least), [differences[0], *self.highest[1:]])
        return self._sum([], differences)

    def _sum(self, waiting: "list[int] | _Queue", spreads: list[float]) -> float:
        low, spread = self.lowest[0], spreads[0]
        waiting.append(0)
        while waiting:
            node = waiting.pop()
            share = self.density.log_norm + spreads[node] - self.totals[node] + self.totals[0]
            if self._is_enough(share, self.lowest[node]):
                continue
            if self._is_enough(self.density.log_norm + spread, low):
                break
            low, spread = _less(low, self.lowest[node]), _less(spread, spreads[node])
            if node >= self.n_inner:
                low = _more(low, self.sums[node - self.n_inner])
                continue
            left, right = 2 * node + 1, 2 * node + 2
            low = _more(_more(low, self.lowest[left]), self.lowest[right])
            spread = _more(_more(spread, spreads[left]), spreads[right])
            # The last of a list is the next.
            for child in (right, left) if isinstance(waiting, list) else (left, right):
                waiting.append(child)
        return _more(low, spread - math.log(2))

    def _is_enough(self, lacking: float, low: float) -> bool:
        density = self.density
        return lacking <= _more(density.log_atol, density.log_rtol + density.log_norm + low)


class _Queue:
    """Nodes by their distances, the nearest first: the mirror of ``NodeHeap``.

    Of equally near ones the heap's own order tells which is the first, as it does there.
    """

    def __init__(self, distances: Sequence[float]) -> None:
        self.distances = distances
        self.heap: list[int] = []

    def __len__(self) -> int:
        return len(self.heap)

    def append(self, node: int) -> None:
        """Add a node at the end, and let it rise."""
        heap, place = self.heap, len(self.heap)
        heap.append(node)
        while place > 0:
            parent = (place - 1) // 2
            if self._is_first(heap[parent], heap[place]):
                break
            heap[place], heap[parent] = heap[parent], heap[place]
            place = parent

    def pop(self) -> int:
        """Remove the first node; the last takes its place, and sinks."""
        heap = self.heap
        first, last = heap[0], heap.pop()
        if heap:
            heap[0] = last
        place = 0
        while (child := 2 * place + 1) < len(heap):
            if child + 1 < len(heap) and not self._is_first(heap[child], heap[child + 1]):
                child += 1
            if not self._is_first(heap[child], heap[place]):
                break
            heap[place], heap[child] = heap[child], heap[place]
            place = child
        return first

    def _is_first(self, node: int, other: int) -> bool:
        return self.distances[node] <= self.distances[other]


def _more(x: float, y: float) -> float:
    """Return ``log(exp(x) + exp(y))``, rounded as ``logaddexp`` of scikit-learn's trees is."""
    most, apart = (x, y - x) if x >= y else (y, x - y)
    # Of two zeros the logarithms are no number apart.
    return most + math.log(1.0 + math.exp(apart)) if apart > -_LOST else most


def _less(x: float, y: float) -> float:
    """Return ``log(exp(x) - exp(y))``, rounded as ``logsubexp`` of scikit-learn's trees is."""
    return x + _log(1 - math.exp(y - x)) if x > y else -math.inf


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _more_of_all(x: Floats, y: Floats) -> Floats:
    """Return ``_more`` of each pair, shape (n,)."""
    most = np.maximum(x, y)
    apart = np.minimum(x, y) - most
    near = np.flatnonzero(apart > -_LOST)
    most[near] += _C.log(1.0 + _C.exp(apart[near]))
    return most


def _less_of_all(x: Floats, y: Floats) -> Floats:
    """Return ``_less`` of each pair, shape (n,)."""
    left = np.full(len(x), -np.inf)
    more = np.flatnonzero(x > y)
    left[more] = x[more] + _C.log(1.0 - _C.exp(y[more] - x[more]))
    return left
