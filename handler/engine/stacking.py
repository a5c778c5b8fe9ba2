"""Stacked estimators: the mirror of ``sklearn.ensemble._stacking``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.responses import respond
from handler.engine.sparse import Sparse, hstack
from handler.engine.table import Array, Floats, Inputs, as_array


@dataclass(frozen=True, eq=False)
class Stacking(Evaluator):
    """An estimator on the answers of others: ``StackingRegressor``.

    Parameters
    ----------
    estimators : m evaluators
    responses : for each, the method whose answers are the final estimator's inputs
    final : evaluator of the final estimator
    second_only : bool
        Whether of two classes' probabilities only the second is used.
    passthrough : bool
        Whether the inputs themselves follow the answers.
    """

    estimators: Sequence[Evaluator]
    responses: Sequence[str]
    final: Evaluator
    second_only: bool
    passthrough: bool

    @property
    def takes_sparse(self) -> bool:
        """Whether all members take it, and the final estimator where it is passed through."""
        passed = [self.final] if self.passthrough else []
        return all(part.takes_sparse for part in (*self.estimators, *passed))

    def supports(self, method: str) -> bool:
        """Whether it has ``method``, the members answer, and the final estimator has it too."""
        pairs = zip(self.estimators, self.responses, strict=True)
        able = all(member.supports(asked) for member, asked in pairs)
        finally_able = method == "transform" or self.final.supports(method)
        return super().supports(method) and able and finally_able

    def predict(self, X: Inputs) -> Array:
        """Return the final estimator's predictions, shape (n,) or (n, n_outputs)."""
        return self.final.predict(self.transform(X))

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the members' answers side by side, shape (n, n_answers)."""
        parts = [
            self._columns(respond(member, asked, X), asked)
            for member, asked in zip(self.estimators, self.responses, strict=True)
        ]
        if self.passthrough and isinstance(X, Sparse):
            return hstack([*parts, X])
        return np.hstack([*parts, as_array(X)] if self.passthrough else parts)

    def _columns(self, answer: Any, response: str) -> Array:
        if isinstance(answer, list):  # of several labels' probabilities
            return np.hstack([part[:, 1:] for part in answer])
        columns: Array = answer.reshape(-1, 1) if answer.ndim == 1 else answer
        second_only = self.second_only and response == "predict_proba"
        return columns[:, 1:] if second_only else columns


@dataclass(frozen=True, eq=False)
class StackingClassifier(Stacking):
    """The same for classes: ``StackingClassifier``.

    Parameters
    ----------
    classes : shape (k,); the final estimator predicts positions in it
    """

    classes: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[super().predict(X)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the final estimator's probabilities, shape (n, k)."""
        return self.final.predict_proba(self.transform(X))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the final estimator's decision values."""
        return self.final.decision_function(self.transform(X))


@dataclass(frozen=True, eq=False)
class MultilabelStackingClassifier(Stacking):
    """The same for several labels at once.

    Parameters
    ----------
    classes : for each label, its values; the final estimator predicts positions in them
    """

    classes: Sequence[Array]

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n, n_labels)."""
        places = super().predict(X).T
        return np.array([own[mine] for own, mine in zip(self.classes, places, strict=True)]).T

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the probabilities that labels are not given, shape (n, n_labels).

        Not that they are: so scikit-learn 1.9 has it.
        """
        answers = self.final.predict_proba(self.transform(X))
        return np.array([answer[:, 0] for answer in answers]).T

    def decision_function(self, X: Inputs) -> Floats:
        """Return the final estimator's decision values."""
        return self.final.decision_function(self.transform(X))
