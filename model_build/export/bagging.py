"""Exports bagging; the mirror of ``handler.engine.bagging``."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.ensemble._base import _partition_estimators

from handler.engine.table import Array
from model_build.export.forest_walk import Tree, lay_out, share_values
from model_build.export.node import Context, Exporter, Node
from model_build.export.responses import first_method
from model_build.export.trees import (
    CLASSIFIERS,
    REGRESSORS,
    are_all,
    fitted_tree,
    takes_missing,
)

# A member's place among all, the fitted member, and the columns that it takes.
type _Member = tuple[int, Any, Array]


def _regressor(estimator: BaggingRegressor, context: Context) -> Node:
    export = _regressor_trees if are_all(estimator.estimators_, REGRESSORS) else _regressor_sum
    return {
        "kind": "bagging.BaggingRegressor",
        "parts": [export(part, context) for part in _jobs(estimator)],
        "count": estimator.n_estimators,
    }


def _classifier(estimator: BaggingClassifier, context: Context) -> Node:
    trees = are_all(estimator.estimators_, CLASSIFIERS)
    export = _classifier_trees if trees else _classifier_sum
    return {
        "kind": "bagging.BaggingClassifier",
        "classes": estimator.classes_,
        "parts": [export(part, estimator, context) for part in _jobs(estimator)],
        "count": estimator.n_estimators,
        "logarithms": hasattr(estimator.estimator_, "predict_log_proba"),
    }


def _jobs(estimator: Any) -> Iterator[list[_Member]]:
    """Yield the members job by job: each job's are added up apart, and then the jobs' sums."""
    count, _, starts = _partition_estimators(estimator.n_estimators, estimator.n_jobs)
    columns = estimator.estimators_features_
    members = list(zip(range(starts[-1]), estimator.estimators_, columns, strict=True))
    for job in range(count):
        yield members[starts[job] : starts[job + 1]]


def _regressor_sum(members: list[_Member], context: Context) -> Node:
    return {"kind": "bagging.RegressorSum", **_members(members, context)}


def _classifier_sum(members: list[_Member], estimator: Any, context: Context) -> Node:
    return {
        "kind": "bagging.ClassifierSum",
        **_members(members, context),
        "responses": [
            first_method(member, ["predict_proba", "predict"]) for _, member, _ in members
        ],
        "positions": [_positions(member, estimator) for _, member, _ in members],
        "n_classes": estimator.n_classes_,
    }


def _members(members: list[_Member], context: Context) -> Node:
    columns = [taken for _, _, taken in members]
    same = all(np.array_equal(taken, columns[0]) for taken in columns)
    return {
        "estimators": [context.export(member, f"estimators_[{i}]") for i, member, _ in members],
        "columns": columns[:1] if same else columns,
    }


def _positions(member: Any, estimator: Any) -> Array | None:
    """Return the places of a member's classes: members were fitted on such places as labels."""
    known = getattr(member, "classes_", None)
    if known is None or len(known) == estimator.n_classes_:
        return None
    return np.asarray(known, dtype=np.intp)


def _regressor_trees(members: list[_Member], context: Context) -> Node:
    used = _used(members)
    trees = [_renumbered(member, taken, used) for _, member, taken in members]
    layout = share_values(lay_out([tree._replace(values=tree.values[:, :, 0]) for tree in trees]))
    return _tree_sum(layout.fields, layout.values, used, members)


def _classifier_trees(members: list[_Member], estimator: Any, context: Context) -> Node:
    used = _used(members)
    trees = []
    for _, member, taken in members:
        tree = _renumbered(member, taken, used)
        trees.append(tree._replace(values=_shares(tree, member, estimator)))
    layout = share_values(lay_out(trees))
    return _tree_sum(layout.fields, layout.values, used, members)


def _tree_sum(forest: Node, values: Array, used: Array, members: list[_Member]) -> Node:
    return {
        "kind": "bagging.TreeSum",
        "forest": forest,
        "values": values,
        "columns": used,
        "missing": takes_missing(members[0][1]),
    }


def _used(members: list[_Member]) -> Array:
    """Return the columns that any member takes; nothing checks the others."""
    return np.unique(np.concatenate([taken for _, _, taken in members]))


def _renumbered(member: Any, taken: Array, used: Array) -> Tree:
    """Return a tree that compares columns as they are numbered among the used ones."""
    tree = fitted_tree(member)
    # A leaf's feature is negative; whatever stands in its place, nothing reads it.
    return tree._replace(feature=np.searchsorted(used, taken)[np.maximum(tree.feature, 0)])


def _shares(tree: Tree, member: Any, estimator: Any) -> Array:
    """Return the shares of all classes, shape (n_nodes, n_classes)."""
    shares = np.zeros((len(tree.values), estimator.n_classes_))
    shares[:, member.classes_] = tree.values[:, 0, : len(member.classes_)]
    return shares


EXPORTERS: Mapping[type, Exporter] = {
    BaggingClassifier: _classifier,
    BaggingRegressor: _regressor,
}
