"""Discriminant analysis: classes as normal distributions, with one covariance or one each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_numbers
from handler.engine.distances import Metric, pairwise
from handler.engine.linear import LinearClassifier
from handler.engine.links import expit, softmax, two_columns
from handler.engine.searches import BruteSearch
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
class _Discriminant(Evaluator):
    """A score a class: the mirror of ``DiscriminantAnalysisPredictionMixin``.

    Parameters
    ----------
    classes : shape (k,)
    """

    classes: Array

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
        """Return the classes' scores, shape (n, k)."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, eq=False)
class QuadraticDiscriminant(_Discriminant):
    """A covariance a class: the mirror of ``QuadraticDiscriminantAnalysis``.

    Parameters
    ----------
    means : shape (k, d)
    rotations : k arrays of shape (d, d), which make each class's deviations standard normal
    log_determinants, log_priors : shape (k,)
    """

    means: Array
    rotations: Sequence[Array]
    log_determinants: Array
    log_priors: Floats

    def _scores(self, X: Inputs) -> Floats:
        values = as_finite_numbers(X)
        classes = zip(self.means, self.rotations, strict=True)
        with np.errstate(over="ignore", invalid="ignore"):
            # A class's norms side by side, as scikit-learn has them: later sums go by this order.
            norms = np.array([_squared_norms((values - mean) @ turn) for mean, turn in classes]).T
            return -0.5 * (norms + self.log_determinants) + self.log_priors


@dataclass(frozen=True, eq=False)
class NearestCentroid(_Discriminant):
    """The class of the nearest centroid: the mirror of ``NearestCentroid``.

    Parameters
    ----------
    search : BruteSearch
        Finds the nearest centroid.
    deviations : shape (d,), the standard deviations within classes, 1 where there is none
    centroids : shape (k, d), divided by them
    log_priors : shape (k,)
    alike : bool
        Whether all classes are equally likely, so that the nearest centroid alone decides.
    metric : {"euclidean", "manhattan"}
    """

    search: BruteSearch
    deviations: Floats
    centroids: Floats
    log_priors: Floats
    alike: bool
    metric: str

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        if not self.alike:
            return super().predict(X)
        values = as_finite(X)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.classes[self.search.closest(values)]

    def _scores(self, X: Inputs) -> Floats:
        metric = Metric(self.metric)
        with np.errstate(over="ignore", invalid="ignore"):
            values = as_finite(X) / self.deviations
            squares = [pairwise(metric, values, self.centroids[[k]])[:, 0] ** 2 for k in self._each]
            scores = -np.column_stack(squares)
            scores += 2.0 * self.log_priors
        return scores

    @property
    def _each(self) -> range:
        return range(len(self.classes))


def _squared_norms(rows: Array) -> Floats:
    return cast(Floats, np.square(rows, out=rows).sum(axis=1))
