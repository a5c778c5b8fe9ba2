"""Rows that are mostly zeros, as texts and categories give them: only the rest is stored."""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

type Positions = NDArray[np.intp]

# Products that are held at a time while matrices are multiplied.
_PRODUCTS = 1 << 16


class Sparse:
    """A matrix of shape (n, d) by rows: the mirror of scipy's canonical ``csr_array``.

    Parameters
    ----------
    data : shape (nnz,), the stored values, row after row; some may be 0
    indices : shape (nnz,) of intp, the column of each, ascending within a row
    indptr : shape (n + 1,) of intp, where each row starts in them, and the end
    shape : (n, d)
    """

    def __init__(
        self, data: NDArray[Any], indices: Positions, indptr: Positions, shape: tuple[int, int]
    ) -> None:
        self.data = data
        self.indices = indices
        self.indptr = indptr
        self.shape = shape

    @classmethod
    def by_rows(
        cls, data: NDArray[Any], indices: Positions, rows: Positions, shape: tuple[int, int]
    ) -> "Sparse":
        """Return stored values with their columns and rows, all of shape (nnz,), rows in order."""
        made = cls(data, indices, _starts(np.bincount(rows, minlength=shape[0])), shape)
        made.rows = rows
        return made

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> "Sparse":
        """Return what is not 0 in an array of shape (n, d)."""
        rows, columns = np.nonzero(array)
        return cls.by_rows(array[rows, columns], columns, rows, array.shape)

    @classmethod
    def ones(cls, columns: Positions, width: int, dtype: DTypeLike) -> "Sparse":
        """Return ones, shape (n, width).

        Parameters
        ----------
        columns : shape (n, m), where each row's ones are, in order; none at -1
        width : int
        dtype : type of the ones
        """
        rows, places = np.nonzero(columns >= 0)
        ones = np.ones(len(rows), dtype=dtype)
        return cls.by_rows(ones, columns[rows, places], rows, (len(columns), width))

    @classmethod
    def counted(
        cls,
        rows: Positions,
        columns: Positions,
        shape: tuple[int, int],
        negative: Positions | None = None,
    ) -> "Sparse":
        """Return how often each place is named; those that cancel each other are stored as 0.

        Parameters
        ----------
        rows, columns : shape (m,)
        shape : (n, d)
        negative : shape (m,), 1 where the place counts as -1, else 0; None for 0 everywhere
        """
        places = rows * shape[1] + columns
        if negative is None:
            places.sort()
            signs = np.ones_like(places)
        else:
            places = np.sort(places * 2 + negative)
            signs = 1 - 2 * (places & 1)
            places >>= 1
        new = np.ones(len(places), dtype=bool)
        new[1:] = places[1:] != places[:-1]
        firsts = new.nonzero()[0]
        rows, columns = np.divmod(places[firsts], shape[1])
        return cls.by_rows(np.add.reduceat(signs, firsts), columns, rows, shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values."""
        return self.data.dtype

    @cached_property
    def rows(self) -> Positions:
        """The row of each stored value, shape (nnz,)."""
        return np.arange(self.shape[0]).repeat(self.indptr[1:] - self.indptr[:-1])

    def toarray(self) -> NDArray[Any]:
        """Return the whole array, shape (n, d)."""
        array = np.zeros(self.shape, dtype=self.dtype)
        array[self.rows, self.indices] = self.data
        return array

    def with_data(self, data: NDArray[Any]) -> "Sparse":
        """Return other values, shape (nnz,), in the same places."""
        other = Sparse(data, self.indices, self.indptr, self.shape)
        other.rows = self.rows
        return other

    def __getitem__(self, rows: Any) -> "Sparse":
        """Return the rows that an index array, mask or slice selects."""
        chosen = np.arange(self.shape[0])[rows]
        counts = np.diff(self.indptr)[chosen]
        starts = _starts(counts)
        places = np.repeat(self.indptr[chosen] - starts[:-1], counts) + np.arange(starts[-1])
        shape = (len(chosen), self.shape[1])
        return Sparse(self.data[places], self.indices[places], starts, shape)

    def take_columns(self, columns: Positions) -> "Sparse":
        """Return some columns, which ascend, shape (n, len(columns))."""
        # One column that is none stands behind the last, for what lies beyond.
        beyond = np.append(columns, self.shape[1])
        places = np.searchsorted(beyond, self.indices)
        shape = (self.shape[0], len(columns))
        chosen = Sparse(self.data, places, self.indptr, shape)
        return chosen.kept(beyond[places] == self.indices)

    def kept(self, mask: NDArray[np.bool_]) -> "Sparse":
        """Return only the stored values that a mask of shape (nnz,) names."""
        return Sparse.by_rows(self.data[mask], self.indices[mask], self.rows[mask], self.shape)

    def row_sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sums of values that belong to the stored ones, shape (n,).

        Parameters
        ----------
        values : shape (nnz,)
        """
        sums = np.zeros(self.shape[0], dtype=values.dtype)
        np.add.at(sums, self.rows, values)
        return sums

    def __mul__(self, factor: float) -> "Sparse":
        """Return every value times one factor."""
        return self.with_data(self.data * factor)

    def __matmul__(self, other: NDArray[Any]) -> NDArray[Any]:
        """Return the product with an array of shape (d,) or (d, k): shape (n,) or (n, k).

        Each row's products are added one after the other, as scipy adds them, so that sums are
        equal to the last bit.
        """
        if other.ndim == 1:
            return self.row_sums(self.data * other[self.indices])
        n, k = self.shape[0], other.shape[1]
        sums = np.zeros(k * n, dtype=np.result_type(self.data, other))
        group = max(1, _PRODUCTS // max(1, len(self.data)))
        for start in range(0, k, group):
            products = self.data * other.T[start : start + group].take(self.indices, axis=1)
            firsts = np.arange(start, start + len(products))[:, None] * n
            np.add.at(sums, (self.rows + firsts).ravel(), products.ravel())
        return np.ascontiguousarray(sums.reshape(k, n).T)


def hstack(blocks: Sequence[NDArray[Any] | Sparse]) -> Sparse:
    """Return blocks of n rows side by side; of arrays, only what is not 0 is stored."""
    parts = [block if isinstance(block, Sparse) else Sparse.from_array(block) for block in blocks]
    shifts = list(accumulate((part.shape[1] for part in parts), initial=0))
    rows = np.concatenate([part.rows for part in parts])
    # Within a row the blocks keep their order.
    order = rows.argsort(kind="stable")
    shifted = [part.indices + shift for part, shift in zip(parts, shifts, strict=False)]
    data = np.concatenate([part.data for part in parts])
    shape = (parts[0].shape[0], shifts[-1])
    return Sparse.by_rows(data[order], np.concatenate(shifted)[order], rows[order], shape)


def _starts(counts: Positions) -> Positions:
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=starts[1:])
    return starts
