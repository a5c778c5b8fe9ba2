"""Exports embeddings by trees; the mirror of ``handler.engine.embedding``."""

from collections.abc import Mapping

import numpy as np
from sklearn.ensemble import RandomTreesEmbedding

from model_build.export.forest_walk import lay_out
from model_build.export.node import Context, Exporter, Node
from model_build.export.trees import fitted_tree, takes_missing


def _trees_embedding(estimator: RandomTreesEmbedding, _: Context) -> Node:
    leaves = estimator.one_hot_encoder_.categories_
    firsts = np.cumsum([0, *(len(own) for own in leaves[:-1])])
    trees = [
        # Training reached every leaf, so each is among the encoder's categories.
        nodes._replace(values=first + np.searchsorted(own, np.arange(len(nodes.left))))
        for nodes, own, first in zip(
            map(fitted_tree, estimator.estimators_), leaves, firsts, strict=True
        )
    ]
    layout = lay_out(trees)
    return {
        "kind": "embedding.TreesEmbedding",
        "forest": layout.fields,
        "values": layout.values,
        "missing": takes_missing(estimator.estimators_[0]),
        "sparse": bool(estimator.sparse_output),
    }


EXPORTERS: Mapping[type, Exporter] = {RandomTreesEmbedding: _trees_embedding}
