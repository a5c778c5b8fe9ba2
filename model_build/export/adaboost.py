"""Exports AdaBoost; the mirror of ``handler.engine.adaboost``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor

from handler.engine.table import Array, Floats
from model_build.export.forest_walk import Tree, lay_out, share_values
from model_build.export.node import Context, Exporter, Node
from model_build.export.trees import CLASSIFIERS, REGRESSORS, are_all, fitted_tree


def _classifier(estimator: AdaBoostClassifier, context: Context) -> Node:
    if len(estimator.classes_) < 2:
        raise context.unsupported(estimator, "it was fitted on one class, and has nothing to tell")
    trees = are_all(estimator.estimators_, CLASSIFIERS)
    votes = _tree_votes if trees else _estimator_votes
    return {
        "kind": "adaboost.AdaBoostClassifier",
        "classes": estimator.classes_,
        "votes": votes(estimator, context),
        "total": float(estimator.estimator_weights_.sum()),
    }


def _estimator_votes(estimator: AdaBoostClassifier, context: Context) -> Node:
    weights = _weights(estimator)
    return {
        "kind": "adaboost.EstimatorVotes",
        "candidates": _candidates(estimator),
        "estimators": _members(estimator, context),
        "weights_for": list(weights),
        "weights_against": [_against(weight, estimator) for weight in weights],
    }


def _tree_votes(estimator: AdaBoostClassifier, _: Context) -> Node:
    trees = zip(estimator.estimators_, _weights(estimator), strict=True)
    layout = share_values(lay_out([_voting(tree, weight, estimator) for tree, weight in trees]))
    return {"kind": "adaboost.TreeVotes", "forest": layout.fields, "values": layout.values}


def _voting(tree: Any, weight: float, estimator: AdaBoostClassifier) -> Tree:
    """Return a tree whose leaves hold what it gives each class."""
    nodes = fitted_tree(tree)
    predicted = tree.classes_.take(np.argmax(nodes.values[:, 0, :], axis=1))
    chosen = predicted[:, None] == _candidates(estimator)
    return nodes._replace(values=np.where(chosen, weight, _against(weight, estimator)))


def _candidates(estimator: AdaBoostClassifier) -> Array:
    """Return the classes that are voted on: of two, the second is enough."""
    classes: Array = estimator.classes_
    return classes if len(classes) > 2 else classes[1:]


def _against(weight: float, estimator: AdaBoostClassifier) -> float:
    share: float = -1 / (estimator.n_classes_ - 1)
    return share * weight


def _regressor(estimator: AdaBoostRegressor, context: Context) -> Node:
    weights = _weights(estimator)
    if not are_all(estimator.estimators_, REGRESSORS):
        members = _members(estimator, context)
        return {"kind": "adaboost.AdaBoostRegressor", "estimators": members, "weights": weights}
    layout = lay_out([fitted_tree(tree) for tree in estimator.estimators_])
    layout = share_values(layout._replace(values=layout.values[:, 0]))
    return {
        "kind": "adaboost.TreesMedian",
        "forest": layout.fields,
        "values": layout.values[:, 0],
        "weights": weights,
    }


def _weights(estimator: Any) -> Floats:
    """Return the members' weights; boosting that ended early leaves zeros behind them."""
    weights: Floats = estimator.estimator_weights_[: len(estimator.estimators_)]
    return weights


def _members(estimator: Any, context: Context) -> list[Node]:
    members = enumerate(estimator.estimators_)
    return [context.export(member, f"estimators_[{i}]") for i, member in members]


EXPORTERS: Mapping[type, Exporter] = {
    AdaBoostClassifier: _classifier,
    AdaBoostRegressor: _regressor,
}
