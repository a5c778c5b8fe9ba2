"""Isolation forests: what few splits set apart is an outlier."""

from dataclasses import dataclass

import numpy as np

from handler.engine.forest_walk import sum_scalars
from handler.engine.forested import Forested
from handler.engine.table import Array, Floats, Inputs, as_float


@dataclass(frozen=True, eq=False, kw_only=True)
class IsolationForest(Forested):
    """The mirror of ``IsolationForest``; takes missing and infinite values.

    Parameters
    ----------
    values : (n_leaves,) the lengths of the paths to the leaves and on, as if they were split
    typical : float
        The mean length of a path, times the number of trees; 0 where there are no paths.
    offset : float
        The score below which a row is an outlier.
    """

    typical: float
    offset: float

    def predict(self, X: Inputs) -> Array:
        """Return 1 for inliers and -1 for outliers, shape (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores, of which those of outliers are negative, shape (n,)."""
        return self.score_samples(X) - self.offset

    def score_samples(self, X: Inputs) -> Floats:
        """Return scores from -1, for outliers, to 0, shape (n,): Liu et al. (2008)."""
        with np.errstate(over="ignore"):
            single = as_float(X).astype(np.float32)
        lengths = sum_scalars(self._forest, self.values, single, np.zeros(1))[:, 0]
        relative = lengths / self.typical if self.typical else np.ones(len(lengths))
        return -(2**-relative)
