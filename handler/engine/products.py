"""Products of matrices, equal to the last bit to those of scikit-learn's compiled code."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from handler.engine.checks import as_finite_numbers
from handler.engine.chunks import KERNEL_ROWS, of_whole_kernels
from handler.engine.lapack import routine
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Inputs, as_array

# OpenBLAS works on products of more multiplications than this with several threads, which share
# out the rows and so change the last bits; scikit-learn's compiled code holds it to one thread.
ONE_THREAD = 1 << 18

# So many products BLAS's dot adds up in one thread; with more, threads cost more than they save.
_DOT = 1 << 13

# Where the squares of some rows and those of some vectors add up to no more than this, no sum
# of their products overflows, by Cauchy and Schwarz.
_TAME = 1e300


def finite_floats(X: Inputs) -> Array:
    """Return X of shape (n, d), all finite: float32 stays, all else becomes float64.

    As ``check_array(dtype=[float64, float32])`` does; it may be X itself.

    Raises
    ------
    RowsRefused
        For NaN and infinities.
    """
    values = as_finite_numbers(X)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def product(X: Array, vectors: Array) -> Array:
    """Return ``X @ vectors.T`` as one call of GEMM has it.

    For a single row numpy calls GEMV, whose sums have another order, and among few rows GEMM's
    last odd one is added up in an order of its own: so one row is made the last of three.

    Parameters
    ----------
    X : shape (n, d)
    vectors : shape (k, d)

    Returns
    -------
    array of shape (n, k)
    """
    if len(X) == 1:
        return (np.repeat(X, 3, axis=0) @ vectors.T)[2:]
    products: Array = X @ vectors.T
    return products


def times(X: Array | Sparse, matrix: Array) -> Array:
    """Return ``X @ matrix``, where that saves time by blocks of rows that one thread takes.

    OpenBLAS's own threads wait for each other, and for those that compute other rows; that costs
    small products more than it saves.

    Parameters
    ----------
    X : shape (n, d), or a Sparse of that shape
    matrix : shape (d, k)

    Returns
    -------
    array of shape (n, k)
    """
    rows, size = X.shape[0], ONE_THREAD // max(1, matrix.size)
    # A single column is GEMV's, which is for no blocks to mimic. A second thread comes in where
    # there is work for two.
    # Threads share out float32's sums so that their last bits, which show, differ from blocks'.
    if isinstance(X, Sparse) or matrix.shape[1] == 1 or matrix.dtype == np.float32:
        return X @ matrix
    if rows <= size or 2 * size < KERNEL_ROWS:
        return X @ matrix
    products = np.empty((rows, matrix.shape[1]), np.result_type(X, matrix))
    # No block has a single row: that would be GEMV's, too.
    starts = range(0, rows - 1, of_whole_kernels(size))
    for start, stop in pairwise([*starts, rows]):
        np.matmul(X[start:stop], matrix, out=products[start:stop])
    return products


@cache
def blas_threads() -> int:
    """Return how many threads OpenBLAS shares large products out to; 2 where it does not tell."""
    count = routine("openblas_get_num_threads")
    return 2 if count is None else int(count())


@dataclass(frozen=True, eq=False)
class MinusTwice:
    """Products with some vectors, times -2, as distances want them.

    Parameters
    ----------
    vectors : shape (k, d)
    """

    vectors: Array

    def by_block(self, reduce: Callable[[Array, Array, bool], Any], X: Inputs) -> Array:
        """Return ``reduce`` of ``-2 * X @ vectors.T``, by blocks of rows that one thread takes.

        Parameters
        ----------
        reduce : function of rows (m, d), their products (m, k) and whether all is surely finite;
            its answer is (m,)
        X : inputs of shape (n, d)

        Returns
        -------
        array of shape (n,)

        Raises
        ------
        RowsRefused
            For NaN and infinities.
        """
        values, tame = self._checked(X)
        size = self.block_rows
        blocks = [values[start : start + size] for start in range(0, len(values), size)]
        answers = [reduce(block, self._products(block, tame), tame) for block in blocks]
        return answers[0] if len(answers) == 1 else np.concatenate(answers)

    def _checked(self, X: Inputs) -> tuple[Array, bool]:
        """Return finite values of the vectors' type, and whether no sum overflows."""
        values = np.ascontiguousarray(as_array(X))
        if self._is_tame and values.dtype == self.vectors.dtype and _squares(values) < _TAME:
            return values, True
        return finite_floats(values).astype(self.vectors.dtype, copy=False), False

    def _products(self, X: Array, tame: bool) -> Array:
        # A factor of two changes no digit, but what is doubled first may overflow on the way to
        # a sum that would not.
        return product(X, self._doubled) if tame else -2 * product(X, self.vectors)

    @cached_property
    def _is_tame(self) -> bool:
        return _squares(self.vectors) < _TAME

    @cached_property
    def _doubled(self) -> Array:
        return -2 * self.vectors

    @property
    def block_rows(self) -> int:
        """The most rows of a block."""
        rows = ONE_THREAD // max(1, self.vectors.size)
        return of_whole_kernels(rows)


def _squares(values: Array) -> float:
    """Return the sum of the squares; NaN or infinite where a value is."""
    flat = values.ravel()
    parts = (flat[start : start + _DOT] for start in range(0, flat.size, _DOT))
    return float(sum(np.dot(part, part) for part in parts))
