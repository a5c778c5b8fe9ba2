"""The methods of fitted estimators that answer for new rows."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import Pipeline

from handler.engine.base import METHODS


def methods_of(estimator: Any) -> list[str]:
    """Return those of ``handler.engine.base.METHODS`` that a fitted estimator offers."""
    return [method for method in METHODS if offers(estimator, method)]


def offers(estimator: Any, method: str) -> bool:
    """Whether a fitted estimator answers ``method``, one of ``METHODS``."""
    if method == "predict_std":
        return _has_std(estimator)
    return hasattr(estimator, method) and not _refuses(estimator, method)


def _has_std(estimator: Any) -> bool:
    # A pipeline hands keywords of ``predict`` to its last step.
    if isinstance(estimator, Pipeline):
        return _has_std(estimator.steps[-1][1])
    predict = getattr(estimator, "predict", None)
    return predict is not None and "return_std" in signature(predict).parameters


def _refuses(estimator: Any, method: str) -> bool:
    """Whether a method that an estimator has always raises an error."""
    if isinstance(estimator, Pipeline):
        return _refuses(estimator.steps[-1][1], method)
    refuses = _REFUSES.get((type(estimator), method))
    return refuses is not None and refuses(estimator)


def _has_many_classes(chain: ClassifierChain) -> bool:
    """Whether a target has more than two classes, whose scores a chain has no room for."""
    return any(len(classes) > 2 for classes in chain.classes_)


# Which fitted estimators refuse which of their methods, whatever the rows are: a solver that finds
# no axes projects nothing, pairs of classes give no probabilities.
_REFUSES: Mapping[tuple[type, str], Callable[[Any], bool]] = {
    (LinearDiscriminantAnalysis, "transform"): lambda estimator: estimator.solver == "lsqr",
    (GaussianProcessClassifier, "predict_proba"): lambda estimator: (
        estimator.n_classes_ > 2 and estimator.multi_class == "one_vs_one"
    ),
    (ClassifierChain, "decision_function"): _has_many_classes,
    (ClassifierChain, "predict_proba"): _has_many_classes,
    (ClassifierChain, "predict_log_proba"): lambda estimator: (
        _has_many_classes(estimator) or not hasattr(estimator, "predict_proba")
    ),
}
