"""Ensembles that vote or average: the mirror of ``sklearn.ensemble._voting``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.responses import all_support
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False)
class VotingRegressor(Evaluator):
    """The weighted mean of regressors.

    Parameters
    ----------
    estimators : m evaluators
    weights : m numbers, or None for equal ones
    """

    estimators: Sequence[Evaluator]
    weights: Sequence[float] | None

    @property
    def takes_sparse(self) -> bool:
        """Whether all members take it."""
        return all(member.takes_sparse for member in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members predict."""
        return super().supports(method) and all_support(self.estimators, "predict")

    def predict(self, X: Inputs) -> Floats:
        """Return the mean predictions, shape (n,)."""
        return cast(Floats, np.average(self.transform(X), axis=1, weights=self.weights))

    def transform(self, X: Inputs) -> Array:
        """Return the members' predictions, shape (n, m)."""
        return np.asarray([member.predict(X) for member in self.estimators]).T


@dataclass(frozen=True, eq=False)
class HardVotingClassifier(Evaluator):
    """The class with the largest weight of votes, the first among equals.

    Parameters
    ----------
    classes : shape (k,); the members predict positions in it
    estimators : m evaluators
    weights : m numbers, or None for equal ones
    """

    classes: Array
    estimators: Sequence[Evaluator]
    weights: Sequence[float] | None

    @property
    def takes_sparse(self) -> bool:
        """Whether all members take it."""
        return all(member.takes_sparse for member in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members predict."""
        return super().supports(method) and all_support(self.estimators, "predict")

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        predictions = self.transform(X)
        votes = np.zeros((len(predictions), len(self.classes)))
        rows = np.arange(len(predictions))
        for member, weight in enumerate(self.weights or [1] * len(self.estimators)):
            votes[rows, predictions[:, member]] += weight
        if min(self.weights or [1]) < 0:
            # As ``np.bincount``, which knows no class beyond the last that is voted for.
            votes[np.arange(len(self.classes)) > predictions.max(axis=1)[:, None]] = -np.inf
        return self.classes[votes.argmax(axis=1)]

    def transform(self, X: Inputs) -> Array:
        """Return the members' predictions as positions of classes, shape (n, m)."""
        return np.asarray([member.predict(X) for member in self.estimators]).T


@dataclass(frozen=True, eq=False)
class SoftVotingClassifier(Evaluator):
    """The class with the largest weighted mean of probabilities.

    Parameters
    ----------
    classes : shape (k,)
    estimators : m evaluators
    weights : m numbers, or None for equal ones
    flatten : bool
        Whether ``transform`` puts the members' probabilities side by side.
    """

    classes: Array
    estimators: Sequence[Evaluator]
    weights: Sequence[float] | None
    flatten: bool

    @property
    def takes_sparse(self) -> bool:
        """Whether all members take it."""
        return all(member.takes_sparse for member in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members give probabilities."""
        return super().supports(method) and all_support(self.estimators, "predict_proba")

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' mean probabilities, shape (n, k)."""
        return cast(Floats, np.average(self._probabilities(X), axis=0, weights=self.weights))

    def transform(self, X: Inputs) -> Array:
        """Return the members' probabilities, shape (n, m * k), or (m, n, k) if not flattened."""
        probabilities = self._probabilities(X)
        return np.hstack(list(probabilities)) if self.flatten else probabilities

    def _probabilities(self, X: Inputs) -> Floats:
        return np.asarray([member.predict_proba(X) for member in self.estimators])
