"""Exports random projections; the mirror of ``handler.engine.random_projection``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import random_projection

from model_build.export.node import Context, Exporter, Node


def _dense(estimator: Any, _: Context) -> Node:
    return {
        "kind": "decomposition.Projection",
        "components": np.asarray(estimator.components_),
        "offset": None,
        "scale": None,
    }


def _sparse(estimator: random_projection.SparseRandomProjection, context: Context) -> Node:
    components = estimator.components_
    if isinstance(components, np.ndarray):  # all values of density 1 are stored
        return _dense(estimator, context)
    return {
        "kind": "random_projection.SparseProjection",
        "data": components.data,
        "indices": components.indices.astype(np.intp),
        "indptr": components.indptr.astype(np.intp),
        "width": components.shape[1],
        "sparse": not estimator.dense_output,
    }


EXPORTERS: Mapping[type, Exporter] = {
    random_projection.GaussianRandomProjection: _dense,
    random_projection.SparseRandomProjection: _sparse,
}
