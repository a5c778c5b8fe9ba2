"""Mixtures of normal distributions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite_numbers
from handler.engine.links import logsumexp
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class _Mixture(Evaluator):
    """Log-densities of components: the mirror of ``BaseMixture``.

    Parameters
    ----------
    constant : float
        What every squared distance is increased by.
    shifts : arrays of shape (k,)
        What is added to the halved distances, in this order: determinants, weights and, of a
        variational mixture, the expectations of its precisions.
    """

    constant: float
    shifts: Sequence[Array]

    def predict(self, X: Inputs) -> Array:
        """Return the most likely components, shape (n,)."""
        return self._scores(X).argmax(axis=1)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the components' probabilities, shape (n, k)."""
        scores = self._scores(X)
        # Rows that are too far from all components answer NaN, in scikit-learn too.
        with np.errstate(invalid="ignore"):
            return np.exp(scores - logsumexp(scores)[:, None])

    def score_samples(self, X: Inputs) -> Floats:
        """Return the rows' log-likelihoods, shape (n,)."""
        return logsumexp(self._scores(X))

    def _scores(self, X: Inputs) -> Floats:
        """Return the components' weighted log-densities, shape (n, k)."""
        values = as_finite_numbers(X)
        # Squares of far values overflow; a component's weight may be 0.
        with np.errstate(over="ignore", invalid="ignore"):
            scores = -0.5 * (self.constant + self._distances(values))
            for shift in self.shifts:
                scores = scores + shift
        return scores

    def _distances(self, values: Array) -> Array:
        """Return the components' squared Mahalanobis distances, shape (n, k)."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class FullMixture(_Mixture):
    """A covariance a component: ``covariance_type="full"``.

    Parameters
    ----------
    projections : k arrays of shape (d, d), roots of the precisions
    centres : shape (k, d), the projected means
    """

    projections: Sequence[Array]
    centres: Array

    def _distances(self, values: Array) -> Array:
        # Of the inputs' type, as scikit-learn has it: it cuts the fractions of whole numbers off.
        distances = np.empty((len(values), len(self.centres)), dtype=values.dtype)
        pairs = zip(self._projected(values), self.centres, strict=False)
        for j, (projected, centre) in enumerate(pairs):
            deviations = projected - centre
            distances[:, j] = np.square(deviations, out=deviations).sum(axis=1)
        return distances

    def _projected(self, values: Array) -> Iterable[Array]:
        return (values @ projection for projection in self.projections)


@dataclass(frozen=True, eq=False, kw_only=True)
class TiedMixture(FullMixture):
    """One covariance, and one projection, for all components: ``covariance_type="tied"``."""

    def _projected(self, values: Array) -> Iterable[Array]:
        return repeat(values @ self.projections[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class DiagonalMixture(_Mixture):
    """A variance a component and feature: ``covariance_type="diag"``.

    Parameters
    ----------
    precisions : shape (k, d)
    weighted_means : shape (k, d), the means times the precisions
    norms : shape (k,), the means' squared norms by these precisions
    """

    precisions: Array
    weighted_means: Array
    norms: Array

    def _distances(self, values: Array) -> Array:
        linear: Array = self.norms - 2.0 * (values @ self.weighted_means.T)
        linear += np.square(values) @ self.precisions.T
        return linear


@dataclass(frozen=True, eq=False, kw_only=True)
class SphericalMixture(_Mixture):
    """A variance a component: ``covariance_type="spherical"``.

    Parameters
    ----------
    precisions : shape (k,)
    means : shape (k, d)
    norms : shape (k,), the means' squared norms times the precisions
    """

    precisions: Array
    means: Array
    norms: Array

    def _distances(self, values: Array) -> Array:
        own = np.einsum("ij,ij->i", values, values)
        linear: Array = self.norms - 2 * (values @ self.means.T * self.precisions)
        linear += own[:, None] * self.precisions
        return linear
