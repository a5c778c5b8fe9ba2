"""Exports label propagation; the mirror of ``handler.engine.semi_supervised``."""

from collections.abc import Mapping
from typing import Any

from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from model_build.export.kernels import dense, pairwise_kernel
from model_build.export.node import Context, Exporter, Node


def _propagation(estimator: Any, context: Context) -> Node:
    if callable(estimator.kernel):
        raise context.unsupported(estimator, "a callable kernel is code and has no numpy form")
    if estimator.kernel == "knn":
        raise context.unsupported(estimator, "nearest neighbours have no numpy form yet")
    return {
        "kind": "semi_supervised.KernelPropagation",
        "classes": estimator.classes_,
        "kernel": pairwise_kernel("rbf", {"gamma": float(estimator.gamma)}, 0),
        "vectors": dense(estimator.X_),
        "distributions": estimator.label_distributions_,
    }


EXPORTERS: Mapping[type, Exporter] = {
    LabelPropagation: _propagation,
    LabelSpreading: _propagation,
}
