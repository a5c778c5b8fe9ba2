"""Bagging: means of estimators that were fitted on rows and columns drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_float32
from handler.engine.forest_walk import sum_scalars, sum_vectors
from handler.engine.forested import Forested
from handler.engine.responses import all_support, respond
from handler.engine.table import Array, Floats, Inputs, as_array, n_rows, take_columns


@dataclass(frozen=True, eq=False)
class BaggingRegressor(Evaluator):
    """The mean of regressors: the mirror of ``BaggingRegressor``.

    Parameters
    ----------
    parts : evaluators of sums over some members each: one a job of scikit-learn's
    count : int
        The number of members.
    """

    parts: Sequence[Evaluator]
    count: int

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members answer it."""
        return super().supports(method) and all_support(self.parts, method)

    def predict(self, X: Inputs) -> Array:
        """Return the mean predictions, shape (n,) or (n, n_outputs)."""
        return cast(Array, sum(part.predict(X) for part in self.parts) / self.count)


@dataclass(frozen=True, eq=False)
class BaggingClassifier(Evaluator):
    """The mean of classifiers' probabilities: the mirror of ``BaggingClassifier``.

    Parameters
    ----------
    classes : shape (k,)
    parts : evaluators of sums over some members each: one a job of scikit-learn's
    count : int
        The number of members.
    logarithms : bool
        Whether members give logarithms of probabilities, which are then added up as such.
    """

    classes: Array
    parts: Sequence[Evaluator]
    count: int
    logarithms: bool

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members answer what that needs."""
        if method == "predict" or (method == "predict_log_proba" and not self.logarithms):
            method = "predict_proba"
        return super().supports(method) and all_support(self.parts, method)

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes.take(self.predict_proba(X).argmax(axis=1))

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        return cast(Floats, sum(part.predict_proba(X) for part in self.parts) / self.count)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of the probabilities, shape (n, k)."""
        # Members may answer NaN beyond all training, of which no one else is warned.
        with np.errstate(divide="ignore", invalid="ignore"):
            if not self.logarithms:
                return np.log(self.predict_proba(X))
            sums = (part.predict_log_proba(X) for part in self.parts)
            return cast(Floats, reduce(np.logaddexp, sums) - np.log(self.count))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the mean decision values, shape (n,) or (n, k)."""
        return cast(Floats, sum(part.decision_function(X) for part in self.parts) / self.count)


@dataclass(frozen=True, eq=False)
class RegressorSum(Evaluator):
    """The sum of any regressors' predictions.

    Parameters
    ----------
    estimators : m evaluators
    columns : for each, the columns that it takes; one entry where all take the same
    """

    estimators: Sequence[Evaluator]
    columns: Sequence[Array]

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members answer it."""
        return super().supports(method) and all_support(self.estimators, method)

    def predict(self, X: Inputs) -> Array:
        """Return the sums, shape (n,) or (n, n_outputs)."""
        return cast(Array, sum(part.predict(inputs) for part, inputs in self._parts(X)))

    def _parts(self, X: Inputs) -> Sequence[tuple[Evaluator, Inputs]]:
        """Return the members, each with its inputs."""
        values = as_array(X)
        # Taken even where they are all: how that lies in memory decides how sums are rounded.
        inputs = [take_columns(values, columns) for columns in self.columns]
        if len(inputs) == 1:
            inputs *= len(self.estimators)
        return list(zip(self.estimators, inputs, strict=True))


@dataclass(frozen=True, eq=False)
class ClassifierSum(RegressorSum):
    """The sums of any classifiers' answers.

    Parameters
    ----------
    responses : for each member, "predict_proba", or "predict" where it votes
    positions : for each member, its classes' places among all, or None where it knows all
    n_classes : int
    """

    responses: Sequence[str]
    positions: Sequence[Array | None]
    n_classes: int

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all members answer what that needs."""
        if method == "predict_proba":
            pairs = zip(self.estimators, self.responses, strict=True)
            return all(part.supports(asked) for part, asked in pairs)
        return method != "predict" and super().supports(method)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the sums of the probabilities, or of votes, shape (n, n_classes)."""
        total = np.zeros((n_rows(X), self.n_classes))
        members = zip(self._parts(X), self.responses, self.positions, strict=True)
        for (part, inputs), response, places in members:
            answer = respond(part, response, inputs)
            if response == "predict":
                total[np.arange(len(total)), answer] += 1
            else:
                total[:, slice(None) if places is None else places] += answer
        return total

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of the sums of the probabilities, shape (n, n_classes)."""
        total = np.full((n_rows(X), self.n_classes), -np.inf)
        for (part, inputs), places in zip(self._parts(X), self.positions, strict=True):
            known = slice(None) if places is None else places
            total[:, known] = np.logaddexp(total[:, known], part.predict_log_proba(inputs))
        return total

    def decision_function(self, X: Inputs) -> Floats:
        """Return the sums of the decision values, shape (n,) or (n, n_classes)."""
        return cast(Floats, sum(part.decision_function(inputs) for part, inputs in self._parts(X)))


@dataclass(frozen=True, eq=False, kw_only=True)
class TreeSum(Forested):
    """The sums of decision trees' answers, all in one forest.

    Parameters
    ----------
    values : (n_values, width)
        Predictions, or shares of all classes.
    columns : the columns that any tree takes, which the trees number in this order
    missing : bool
        Whether missing values are taken.
    """

    columns: Array
    missing: bool

    def predict(self, X: Inputs) -> Array:
        """Return the sums of the predictions, shape (n,) or (n, n_outputs)."""
        if self.values.shape[1] > 1:
            return self._sums(X)
        sums = sum_scalars(self._forest, self.values[:, 0], self._checked(X), np.zeros(1))
        return cast(Floats, sums[:, 0])

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the sums of the probabilities, shape (n, n_classes)."""
        return self._sums(X)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of the sums of the probabilities, shape (n, n_classes)."""
        values = self._checked(X)
        logarithms = np.log(self.values)
        total = np.full((len(values), logarithms.shape[1]), -np.inf)
        for rows, numbers in self._forest.walk(values, width=logarithms.shape[1]):
            for terms in logarithms.take(numbers, axis=0):
                np.logaddexp(total[rows], terms, out=total[rows])
        return total

    def _sums(self, X: Inputs) -> Floats:
        return cast(Floats, sum_vectors(self._forest, self.values, self._checked(X)))

    def _checked(self, X: Inputs) -> Array:
        return as_float32(take_columns(X, self.columns), missing=self.missing)
