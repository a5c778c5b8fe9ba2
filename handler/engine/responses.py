"""Asking other evaluators: what an estimator that is made of estimators needs of them."""

from collections.abc import Iterable

from handler.engine.base import METHODS, Evaluator
from handler.engine.table import Array, Inputs
from handler.errors import ArtifactError


def respond(estimator: Evaluator, method: str, X: Inputs) -> Array:
    """Return what ``method`` of an evaluator answers.

    Raises
    ------
    ArtifactError
        For a name that is no method of estimators: it came from the artifact.
    """
    if method not in METHODS:
        raise ArtifactError(f"model.json names the method {method!r}, which no estimator has")
    return getattr(estimator, method)(X)  # type: ignore[no-any-return]


def positive_score(estimator: Evaluator, method: str, X: Inputs) -> Array:
    """Return a score for a binary problem's second class, shape (n,): ``_predict_binary``."""
    answer = respond(estimator, method, X)
    return answer[:, 1] if method == "predict_proba" else answer.reshape(-1)


def all_support(estimators: Iterable[Evaluator], method: str) -> bool:
    """Whether every one of these evaluators answers ``method``."""
    return all(estimator.supports(method) for estimator in estimators)
