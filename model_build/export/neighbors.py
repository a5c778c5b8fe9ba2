"""Exports estimators that ask the nearest training rows; mirrors ``handler.engine.neighbors``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import neighbors
from sklearn.metrics._pairwise_distances_reduction import (
    ArgKminClassMode,
    RadiusNeighborsClassMode,
)
from sklearn.utils import get_tags

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node
from model_build.export.searches import search_node


def _classifier(estimator: neighbors.KNeighborsClassifier, context: Context) -> Node:
    return {
        "kind": "neighbors.NeighborsClassifier",
        **_nearest(estimator, context),
        **_classes(estimator),
        "by_rows": _counts_while_searching(estimator, ArgKminClassMode),
    }


def _regressor(estimator: neighbors.KNeighborsRegressor, context: Context) -> Node:
    return {
        "kind": "neighbors.NeighborsRegressor",
        **_nearest(estimator, context),
        "targets": estimator._y,
    }


def _radius_classifier(estimator: neighbors.RadiusNeighborsClassifier, context: Context) -> Node:
    fields = _classes(estimator)
    classes = fields["classes"] if estimator.outputs_2d_ else [fields["classes"]]
    outliers = estimator.outlier_label_
    return {
        "kind": "neighbors.RadiusClassifier",
        **_within(estimator, context),
        **fields,
        "by_rows": _counts_while_searching(estimator, RadiusNeighborsClassMode),
        "outliers": None if outliers is None else list(outliers),
        "outlier_positions": _positions(classes, outliers),
        "plain_position": _plain_position(estimator, len(classes[0])),
    }


def _radius_regressor(estimator: neighbors.RadiusNeighborsRegressor, context: Context) -> Node:
    targets = estimator._y
    with np.errstate(invalid="ignore"):
        # NaN as an integer, where targets are integers: some number.
        alone = np.full_like(targets.reshape(len(targets), -1)[0], np.nan)
    return {
        "kind": "neighbors.RadiusRegressor",
        **_within(estimator, context),
        "targets": targets,
        "alone": alone.astype(np.float64),
    }


def _neighbors_graph(estimator: neighbors.KNeighborsTransformer, context: Context) -> Node:
    told = estimator.mode == "distance"
    return {
        "kind": "neighbors.NeighborsGraph",
        **_asked(estimator, context),
        "n_neighbors": estimator.n_neighbors + told,
        "distances": told,
        "n_train": estimator.n_samples_fit_,
    }


def _radius_graph(estimator: neighbors.RadiusNeighborsTransformer, context: Context) -> Node:
    return {
        "kind": "neighbors.RadiusGraph",
        **_asked(estimator, context),
        "radius": float(estimator.radius),
        "distances": estimator.mode == "distance",
        "n_train": estimator.n_samples_fit_,
    }


def _outlier_factor(estimator: neighbors.LocalOutlierFactor, context: Context) -> Node:
    last = estimator.n_neighbors_ - 1
    return {
        "kind": "neighbors.LocalOutlierFactor",
        **_asked(estimator, context),
        "n_neighbors": estimator.n_neighbors_,
        "farthest": np.ascontiguousarray(estimator._distances_fit_X_[:, last]),
        "densities": estimator._lrd,
        "offset": float(estimator.offset_),
    }


def _components(estimator: neighbors.NeighborhoodComponentsAnalysis, _: Context) -> Node:
    return {
        "kind": "decomposition.Projection",
        "components": estimator.components_,
        "offset": None,
        "scale": None,
    }


def _nearest(estimator: Any, context: Context) -> Node:
    return {
        **_asked(estimator, context),
        "n_neighbors": estimator.n_neighbors,
        "weighted": _weighted(estimator, context),
    }


def _within(estimator: Any, context: Context) -> Node:
    return {
        **_asked(estimator, context),
        "radius": float(estimator.radius),
        "weighted": _weighted(estimator, context),
    }


def _asked(estimator: Any, context: Context) -> Node:
    return {
        "search": search_node(estimator, context),
        "missing": bool(get_tags(estimator).input_tags.allow_nan),
    }


def _weighted(estimator: Any, context: Context) -> bool:
    if callable(estimator.weights):
        raise context.unsupported(estimator, "its weights are a function")
    return bool(estimator.weights == "distance")


def _classes(estimator: Any) -> Node:
    return {
        "classes": list(estimator.classes_) if estimator.outputs_2d_ else estimator.classes_,
        "labels": estimator._y.reshape(len(estimator._y), -1),
    }


def _counts_while_searching(estimator: Any, reduction: Any) -> bool:
    """Whether the compiled search counts votes: it does for plain arrays."""
    points, metric = estimator._fit_X, estimator.metric
    if metric == "minkowski" and estimator.p == 2:
        metric = "euclidean"
    votes = estimator.weights == "uniform" and not estimator.outputs_2d_
    brute = estimator._fit_method == "brute"
    return bool(votes and brute and reduction.is_usable_for(points, points, metric))


def _positions(classes: list[Array], outliers: Any) -> list[int]:
    """Return where each target's outlier label is among its classes; -1 where it is not."""
    if outliers is None:
        return [-1] * len(classes)
    found = [np.flatnonzero(each == label) for each, label in zip(classes, outliers, strict=True)]
    return [int(places[0]) if places.size == 1 else -1 for places in found]


def _plain_position(estimator: Any, n_classes: int) -> int:
    """Return the position that the compiled search takes the outlier label itself for."""
    label = estimator.outlier_label
    return next((k for k in range(n_classes) if label is not None and k == label), -1)


EXPORTERS: Mapping[type, Exporter] = {
    neighbors.KNeighborsClassifier: _classifier,
    neighbors.KNeighborsRegressor: _regressor,
    neighbors.KNeighborsTransformer: _neighbors_graph,
    neighbors.LocalOutlierFactor: _outlier_factor,
    neighbors.NeighborhoodComponentsAnalysis: _components,
    neighbors.RadiusNeighborsClassifier: _radius_classifier,
    neighbors.RadiusNeighborsRegressor: _radius_regressor,
    neighbors.RadiusNeighborsTransformer: _radius_graph,
}
