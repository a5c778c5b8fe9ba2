"""Labels that spread from labelled vectors to their neighbours."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.kernel_model import Kernel, in_row_chunks, matrix_with
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False)
class KernelPropagation(Evaluator):
    """All vectors' labels, weighted by a kernel: the mirror of ``BaseLabelPropagation``.

    Parameters
    ----------
    classes : shape (k,)
    kernel : Kernel
    vectors : shape (n_vectors, d)
    distributions : shape (n_vectors, k), of the vectors' labels
    """

    classes: Array
    kernel: Kernel
    vectors: Array
    distributions: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Array:
        """Return the classes' probabilities, shape (n, k); NaN for rows far from all vectors."""
        return in_row_chunks(self._shares, X, len(self.vectors))

    def _shares(self, X: Array) -> Array:
        # The vectors are the rows here, as in scikit-learn: the last bits depend on it.
        weights = matrix_with(self.kernel, X)(self.vectors).T
        shares = weights @ self.distributions
        shares /= np.sum(shares, axis=1)[:, None]
        return shares
