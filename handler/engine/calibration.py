"""Calibrated classifiers, and the functions that turn scores into probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_float32
from handler.engine.links import expit, softmax
from handler.engine.responses import all_support, respond
from handler.engine.table import Array, Floats, Inputs, n_rows


@dataclass(frozen=True, eq=False)
class CalibratedClassifier(Evaluator):
    """The mean of calibrated classifiers: the mirror of ``CalibratedClassifierCV``.

    Parameters
    ----------
    classes : shape (k,)
    members : evaluators with probabilities of all k classes
    """

    classes: Array
    members: Sequence[Evaluator]

    @property
    def takes_sparse(self) -> bool:
        """Whether all members take it."""
        return all(member.takes_sparse for member in self.members)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and its members answer what that needs."""
        return super().supports(method) and all_support(self.members, "predict_proba")

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        total = np.zeros((n_rows(X), len(self.classes)))
        for member in self.members:
            total += member.predict_proba(X)
        return total / len(self.members)


@dataclass(frozen=True, eq=False)
class CalibratedByClass(Evaluator):
    """A classifier with a calibration for each class: ``_CalibratedClassifier``.

    Parameters
    ----------
    estimator : evaluator of a classifier
    response : name of the method that gives its scores
    calibrators : evaluators that predict a probability from a score, one a class, or one alone
        for two classes
    positions : the calibrators' classes, as columns of the answer
    n_classes : int
    """

    estimator: Evaluator
    response: str
    calibrators: Sequence[Evaluator]
    positions: Sequence[int]
    n_classes: int

    @property
    def takes_sparse(self) -> bool:
        """Whether the classifier takes it."""
        return self.estimator.takes_sparse

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and the classifier gives scores."""
        return super().supports(method) and self.estimator.supports(self.response)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        scores = _scores(self.estimator, self.response, X)
        proba = np.zeros((len(scores), self.n_classes))
        for position, score, calibrator in zip(
            self.positions, scores.T, self.calibrators, strict=False
        ):
            proba[:, position] = calibrator.predict(score[:, None])
        return _not_above_one(self._normalised(proba))

    def _normalised(self, proba: Floats) -> Floats:
        if self.n_classes == 2:
            proba[:, 0] = 1.0 - proba[:, 1]
            return proba
        total = proba.sum(axis=1)[:, None]
        equal = np.full_like(proba, 1 / self.n_classes)
        return np.divide(proba, total, out=equal, where=total != 0)


@dataclass(frozen=True, eq=False)
class CalibratedByTemperature(Evaluator):
    """A classifier whose logits are divided by one temperature: ``_TemperatureScaling``.

    Parameters
    ----------
    estimator : evaluator of a classifier
    response : name of the method that gives its scores
    beta : float
        The inverse temperature.
    """

    estimator: Evaluator
    response: str
    beta: float
    # All rows of a batch together tell whether scores are probabilities.
    by_row = False

    @property
    def takes_sparse(self) -> bool:
        """Whether the classifier takes it."""
        return self.estimator.takes_sparse

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and the classifier gives scores."""
        return super().supports(method) and self.estimator.supports(self.response)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        scores = as_finite(_scores(self.estimator, self.response, X))
        if scores.shape[1] == 1 and self.response == "predict_proba":
            scores = np.concatenate((1 - scores, scores), axis=1)
        with np.errstate(over="ignore"):
            return _not_above_one(softmax(self.beta * _logits(scores)))


@dataclass(frozen=True, eq=False)
class Sigmoid(Evaluator):
    """Platt's calibration: the mirror of ``_SigmoidCalibration``."""

    a: float
    b: float

    def predict(self, X: Inputs) -> Floats:
        """Return ``1 / (1 + exp(a * score + b))``, shape (n,), for scores of shape (n, 1)."""
        scores = cast(Array, X)[:, 0]
        with np.errstate(over="ignore", invalid="ignore"):
            return expit(-(self.a * scores + self.b))


@dataclass(frozen=True, eq=False)
class Isotonic(Evaluator):
    """A monotonic line through thresholds: the mirror of ``IsotonicRegression``.

    Parameters
    ----------
    thresholds, values : shape (m,)
    bounds : shape (2,), the least and the greatest input at training
    outside : {"nan", "clip", "raise"}
        What inputs beyond the bounds become.
    """

    thresholds: Floats
    values: Floats
    bounds: Floats
    outside: str

    def predict(self, X: Inputs) -> Array:
        """Return the values at X, shape (n,), for X of shape (n, 1)."""
        inputs = self._checked(X)[:, 0]
        if self.outside == "clip":
            inputs = np.clip(inputs, self.bounds[0], self.bounds[1])
        if len(self.values) == 1:
            return self.values.repeat(len(inputs))
        beyond = (inputs < self.thresholds[0]) | (inputs > self.thresholds[-1])
        if self.outside == "raise" and beyond.any():
            raise ValueError("a value is beyond those at training, and this model takes none such")
        answer = self._between(inputs)
        answer[beyond] = np.nan
        return answer

    def transform(self, X: Inputs) -> Array:
        """Return the same as ``predict``."""
        return self.predict(X)

    def _checked(self, X: Inputs) -> Array:
        return as_finite(X)

    def _between(self, inputs: Array) -> Array:
        return np.interp(inputs, self.thresholds, self.values)


@dataclass(frozen=True, eq=False)
class SingleIsotonic(Isotonic):
    """The same fitted on float32, in which it then computes: ``interp1d``'s own formula."""

    def _checked(self, X: Inputs) -> Array:
        return as_float32(X, missing=False)

    def _between(self, inputs: Array) -> Array:
        last = len(self.thresholds) - 1
        above = np.searchsorted(self.thresholds, inputs).clip(1, last)
        low, high = self.thresholds[above - 1], self.thresholds[above]
        with np.errstate(over="ignore", invalid="ignore"):  # beyond the thresholds
            upper: Array = (inputs - low) / (high - low) * self.values[above]
            lower: Array = (high - inputs) / (high - low) * self.values[above - 1]
            return upper + lower


def _scores(estimator: Evaluator, response: str, X: Inputs) -> Array:
    """Return scores of shape (n, k), or (n, 1), for the second class, of two."""
    answer = respond(estimator, response, X)
    if response == "predict_proba" and answer.shape[1] == 2:
        answer = answer[:, 1]
    return answer.reshape(-1, 1) if answer.ndim == 1 else answer


def _logits(scores: Floats) -> Floats:
    """Return logits, shape (n, k): ``_convert_to_logits``.

    What looks like probabilities in all rows is taken for them, as scikit-learn does it: a
    batch decides as a whole.
    """
    if scores.shape[1] == 1:
        return np.concatenate((-scores, scores), axis=1)
    if ((scores >= 0) & (scores <= 1)).all() and np.isclose(scores.sum(axis=1), 1.0).all():
        return np.log(scores + 1e-12)
    return scores


def _not_above_one(proba: Floats) -> Floats:
    proba[(proba > 1.0) & (proba <= 1.0 + 1e-5)] = 1.0
    return proba
