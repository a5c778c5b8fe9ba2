"""Exports decompositions; the mirror of ``handler.engine.decomposition``."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import linalg
from sklearn import decomposition
from sklearn.linear_model import ridge_regression
from sklearn.utils.extmath import fast_logdet

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node

# Rounding errors of 1e-16, times this, stay far below what may differ.
_WELL_CONDITIONED = 1e5


def _principal_components(estimator: decomposition.PCA, context: Context) -> Node:
    if context.transforms_only:
        return _centred(estimator, context)
    precision = _precision(estimator)
    return {
        **_centred(estimator, context),
        "kind": "decomposition.PrincipalComponents",
        "mean": estimator.mean_,
        "precision": precision,
        "constant": 0.0 if precision is None else _constant(precision),
    }


def _precision(estimator: decomposition.PCA) -> Array | None:
    """Return the covariance's inverse, None where it is singular."""
    with warnings.catch_warnings():
        # An ill-conditioned one is what scikit-learn computes with, too.
        warnings.simplefilter("ignore")
        try:
            return np.asarray(estimator.get_precision())
        except np.linalg.LinAlgError:
            return None


def _constant(precision: Array) -> float:
    return float(-0.5 * (len(precision) * np.log(2 * np.pi) - fast_logdet(precision)))


def _centred(estimator: Any, _: Context) -> Node:
    components = estimator.components_
    return {
        "kind": "decomposition.Projection",
        "components": components,
        "offset": estimator.mean_.reshape(1, -1) @ components.T,
        "scale": _deviations(estimator) if estimator.whiten else None,
    }


def _deviations(estimator: Any) -> Array:
    """Return the components' standard deviations, no smaller than scikit-learn divides by."""
    deviations: Array = np.sqrt(estimator.explained_variance_)
    least = np.finfo(deviations.dtype).eps
    return np.asarray(np.maximum(deviations, least))


def _truncated_svd(estimator: decomposition.TruncatedSVD, _: Context) -> Node:
    return {
        "kind": "decomposition.Projection",
        "components": estimator.components_,
        "offset": None,
        "scale": None,
    }


def _factors(estimator: decomposition.FactorAnalysis, _: Context) -> Node:
    loadings = estimator.components_
    weights = loadings / estimator.noise_variance_
    precision = _precision(estimator)
    return {
        "kind": "decomposition.FactorAnalysis",
        "mean": estimator.mean_,
        "weights": weights,
        "covariance": linalg.inv(np.eye(len(loadings)) + np.dot(weights, loadings.T)),
        "precision": precision,
        "constant": 0.0 if precision is None else _constant(precision),
    }


def _independent(estimator: decomposition.FastICA, _: Context) -> Node:
    return {
        "kind": "decomposition.CentredProjection",
        "components": estimator.components_,
        "mean": estimator.mean_ if estimator.whiten else None,
    }


def _sparse_components(estimator: Any, context: Context) -> Node:
    """Return the ridge regression on the components as the linear map that it is.

    scikit-learn solves it anew for each batch; from float32 its last digits could not be met.
    """
    components = estimator.components_
    if components.dtype != np.float64:
        raise context.unsupported(estimator, "it solves equations in float32")
    gram = components @ components.T + estimator.ridge_alpha * np.eye(len(components))
    if np.linalg.cond(gram) > _WELL_CONDITIONED:
        raise context.unsupported(estimator, "its components are too much alike for equal digits")
    each = np.eye(components.shape[1])
    weights = ridge_regression(components.T, each, estimator.ridge_alpha, solver="cholesky")
    return {
        "kind": "decomposition.CentredProjection",
        # Of a single column it drops an axis.
        "components": weights.reshape(components.shape[::-1]).T,
        "mean": estimator.mean_,
    }


EXPORTERS: Mapping[type, Exporter] = {
    decomposition.FactorAnalysis: _factors,
    decomposition.FastICA: _independent,
    decomposition.IncrementalPCA: _centred,
    decomposition.MiniBatchSparsePCA: _sparse_components,
    decomposition.PCA: _principal_components,
    decomposition.SparsePCA: _sparse_components,
    decomposition.TruncatedSVD: _truncated_svd,
}
