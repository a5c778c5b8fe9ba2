"""An estimator for each of several targets, side by side or in a chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.responses import all_support, respond
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False)
class MultiOutputRegressor(Evaluator):
    """The mirror of ``MultiOutputRegressor``.

    Parameters
    ----------
    estimators : an evaluator a target
    """

    estimators: Sequence[Evaluator]

    @property
    def takes_sparse(self) -> bool:
        """Whether all its estimators take it."""
        return all(estimator.takes_sparse for estimator in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all its estimators answer it."""
        return super().supports(method) and all_support(self.estimators, method)

    def predict(self, X: Inputs) -> Array:
        """Return the predictions of each target, shape (n, n_targets)."""
        return np.asarray([estimator.predict(X) for estimator in self.estimators]).T


@dataclass(frozen=True, eq=False)
class MultiOutputClassifier(MultiOutputRegressor):
    """The mirror of ``MultiOutputClassifier``.

    Parameters
    ----------
    classes : for each target, its classes
    """

    classes: Sequence[Array]

    def predict_proba(self, X: Inputs) -> Any:
        """Return for each target its classes' probabilities: a list of (n, n_classes)."""
        return [estimator.predict_proba(X) for estimator in self.estimators]


@dataclass(frozen=True, eq=False)
class RegressorChain(Evaluator):
    """Each target from the inputs and the targets before it: the mirror of ``RegressorChain``.

    Parameters
    ----------
    estimators : an evaluator a target, in the chain's order
    order : for each of them, the place of its target in the answer
    """

    estimators: Sequence[Evaluator]
    order: Sequence[int]

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all its estimators answer it."""
        return super().supports(method) and all_support(self.estimators, method)

    def predict(self, X: Inputs) -> Floats:
        """Return the predictions, shape (n, n_targets)."""
        return self._answers(X, "predict", "predict")

    def _answers(self, X: Inputs, method: str, passed_on: str) -> Floats:
        """Return what ``method`` answers for each target, shape (n, n_targets).

        Parameters
        ----------
        passed_on : the method whose answers are inputs of the estimators after it
        """
        values = as_finite(X)
        passed = np.empty((len(values), len(self.estimators)))
        answers = np.empty_like(passed)
        for i, estimator in enumerate(self.estimators):
            inputs = np.hstack((values, passed[:, :i]))
            passed[:, i] = _second(respond(estimator, passed_on, inputs))
            same = method == passed_on
            answer = passed[:, i] if same else _second(respond(estimator, method, inputs))
            answers[:, self.order[i]] = answer
        return answers


@dataclass(frozen=True, eq=False)
class ClassifierChain(RegressorChain):
    """The same for classes: the mirror of ``ClassifierChain``.

    Parameters
    ----------
    chained : name of the method whose answers are inputs of the classifiers after it
    """

    chained: str

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and its classifiers answer what that needs."""
        asked = "predict_proba" if method == "predict_log_proba" else method
        needed = (asked, self.chained)
        own = Evaluator.supports(self, method)
        return own and all(all_support(self.estimators, each) for each in needed)

    def predict(self, X: Inputs) -> Floats:
        """Return the labels, shape (n, n_targets)."""
        return self._answers(X, "predict", self.chained)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the probabilities of each target's second class, shape (n, n_targets)."""
        return self._answers(X, "predict_proba", self.chained)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of ``predict_proba``; that of 0 is -inf, as in scikit-learn."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the decision values of each target, shape (n, n_targets)."""
        return self._answers(X, "decision_function", self.chained)


def _second(answer: Array) -> Array:
    """Return an answer for a binary target's second class, shape (n,)."""
    return answer[:, 1] if answer.ndim == 2 else answer
