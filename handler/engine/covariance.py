"""Distances from the middle of normally distributed rows."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Floats, Inputs

# Numbers of a chunk of rows: what is summed up stays in the processor's own memory.
_CHUNK = 2**14


@dataclass(frozen=True, eq=False)
class EllipticEnvelope(Evaluator):
    """Rows within a distance are inliers: the mirror of ``EllipticEnvelope``.

    Parameters
    ----------
    location : shape (d,)
    precision : shape (d, d), the inverse of the covariance, transposed
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
        size = max(1, _CHUNK // len(self.location))
        for start in range(0, len(values), size):
            rows = slice(start, start + size)
            scores[rows] = self._distances(values[rows])
        # Distances may be less than 0 where products cancel; scikit-learn squares scipy's roots.
        with np.errstate(over="ignore", invalid="ignore"):
            return -(np.sqrt(scores) ** 2)

    def _distances(self, values: Floats) -> Floats:
        # Far values overflow in scipy too.
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = np.subtract(values.T, self.location[:, None], order="C")
            weighted = _in_two_lanes("ji,jn->in", self.precision, deviations)
            return _in_two_lanes("jn,jn->n", deviations, weighted)


def _in_two_lanes(product: str, left: Floats, right: Floats) -> Floats:
    """Return the sums over the first axis as the dot product of ``scipy.spatial.distance`` adds.

    Terms at even and at odd positions are summed apart, one after the other, as the vector
    registers of x86-64 hold two numbers; of an odd count, the last comes last. Nearly singular
    covariances make sums that cancel: in another order they would differ by more than rounding.

    Parameters
    ----------
    product : subscripts of ``numpy.einsum``, which adds one term after the other
    left, right : shape (d, …)
    """
    even = len(left) // 2 * 2
    sums: Floats = np.einsum(product, left[:even:2], right[:even:2])
    sums += np.einsum(product, left[1:even:2], right[1:even:2])
    if even < len(left):
        sums += np.einsum(product, left[even:], right[even:])
    return sums
