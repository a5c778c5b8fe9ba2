"""Exports robust covariances; the mirror of ``handler.engine.covariance``."""

from collections.abc import Mapping

import numpy as np
from sklearn.covariance import EllipticEnvelope

from model_build.export.node import Context, Exporter, Node


def _envelope(estimator: EllipticEnvelope, _: Context) -> Node:
    return {
        "kind": "covariance.EllipticEnvelope",
        "location": estimator.location_,
        # scipy computes its distances in float64, whatever the inputs were at training.
        "precision": np.ascontiguousarray(estimator.get_precision().T, dtype=np.float64),
        "offset": float(estimator.offset_),
    }


EXPORTERS: Mapping[type, Exporter] = {EllipticEnvelope: _envelope}
