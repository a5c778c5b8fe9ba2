"""Exports densities of kernels; the mirror of ``handler.engine.density``."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.neighbors import KernelDensity
from sklearn.neighbors._ball_tree import kernel_norm

from handler.engine.table import Floats
from model_build.export.node import Context, Exporter, Node
from model_build.export.tree_searches import tree_node


def _kernel_density(estimator: KernelDensity, context: Context) -> Node:
    if estimator.metric == "pyfunc":
        raise context.unsupported(estimator, "its metric is a function")
    tree, bandwidth, kernel = estimator.tree_, float(estimator.bandwidth_), estimator.kernel
    weights = None if tree.sample_weight is None else np.asarray(tree.sample_weight)
    with np.errstate(divide="ignore"):  # a weight may be 0
        return {
            "kind": "density.KernelDensity",
            "tree": tree_node(tree),
            "kernel": kernel,
            "bandwidth": bandwidth,
            "log_norm": kernel_norm(bandwidth, tree.data.shape[1], kernel, return_log=True),
            "log_weights": None if weights is None else np.log(weights[tree.idx_array]),
            "log_totals": np.log(_totals(tree, weights)),
            "log_atol": _log(estimator.atol * tree.sum_weight),
            "log_rtol": _log(estimator.rtol),
            "breadth_first": bool(estimator.breadth_first),
        }


def _totals(tree: Any, weights: Floats | None) -> Floats:
    """Return the weight of each node's points together, that of all first."""
    nodes = np.asarray(tree.node_data)
    starts, stops = nodes["idx_start"], nodes["idx_end"]
    if weights is None:
        return np.asarray(stops - starts, dtype=np.float64)
    ordered = weights[tree.idx_array]
    # Added up one after the other; numpy's sum of all is that of the tree.
    sums: list[float] = [
        np.cumsum(ordered[start:stop])[-1]
        for start, stop in zip(starts[1:], stops[1:], strict=True)
    ]
    return np.array([tree.sum_weight, *sums])


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


EXPORTERS: Mapping[type, Exporter] = {KernelDensity: _kernel_density}
