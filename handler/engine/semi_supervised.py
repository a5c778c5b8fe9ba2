"""Labels that spread from labelled vectors to their neighbours."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.kernel_model import Kernel, in_row_chunks, matrix_with
from handler.engine.products import times
from handler.engine.search import Search
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False)
class _Propagation(Evaluator):
    """The label of the largest share: the mirror of ``BaseLabelPropagation``.

    Parameters
    ----------
    classes : shape (k,)
    distributions : shape (n_vectors, k), of the vectors' labels
    """

    classes: Array
    distributions: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]


@dataclass(frozen=True, eq=False)
class KernelPropagation(_Propagation):
    """All vectors' labels, weighted by a kernel.

    Parameters
    ----------
    kernel : Kernel
    vectors : shape (n_vectors, d)
    """

    kernel: Kernel
    vectors: Array

    def predict_proba(self, X: Inputs) -> Array:
        """Return the classes' probabilities, shape (n, k); NaN for rows far from all vectors."""
        return in_row_chunks(self._shares, X, len(self.vectors))

    def _shares(self, X: Array) -> Array:
        # The vectors are the rows here, as in scikit-learn: the last bits depend on it.
        weights = matrix_with(self.kernel, X)(self.vectors).T
        return _normalised(times(weights, self.distributions))


@dataclass(frozen=True, eq=False)
class NeighborPropagation(_Propagation):
    """The labels of the nearest vectors.

    Parameters
    ----------
    search : Search
    n_neighbors : int
    """

    search: Search
    n_neighbors: int

    def predict_proba(self, X: Inputs) -> Array:
        """Return the classes' probabilities, shape (n, k)."""
        values = self.search.checked(X, missing=False)
        nearest = self.search.nearest(values, self.n_neighbors, ordered=True)[1]
        with np.errstate(invalid="ignore"):
            return _normalised(self.distributions[nearest].sum(axis=1))


def _normalised(shares: Array) -> Array:
    """Return shares of sum 1, shape (n, k); NaN where there are none."""
    shares /= np.sum(shares, axis=1)[:, None]
    return shares
