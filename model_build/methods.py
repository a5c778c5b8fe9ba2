"""The methods of fitted estimators that answer for new rows."""

from inspect import signature
from typing import Any

from sklearn.pipeline import Pipeline

from handler.engine.base import METHODS


def methods_of(estimator: Any) -> list[str]:
    """Return those of ``handler.engine.base.METHODS`` that a fitted estimator offers."""
    return [method for method in METHODS if offers(estimator, method)]


def offers(estimator: Any, method: str) -> bool:
    """Whether a fitted estimator answers ``method``, one of ``METHODS``."""
    return _has_std(estimator) if method == "predict_std" else hasattr(estimator, method)


def _has_std(estimator: Any) -> bool:
    # A pipeline hands keywords of ``predict`` to its last step.
    if isinstance(estimator, Pipeline):
        return _has_std(estimator.steps[-1][1])
    predict = getattr(estimator, "predict", None)
    return predict is not None and "return_std" in signature(predict).parameters
