"""Exports trees of training rows; the mirror of ``handler.engine.tree_searches``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.neighbors import BallTree

from model_build.export.node import Exporter, Node


def tree_node(tree: Any) -> Node:
    """Return the node of a ``KDTree`` or a ``BallTree``."""
    data, index, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    node = {
        "points": data[index],
        "index": index,
        "starts": nodes["idx_start"],
        "stops": nodes["idx_end"],
        "metric": metric_fields(tree.__getstate__()[11]),
    }
    if isinstance(tree, BallTree):
        balls = {"centres": bounds[0], "radii": nodes["radius"]}
        return {"kind": "tree_searches.BallTreeSearch", **node, **balls}
    return {"kind": "tree_searches.KDTreeSearch", **node, "lower": bounds[0], "upper": bounds[1]}


def metric_fields(metric: Any) -> dict[str, Any]:
    """Return the fields of the engine's ``Metric`` of a ``DistanceMetric``."""
    name = type(metric).__name__.removesuffix("64").removesuffix("32").removesuffix("Distance")
    p, vector, matrix = metric.__getstate__()[:3]
    return {
        "name": name.lower(),
        "p": float(p),
        "weights": vector if name in ("Minkowski", "SEuclidean") and len(vector) else None,
        "inverse": matrix if name == "Mahalanobis" else None,
    }


EXPORTERS: Mapping[type, Exporter] = {}
