"""Exports isolation forests; the mirror of ``handler.engine.isolation``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length

from model_build.export.forest_walk import Tree, lay_out, share_values
from model_build.export.node import Context, Exporter, Node
from model_build.export.trees import fitted_tree


def _isolation_forest(estimator: IsolationForest, _: Context) -> Node:
    layout = share_values(lay_out(_trees(estimator)))
    # Of one row, as ``_compute_score_samples`` does it.
    typical = len(estimator.estimators_) * _average_path_length([estimator._max_samples])
    return {
        "kind": "isolation.IsolationForest",
        "forest": layout.fields,
        "values": layout.values[:, 0],
        "typical": float(typical[0]),
        "offset": float(estimator.offset_),
    }


def _trees(estimator: IsolationForest) -> list[Tree]:
    parts = zip(
        estimator.estimators_,
        estimator.estimators_features_,
        estimator._decision_path_lengths,
        estimator._average_path_length_per_tree,
        strict=True,
    )
    return [
        _with_lengths(tree, columns, depths + beyond - 1.0)
        for tree, columns, depths, beyond in parts
    ]


def _with_lengths(tree: Any, columns: Any, lengths: Any) -> Tree:
    nodes = fitted_tree(tree)
    # A leaf's feature is negative; whatever stands in its place, nothing reads it.
    return nodes._replace(feature=columns[np.maximum(nodes.feature, 0)], values=lengths[:, None])


EXPORTERS: Mapping[type, Exporter] = {IsolationForest: _isolation_forest}
