"""Exports mixtures of normal distributions; the mirror of ``handler.engine.mixture``."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import digamma
from sklearn import mixture
from sklearn.mixture._gaussian_mixture import _compute_log_det_cholesky

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _gaussian(estimator: mixture.GaussianMixture, _: Context) -> Node:
    return _components(estimator, [])


def _variational(estimator: mixture.BayesianGaussianMixture, _: Context) -> Node:
    """Export a variational mixture: the expectations of its precisions (Bishop, 10.65)."""
    width = estimator.means_.shape[1]
    freedom = estimator.degrees_of_freedom_
    halves = 0.5 * (freedom - np.arange(0, width)[:, np.newaxis])
    expected = width * np.log(2.0) + np.sum(digamma(halves), 0)
    return _components(
        estimator,
        [
            -(0.5 * width * np.log(freedom)),
            0.5 * (expected - width / estimator.mean_precision_),
        ],
    )


def _components(estimator: Any, expectations: list[Array]) -> Node:
    count, width = estimator.means_.shape
    roots = estimator.precisions_cholesky_
    determinants = _compute_log_det_cholesky(roots, estimator.covariance_type, width)
    with np.errstate(divide="ignore"):  # a component may have no weight
        weights = estimator._estimate_log_weights()
    return {
        "constant": width * math.log(2 * math.pi),
        "shifts": [np.broadcast_to(determinants, (count,)).copy(), *expectations, weights],
        **_FORMS[estimator.covariance_type](estimator.means_, roots),
    }


def _full(means: Array, roots: Array) -> Node:
    return {
        "kind": "mixture.FullMixture",
        "projections": list(roots),
        "centres": np.array([mean @ root for mean, root in zip(means, roots, strict=True)]),
    }


def _tied(means: Array, root: Array) -> Node:
    return {
        "kind": "mixture.TiedMixture",
        "projections": [root],
        "centres": np.array([mean @ root for mean in means]),
    }


def _diagonal(means: Array, roots: Array) -> Node:
    precisions = roots**2
    return {
        "kind": "mixture.DiagonalMixture",
        "precisions": precisions,
        "weighted_means": means * precisions,
        "norms": np.sum(means**2 * precisions, axis=1),
    }


def _spherical(means: Array, roots: Array) -> Node:
    precisions = roots**2
    return {
        "kind": "mixture.SphericalMixture",
        "precisions": precisions,
        "means": means,
        "norms": np.sum(means**2, axis=1) * precisions,
    }


_FORMS: Mapping[str, Callable[[Array, Array], Node]] = {
    "full": _full,
    "tied": _tied,
    "diag": _diagonal,
    "spherical": _spherical,
}

EXPORTERS: Mapping[type, Exporter] = {
    mixture.BayesianGaussianMixture: _variational,
    mixture.GaussianMixture: _gaussian,
}
