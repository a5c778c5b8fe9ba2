"""The walk through decision trees that all families of trees share.

All trees of a model lie in one array of nodes, and all (tree, row) pairs take a step at once:
one row costs as many numpy steps as the deepest tree has levels. Large batches go through in
blocks that fit the processor's cache, and pairs that reached their leaf are set aside; batches
through small trees take ``handler.engine.leaf_bits`` instead.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.leaf_bits import LeafBits, leaf_bits
from handler.engine.table import Array

type _Nodes = NDArray[np.integer[Any]]

# Measured with 100 to 300 trees and 10,000 rows: smaller blocks pay more for numpy's calls,
# larger ones leave the cache. A block's temporaries stay below 2 MB.
_PAIRS = 1 << 15
# The inputs of a block's rows, too, stay in the cache.
_INPUT_BYTES = 1 << 18
# Finished pairs are dropped where fewer than this part is left; fewer pairs than so many are
# walked to the end as they are, which costs less.
_WORTH_KEEPING = 0.8
_WORTH_DROPPING = 1 << 9
_LEVELS_BETWEEN_DROPS = 2
# So few pairs walk one by one: Python's steps cost less than numpy's calls.
_FEW_PAIRS = 16
# Fewer rows than this are walked: tables by leaf bits cost some calls a column and a tree.
_WORTH_TABLES = 64
# The leaf values that are held at once, 2 MB of them, whatever the numbers of rows and classes.
_NUMBERS = 1 << 18
_FEWEST_ROWS = 16
# The numbers of vectors that are added at once, a fourth of what the cache holds.
_TERMS = 1 << 15
# Packed links have the order of a float32 threshold above, and all else below.
_HALF = 32
_LOWEST = np.int32(-(2**31))
# For fewer trees it takes longer to put the inputs into that order than it saves.
_WORTH_PACKING = 8
# Below this many numbers one cumulative sum is faster than a loop over the trees.
_FEW_NUMBERS = 256


class Block(NamedTuple):
    """What some trees answer for some rows: the numbers of leaf values, shape (trees, rows)."""

    rows: slice
    values: _Nodes


class Forest:
    """Trees as one array of nodes, breadth first and tree by tree.

    A split's two children are neighbours, the right one first. So neither is stored: those of
    a tree's k-th split are its nodes 2k + 1 and 2k + 2.

    Parameters
    ----------
    feature : (n_nodes,) signed integers
        The column that a node compares; -1 for a leaf.
    threshold : (n_nodes,) float32 or float64
        Values at most this go left; NaN for leaves and for splits by category.
    roots : (n_trees,) integers
        The position of each tree's root.
    depths : (n_trees,) integers
        The number of splits on each tree's longest way.
    leaf : (n_leaves,) integers, optional
        The number of each leaf's value, for leaves that share values; else they count up.
    missing_left : (n_nodes,) bool, optional
        Where a missing value goes left.
    category_splits : (n_category_splits,) integers, optional
        The nodes that split by category.
    category_left : (n_category_splits, n_bytes) uint8, optional
        So many bits a split, least significant first: which categories go left, and, the last
        bit, whether a missing value does.
    """

    def __init__(
        self,
        feature: _Nodes,
        threshold: Array,
        roots: _Nodes,
        depths: _Nodes,
        leaf: _Nodes | None = None,
        missing_left: NDArray[np.bool_] | None = None,
        category_splits: _Nodes | None = None,
        category_left: NDArray[np.uint8] | None = None,
    ) -> None:
        self.feature = feature
        self.threshold = threshold
        self.roots = roots
        self.depths = depths
        self.missing_left = missing_left
        self.value = _values(feature, leaf)
        self.category = None if category_splits is None else _of_nodes(category_splits, feature)
        self.category_left = category_left
        self._bits = max(int(feature.max(initial=0)), 1).bit_length()
        self._shift = self._bits + 1
        self._low = -1
        self._links = self._linked()
        # Thresholds in float32 fit into the upper half, where the lower half leaves it free.
        self._packed = (
            threshold.dtype == np.float32
            and self.category is None
            and len(roots) >= _WORTH_PACKING
            and int(self._links.max()) < 1 << _HALF
        )
        if self._packed:
            self._low = (1 << _HALF - self._shift) - 1
            places = np.where(feature < 0, _LOWEST, _ordinals(threshold))
            self._links += places.astype(np.int64) << _HALF
        self._tables: list[LeafBits] | None = None

    @property
    def child(self) -> NDArray[np.int64]:
        """The right child of each split, which the left one follows; a leaf's is itself."""
        return self._links >> self._shift & self._low

    def _linked(self) -> NDArray[np.int64]:
        """Return what a step needs to know of each node, in one integer.

        Lowest are the bits of its column, then whether it sends missing values left, then its
        right child. Indices of 64 bits are what numpy takes as they are.
        """
        links = _children(self.feature, self.roots)
        links <<= 1
        if self.missing_left is not None:
            links += self.missing_left
        links <<= self._bits
        links += np.maximum(self.feature, 0)
        return links

    def walk(self, X: Array, *, group: int = 1, width: int = 1) -> Iterator[Block]:
        """Yield blocks, rows by rows and for the same rows trees in their order.

        Parameters
        ----------
        X : (n, d) float32 or float64, of the thresholds' type
        group : int
            Each block has a multiple of so many trees.
        width : int
            The number of values that a leaf has, which makes blocks smaller.
        """
        if len(X) >= _WORTH_TABLES:
            if self._tables is None:  # not on load: single rows never need them
                self._tables = leaf_bits(self, group)
            if self._tables:
                return self._by_tables(X, self._tables, width)
        return self._by_steps(X, group, width)

    def _by_tables(self, X: Array, tables: list[LeafBits], width: int) -> Iterator[Block]:
        most = max(table.n_trees for table in tables)
        step = max(_FEWEST_ROWS, _NUMBERS // (most * width))
        for start in range(0, len(X), step):
            rows = slice(start, min(start + step, len(X)))
            for table in tables:
                yield Block(rows, table.values_of(X[rows]))

    def _by_steps(self, X: Array, group: int, width: int) -> Iterator[Block]:
        inputs, mask = self._inputs(X)
        fitting = max(_INPUT_BYTES // max(1, inputs[0].nbytes), _PAIRS // len(self.roots))
        step = max(_FEWEST_ROWS, min(fitting, _NUMBERS // (group * width)))
        for start in range(0, len(X), step):
            rows = slice(start, min(start + step, len(X)))
            count = rows.stop - rows.start
            trees = max(1, _PAIRS // (count * width * group)) * group
            for first in range(0, len(self.roots), trees):
                nodes = self._leaves(inputs[rows], mask, slice(first, first + trees))
                yield Block(rows, self.value.take(nodes).reshape(-1, count))

    def _inputs(self, X: Array) -> tuple[Array, int]:
        """Return the inputs, and which bits of a link are their columns.

        With missing values each column is there twice: with NaN, which goes right, and further
        on, where the bit for missing values points to, with -inf, which goes left.
        """
        columns = 1 << self._bits
        if self.missing_left is None or not np.isnan(X).any():
            return self._comparable(X), columns - 1
        used = min(columns, X.shape[1])
        twice = np.zeros((len(X), columns + used), dtype=X.dtype)
        twice[:, :used] = lowest = X[:, :used]
        twice[:, columns:] = np.where(np.isnan(lowest), -np.inf, lowest)
        return self._comparable(twice), 2 * columns - 1

    def _comparable(self, X: Array) -> Array:
        """Return X as the links' upper halves compare it; NaN is above all thresholds."""
        if not self._packed:
            return np.ascontiguousarray(X)
        places = _ordinals(X).astype(np.int64)
        places <<= _HALF
        missing = np.isnan(X)
        if missing.any():
            places[missing] = np.iinfo(np.int64).max
        return places

    def _leaves(self, inputs: Array, mask: int, trees: slice) -> _Nodes:
        """Return the leaf of each (tree, row) pair, trees by trees."""
        roots = self.roots[trees]
        if len(roots) * len(inputs) <= _FEW_PAIRS and self.category is None:
            return np.array([self._leaf(root, row, mask) for root in roots for row in inputs])
        return self._leaves_of_many(inputs, mask, roots, int(self.depths[trees].max()))

    def _leaf(self, root: int, row: Array, mask: int) -> int:
        link, limit = self._links.item, (self._links if self._packed else self.threshold).item
        values = row.tolist()
        node, last = int(root), -1
        while node != last:
            last, here = node, link(node)
            left = values[here & mask] <= limit(node)
            node = (here >> self._shift & self._low) + left
        return node

    def _leaves_of_many(self, inputs: Array, mask: int, roots: _Nodes, depth: int) -> _Nodes:
        """Return the same by steps of all pairs at once.

        A leaf is its own child: its threshold, NaN or the lowest, is never at least anything.
        """
        count, width = inputs.shape
        values = inputs.ravel()
        nodes: _Nodes = np.repeat(roots.astype(np.intp), count)
        offsets = np.tile(np.arange(0, count * width, width), len(roots))
        reached, pending = nodes, cast(_Nodes | None, None)
        for level in range(1, depth + 1):
            links = self._links.take(nodes)
            places = links & mask
            places += offsets
            value = values.take(places)
            left = value <= (links if self._packed else self.threshold.take(nodes))
            if self.category is not None:
                self._split_by_category(nodes, value, left)
            links >>= self._shift
            if self._packed:
                links &= self._low
            links += left
            if level % _LEVELS_BETWEEN_DROPS == 0 and len(nodes) > _WORTH_DROPPING:
                walking = links != nodes
                if np.count_nonzero(walking) < _WORTH_KEEPING * len(nodes):
                    kept = np.flatnonzero(walking)
                    reached, pending = _set_aside(reached, pending, links, kept)
                    links, offsets = links.take(kept), offsets.take(kept)
            nodes = links
        return nodes if pending is None else _put(reached, pending, nodes)

    def _split_by_category(self, nodes: _Nodes, value: Array, left: NDArray[np.bool_]) -> None:
        """Correct ``left`` in place where a node splits by category."""
        splits = cast(_Nodes, self.category).take(nodes)
        pairs = np.flatnonzero(splits >= 0)
        octets = cast(Array, self.category_left)
        codes = value[pairs]
        codes[np.isnan(codes)] = 8 * octets.shape[1] - 1
        bits = codes.astype(np.intp)
        left[pairs] = octets[splits[pairs], bits >> 3] >> (bits & 7) & 1


def sum_scalars(forest: Forest, values: Array, X: Array, start: Array) -> Any:
    """Return the sum of the trees' numbers, where tree t adds to output t modulo n_outputs.

    Added in the trees' order, as boosting does it, in the type of the leaves' values.

    Parameters
    ----------
    values : (n_leaves,)
    X : (n, d)
    start : (n_outputs,) or (n, n_outputs), to which the trees' numbers are added

    Returns
    -------
    (n, n_outputs), of which each output is contiguous
    """
    outputs = start.shape[-1]
    total = np.empty((outputs, len(X)), dtype=values.dtype)
    total[:] = start[:, None] if start.ndim == 1 else start.T
    for rows, numbers in forest.walk(X, group=outputs):
        terms = values.take(numbers).reshape(-1, outputs, numbers.shape[1])
        _add_in_order(total[:, rows], terms)
    return total.T


def sum_vectors(forest: Forest, values: Array, X: Array, start: Array | None = None) -> Any:
    """Return the sum of the trees' vectors, added in the trees' order, in their type.

    Parameters
    ----------
    values : (n_values, width)
    X : (n, d)
    start : (width,), optional, to which the trees' vectors are added

    Returns
    -------
    (n, width)
    """
    total = np.zeros((len(X), values.shape[1]), dtype=values.dtype)
    if start is not None:
        total += start
    for rows, numbers in forest.walk(X):
        part = total[rows]
        trees = max(1, _TERMS // part.size)
        for first in range(0, len(numbers), trees):
            _add_in_order(part, values.take(numbers[first : first + trees], axis=0))
    return total


def _add_in_order(total: Array, terms: Array) -> None:
    """Add terms, one after the other, to ``total`` in place.

    Not by ``sum``, which adds pairwise: other roundings decide ties between classes otherwise.
    """
    if total.size < _FEW_NUMBERS:
        total[:] = np.add.accumulate(np.concatenate((total[None], terms)))[-1]
        return
    for term in terms:
        total += term


def _set_aside(
    reached: _Nodes, pending: _Nodes | None, nodes: _Nodes, kept: _Nodes
) -> tuple[_Nodes, _Nodes]:
    """Note the nodes reached so far; return them with the places of those that walk on."""
    if pending is None:
        return nodes, kept
    return _put(reached, pending, nodes), pending.take(kept)


def _put(reached: _Nodes, places: _Nodes, nodes: _Nodes) -> _Nodes:
    reached[places] = nodes
    return reached


def _ordinals(values: Array) -> NDArray[np.int32]:
    """Return the place of each float32 in their order: IEEE 754's sign and magnitude."""
    bits = np.ascontiguousarray(values).view(np.int32)
    return np.where(bits < 0, _LOWEST - bits, bits)


def _children(feature: _Nodes, roots: _Nodes) -> NDArray[np.int64]:
    """Return each split's right child (the left one follows it), and each leaf itself."""
    child = np.arange(len(feature))
    splits = np.flatnonzero(feature >= 0)
    # Each tree has one leaf more than it has splits, which shifts the nodes after it by one.
    trees = np.repeat(np.arange(len(roots)), np.diff(roots, append=len(feature)))
    child[splits] = 2 * np.arange(len(splits)) + trees[splits] + 1
    return child


def _values(feature: _Nodes, leaf: _Nodes | None) -> NDArray[np.int32]:
    """Return the number of each leaf's value, by node (of no meaning for splits)."""
    numbers = np.cumsum(feature < 0, dtype=np.int32) - 1
    return numbers if leaf is None else leaf.astype(np.int32).take(numbers, mode="clip")


def _of_nodes(positions: _Nodes, feature: _Nodes) -> NDArray[np.int32]:
    """Return the number of each node among ``positions``, -1 for the other nodes."""
    numbers = np.full(len(feature), -1, dtype=np.int32)
    numbers[positions] = np.arange(len(positions))
    return numbers
