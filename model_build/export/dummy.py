"""Exports dummies; the mirror of ``handler.engine.dummy``."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import dummy

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node
from model_build.export.random_state import key_of

# All rows are answered alike, whatever they hold.
_ANY_ROW = np.zeros((1, 1))


def _regressor(estimator: dummy.DummyRegressor, _: Context) -> Node:
    return {"kind": "dummy.DummyRegressor", "values": estimator.predict(_ANY_ROW).reshape(-1)}


def _classifier(estimator: dummy.DummyClassifier, context: Context) -> Node:
    if estimator.sparse_output_:
        raise context.unsupported(estimator, "it was fitted on a sparse target")
    strategy = estimator._strategy
    return (_drawn if strategy in _DRAWN else _constant)(estimator, context)


def _constant(estimator: dummy.DummyClassifier, _: Context) -> Node:
    shares = _by_target(estimator, estimator.predict_proba(_ANY_ROW))
    return {
        "kind": "dummy.ConstantClassifier",
        "shares": [each[0] for each in shares],
        "labels": estimator.predict(_ANY_ROW).reshape(-1),
    }


def _drawn(estimator: dummy.DummyClassifier, context: Context) -> Node:
    kind, shares = _DRAWN[estimator._strategy]
    return {
        "kind": f"dummy.{kind}",
        "shares": [shares(each) for each in _by_target(estimator, estimator.class_prior_)],
        "classes": _by_target(estimator, estimator.classes_),
        "key": key_of(estimator, context),
    }


def _equal(prior: Any) -> Array:
    return np.ones(len(prior)) / len(prior)


# For each strategy that draws, its evaluator, and the classes' probabilities from training's.
_DRAWN: Mapping[str, tuple[str, Callable[[Any], Array]]] = {
    "stratified": ("StratifiedClassifier", np.asarray),
    "uniform": ("UniformClassifier", _equal),
}


def _by_target(estimator: dummy.DummyClassifier, values: Any) -> list[Any]:
    return [values] if estimator.n_outputs_ == 1 else values


EXPORTERS: Mapping[type, Exporter] = {
    dummy.DummyClassifier: _classifier,
    dummy.DummyRegressor: _regressor,
}
