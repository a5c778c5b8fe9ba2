"""Which of an estimator's methods a meta-estimator asks; the mirror of ``handler.engine``'s."""

from collections.abc import Sequence
from typing import Any

from sklearn.base import is_classifier, is_regressor


def first_method(estimator: Any, methods: Sequence[str]) -> str:
    """Return the first of these methods that an estimator has."""
    return next(method for method in methods if hasattr(estimator, method))


def binary_method(estimator: Any) -> str:
    """Return the method that scores a binary problem's second class: ``_predict_binary``."""
    if is_regressor(estimator):
        return "predict"
    return first_method(estimator, ["decision_function", "predict_proba"])


def binary_threshold(estimator: Any) -> float:
    """Return the score from which on it is the second class: ``_threshold_for_binary_predict``."""
    return 0.0 if hasattr(estimator, "decision_function") and is_classifier(estimator) else 0.5
