"""Exports Gaussian processes; the mirror of ``handler.engine.gaussian_process``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor, _gpc

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: GaussianProcessRegressor, context: Context) -> Node:
    if not hasattr(estimator, "X_train_"):  # scikit-learn then answers what the prior says
        raise context.unsupported(estimator, "it is not fitted")
    return {
        "kind": "gaussian_process.GaussianProcessRegressor",
        **_process(estimator, context),
        "weights": estimator.alpha_,
        "target_mean": np.atleast_1d(estimator._y_train_mean),
        "target_scale": np.atleast_1d(estimator._y_train_std),
    }


def _classifier(estimator: GaussianProcessClassifier, context: Context) -> Node:
    """Export a classifier: that of two classes, or one a class or a pair of classes."""
    return context.export(estimator.base_estimator_, "base_estimator_")


def _two_classes(estimator: Any, context: Context) -> Node:
    return {
        "kind": "gaussian_process.LaplaceClassifier",
        **_process(estimator, context),
        "classes": estimator.classes_,
        "residuals": estimator.y_train_ - estimator.pi_,
        "roots": estimator.W_sr_,
    }


def _process(estimator: Any, context: Context) -> Node:
    vectors = estimator.X_train_
    if vectors.ndim != 2 or vectors.dtype.kind not in "biuf":
        raise context.unsupported(estimator, "it was fitted on inputs that are no vectors")
    return {
        "kernel": context.export(estimator.kernel_, "kernel_"),
        "vectors": vectors,
        "triangle": _packed(estimator.L_),
    }


def _packed(triangle: Array) -> Array:
    """Return the rows of a lower triangle, one after the other, without the zeros above."""
    return np.asarray(triangle[np.tri(len(triangle), dtype=bool)])


EXPORTERS: Mapping[type, Exporter] = {
    GaussianProcessClassifier: _classifier,
    GaussianProcessRegressor: _regressor,
    _gpc._BinaryGaussianProcessClassifierLaplace: _two_classes,
}
