"""The k smallest of many numbers, and which of equal ones they are.

scikit-learn pushes one distance after the other onto a max-heap of k. Where all distances
differ, any way to select finds the same ones; where some are equal, those stay that the heap
kept, and that depends on the order of all pushes. So ``smallest`` selects fast and tells in
which rows equal values meet at the boundary; for those rows ``Heaps`` does as the heap does.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Floats

type Positions = NDArray[np.intp]

# Values that are this close may come in any order where they were rounded differently.
_CLOSE = 1e-10
# The heap's sort is stable up to this many elements (it inserts one after the other).
_STABLE = 15
_GROUPS = 64
# So few rows are pushed one after the other.
_FEW = 8


class Nearest(NamedTuple):
    """The k smallest values of each row.

    ``values`` and ``indices`` have the shape (n, k), the smallest first. ``tied`` (n,) tells
    where the selection or, if it was asked for, the order is up to the heap.
    """

    values: Floats
    indices: Positions
    tied: NDArray[np.bool_]


def smallest(values: Floats, k: int, *, ordered: bool) -> Nearest:
    """Return the k smallest values of each row.

    Parameters
    ----------
    values : shape (n, m), m >= k; those below 0 count as 0
    k : int
    ordered : bool
        Whether a row counts as tied also where equal values are among its smallest.
    """
    n_rows, n_values = values.shape
    # Rounding may leave distances a little below 0, which count as 0.
    found = np.flatnonzero(values <= np.maximum(limits(values, k), 0.0)[:, None])
    rows = found // n_values
    least = np.maximum(values.ravel()[found], 0.0)
    nearest = select(rows, least, found - rows * n_values, n_rows, k, ordered)
    # NaN compares with nothing; the heap takes it in.
    return nearest._replace(tied=nearest.tied | np.isnan(values.min(axis=1)))


def limits(values: Floats, k: int) -> Floats:
    """Return a number for each row that more than k of its values do not exceed.

    Only few more are below it: of groups of values so many have one up to it.

    Parameters
    ----------
    values : shape (n, m); all of them are, where m <= k
    k : int
    """
    n_rows, n_values = values.shape
    groups = max(_GROUPS, 4 * (k + 1))
    width = n_values // groups
    if width < 8:
        kth = min(k, n_values - 1)
        return np.asarray(np.partition(values, kth, axis=1)[:, kth])
    # A group's values lie apart, for numpy is faster where the least are found side by side.
    grouped = values[:, : width * groups].reshape(n_rows, width, groups)
    return np.asarray(np.partition(grouped.min(axis=1), k, axis=1)[:, k])


def select(
    rows: Positions, values: Floats, indices: Positions, n_rows: int, k: int, ordered: bool
) -> Nearest:
    """Return the k smallest of each row's values.

    Parameters
    ----------
    rows, values, indices : shape (m,), the rows in order
        Each row's values, with the index of each.
    n_rows, k : int
    ordered : as for ``smallest``
    """
    counts = np.bincount(rows, minlength=n_rows)
    # Of rows with very many equal values, some are enough to see that they are equal.
    most = max(k + 1, min(int(counts.max(initial=0)), 8 * k + 64))
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    if most < counts.max(initial=0):
        kept = places < most
        rows, values, indices, places = rows[kept], values[kept], indices[kept], places[kept]
    table = np.full((n_rows, most), np.inf)
    table[rows, places] = values
    names = np.zeros((n_rows, most), dtype=np.intp)
    names[rows, places] = indices
    nearest = _first(table, names, k, ordered=ordered)
    return nearest._replace(tied=nearest.tied | (counts > most))


def _first(values: Floats, indices: Positions, k: int, *, ordered: bool) -> Nearest:
    order = np.argsort(values, axis=1, kind="stable")[:, : k + 1]
    first = np.take_along_axis(values, order, axis=1)
    names = np.take_along_axis(indices, order, axis=1)
    return Nearest(first[:, :k], names[:, :k], _tied(first, k, ordered=ordered))


def _tied(first: Floats, k: int, *, ordered: bool) -> NDArray[np.bool_]:
    """Return where neighbours in the order are equal, or nearly so."""
    begin = 0 if ordered else k - 1
    before, after = first[:, begin:-1], first[:, begin + 1 :]
    with np.errstate(invalid="ignore"):
        close = ~(after > before + _CLOSE * np.abs(before))
    tied = close.any(axis=1)
    # What the heap begins with is as far as this; NaN is nowhere.
    return tied | ~(first[:, k - 1] < np.finfo(np.float64).max)


class Heaps:
    """Max-heaps of k values, one a row: the mirror of ``sklearn.utils._heap.heap_push``.

    Parameters
    ----------
    n_rows, size : int
    farthest : float
        What the heaps are full of at first, with the index 0.
    """

    def __init__(self, n_rows: int, size: int, farthest: float) -> None:
        self.size = size
        self.values = np.full((n_rows, size), farthest)
        self.indices = np.zeros((n_rows, size), dtype=np.intp)

    def push(self, rows: Positions, values: Floats, indices: Positions) -> None:
        """Push values, those of one row one after the other.

        Parameters
        ----------
        rows : shape (n,), all different
        values : shape (n, m)
        indices : a shape that broadcasts to (n, m)
        """
        indices = np.broadcast_to(indices, values.shape)
        if len(rows) <= _FEW:
            for row, some, names in zip(rows, values, indices, strict=True):
                self._push_row(row, some, names)
            return
        start = 0
        # The more were pushed the fewer of the next enter.
        while start < values.shape[1]:
            block = slice(start, start + max(start, self.size, 8))
            self._push_block(rows, values[:, block], indices[:, block])
            start = block.stop

    def _push_row(self, row: int, values: Floats, indices: Positions) -> None:
        """Push the values of one row by Python's own steps: numpy's are for many."""
        heap, names = self.values[row].tolist(), self.indices[row].tolist()
        start = 0
        while start < len(values):
            block = slice(start, start + max(start, self.size, 32))
            some, its = values[block], indices[block]
            # Once NaN is in a heap, larger values may enter than before.
            if not (np.isnan(some).any() or math.isnan(sum(heap))):
                entering = some < heap[0]
                some, its = some[entering], its[entering]
            for value, name in zip(some.tolist(), its.tolist(), strict=True):
                if not value >= heap[0]:
                    _replace_largest(heap, names, value, name)
            start = block.stop
        self.values[row], self.indices[row] = heap, names

    def _push_block(self, rows: Positions, values: Floats, indices: Positions) -> None:
        entering = ~(values >= self.values[rows, :1])
        # Once NaN is in a heap, larger values may enter than before.
        entering[np.isnan(values).any(axis=1) | np.isnan(self.values[rows]).any(axis=1)] = True
        where, columns = np.nonzero(entering)
        turns = np.arange(len(where)) - np.searchsorted(where, where)
        order = np.argsort(turns, kind="stable")
        for turn in np.split(order, np.cumsum(np.bincount(turns))[:-1]):
            row, column = where[turn], columns[turn]
            self._push_each(rows[row], values[row, column], indices[row, column])

    def _push_each(self, rows: Positions, values: Floats, indices: Positions) -> None:
        """Push one value onto each of these heaps, which are all different."""
        # Not "values < …": NaN enters.
        entering = ~(values >= self.values[rows, 0])
        rows, values, indices = rows[entering], values[entering], indices[entering]
        places = self._sink(rows, values)
        self.values[rows, places] = values
        self.indices[rows, places] = indices

    def _sink(self, rows: Positions, values: Floats) -> Positions:
        """Return the places that values find from the top, moving up what is larger."""
        places = np.zeros(len(rows), dtype=np.intp)
        live = np.arange(len(rows)) if self.size > 1 else places[:0]
        while live.size:
            row = rows[live]
            child = self._larger_child(row, 2 * places[live] + 1)
            sinks = values[live] < self.values[row, child]
            live, row, child = live[sinks], row[sinks], child[sinks]
            self.values[row, places[live]] = self.values[row, child]
            self.indices[row, places[live]] = self.indices[row, child]
            places[live] = child
            live = live[2 * child + 1 < self.size]
        return places

    def _larger_child(self, rows: Positions, left: Positions) -> Positions:
        right = np.minimum(left + 1, self.size - 1)
        keeps_left = (self.values[rows, left] >= self.values[rows, right]) | (right == left)
        return np.where(keeps_left, left, right)

    def in_order(self) -> tuple[Floats, Positions]:
        """Return the values and indices, the smallest first: ``simultaneous_sort``."""
        order = np.argsort(self.values, axis=1, kind="stable")
        for row in np.flatnonzero(self._sorted_unlike(order)):
            order[row] = _sorted(self.values[row].tolist())
        return (
            np.take_along_axis(self.values, order, axis=1),
            np.take_along_axis(self.indices, order, axis=1),
        )

    def _sorted_unlike(self, order: Positions) -> NDArray[np.bool_]:
        """Return the rows in which scikit-learn's sort is unlike a stable one."""
        values = np.take_along_axis(self.values, order, axis=1)
        unlike = np.isnan(values[:, -1])
        if self.size > _STABLE:
            unlike |= (values[:, 1:] == values[:, :-1]).any(axis=1)
        return unlike


def _replace_largest(heap: list[float], names: list[int], value: float, name: int) -> None:
    """Put a value in the place of the largest, the first, and let it sink."""
    place, child, size = 0, 1, len(heap)
    while child < size:
        if child + 1 < size and not heap[child] >= heap[child + 1]:
            child += 1
        if not value < heap[child]:
            break
        heap[place], names[place] = heap[child], names[child]
        place, child = child, 2 * child + 1
    heap[place], names[place] = value, name


def _sorted(values: list[float]) -> list[int]:
    """Return the order in which ``simultaneous_sort`` puts values: a quicksort, not stable."""
    order = list(range(len(values)))
    _quicksort(values, order, 0, len(values), 2 * (len(values).bit_length() - 1))
    return order


def _quicksort(values: list[float], order: list[int], low: int, high: int, depth: int) -> None:
    while high - low > _STABLE:
        if depth <= 0:
            _heapsort(values, order, low, high)
            return
        depth -= 1
        middle = _partition(values, order, low, high)
        _quicksort(values, order, low, middle, depth)
        low = middle + 1
    _insertion_sort(values, order, low, high)


def _partition(values: list[float], order: list[int], low: int, high: int) -> int:
    """Return the place of the pivot, the median of three; what is equal falls on both sides."""
    pivot = _median_to_end(values, order, low, high)
    i, j = low + 1, high - 2
    while True:
        while i <= j and values[i] < pivot:
            i += 1
        while i <= j and values[j] > pivot:
            j -= 1
        if i >= j:
            break
        _swap(values, order, i, j)
        i, j = i + 1, j - 1
    _swap(values, order, i, high - 1)
    return i


def _median_to_end(values: list[float], order: list[int], low: int, high: int) -> float:
    middle, last = low + (high - low) // 2, high - 1
    if values[low] > values[last]:
        _swap(values, order, low, last)
    if values[last] > values[middle]:
        _swap(values, order, last, middle)
        if values[low] > values[last]:
            _swap(values, order, low, last)
    return values[last]


def _heapsort(values: list[float], order: list[int], low: int, high: int) -> None:
    size = high - low
    for start in range((size - 2) // 2, -1, -1):
        _sift_down(values, order, low, start, size)
    for end in range(size - 1, 0, -1):
        _swap(values, order, low, low + end)
        _sift_down(values, order, low, 0, end)


def _sift_down(values: list[float], order: list[int], low: int, root: int, end: int) -> None:
    while True:
        largest = root
        for child in (2 * root + 1, 2 * root + 2):
            if child < end and values[low + largest] < values[low + child]:
                largest = child
        if largest == root:
            return
        _swap(values, order, low + root, low + largest)
        root = largest


def _insertion_sort(values: list[float], order: list[int], low: int, high: int) -> None:
    for i in range(low + 1, high):
        j = i
        while j > low and values[j - 1] > values[j]:
            _swap(values, order, j - 1, j)
            j -= 1


def _swap(values: list[float], order: list[int], i: int, j: int) -> None:
    values[i], values[j] = values[j], values[i]
    order[i], order[j] = order[j], order[i]
