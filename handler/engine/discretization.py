"""Numbers into bins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_float32
from handler.engine.table import Array, Floats, Inputs, as_floating


@dataclass(frozen=True, eq=False)
class KBinsDiscretizer(Evaluator):
    """Numbers into the bins that they fall in: the mirror of ``KBinsDiscretizer``.

    Parameters
    ----------
    edges : for each input, the inner edges of its bins, ascending; a number on an edge belongs
        to the upper bin
    one_hot : bool
        Whether each bin is an output of its own, of zeros and ones.
    dtype : the type in which inputs are compared, or None where it is theirs
    """

    edges: Sequence[Floats]
    one_hot: bool
    dtype: Literal["float32", "float64"] | None

    def transform(self, X: Inputs) -> Array:
        """Return the bins' numbers, shape (n, d), or zeros and ones, shape (n, n_bins)."""
        values = self._checked(X)
        if self.one_hot:
            return self._indicators(values)
        for j, edges in enumerate(self.edges):
            values[:, j] = edges.searchsorted(values[:, j], "right")
        return values

    def _checked(self, X: Inputs) -> Array:
        if self.dtype == "float32":
            return as_float32(X, missing=False)
        values = as_floating(X)
        as_finite(values)
        return values.astype(self.dtype or values.dtype, copy=False)

    def _indicators(self, values: Array) -> Array:
        *starts, width = self._offsets.tolist()
        indicators = np.zeros((len(values), width), values.dtype)
        rows = np.arange(len(values))
        for j, edges in enumerate(self.edges):
            indicators[rows, starts[j] + edges.searchsorted(values[:, j], "right")] = 1
        return indicators

    @cached_property
    def _offsets(self) -> NDArray[np.intp]:
        """Where each input's outputs start, and their number."""
        return np.cumsum([0, *(len(edges) + 1 for edges in self.edges)])
