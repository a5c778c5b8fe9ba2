"""Exports imputers that ask neighbours; the mirror of ``handler.engine.knn_impute``."""

from collections.abc import Mapping

import numpy as np
from sklearn.impute import KNNImputer

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _imputer(estimator: KNNImputer, context: Context) -> Node:
    if callable(estimator.metric) or callable(estimator.weights):
        raise context.unsupported(estimator, "its metric or its weights are a function")
    points, absent = estimator._fit_X, estimator._mask_fit_X
    indicator = estimator.indicator_
    return {
        "kind": "knn_impute.NeighborsImputer",
        "points": np.where(absent, points.dtype.type(0), points),
        "absent": absent,
        "means": _means(points, absent),
        "n_neighbors": estimator.n_neighbors,
        "weighted": estimator.weights == "distance",
        "missing": estimator.missing_values,
        "kept": np.flatnonzero(estimator._valid_mask),
        "zeros": estimator.keep_empty_features,
        "indicator": None if indicator is None else indicator.features_,
    }


def _means(points: Array, absent: Array) -> Array:
    """Return the columns' means as the imputer computes them; 0 of a column without values."""
    masked = [np.ma.array(points[:, j], mask=absent[:, j]) for j in range(points.shape[1])]
    return np.array([0.0 if each.mask.all() else float(each.mean()) for each in masked])


EXPORTERS: Mapping[type, Exporter] = {KNNImputer: _imputer}
