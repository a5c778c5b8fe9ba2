"""Distances from the middle of normally distributed rows."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Floats, Inputs

# Products that a chunk of rows needs at a time: a quarter of a megabyte.
_PRODUCTS = 2**15


@dataclass(frozen=True, eq=False)
class EllipticEnvelope(Evaluator):
    """Rows within a distance are inliers: the mirror of ``EllipticEnvelope``.

    Parameters
    ----------
    location : shape (d,)
    precision : shape (d, d), the inverse of the covariance
    offset : float
        The least score of inliers.
    """

    location: Floats
    precision: Floats
    offset: float

    def predict(self, X: Inputs) -> Array:
        """Return 1 for inliers and -1 for outliers, shape (n,), int64."""
        return np.where(self.decision_function(X) >= 0, 1, -1)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores less the least one of inliers, shape (n,)."""
        return self.score_samples(X) - self.offset

    def score_samples(self, X: Inputs) -> Floats:
        """Return the negative squared Mahalanobis distances, shape (n,)."""
        values = as_finite(X)
        scores = np.empty(len(values))
        size = max(1, _PRODUCTS // self.precision.size)
        for start in range(0, len(values), size):
            rows = slice(start, start + size)
            scores[rows] = self._scores(values[rows])
        return scores

    def _scores(self, values: Floats) -> Floats:
        # Far values overflow in scipy too. Products may sum to less than 0 where they cancel.
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = np.ascontiguousarray((values - self.location).T)
            weighted = _sum_in_two_lanes(self.precision.T[:, :, None] * deviations[:, None])
            # scikit-learn squares the root that scipy takes.
            return -(np.sqrt(_sum_in_two_lanes(deviations * weighted)) ** 2)


def _sum_in_two_lanes(products: Floats) -> Floats:
    """Return the sum over the first axis as the dot product of ``scipy.spatial.distance`` adds.

    Terms with even and with odd positions are summed apart, one after the other, as the vector
    registers of x86-64 hold two numbers; of an odd count, the last comes last. Nearly singular
    covariances make sums that cancel: in another order they would differ by more than rounding.

    Parameters
    ----------
    products : shape (d, …)
    """
    pairs = len(products) // 2
    lanes = products[: 2 * pairs].reshape(pairs, 2, *products.shape[1:]).sum(axis=0)
    total: Floats = lanes[0] + lanes[1]
    return total + products[-1] if len(products) % 2 else total
