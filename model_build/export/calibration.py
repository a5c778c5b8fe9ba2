"""Exports calibrated classifiers; the mirror of ``handler.engine.calibration``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression

from model_build.export.node import Context, Exporter, Node
from model_build.export.responses import first_method


def _calibrated(estimator: CalibratedClassifierCV, context: Context) -> Node:
    members = enumerate(estimator.calibrated_classifiers_)
    return {
        "kind": "calibration.CalibratedClassifier",
        "classes": estimator.classes_,
        "members": [_member(member, f"calibrated {i}", context) for i, member in members],
    }


def _member(member: Any, step: str, context: Context) -> Node:
    inner = member.estimator
    fields = {
        "estimator": context.export(inner, step),
        "response": first_method(inner, ["decision_function", "predict_proba"]),
    }
    if member.method == "temperature":
        beta = float(member.calibrators[0].beta_)
        return {"kind": "calibration.CalibratedByTemperature", **fields, "beta": beta}
    return {
        "kind": "calibration.CalibratedByClass",
        **fields,
        "calibrators": [_calibrator(item, context) for item in member.calibrators],
        "positions": _positions(member),
        "n_classes": len(member.classes),
    }


def _positions(member: Any) -> list[int]:
    """Return the answer's column of each calibrator; a fold may have lacked some classes."""
    shift = 1 if len(member.classes) == 2 else 0
    found = np.searchsorted(member.classes, member.estimator.classes_)
    return [int(position) + shift for position in found][: len(member.calibrators)]


def _calibrator(calibrator: Any, context: Context) -> Node:
    if isinstance(calibrator, IsotonicRegression):
        return _isotonic(calibrator, context)
    return {"kind": "calibration.Sigmoid", "a": float(calibrator.a_), "b": float(calibrator.b_)}


def _isotonic(estimator: IsotonicRegression, _: Context) -> Node:
    single = estimator.X_thresholds_.dtype == np.float32
    return {
        "kind": f"calibration.{'SingleIsotonic' if single else 'Isotonic'}",
        "thresholds": estimator.X_thresholds_,
        "values": estimator.y_thresholds_,
        "bounds": np.array([estimator.X_min_, estimator.X_max_]),
        "outside": estimator.out_of_bounds,
    }


EXPORTERS: Mapping[type, Exporter] = {
    CalibratedClassifierCV: _calibrated,
    IsotonicRegression: _isotonic,
}
