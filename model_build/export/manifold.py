"""Exports embeddings; the mirror of ``handler.engine.manifold``."""

from collections.abc import Mapping

import numpy as np
from sklearn import manifold

from model_build.export.node import Context, Exporter, Node
from model_build.export.searches import search_node


def _isomap(estimator: manifold.Isomap, context: Context) -> Node:
    radius = estimator.radius
    return {
        "kind": "manifold.IsometricMap",
        "search": search_node(estimator.nbrs_, context),
        "n_neighbors": estimator.n_neighbors,
        "radius": None if radius is None else float(radius),
        "ways": np.ascontiguousarray(estimator.dist_matrix_),
        "components": context.export(estimator.kernel_pca_, "kernel_pca_"),
    }


def _locally_linear(estimator: manifold.LocallyLinearEmbedding, context: Context) -> Node:
    return {
        "kind": "manifold.LocallyLinearEmbedding",
        "search": search_node(estimator.nbrs_, context),
        "points": estimator.nbrs_._fit_X,
        "embedding": estimator.embedding_,
        "n_neighbors": estimator.n_neighbors,
        "regularization": float(estimator.reg),
    }


EXPORTERS: Mapping[type, Exporter] = {
    manifold.Isomap: _isomap,
    manifold.LocallyLinearEmbedding: _locally_linear,
}
