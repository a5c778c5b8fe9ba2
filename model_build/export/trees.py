"""Exports decision trees and forests; the mirror of ``handler.engine.trees``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import ensemble, tree

from handler.engine.table import Array
from model_build.export.forest_walk import Tree, at_most_in_float32, lay_out, share_values
from model_build.export.node import Context, Exporter, Node

CLASSIFIERS = (tree.DecisionTreeClassifier, tree.ExtraTreeClassifier)
REGRESSORS = (tree.DecisionTreeRegressor, tree.ExtraTreeRegressor)


def are_all(estimators: Sequence[Any], kinds: tuple[type, ...]) -> bool:
    """Whether all these are such trees (and no user's subclass), which one forest may hold."""
    return all(type(each) in kinds for each in estimators)


def fitted_tree(estimator: Any) -> Tree:
    """Return the nodes of a fitted decision tree, which compares float32 values.

    Parameters
    ----------
    estimator : fitted ``DecisionTreeRegressor`` or another with a ``tree_``
    """
    nodes = estimator.tree_
    return Tree(
        left=nodes.children_left,
        right=nodes.children_right,
        feature=nodes.feature,
        threshold=at_most_in_float32(nodes.threshold),
        missing_left=nodes.missing_go_to_left.astype(bool),
        values=nodes.value,
    )


def takes_missing(estimator: Any) -> bool:
    """Whether a fitted tree takes missing values."""
    return bool(estimator.__sklearn_tags__().input_tags.allow_nan)


def _tree_regressor(estimator: Any, _: Context) -> Node:
    return _regressor([estimator])


def _forest_regressor(estimator: Any, _: Context) -> Node:
    return _regressor(estimator.estimators_)


def _tree_classifier(estimator: Any, _: Context) -> Node:
    return _classifier([estimator], estimator)


def _forest_classifier(estimator: Any, _: Context) -> Node:
    return _classifier(estimator.estimators_, estimator)


def _regressor(trees: Sequence[Any]) -> Node:
    layout = lay_out([fitted_tree(each) for each in trees])
    layout = share_values(layout._replace(values=layout.values[:, :, 0]))
    return {
        "kind": "trees.TreesRegressor",
        "forest": layout.fields,
        "values": layout.values,
        "missing": takes_missing(trees[0]),
    }


def _classifier(trees: Sequence[Any], estimator: Any) -> Node:
    layout = lay_out([fitted_tree(each) for each in trees])
    several = estimator.n_outputs_ > 1
    classes = estimator.classes_ if several else [estimator.classes_]
    layout = share_values(layout._replace(values=_side_by_side(layout.values, classes)))
    return {
        "kind": f"trees.{'MultiOutputTreesClassifier' if several else 'TreesClassifier'}",
        "forest": layout.fields,
        "values": layout.values,
        "missing": takes_missing(trees[0]),
        "classes": classes if several else classes[0],
    }


def _side_by_side(values: Array, classes: Sequence[Array]) -> Array:
    """Return (n, n_outputs, most classes) as (n, all classes), without the padding."""
    parts = [values[:, k, : len(names)] for k, names in enumerate(classes)]
    return np.concatenate(parts, axis=1)


EXPORTERS: Mapping[type, Exporter] = {
    tree.DecisionTreeClassifier: _tree_classifier,
    tree.DecisionTreeRegressor: _tree_regressor,
    tree.ExtraTreeClassifier: _tree_classifier,
    tree.ExtraTreeRegressor: _tree_regressor,
    ensemble.ExtraTreesClassifier: _forest_classifier,
    ensemble.ExtraTreesRegressor: _forest_regressor,
    ensemble.RandomForestClassifier: _forest_classifier,
    ensemble.RandomForestRegressor: _forest_regressor,
}
