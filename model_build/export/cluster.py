"""Exports clusters; the mirror of ``handler.engine.cluster``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import cluster

from handler.engine.table import Array
from model_build.compare import dense
from model_build.export.node import Context, Exporter, Node

# What numpy has under two names is one function.
_POOLS = {np.max: "max", np.min: "min", np.median: "median"}


def _centers(estimator: Any, _: Context) -> Node:
    return {
        "kind": "cluster.Centers",
        "centers": np.ascontiguousarray(estimator.cluster_centers_),
    }


def _bisected(estimator: cluster.BisectingKMeans, context: Context) -> Node:
    node = _centers(estimator, context)
    halves: list[Array] = []
    children: list[int] = []
    if _follow(estimator._bisecting_tree, halves, children) < 0:
        return node
    # The tree was grown on centred data; of sparse ones scikit-learn keeps no mean.
    mean = getattr(estimator, "_X_mean", 0)
    ends = np.array(halves) + mean
    return {
        **node,
        "kind": "cluster.BisectedCenters",
        "halves": ends.astype(node["centers"].dtype, copy=False),
        "children": np.array(children),
    }


def _follow(tree: Any, halves: list[Array], children: list[int]) -> int:
    """Append the splits below a cluster; return what follows on it: a split, or ``~label``."""
    if tree.left is None:
        return ~int(tree.label)
    first = len(children)
    halves += [tree.left.center, tree.right.center]
    children += [0, 0]
    children[first] = _follow(tree.left, halves, children)
    children[first + 1] = _follow(tree.right, halves, children)
    return first // 2


def _subclusters(estimator: cluster.Birch, _: Context) -> Node:
    return {
        "kind": "cluster.Subclusters",
        "points": np.ascontiguousarray(estimator.subcluster_centers_),
        "labels": np.asarray(estimator.subcluster_labels_),
        "norms": np.asarray(estimator._subcluster_norms, dtype=np.float64),
    }


def _modes(estimator: Any, _: Context) -> Node:
    centers = np.ascontiguousarray(dense(estimator.cluster_centers_))
    return {
        "kind": "cluster.NearestPoint",
        "points": centers,
        "labels": np.arange(len(centers)),
        "norms": None,
    }


def _exemplars(estimator: cluster.AffinityPropagation, context: Context) -> Node:
    if estimator.affinity == "precomputed":
        raise context.unsupported(estimator, "of similarities alone nothing follows for new rows")
    if estimator.cluster_centers_.shape[0] == 0:
        return {"kind": "cluster.Unclustered"}
    return _modes(estimator, context)


def _pooled(estimator: cluster.FeatureAgglomeration, context: Context) -> Node:
    labels = np.asarray(estimator.labels_)
    if estimator.pooling_func is np.mean:
        return {
            "kind": "cluster.PooledMeans",
            "labels": labels,
            "sizes": np.bincount(labels),
        }
    pool = _POOLS.get(estimator.pooling_func)
    if pool is None:
        raise context.unsupported(estimator, f"pooling_func is {estimator.pooling_func!r}")
    return {
        "kind": "cluster.PooledFeatures",
        "clusters": [np.flatnonzero(labels == label) for label in np.unique(labels)],
        "pool": pool,
    }


EXPORTERS: Mapping[type, Exporter] = {
    cluster.AffinityPropagation: _exemplars,
    cluster.BisectingKMeans: _bisected,
    cluster.Birch: _subclusters,
    cluster.FeatureAgglomeration: _pooled,
    cluster.KMeans: _centers,
    cluster.MeanShift: _modes,
    cluster.MiniBatchKMeans: _centers,
}
