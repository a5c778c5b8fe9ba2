"""What every evaluator is."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from handler.engine.table import Array, Floats, Inputs

# scikit-learn's methods that answer for new rows. "predict_std" stands for the second part of
# ``predict(X, return_std=True)``.
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "score_samples",
    "predict_std",
)


class Evaluator:
    """A fitted estimator as data and numpy code.

    A subclass takes the fields of its node in the artifact as keyword arguments (arrays as
    numpy arrays, children as evaluators) and defines those of scikit-learn's methods that its
    estimators have.
    """

    @property
    def by_row(self) -> bool:
        """Whether each row's answer is its own, whatever rows are beside it.

        Where an estimator's is not, as where one stopping rule serves a whole batch, its
        evaluator says False; an evaluator made of others is as its parts are.
        """
        return all(part.by_row for part in _evaluators(vars(self).values()))

    @property
    def takes_sparse(self) -> bool:
        """Whether it may be handed a ``Sparse``; others are handed some dense rows at a time."""
        return False

    def supports(self, method: str) -> bool:
        """Whether this evaluator answers ``method``; one that delegates asks its delegate."""
        return getattr(type(self), method) is not getattr(Evaluator, method)

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        raise NotImplementedError(type(self).__name__)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, n_classes)."""
        raise NotImplementedError(type(self).__name__)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of ``predict_proba``."""
        raise NotImplementedError(type(self).__name__)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the decision values, shape (n,) or (n, n_classes)."""
        raise NotImplementedError(type(self).__name__)

    def transform(self, X: Inputs) -> Inputs:
        """Return the transformed inputs, shape (n, n_outputs)."""
        raise NotImplementedError(type(self).__name__)

    def score_samples(self, X: Inputs) -> Floats:
        """Return a score a row, shape (n,)."""
        raise NotImplementedError(type(self).__name__)

    def predict_std(self, X: Inputs) -> Floats:
        """Return the predictions' standard deviations, shape (n,) or (n, n_outputs)."""
        raise NotImplementedError(type(self).__name__)


class Classifier(Evaluator):
    """A classifier whose log-probabilities are the logarithms of its probabilities."""

    classes: Array

    def supports(self, method: str) -> bool:
        """As the base does; log-probabilities follow from probabilities."""
        return super().supports("predict_proba" if method == "predict_log_proba" else method)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return ``log(predict_proba(X))``; the logarithm of 0 is -inf, as in scikit-learn."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


def _evaluators(values: Iterable[Any]) -> Iterator[Evaluator]:
    for value in values:
        if isinstance(value, Evaluator):
            yield value
        elif isinstance(value, list | tuple):
            yield from _evaluators(value)
        elif isinstance(value, dict):
            yield from _evaluators(value.values())
