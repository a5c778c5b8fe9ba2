"""Exports discriminant analyses; the mirror of ``handler.engine.discriminant``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import discriminant_analysis, neighbors

from model_build.export.node import Context, Exporter, Node
from model_build.export.searches import brute_node


def _linear(estimator: Any, context: Context) -> Node:
    if len(estimator.classes_) == 1:
        raise context.unsupported(estimator, "it knows one class, for which it gives no answers")
    return {
        "kind": "discriminant.LinearDiscriminant",
        "classes": estimator.classes_,
        "coef": estimator.coef_,
        "intercept": estimator.intercept_,
        **({} if estimator.solver == "lsqr" else _projection(estimator)),
    }


def _projection(estimator: Any) -> Node:
    return {
        "kind": "discriminant.LinearDiscriminantProjection",
        "mean": estimator.xbar_ if estimator.solver == "svd" else None,
        "scalings": estimator.scalings_,
        "n_components": estimator._max_components,
    }


def _quadratic(estimator: Any, _: Context) -> Node:
    fitted = zip(estimator.rotations_, estimator.scalings_, strict=True)
    with np.errstate(divide="ignore"):  # a class's prior may be 0
        log_priors = np.log(estimator.priors_)
    return {
        "kind": "discriminant.QuadraticDiscriminant",
        "classes": estimator.classes_,
        "means": estimator.means_,
        "rotations": [rotation * (scaling ** (-0.5)) for rotation, scaling in fitted],
        "log_determinants": np.asarray([np.sum(np.log(each)) for each in estimator.scalings_]),
        "log_priors": log_priors,
    }


def _nearest_centroid(estimator: neighbors.NearestCentroid, _: Context) -> Node:
    deviations = estimator.within_class_std_dev_
    deviations = np.where(deviations != 0, deviations, 1.0)
    priors = estimator.class_prior_
    with np.errstate(divide="ignore"):  # a class's prior may be 0
        log_priors = np.log(priors)
    return {
        "kind": "discriminant.NearestCentroid",
        "classes": estimator.classes_,
        "search": brute_node(estimator.centroids_, estimator.metric, {}),
        "deviations": deviations,
        "centroids": estimator.centroids_ / deviations,
        "log_priors": log_priors,
        "alike": bool(np.isclose(priors, 1 / len(priors)).all()),
        "metric": estimator.metric,
    }


EXPORTERS: Mapping[type, Exporter] = {
    discriminant_analysis.LinearDiscriminantAnalysis: _linear,
    discriminant_analysis.QuadraticDiscriminantAnalysis: _quadratic,
    neighbors.NearestCentroid: _nearest_centroid,
}
