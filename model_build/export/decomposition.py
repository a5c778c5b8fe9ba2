"""Exports decompositions; the mirror of ``handler.engine.decomposition``."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import decomposition
from sklearn.utils.extmath import fast_logdet

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


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


EXPORTERS: Mapping[type, Exporter] = {
    decomposition.IncrementalPCA: _centred,
    decomposition.PCA: _principal_components,
    decomposition.TruncatedSVD: _truncated_svd,
}
