"""Partial least squares and canonical correlation."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Floats, Inputs, as_floating

# Values far from training's overflow in scikit-learn too.
_quiet = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True, eq=False)
class LatentRegressor(Evaluator):
    """Scores and targets by latent factors: the mirror of ``PLSRegression`` and its kin.

    Parameters
    ----------
    mean, scale : shape (d,)
    rotations : shape (d, n_components)
    coefficients : shape (n_targets, d)
    intercept : shape (n_targets,)
    flat : bool
        Whether training had one target as a 1-D array.
    """

    mean: Array
    scale: Array
    rotations: Array
    coefficients: Array
    intercept: Array
    flat: bool

    @_quiet
    def predict(self, X: Inputs) -> Array:
        """Return the targets, shape (n,) or (n, n_targets)."""
        predictions: Array = self._centred(X) @ self.coefficients.T + self.intercept
        return predictions.ravel() if self.flat else predictions

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the scores, shape (n, n_components)."""
        values = self._centred(X)
        values /= self.scale
        scores: Array = np.dot(values, self.rotations)
        return scores

    def _centred(self, X: Inputs) -> Array:
        values = as_floating(X)
        as_finite(values)
        values -= self.mean
        return values


@dataclass(frozen=True, eq=False)
class LatentScores(Evaluator):
    """Scores alone, from float64 at all times: the mirror of ``PLSSVD``.

    Parameters
    ----------
    mean, scale : shape (d,)
    weights : shape (d, n_components)
    """

    mean: Array
    scale: Array
    weights: Array

    @_quiet
    def transform(self, X: Inputs) -> Floats:
        """Return the scores, shape (n, n_components)."""
        scores: Floats = np.dot((as_finite(X) - self.mean) / self.scale, self.weights)
        return scores
