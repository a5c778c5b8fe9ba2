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
from handler.engine.links import logsumexp
from handler.engine.table import Floats, Inputs
from handler.engine.tree_searches import BallTreeSearch, KDTreeSearch

# Rows whose distances to all training rows and nodes are looked at together, at most.
_ROWS = 1024
# Rounding errors that scikit-learn's bounds leave behind matter from this share of a density on.
_NEGLIGIBLE = 1e-14
_EPSILON = float(np.finfo(np.float64).eps)

# The logarithms of kernels of a distance and a bandwidth, of arrays by numpy and of numbers by
# the C library, which scikit-learn asks too; and whether a kernel ends at the bandwidth.
type _Kernel = Callable[[Any, float, Any], Any]
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
    tree : KDTreeSearch | BallTreeSearch
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
        sums = [self._sums(values[rows]) for rows in row_blocks(len(values), width, _ROWS)]
        return np.asarray(np.concatenate(sums) + self.log_norm - self.log_totals[0])

    def _sums(self, X: Floats) -> Floats:
        """Return the logarithms of the kernels' weighted sums, shape (n,)."""
        x = np.ascontiguousarray(X.T)[:, :, None]
        # Kernels are 0, whose logarithm is minus infinity, where training is too far away.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            kernels = self._kernels(self.tree.distances(x))
            if self.log_weights is not None:
                kernels += self.log_weights
            sums = logsumexp(kernels)
            if len(self.tree.starts) == 1:
                return sums
            least, most = self.tree.bounds(x, self._nodes)
            for row in self._inexact(sums, least):
                sums[row] = _Walk(self, kernels[row], least[row], most[row]).sum()
        return sums

    def _kernels(self, distances: Floats) -> Floats:
        compute, ends = _KERNELS[self.kernel]
        kernels = compute(distances, self.bandwidth, np)
        return np.where(distances < self.bandwidth, kernels, -np.inf) if ends else kernels

    @cached_property
    def _nodes(self) -> NDArray[np.intp]:
        return np.arange(len(self.tree.starts))

    def _inexact(self, sums: Floats, least: Floats) -> Sequence[int]:
        """Return the rows for which scikit-learn's walk through the tree answers otherwise.

        It subtracts bounds of nodes from their sum, where rounding errors of the largest remain.
        """
        if max(self.log_atol, self.log_rtol) > -math.inf:
            return range(len(sums))
        largest = logsumexp(self.log_totals + self._kernels(least))
        errors = 8 * len(self.tree.starts) * _EPSILON * (1 + np.abs(largest))
        exact = sums > largest + np.log(errors / _NEGLIGIBLE)
        return np.flatnonzero(~exact & (largest > -np.inf)).tolist()


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
        self.highest = self._bounds(self.least)
        self.lowest = self._bounds(most.tolist())
        self.n_inner = len(least) // 2
        starts = density.tree.starts[self.n_inner :].tolist()
        leaves = np.split(kernels, starts[1:])
        self.sums = [float(logsumexp(leaf[None])[0]) for leaf in leaves]

    def _bounds(self, distances: list[float]) -> list[float]:
        """Return the logarithms of nodes' sums as if all their points were at a distance."""
        compute, ends = _KERNELS[self.density.kernel]
        width = self.density.bandwidth
        return [
            -math.inf if ends and not distance < width else total + compute(distance, width, math)
            for distance, total in zip(distances, self.totals, strict=True)
        ]

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
    most = max(x, y)
    return most if most == -math.inf else most + math.log(math.exp(x - most) + math.exp(y - most))


def _less(x: float, y: float) -> float:
    """Return ``log(exp(x) - exp(y))``, rounded as ``logsubexp`` of scikit-learn's trees is."""
    left = 1 - math.exp(y - x) if x > y else 0.0
    return x + math.log(left) if left > 0 else -math.inf
