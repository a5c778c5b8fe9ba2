"""Exports multi-class strategies; the mirror of ``handler.engine.multiclass``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import multiclass

from model_build.export.node import Context, Exporter, Node
from model_build.export.responses import binary_method, binary_threshold


def _one_vs_rest(estimator: multiclass.OneVsRestClassifier, context: Context) -> Node:
    return {
        "kind": "multiclass.OneVsRestClassifier",
        **_parts(estimator, context),
        "target": estimator.label_binarizer_.y_type_,
        "threshold": binary_threshold(estimator.estimators_[0]),
    }


def _one_vs_one(estimator: multiclass.OneVsOneClassifier, context: Context) -> Node:
    everything = [None] * len(estimator.estimators_)
    return {
        "kind": "multiclass.OneVsOneClassifier",
        **_parts(estimator, context),
        "columns": list(estimator.pairwise_indices_ or everything),
        "threshold": binary_threshold(estimator.estimators_[0]),
    }


def _output_code(estimator: multiclass.OutputCodeClassifier, context: Context) -> Node:
    return {
        "kind": "multiclass.OutputCodeClassifier",
        **_parts(estimator, context),
        "codes": np.ascontiguousarray(estimator.code_book_, dtype=np.float64),
    }


def _parts(estimator: Any, context: Context) -> Node:
    parts = estimator.estimators_
    return {
        "classes": estimator.classes_,
        "estimators": [context.export(part, f"estimators_[{i}]") for i, part in enumerate(parts)],
        "responses": [binary_method(part) for part in parts],
    }


def _constant(estimator: Any, _: Context) -> Node:
    return {"kind": "multiclass.ConstantClassifier", "value": int(estimator.y_[0])}


EXPORTERS: Mapping[type, Exporter] = {
    multiclass.OneVsOneClassifier: _one_vs_one,
    multiclass.OneVsRestClassifier: _one_vs_rest,
    multiclass.OutputCodeClassifier: _output_code,
    multiclass._ConstantPredictor: _constant,
}
