"""The methods of fitted estimators that answer for new rows."""

from inspect import signature
from typing import Any

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import Pipeline

from handler.engine.base import METHODS


def methods_of(estimator: Any) -> list[str]:
    """Return those of ``handler.engine.base.METHODS`` that a fitted estimator offers."""
    return [method for method in METHODS if offers(estimator, method)]


def offers(estimator: Any, method: str) -> bool:
    """Whether a fitted estimator answers ``method``, one of ``METHODS``."""
    if method == "predict_std":
        return _has_std(estimator)
    return hasattr(estimator, method) and not (method == "transform" and _projects_not(estimator))


def _has_std(estimator: Any) -> bool:
    # A pipeline hands keywords of ``predict`` to its last step.
    if isinstance(estimator, Pipeline):
        return _has_std(estimator.steps[-1][1])
    predict = getattr(estimator, "predict", None)
    return predict is not None and "return_std" in signature(predict).parameters


def _projects_not(estimator: Any) -> bool:
    """Whether its ``transform`` always raises NotImplementedError: a solver that finds no axes."""
    if isinstance(estimator, Pipeline):
        return _projects_not(estimator.steps[-1][1])
    return isinstance(estimator, LinearDiscriminantAnalysis) and estimator.solver == "lsqr"
