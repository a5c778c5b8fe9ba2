"""Trees as features: which leaf of each tree a row falls into."""

from dataclasses import dataclass

import numpy as np

from handler.engine.checks import as_float32
from handler.engine.forested import Forested
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class TreesEmbedding(Forested):
    """A column a leaf, 1 where the row is: the mirror of ``RandomTreesEmbedding``.

    Parameters
    ----------
    values : (n_leaves,) each leaf's column, those of the first tree first
    missing : bool
        Whether missing values are taken.
    sparse : bool
        Whether the answer holds the ones alone.
    """

    missing: bool
    sparse: bool

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return a 1 for each tree, shape (n, n_leaves)."""
        columns = self._columns(as_float32(X, missing=self.missing))
        n, trees = columns.shape
        if self.sparse:
            starts = np.arange(n + 1) * trees
            return Sparse(np.ones(n * trees), columns.ravel(), starts, (n, len(self.values)))
        ones = np.zeros((n, len(self.values)))
        ones[np.arange(n)[:, None], columns] = 1.0
        return ones

    def _columns(self, X: Array) -> Array:
        """Return the column of each row's leaf in each tree, shape (n, n_trees)."""
        columns = np.empty((len(X), len(self._forest.roots)), dtype=np.intp)
        for rows, numbers in self._forest.walk(X, group=columns.shape[1]):
            columns[rows] = self.values.take(numbers).T
        return columns
