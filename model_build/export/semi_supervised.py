"""Exports label propagation; the mirror of ``handler.engine.semi_supervised``."""

from collections.abc import Mapping
from typing import Any

from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from model_build.export.kernels import dense, pairwise_kernel
from model_build.export.node import Context, Exporter, Node
from model_build.export.searches import search_node


def _propagation(estimator: Any, context: Context) -> Node:
    if callable(estimator.kernel):
        raise context.unsupported(estimator, "a callable kernel is code and has no numpy form")
    fields = _by_neighbors if estimator.kernel == "knn" else _by_kernel
    return {
        **fields(estimator, context),
        "classes": estimator.classes_,
        "distributions": estimator.label_distributions_,
    }


def _by_kernel(estimator: Any, _: Context) -> Node:
    return {
        "kind": "semi_supervised.KernelPropagation",
        "kernel": pairwise_kernel("rbf", {"gamma": float(estimator.gamma)}, 0),
        "vectors": dense(estimator.X_),
    }


def _by_neighbors(estimator: Any, context: Context) -> Node:
    if estimator.n_neighbors > len(estimator.label_distributions_):
        raise context.unsupported(estimator, "it asks for more neighbours than there are vectors")
    return {
        "kind": "semi_supervised.NeighborPropagation",
        "search": search_node(estimator.nn_fit, context),
        "n_neighbors": int(estimator.n_neighbors),
    }


EXPORTERS: Mapping[type, Exporter] = {
    LabelPropagation: _propagation,
    LabelSpreading: _propagation,
}
