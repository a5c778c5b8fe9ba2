"""Rows that are mostly zeros, as texts and categories give them: only the rest is stored."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    def from_array(cls, array: NDArray[Any]) -> "Sparse":
        """Return what is not 0 in an array of shape (n, d)."""
        rows, columns = np.nonzero(array)
        counts = np.bincount(rows, minlength=len(array))
        return cls(array[rows, columns], columns, _starts(counts), array.shape)

    @classmethod
    def counted(
        cls,
        rows: Positions,
        columns: Positions,
        shape: tuple[int, int],
        negative: Positions | int = 0,
    ) -> "Sparse":
        """Return how often each place is named; those that cancel each other are stored as 0.

        Parameters
        ----------
        rows, columns : shape (m,)
        shape : (n, d)
        negative : shape (m,), 1 where the place counts as -1, else 0
        """
        places = np.sort((rows * shape[1] + columns) * 2 + negative)
        signs = 1 - 2 * (places & 1)
        places >>= 1
        new = np.ones(len(places), dtype=bool)
        new[1:] = places[1:] != places[:-1]
        firsts = new.nonzero()[0]
        rows, columns = np.divmod(places[firsts], shape[1])
        starts = _starts(np.bincount(rows, minlength=shape[0]))
        counts = cls(np.add.reduceat(signs, firsts), columns, starts, shape)
        counts.rows = rows
        return counts

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
        counts = np.bincount(self.rows[mask], minlength=self.shape[0])
        return Sparse(self.data[mask], self.indices[mask], _starts(counts), self.shape)

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
    counts = np.array([np.diff(part.indptr) for part in parts])
    indptr = _starts(counts.sum(axis=0))
    data = np.empty(indptr[-1], dtype=np.result_type(*[part.dtype for part in parts]))
    indices = np.empty(len(data), dtype=np.intp)
    starts, shift = indptr[:-1].copy(), 0
    for part, count in zip(parts, counts, strict=True):
        places = np.repeat(starts - part.indptr[:-1], count) + np.arange(len(part.data))
        data[places] = part.data
        indices[places] = part.indices + shift
        starts += count
        shift += part.shape[1]
    return Sparse(data, indices, indptr, (parts[0].shape[0], shift))


def _starts(counts: Positions) -> Positions:
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=starts[1:])
    return starts
