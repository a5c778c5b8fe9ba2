"""Exports an estimator for each target; the mirror of ``handler.engine.multioutput``."""

from collections.abc import Mapping
from typing import Any

from sklearn import multioutput

from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: multioutput.MultiOutputRegressor, context: Context) -> Node:
    return {"kind": "multioutput.MultiOutputRegressor", "estimators": _parts(estimator, context)}


def _classifier(estimator: multioutput.MultiOutputClassifier, context: Context) -> Node:
    return {
        "kind": "multioutput.MultiOutputClassifier",
        "estimators": _parts(estimator, context),
        # Not its own classes_, which it has only after fit: partial_fit sets none.
        "classes": [part.classes_ for part in estimator.estimators_],
    }


def _regressor_chain(estimator: multioutput.RegressorChain, context: Context) -> Node:
    return {"kind": "multioutput.RegressorChain", **_links(estimator, context)}


def _classifier_chain(estimator: multioutput.ClassifierChain, context: Context) -> Node:
    return {
        "kind": "multioutput.ClassifierChain",
        **_links(estimator, context),
        "chained": estimator.chain_method_,
    }


def _links(estimator: Any, context: Context) -> Node:
    return {
        "estimators": _parts(estimator, context),
        "order": [int(place) for place in estimator.order_],
    }


def _parts(estimator: Any, context: Context) -> list[Node]:
    parts = enumerate(estimator.estimators_)
    return [context.export(part, f"estimators_[{i}]") for i, part in parts]


EXPORTERS: Mapping[type, Exporter] = {
    multioutput.ClassifierChain: _classifier_chain,
    multioutput.MultiOutputClassifier: _classifier,
    multioutput.MultiOutputRegressor: _regressor,
    multioutput.RegressorChain: _regressor_chain,
}
