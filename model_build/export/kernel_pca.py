"""Exports kernel PCA; the mirror of ``handler.engine.kernel_pca``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.decomposition import KernelPCA
from sklearn.preprocessing import KernelCenterer

from handler.engine.table import Array
from model_build.export.kernels import kernel_model
from model_build.export.node import Context, Exporter, Node


def _centerer(estimator: KernelCenterer, _: Context) -> Node:
    return {"kind": "kernel_pca.KernelCenterer", **_means(estimator)}


def _components(estimator: KernelPCA, context: Context) -> Node:
    parameters = {
        "gamma": estimator.gamma_,
        "coef0": estimator.coef0,
        "degree": estimator.degree,
    }
    return {
        "kind": "kernel_pca.KernelPrincipalComponents",
        **kernel_model(estimator, context, vectors=estimator.X_fit_, parameters=parameters),
        **_means(estimator._centerer),
        "components": _scaled(estimator.eigenvectors_, estimator.eigenvalues_),
    }


def _means(centerer: Any) -> Node:
    return {"means": centerer.K_fit_rows_, "mean": float(centerer.K_fit_all_)}


def _scaled(eigenvectors: Array, eigenvalues: Array) -> Array:
    """Return the eigenvectors over the roots of their eigenvalues, 0 where one is 0."""
    scaled = np.zeros_like(eigenvectors)
    positive = np.flatnonzero(eigenvalues)
    scaled[:, positive] = eigenvectors[:, positive] / np.sqrt(eigenvalues[positive])
    return scaled


EXPORTERS: Mapping[type, Exporter] = {KernelCenterer: _centerer, KernelPCA: _components}
