"""Naive Bayes: classes' joint log-likelihoods, the features taken as independent."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_numbers, finite_numbers
from handler.engine.links import logsumexp
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs
from handler.errors import Refusal, RowsRefused

_UNKNOWN = "is no category that this model knows there"

# Numbers that a chunk of rows gathers from the tables at a time: half a megabyte.
_GATHERED = 2**16


@dataclass(frozen=True, eq=False)
class _NaiveBayes(Evaluator):
    """The class of the largest joint log-likelihood: the mirror of ``_BaseNB``.

    Parameters
    ----------
    classes : shape (k,)
    """

    classes: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self._joint(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the logarithms of the classes' probabilities, shape (n, k)."""
        joint = self._joint(X)
        # Where no class is possible, the answer is NaN in scikit-learn too.
        with np.errstate(invalid="ignore"):
            return joint - logsumexp(joint)[:, None]

    def _joint(self, X: Inputs) -> Floats:
        """Return the classes' joint log-likelihoods, shape (n, k)."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, eq=False)
class GaussianNaiveBayes(_NaiveBayes):
    """Normally distributed features: the mirror of ``GaussianNB``.

    Parameters
    ----------
    means, variances : shape (k, d)
    log_priors : shape (k,)
    constants : shape (k,), the logarithms of the densities at the means
    """

    means: Array
    variances: Array
    log_priors: Array
    constants: Array

    def _joint(self, X: Inputs) -> Floats:
        values = as_finite_numbers(X)
        # Far values overflow in scikit-learn too; a variance may be 0.
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            distances = self._distances(values)
            return self.log_priors + (self.constants - 0.5 * distances)

    def _distances(self, values: Array) -> Floats:
        """Return the squared distances to the means in standard deviations, shape (n, k)."""
        if len(values) == 1:
            return _squares(values, self.means, self.variances)[None]
        classes = zip(self.means, self.variances, strict=True)
        # A class's distances side by side, as scikit-learn has them: later sums go by this order.
        return np.array([_squares(values, *each) for each in classes]).T


@dataclass(frozen=True, eq=False)
class MultinomialNaiveBayes(_NaiveBayes):
    """Weighted sums of counts: the mirror of ``MultinomialNB`` and ``ComplementNB``.

    Parameters
    ----------
    weights : shape (k, d)
    biases : shape (k,)
    """

    weights: Array
    biases: Array
    takes_sparse = True

    def _joint(self, X: Inputs) -> Floats:
        return self._sums(finite_numbers(X))

    def _sums(self, counts: Array | Sparse) -> Floats:
        # Far values overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            return counts @ self.weights.T + self.biases


@dataclass(frozen=True, eq=False)
class BernoulliNaiveBayes(MultinomialNaiveBayes):
    """Weighted sums of the features above a threshold: the mirror of ``BernoulliNB``.

    Parameters
    ----------
    threshold : float
    """

    threshold: float

    def _joint(self, X: Inputs) -> Floats:
        values = finite_numbers(X)
        if isinstance(values, Sparse):
            return self._sums(values.with_data(self._above(values.data)))
        return self._sums(self._above(values))

    def _above(self, values: Array) -> Floats:
        return (values > self.threshold).astype(np.float64)


@dataclass(frozen=True, eq=False)
class CategoricalNaiveBayes(_NaiveBayes):
    """A table a feature, by its category: the mirror of ``CategoricalNB``.

    Parameters
    ----------
    tables : shape (n_categories, k), those of all features, one below the other
    starts : shape (d,), the first row of each feature's table
    sizes : shape (d,), the number of each feature's categories
    log_priors : shape (k,)
    """

    tables: Floats
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]
    log_priors: Floats

    def _joint(self, X: Inputs) -> Floats:
        places = self._places(X)
        size = max(1, _GATHERED // (self.starts.size * self.log_priors.size))
        sums = [
            # Feature after feature, as scikit-learn adds them.
            self.tables.take(places[:, start : start + size], axis=0).sum(axis=0)
            for start in range(0, places.shape[1], size)
        ]
        return (sums[0] if len(sums) == 1 else np.concatenate(sums)) + self.log_priors

    def _places(self, X: Inputs) -> NDArray[np.intp]:
        """Return the categories' rows in the tables, shape (d, n).

        Fractions are cut off, as ``dtype="int"`` does.

        Raises
        ------
        RowsRefused
            For negative values (as scikit-learn) and for categories beyond those at training (where
            scikit-learn raises IndexError).
        """
        values = as_finite(X)
        unknown = (values <= -1) | (values >= self.sizes)
        if unknown.any():
            found = np.argwhere(unknown).tolist()
            raise RowsRefused([Refusal(row, column, _UNKNOWN) for row, column in found])
        return values.T.astype(np.intp) + self.starts[:, None]


def _squares(values: Array, means: Array, variances: Array) -> Floats:
    """Return the sums over the last axis of squared deviations in standard deviations."""
    deviations = values - means
    np.square(deviations, out=deviations)
    deviations /= variances
    return cast(Floats, deviations.sum(axis=-1))
