"""Exports transformers of distributions; the mirror of ``handler.engine.distribution``."""

from collections.abc import Mapping

import numpy as np
from sklearn.preprocessing import PowerTransformer, QuantileTransformer
from sklearn.preprocessing._data import BOUNDS_THRESHOLD

from model_build.export.node import Context, Exporter, Node


def _power(estimator: PowerTransformer, context: Context) -> Node:
    kind = "BoxCox" if estimator.method == "box-cox" else "YeoJohnson"
    lambdas = np.asarray(estimator.lambdas_)
    # scipy's Box-Cox computes in float64 whatever the type of its inputs.
    node: Node = {
        "kind": f"distribution.{kind}",
        "lambdas": lambdas.astype(np.float64) if kind == "BoxCox" else lambdas,
    }
    if not estimator.standardize:
        return node
    scaler = context.export(estimator._scaler, "_scaler", transforms_only=True)
    return {"kind": "compose.Pipeline", "steps": [node], "final": scaler}


def _quantile(estimator: QuantileTransformer, _: Context) -> Node:
    least = BOUNDS_THRESHOLD - np.spacing(1)
    return {
        "kind": "distribution.QuantileTransformer",
        "quantiles": np.asarray(estimator.quantiles_, dtype=np.float64),
        "references": estimator.references_,
        "limits": None if estimator.output_distribution == "uniform" else [least, 1 - least],
    }


EXPORTERS: Mapping[type, Exporter] = {
    PowerTransformer: _power,
    QuantileTransformer: _quantile,
}
