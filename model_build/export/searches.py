"""Exports searches for neighbours; the mirror of ``handler.engine.searches``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.metrics import DistanceMetric
from sklearn.metrics._pairwise_distances_reduction import ArgKmin
from sklearn.metrics._pairwise_distances_reduction._dispatcher import sqeuclidean_row_norms
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node
from model_build.export.tree_searches import metric_fields, tree_node

# The names of ``pairwise_distances`` and of ``DistanceMetric`` for what has several.
_SAME = {
    "cityblock": "manhattan",
    "infinity": "chebyshev",
    "l1": "manhattan",
    "l2": "euclidean",
    "p": "minkowski",
}


def search_node(estimator: Any, context: Context) -> Node:
    """Return the node of what finds the neighbours of a fitted ``NeighborsBase``.

    Raises
    ------
    UnsupportedEstimator
        For a metric that is a function, and in a search through all points, a metric's object.
    """
    if callable(estimator.effective_metric_):
        raise context.unsupported(estimator, "its metric is a function")
    if estimator.metric == "precomputed":
        return {"kind": "searches.PrecomputedSearch", "n_train": estimator.n_samples_fit_}
    if issparse(estimator._fit_X):
        raise context.unsupported(estimator, "it was fitted on a sparse matrix")
    if estimator._fit_method != "brute":
        return tree_node(estimator._tree)
    if not isinstance(estimator.effective_metric_, str):
        raise context.unsupported(estimator, "its metric is an object; a name is needed")
    return _brute(estimator)


def _brute(estimator: Any) -> Node:
    return brute_node(
        np.ascontiguousarray(estimator._fit_X),
        estimator.effective_metric_,
        estimator.effective_metric_params_,
    )


def brute_node(points: Array, metric: str, params: Mapping[str, Any]) -> Node:
    """Return the node of a search through all of these points."""
    compiled = ArgKmin.is_usable_for(points, points, metric)
    multiplied = compiled and metric in ("euclidean", "sqeuclidean")
    return {
        "kind": "searches.BruteSearch",
        "points": points,
        "compiled": _compiled(metric, params) if compiled else None,
        "norms": sqeuclidean_row_norms(points, 1) if multiplied else None,
        "apart": _apart(metric, params),
        "squared": metric == "sqeuclidean",
        "rooted": metric == "euclidean",
        "threads": _openmp_effective_n_threads(),
    }


def _compiled(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    if name == "sqeuclidean":
        return {"name": "euclidean"}
    return metric_fields(DistanceMetric.get_metric(name, **params))


def _apart(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metric as ``pairwise_distances`` takes it."""
    weights = params.get("V", params.get("w"))
    return {
        "name": _SAME.get(name, name),
        "p": float(params.get("p", 2)),
        "weights": None if weights is None else np.asarray(weights, dtype=np.float64),
        "inverse": None if "VI" not in params else np.asarray(params["VI"], dtype=np.float64),
    }


EXPORTERS: Mapping[type, Exporter] = {}
