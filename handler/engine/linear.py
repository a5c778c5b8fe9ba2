"""Linear models: a weighted sum, and what becomes of it."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_finite, finite_numbers
from handler.engine.links import expit, shares, softmax, two_columns
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False)
class LinearRegressor(Evaluator):
    """``X @ coef.T + intercept``: the mirror of ``LinearModel.predict``.

    Parameters
    ----------
    coef : shape (d,) or (n_outputs, d)
    intercept : scalar or shape (n_outputs,)
    """

    coef: Array
    intercept: Array | float
    takes_sparse = True

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        return _weighted_sums(X, self.coef, self.intercept)


@dataclass(frozen=True, eq=False)
class LogLinearRegressor(LinearRegressor):
    """A generalised linear model with the log link: ``_GeneralizedLinearRegressor.predict``."""

    def predict(self, X: Inputs) -> Array:
        """Return the expected values ``exp(X @ coef + intercept)``, shape (n,)."""
        with np.errstate(over="ignore"):
            return np.exp(super().predict(X))


@dataclass(frozen=True, eq=False)
class BayesianRegressor(LinearRegressor):
    """A normal distribution over coefficients: the mirror of ``BayesianRidge``.

    Parameters
    ----------
    centre : shape (d,), the means of the inputs at training, or zeros
    uncertain : shape (d,), bool, the inputs whose coefficients are not surely 0; None for all
    covariance : shape (n_uncertain, n_uncertain), of these coefficients
    noise : float
        The variance of the targets around their means.
    """

    centre: Array
    uncertain: Array | None
    covariance: Array
    noise: float

    def predict_std(self, X: Inputs) -> Floats:
        """Return the standard deviations of the predictions, shape (n,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            centred = as_finite(X) - self.centre
            if self.uncertain is not None:
                centred = centred[:, self.uncertain]
            variances = (np.dot(centred, self.covariance) * centred).sum(axis=1)
            return cast(Floats, np.sqrt(variances + self.noise))


@dataclass(frozen=True, eq=False)
class LinearClassifier(Classifier):
    """The class with the largest weighted sum: the mirror of ``LinearClassifierMixin``.

    Parameters
    ----------
    classes : shape (k,)
    coef : shape (k, d), or (1, d) or (d,) for two classes
    intercept : scalar or shape (k,) or (1,)
    """

    classes: Array
    coef: Array
    intercept: Array | float
    takes_sparse = True

    def decision_function(self, X: Inputs) -> Floats:
        """Return the weighted sums, shape (n, k), or (n,) for two classes."""
        scores = _weighted_sums(X, self.coef, self.intercept)
        return scores.reshape(-1) if scores.shape[1:] == (1,) else scores

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes[best]


@dataclass(frozen=True, eq=False)
class LogisticClassifier(LinearClassifier):
    """Logistic functions of the sums, one versus rest: ``_predict_proba_lr``."""

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        positive = expit(self.decision_function(X))
        return two_columns(positive) if positive.ndim == 1 else shares(positive)


@dataclass(frozen=True, eq=False)
class SoftmaxClassifier(LinearClassifier):
    """Multinomial logistic regression of three classes or more: ``LogisticRegression``."""

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        return softmax(self.decision_function(X))


@dataclass(frozen=True, eq=False)
class ModifiedHuberClassifier(LinearClassifier):
    """``SGDClassifier(loss="modified_huber")``, whose sums in [-1, 1] give probabilities."""

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        positive = (np.clip(self.decision_function(X), -1, 1) + 1.0) / 2.0
        return two_columns(positive) if positive.ndim == 1 else shares(positive)


@dataclass(frozen=True, eq=False)
class MultilabelLinearClassifier(LinearClassifier):
    """``RidgeClassifier`` fitted on an indicator matrix: a label where its sum is positive."""

    def predict(self, X: Inputs) -> Array:
        """Return the indicator matrix, shape (n, n_labels), int64."""
        return (self.decision_function(X) > 0).astype(np.int64)


@dataclass(frozen=True, eq=False)
class LinearOneClass(Evaluator):
    """Weighted sums above an offset are inliers: the mirror of ``SGDOneClassSVM``.

    Parameters
    ----------
    coef : shape (d,)
    offset : shape (1,)
    """

    coef: Array
    offset: Array
    takes_sparse = True

    def decision_function(self, X: Inputs) -> Floats:
        """Return the signed distances to the boundary, shape (n,)."""
        return _weighted_sums(X, self.coef, -self.offset)

    def score_samples(self, X: Inputs) -> Floats:
        """Return the weighted sums, shape (n,)."""
        return self.decision_function(X) + self.offset

    def predict(self, X: Inputs) -> Array:
        """Return 1 for inliers and -1 for outliers, shape (n,), int32."""
        return np.where(self.decision_function(X) >= 0, np.int32(1), np.int32(-1))


def _weighted_sums(X: Inputs, coef: Array, intercept: Array | float) -> Array:
    # Values near the largest float64 overflow to infinities here as they do in scikit-learn.
    with np.errstate(over="ignore", invalid="ignore"):
        return cast(Array, finite_numbers(X) @ coef.T + intercept)
