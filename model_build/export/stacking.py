"""Exports stacked estimators; the mirror of ``handler.engine.stacking``."""

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import StackingClassifier, StackingRegressor

from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: StackingRegressor, context: Context) -> Node:
    return {"kind": "stacking.Stacking", **_fields(estimator, context), "second_only": False}


def _classifier(estimator: StackingClassifier, context: Context) -> Node:
    multilabel = isinstance(estimator.classes_, list)
    return {
        "kind": f"stacking.{'Multilabel' if multilabel else ''}StackingClassifier",
        **_fields(estimator, context),
        # Of two classes; scikit-learn asks the same of the list of two labels' classes.
        "second_only": len(estimator.classes_) == 2,
        "classes": estimator.classes_,
    }


def _fields(estimator: Any, context: Context) -> Node:
    names = [name for name, member in estimator.estimators if not _dropped(member)]
    parts = zip(names, estimator.estimators_, strict=True)
    return {
        "estimators": [context.export(member, name) for name, member in parts],
        "responses": list(estimator.stack_method_),
        "final": context.export(estimator.final_estimator_, "final_estimator_"),
        "passthrough": bool(estimator.passthrough),
    }


def _dropped(member: Any) -> bool:
    return isinstance(member, str) and member == "drop"


EXPORTERS: Mapping[type, Exporter] = {
    StackingClassifier: _classifier,
    StackingRegressor: _regressor,
}
