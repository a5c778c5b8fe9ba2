"""Exports voting ensembles; the mirror of ``handler.engine.voting``."""

from collections.abc import Mapping
from typing import Any

from sklearn.ensemble import VotingClassifier, VotingRegressor

from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: VotingRegressor, context: Context) -> Node:
    return {"kind": "voting.VotingRegressor", **_members(estimator, context)}


def _classifier(estimator: VotingClassifier, context: Context) -> Node:
    fields = {"classes": estimator.classes_, **_members(estimator, context)}
    if estimator.voting == "hard":
        return {"kind": "voting.HardVotingClassifier", **fields}
    flatten = bool(estimator.flatten_transform)
    return {"kind": "voting.SoftVotingClassifier", **fields, "flatten": flatten}


def _members(estimator: Any, context: Context) -> Node:
    names = [name for name, member in estimator.estimators if not _dropped(member)]
    weights = estimator._weights_not_none
    parts = zip(names, estimator.estimators_, strict=True)
    return {
        "estimators": [context.export(member, name) for name, member in parts],
        "weights": weights if weights is None else [float(weight) for weight in weights],
    }


def _dropped(member: Any) -> bool:
    return isinstance(member, str) and member == "drop"


EXPORTERS: Mapping[type, Exporter] = {
    VotingClassifier: _classifier,
    VotingRegressor: _regressor,
}
