"""Lays out trees as ``handler.engine.forest_walk`` walks them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array, Floats

type _Positions = NDArray[np.intp]


class Tree(NamedTuple):
    """One tree, its nodes in any order, the root first.

    Attributes
    ----------
    left, right : (n_nodes,) positions of the children, -1 for leaves
    feature : (n_nodes,) the columns compared
    threshold : (n_nodes,) values at most this go left
    missing_left : (n_nodes,) bool
    values : (n_nodes, ...) what the leaves say
    """

    left: Array
    right: Array
    feature: Array
    threshold: Array
    missing_left: Array
    values: Array


class Layout(NamedTuple):
    """Trees in the walk's order.

    ``fields`` are those of ``handler.engine.forest_walk.Forest``, ``values`` has an entry a
    leaf, ``sources`` says for each node (tree, its position there).
    """

    fields: dict[str, Array]
    values: Array
    sources: tuple[Array, Array]


def lay_out(trees: Sequence[Tree]) -> Layout:
    """Return trees breadth first, tree by tree, each right child just before its left sibling.

    Thresholds keep their type.
    """
    orders, depths = zip(*(_breadth_first(tree) for tree in trees), strict=True)
    sizes = [len(order) for order in orders]
    leaves = np.concatenate(_ordered((tree.left for tree in trees), orders)) < 0
    feature = np.concatenate(_ordered((tree.feature for tree in trees), orders))
    threshold = np.concatenate(_ordered((tree.threshold for tree in trees), orders))
    missing_left = np.concatenate(_ordered((tree.missing_left for tree in trees), orders))
    values = np.concatenate(_ordered((tree.values for tree in trees), orders))
    fields = {
        "feature": _smallest(np.where(leaves, -1, feature)),
        "threshold": np.where(leaves, threshold.dtype.type(np.nan), threshold),
        "roots": np.cumsum([0, *sizes[:-1]]).astype(np.int32),
        "depths": np.array(depths, dtype=np.int32),
    }
    if (missing_left & ~leaves).any():
        fields["missing_left"] = missing_left & ~leaves
    sources = np.repeat(np.arange(len(trees)), sizes), np.concatenate(orders)
    return Layout(fields, values[leaves], sources)


def share_values(layout: Layout) -> Layout:
    """Return the layout with each distinct value once, where that is smaller.

    The leaves of a forest of classifiers repeat a few shares: most are pure. Those of a deep
    forest of regressors repeat the targets.
    """
    # Rows of one value are sorted as numbers, which takes a fifth of the time.
    rows = layout.values if layout.values.shape[1] > 1 else layout.values[:, 0]
    distinct, numbers = np.unique(rows, axis=0, return_inverse=True)
    distinct = distinct.reshape(-1, layout.values.shape[1])
    leaf = _smallest(numbers.ravel())
    if distinct.nbytes + leaf.nbytes >= layout.values.nbytes:
        return layout
    return layout._replace(fields={**layout.fields, "leaf": leaf}, values=distinct)


def with_categories(layout: Layout, left_of: Callable[[int, int], NDArray[np.bool_]]) -> Layout:
    """Return the layout with its splits by category, which are those without a threshold.

    Parameters
    ----------
    layout : Layout
    left_of : function of a tree and a position there
        Which categories that split sends left, and, last, whether a missing value; as many
        values for each split, a multiple of 8.
    """
    splits = np.flatnonzero((layout.fields["feature"] >= 0) & np.isnan(layout.fields["threshold"]))
    if not len(splits):
        return layout
    places = zip(*(source[splits].tolist() for source in layout.sources), strict=True)
    fields: dict[str, Array] = {
        "category_splits": splits.astype(np.int32),
        "category_left": np.packbits(
            [left_of(*each) for each in places], axis=1, bitorder="little"
        ),
    }
    return layout._replace(fields={**layout.fields, **fields})


def at_most_in_float32(threshold: Floats) -> NDArray[np.float32]:
    """Return the largest float32 at most the threshold: float32 values compare alike to both."""
    with np.errstate(over="ignore"):
        rounded = threshold.astype(np.float32)
    return np.where(rounded > threshold, np.nextafter(rounded, np.float32(-np.inf)), rounded)


def _breadth_first(tree: Tree) -> tuple[_Positions, int]:
    """Return the nodes' positions, level by level, and the depth of the last level."""
    levels = [np.zeros(1, dtype=np.intp)]
    while len(levels[-1]):
        splits = levels[-1][tree.left[levels[-1]] >= 0]
        children = np.column_stack((tree.right[splits], tree.left[splits]))
        levels.append(children.astype(np.intp).ravel())
    return np.concatenate(levels), len(levels) - 2


def _ordered(parts: Iterable[Array], orders: Iterable[_Positions]) -> list[Array]:
    return [part[order] for part, order in zip(parts, orders, strict=True)]


def _smallest(integers: NDArray[Any]) -> Array:
    """Return integers in the smallest signed type that holds them."""
    return integers.astype(np.min_scalar_type(-int(integers.max(initial=0)) - 1))
