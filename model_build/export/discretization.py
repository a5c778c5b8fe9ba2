"""Exports the discretizer; the mirror of ``handler.engine.discretization``."""

from collections.abc import Mapping

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer

from model_build.export.node import Context, Exporter, Node


def _k_bins(estimator: KBinsDiscretizer, _: Context) -> Node:
    return {
        "kind": "discretization.KBinsDiscretizer",
        # float64 holds the edges that were found among float32 numbers exactly.
        "edges": [np.asarray(edges[1:-1], dtype=np.float64) for edges in estimator.bin_edges_],
        "one_hot": estimator.encode != "ordinal",
        "dtype": None if estimator.dtype is None else np.dtype(estimator.dtype).name,
    }


EXPORTERS: Mapping[type, Exporter] = {KBinsDiscretizer: _k_bins}
