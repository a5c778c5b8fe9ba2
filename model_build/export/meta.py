"""Exports thresholds, and estimators that answer as another one does; mirrors the engine's."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (it adds two searches)
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from model_build.export.node import Context, Exporter, Node
from model_build.export.responses import first_method


def _fixed(estimator: FixedThresholdClassifier, context: Context) -> Node:
    inner = getattr(estimator, "estimator_", estimator.estimator)
    response = _response(estimator, inner)
    threshold = estimator.threshold
    if threshold == "auto":
        threshold = 0.5 if response == "predict_proba" else 0.0
    return _thresholded(estimator, inner, estimator.pos_label, threshold, context)


def _tuned(estimator: TunedThresholdClassifierCV, context: Context) -> Node:
    positive = estimator._curve_scorer._get_pos_label()
    inner, threshold = estimator.estimator_, estimator.best_threshold_
    return _thresholded(estimator, inner, positive, threshold, context)


def _thresholded(
    estimator: Any, inner: Any, positive: Any, threshold: float, context: Context
) -> Node:
    classes = estimator.classes_
    return {
        "kind": "meta.ThresholdClassifier",
        "classes": classes,
        "estimator": context.export(inner, "estimator"),
        "response": _response(estimator, inner),
        "positive": 1 if positive is None else int(np.flatnonzero(classes == positive)[0]),
        "threshold": float(threshold),
    }


def _response(estimator: Any, inner: Any) -> str:
    if estimator.response_method == "auto":
        return first_method(inner, ["predict_proba", "decision_function"])
    return str(estimator.response_method)


def _search(estimator: Any, context: Context) -> Node:
    if not hasattr(estimator, "best_estimator_"):
        raise context.unsupported(estimator, "with refit=False it holds no fitted estimator")
    return context.export(estimator.best_estimator_, "best_estimator_")


def _self_training(estimator: SelfTrainingClassifier, context: Context) -> Node:
    return {
        "kind": "compose.Pipeline",
        "steps": [{"kind": "meta.Numbers"}],
        "final": context.export(estimator.estimator_, "estimator_"),
    }


def _frozen(estimator: FrozenEstimator, context: Context) -> Node:
    return context.export(estimator.estimator, "estimator")


EXPORTERS: Mapping[type, Exporter] = {
    FixedThresholdClassifier: _fixed,
    FrozenEstimator: _frozen,
    GridSearchCV: _search,
    HalvingGridSearchCV: _search,
    HalvingRandomSearchCV: _search,
    RandomizedSearchCV: _search,
    SelfTrainingClassifier: _self_training,
    TunedThresholdClassifierCV: _tuned,
}
