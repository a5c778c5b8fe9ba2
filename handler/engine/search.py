"""What a search for neighbours is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import check_values
from handler.engine.heaps import Positions
from handler.engine.table import Floats, Inputs, as_array, as_float


class Within(NamedTuple):
    """The training rows within a radius, those of one row one after the other.

    ``rows`` (m,) ascends; ``distances`` and ``indices`` (m,) tell of each neighbour; ``counts``
    (n,) how many neighbours each row has.
    """

    rows: Positions
    distances: Floats
    indices: Positions
    counts: Positions


class Search(Evaluator):
    """What finds neighbours among training rows."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the training rows."""
        raise NotImplementedError(type(self).__name__)

    def checked(self, X: Inputs, *, missing: bool) -> Any:
        """Return inputs as numbers of the type that they have, shape (n, d).

        Parameters
        ----------
        X : inputs of shape (n, d)
        missing : bool
            Whether NaN may stay.

        Raises
        ------
        RowsRefused
            For infinities and, unless ``missing``, for NaN.
        """
        values = as_array(X)
        if values.dtype == object:
            values = as_float(values)
        check_values(values, missing=missing)
        return values

    def nearest(
        self, X: Any, k: int, *, ordered: bool = False, by_rows: bool = False
    ) -> tuple[Floats, Positions]:
        """Return the distances to the k nearest training rows and their positions, (n, k).

        Parameters
        ----------
        X : shape (n, d)
        k : int
        ordered : bool
            Whether equally distant neighbours must come in scikit-learn's order.
        by_rows : bool
            Whether each thread of scikit-learn has rows of its own, whatever their number.
        """
        raise NotImplementedError(type(self).__name__)

    def within(self, X: Any, radius: float) -> Within:
        """Return the training rows within a radius of each row of X, of shape (n, d)."""
        raise NotImplementedError(type(self).__name__)


def joined(parts: Sequence[tuple[Floats, Positions]]) -> tuple[Floats, Positions]:
    """Return what was found for blocks of rows as one."""
    if len(parts) == 1:
        return parts[0]
    distances, indices = zip(*parts, strict=True)
    return np.concatenate(distances), np.concatenate(indices)


def as_within(rows: Positions, distances: Floats, indices: Positions, n_rows: int) -> Within:
    """Return what was found, with the counts of so many rows."""
    return Within(rows, distances, indices, np.bincount(rows, minlength=n_rows))


def stacked(parts: Sequence[Within], blocks: Sequence[slice]) -> Within:
    """Return what was found for blocks of rows as one."""
    shifted = [
        part._replace(rows=part.rows + block.start)
        for part, block in zip(parts, blocks, strict=True)
    ]
    return Within(*(np.concatenate(fields) for fields in zip(*shifted, strict=True)))
