"""Discriminant analysis: classes as normal distributions, with one covariance or one each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite_numbers
from handler.engine.linear import LinearClassifier
from handler.engine.links import expit, softmax, two_columns
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False)
class LinearDiscriminant(LinearClassifier):
    """One covariance for all classes: the mirror of ``LinearDiscriminantAnalysis``."""

    def decision_function(self, X: Inputs) -> Floats:
        """Return the log-posteriors but for a constant, shape (n, k); (n,) for two classes."""
        # Far values overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            scores: Array = as_finite_numbers(X) @ self.coef.T + self.intercept
        return scores.reshape(-1) if scores.shape[1] == 1 else scores

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        scores = self.decision_function(X)
        return two_columns(expit(scores)) if scores.ndim == 1 else softmax(scores)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return their logarithms; for 0, that of the least normal number."""
        proba = self.predict_proba(X)
        proba[proba == 0.0] = np.finfo(proba.dtype).smallest_normal
        return np.log(proba)


@dataclass(frozen=True, eq=False)
class LinearDiscriminantProjection(LinearDiscriminant):
    """The same with a projection: the solvers "svd" and "eigen".

    Parameters
    ----------
    mean : shape (d,), or None for no centring
    scalings : shape (d, n_directions)
    n_components : int
        The directions that the projection keeps.
    """

    mean: Array | None
    scalings: Array
    n_components: int

    def transform(self, X: Inputs) -> Array:
        """Return the most discriminative directions, shape (n, n_components)."""
        values = as_finite_numbers(X)
        with np.errstate(over="ignore", invalid="ignore"):
            centred = values if self.mean is None else values - self.mean
            projected: Array = centred @ self.scalings
        return projected[:, : self.n_components]


@dataclass(frozen=True, eq=False)
class QuadraticDiscriminant(Evaluator):
    """A covariance a class: the mirror of ``QuadraticDiscriminantAnalysis``.

    Parameters
    ----------
    classes : shape (k,)
    means : shape (k, d)
    rotations : k arrays of shape (d, d), which make each class's deviations standard normal
    log_determinants, log_priors : shape (k,)
    """

    classes: Array
    means: Array
    rotations: Sequence[Array]
    log_determinants: Array
    log_priors: Floats

    def decision_function(self, X: Inputs) -> Floats:
        """Return the log-posteriors but for a constant, shape (n, k).

        For two classes, the second's less the first's, shape (n,).
        """
        scores = self._scores(X)
        with np.errstate(invalid="ignore"):
            return scores[:, 1] - scores[:, 0] if len(self.classes) == 2 else scores

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self._scores(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of the classes' probabilities, shape (n, k)."""
        scores = self._scores(X)
        with np.errstate(over="ignore", invalid="ignore"):
            scores -= scores.max(axis=1)[:, None]
            return scores - np.log(np.exp(scores).sum(axis=1)[:, None])

    def _scores(self, X: Inputs) -> Floats:
        values = as_finite_numbers(X)
        classes = zip(self.means, self.rotations, strict=True)
        with np.errstate(over="ignore", invalid="ignore"):
            # A class's norms side by side, as scikit-learn has them: later sums go by this order.
            norms = np.array([_squared_norms((values - mean) @ turn) for mean, turn in classes]).T
            return -0.5 * (norms + self.log_determinants) + self.log_priors


def _squared_norms(rows: Array) -> Floats:
    return cast(Floats, np.square(rows, out=rows).sum(axis=1))
