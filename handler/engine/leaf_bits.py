"""Batches through small trees: a bit a leaf, in the place of a walk.

A row starts with all leaves of a tree possible. Each split that sends it right rules out the
leaves on its left; the first leaf that is left is the one where the walk would end. All splits
on one column answer together: one table per column has, for each interval between thresholds
(or each category), the leaves that stay possible in each tree. So a row costs one table row
a column, and none a level.

The method is QuickScorer (Lucchese et al., SIGIR 2015), with its masks tabulated by column.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array

if TYPE_CHECKING:
    from handler.engine.forest_walk import Forest

type _Integers = NDArray[np.integer[Any]]
type _Masks = NDArray[np.unsignedinteger[Any]]

# A bit a leaf.
_DTYPES = [np.dtype(name) for name in ("u1", "u2", "u4", "u8")]
# A group's tables grow with the square of its trees; so large, they take 8 MB at most.
_TABLE_BYTES = 1 << 23
# Rows' masks that are combined at once stay in the processor's cache.
_MASK_BYTES = 1 << 18
# Measured in nanoseconds: a step of the walk by float32 and by float64, a byte of a mask, and a
# search among thresholds.
_STEPS = {4: 4.7, 8: 6.5}
_BYTE, _SEARCH = 0.16, 50.0


class _Intervals(NamedTuple):
    """For each node, its leaves: how many, and the place of the first one in its tree."""

    leaves: _Integers
    first: _Integers


class _Column(NamedTuple):
    """The leaves that stay possible, by a value of one column; shape (n_codes, n_trees).

    The last code is that of a missing value. ``thresholds`` is None for categories, which are
    their own codes.
    """

    column: int
    thresholds: Array | None
    masks: _Masks


def leaf_bits(forest: "Forest", group: int) -> "list[LeafBits]":
    """Return the trees in groups of a multiple of ``group``; none where a walk is faster."""
    intervals = _intervals(forest)
    leaves = int(intervals.leaves[forest.roots].max())
    dtype = next((dtype for dtype in _DTYPES if leaves <= 8 * dtype.itemsize), None)
    if dtype is None:
        return []
    size = int((_TABLE_BYTES / (leaves * dtype.itemsize)) ** 0.5) // group * group
    if size == 0:  # trees of so many classes must stay together that the tables would be huge
        return []
    columns = np.count_nonzero(np.unique(forest.feature) >= 0)
    cost = columns * (_BYTE * dtype.itemsize + _SEARCH / min(size, len(forest.roots)))
    splits = forest.feature >= 0
    depth = intervals.leaves[splits].sum() / np.count_nonzero(~splits)  # the leaves' mean
    if cost > _STEPS[forest.threshold.itemsize] * depth:
        return []
    starts = range(0, len(forest.roots), size)
    return [LeafBits(forest, intervals, slice(i, i + size), dtype) for i in starts]


class LeafBits:
    """Some trees of a forest, of at most 64 leaves each.

    Parameters
    ----------
    forest : Forest
    intervals : the leaves under each of its nodes
    trees : which of its trees
    dtype : an unsigned type with a bit a leaf
    """

    def __init__(
        self, forest: "Forest", intervals: _Intervals, trees: slice, dtype: np.dtype[Any]
    ) -> None:
        ends = np.append(forest.roots, len(forest.feature))[trees.start : trees.stop + 1]
        self.n_trees = len(ends) - 1
        nodes = np.arange(ends[0], ends[-1])
        tree = np.repeat(np.arange(self.n_trees), np.diff(ends))
        self.dtype = dtype
        self.numbers = self._leaf_numbers(forest, intervals, nodes, tree)
        self.columns = list(self._columns(forest, intervals, nodes, tree))

    def values_of(self, X: Array) -> _Integers:
        """Return the number of the leaf value of each (tree, row), shape (n_trees, n)."""
        codes = [_codes(X[:, column.column], column) for column in self.columns]
        leaves = np.empty((self.n_trees, len(X)), dtype=np.uint8)
        step = max(1, _MASK_BYTES // (self.n_trees * self.dtype.itemsize))
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            leaves[:, rows] = self._first_leaves([code[rows] for code in codes], rows, len(X)).T
        values = np.empty(leaves.shape, dtype=np.int32)
        for tree, leaf in enumerate(leaves):
            self.numbers[tree].take(leaf, out=values[tree], mode="clip")
        return values

    def _first_leaves(self, codes: list[_Integers], rows: slice, n: int) -> _Integers:
        count = min(rows.stop, n) - rows.start
        possible = np.full((count, self.n_trees), np.iinfo(self.dtype).max, dtype=self.dtype)
        for (_, _, masks), code in zip(self.columns, codes, strict=True):
            possible &= masks.take(code, axis=0)
        # The zeros below the lowest bit that is set.
        below: _Integers = np.bitwise_count(~possible & (possible - self.dtype.type(1)))
        return below

    def _leaf_numbers(
        self, forest: "Forest", intervals: _Intervals, nodes: _Integers, tree: _Integers
    ) -> _Integers:
        leaf = forest.feature[nodes] < 0
        numbers = np.zeros((self.n_trees, 8 * self.dtype.itemsize), dtype=np.int32)
        numbers[tree[leaf], intervals.first[nodes[leaf]]] = forest.value[nodes[leaf]]
        return numbers

    def _columns(
        self, forest: "Forest", intervals: _Intervals, nodes: _Integers, tree: _Integers
    ) -> Iterator[_Column]:
        feature, child = forest.feature[nodes], forest.child
        for column in np.unique(feature[feature >= 0]):
            mine = feature == column
            kept = _leaves_kept(intervals, child[nodes[mine]] + 1).astype(self.dtype)
            splits = _Splits(nodes[mine], tree[mine], kept)
            if forest.category is not None and forest.category[splits.nodes[0]] >= 0:
                yield _Column(int(column), None, self._by_category(forest, splits))
            else:
                yield self._by_threshold(forest, int(column), splits)

    def _by_threshold(self, forest: "Forest", column: int, splits: "_Splits") -> _Column:
        limits = forest.threshold[splits.nodes]
        thresholds = np.unique(limits)
        masks = self._all_possible(len(thresholds) + 2)
        # Values above a threshold are above all lower ones.
        places = np.searchsorted(thresholds, limits) + 1, splits.tree
        np.bitwise_and.at(masks, places, splits.kept)
        np.bitwise_and.accumulate(masks[:-1], axis=0, out=masks[:-1])
        left = forest.missing_left
        right = slice(None) if left is None else np.flatnonzero(~left[splits.nodes])
        np.bitwise_and.at(masks[-1], splits.tree[right], splits.kept[right])
        return _Column(column, thresholds, masks)

    def _by_category(self, forest: "Forest", splits: "_Splits") -> _Masks:
        octets = cast(Array, forest.category_left)[cast(Array, forest.category)[splits.nodes]]
        masks = self._all_possible(8 * octets.shape[1])
        left = np.unpackbits(octets, axis=1, bitorder="little").astype(bool)
        kept = np.where(left, np.iinfo(self.dtype).max, splits.kept[:, None])
        np.bitwise_and.at(masks.T, splits.tree, kept)
        return masks

    def _all_possible(self, codes: int) -> _Masks:
        return np.full((codes, self.n_trees), np.iinfo(self.dtype).max, dtype=self.dtype)


class _Splits(NamedTuple):
    """The splits on one column: nodes, their trees, and the leaves that stay for the right."""

    nodes: _Integers
    tree: _Integers
    kept: _Masks


def _codes(values: Array, column: _Column) -> _Integers:
    """Return the rows of a column's table that its values stand for."""
    missing, last = np.isnan(values), len(column.masks) - 1
    if column.thresholds is None:
        return np.where(missing, last, values).astype(np.intp)
    codes = np.searchsorted(column.thresholds, values)
    codes[missing] = last
    return codes


def _leaves_kept(intervals: _Intervals, left: _Integers) -> NDArray[np.uint64]:
    """Return the leaves that stay possible when these left children are passed by."""
    one = np.uint64(1)
    below = (one << intervals.leaves[left].astype(np.uint64)) - one
    return ~(below << intervals.first[left].astype(np.uint64))


def _intervals(forest: "Forest") -> _Intervals:
    """Return the leaves under each node, those of a left child before those of a right one."""
    child = forest.child
    levels = list(_splits_by_level(forest, child))
    leaves = np.ones(len(forest.feature), dtype=np.int32)
    for splits in reversed(levels):
        right = child[splits]
        leaves[splits] = leaves[right] + leaves[right + 1]
    first = np.zeros(len(forest.feature), dtype=np.int32)
    for splits in levels:
        right = child[splits]
        first[right + 1] = first[splits]
        first[right] = first[splits] + leaves[right + 1]
    return _Intervals(leaves, first)


def _splits_by_level(forest: "Forest", child: _Integers) -> Iterator[_Integers]:
    splits = forest.roots[forest.feature[forest.roots] >= 0]
    while len(splits):
        yield splits
        children = np.concatenate((child[splits], child[splits] + 1))
        splits = children[forest.feature[children] >= 0]
