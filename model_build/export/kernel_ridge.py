"""Exports kernel ridge regression; the mirror of ``handler.engine.kernel_ridge``."""

from collections.abc import Mapping

from sklearn.kernel_ridge import KernelRidge

from model_build.export.kernels import kernel_model
from model_build.export.node import Context, Exporter, Node


def _kernel_ridge(estimator: KernelRidge, context: Context) -> Node:
    parameters = {
        "gamma": estimator.gamma,
        "coef0": estimator.coef0,
        "degree": estimator.degree,
    }
    fields = kernel_model(estimator, context, vectors=estimator.X_fit_, parameters=parameters)
    return {"kind": "kernel_ridge.KernelRidge", **fields, "weights": estimator.dual_coef_}


EXPORTERS: Mapping[type, Exporter] = {KernelRidge: _kernel_ridge}
