"""Decompositions whose transform is a projection."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_numbers, floating
from handler.engine.products import times
from handler.engine.table import Array, Floats, Inputs, as_floating
from handler.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Projection(Evaluator):
    """``(X @ components.T - offset) / scale``: the mirror of ``_BasePCA._transform``.

    Parameters
    ----------
    components : shape (n_components, d)
    offset : shape (1, n_components), the projected mean, or None for no centring
    scale : shape (n_components,), or None for no whitening
    """

    components: Array
    offset: Array | None
    scale: Array | None
    takes_sparse = True

    def transform(self, X: Inputs) -> Array:
        """Return the projected inputs, shape (n, n_components)."""
        values = floating(X, missing=False)
        # Values far from training's overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            projected = times(values, self.components.T)
            if self.offset is not None:
                projected -= self.offset
            if self.scale is not None:
                projected /= self.scale
        return projected


@dataclass(frozen=True, eq=False)
class CentredProjection(Evaluator):
    """``(X - mean) @ components.T``: the mirror of ``FastICA``.

    Parameters
    ----------
    components : shape (n_components, d)
    mean : shape (d,), or None for no centring
    """

    components: Array
    mean: Array | None

    def transform(self, X: Inputs) -> Array:
        """Return the projected inputs, shape (n, n_components)."""
        values = as_floating(X)
        as_finite(values)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.mean is not None:
                values -= self.mean
            return times(values, self.components.T)


@dataclass(frozen=True, eq=False)
class _Density(Evaluator):
    """A normal density.

    Parameters
    ----------
    mean : shape (d,)
    precision : shape (d, d), the inverse of the model's covariance; None where it has none
    constant : float
        The logarithm of the density at the mean.
    """

    mean: Array
    precision: Array | None
    constant: float

    def score_samples(self, X: Inputs) -> Floats:
        """Return each row's log-likelihood, shape (n,).

        Raises
        ------
        InvalidInput
            Where the training data were singular (scikit-learn raises LinAlgError).
        """
        if self.precision is None:
            raise InvalidInput("this model has no likelihoods: its covariance is singular")
        values = as_floating(X)
        as_finite(values)
        with np.errstate(over="ignore", invalid="ignore"):
            centred = values - self.mean
            scores: Floats = -0.5 * np.sum(centred * (centred @ self.precision), axis=1)
            scores += self.constant
        return scores


@dataclass(frozen=True, eq=False)
class PrincipalComponents(Projection, _Density):
    """A projection with a density: the mirror of ``PCA``."""


@dataclass(frozen=True, eq=False)
class FactorAnalysis(_Density):
    """The latent factors' expectations, and a density: the mirror of ``FactorAnalysis``.

    Parameters
    ----------
    weights : shape (n_components, d), the loadings over the noise's variances
    covariance : shape (n_components, n_components), that of the factors given a row
    """

    weights: Array
    covariance: Array

    def transform(self, X: Inputs) -> Array:
        """Return the factors, shape (n, n_components)."""
        values = as_finite_numbers(X)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = times(values - self.mean, self.weights.T)
            return times(scores, self.covariance)
