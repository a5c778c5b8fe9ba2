"""Projections on random directions that are mostly zeros."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import floating
from handler.engine.products import finite_floats
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Inputs, as_array

# Numbers that are summed up at a time: they stay in the processor's cache.
_BLOCK = 1 << 15


class _Step(NamedTuple):
    """The next stored value of each component that has one: data (m, 1), indices (m,)."""

    data: Array
    indices: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class SparseProjection(Evaluator):
    """``X @ components.T`` with sparse components: the mirror of ``SparseRandomProjection``.

    Parameters
    ----------
    data, indices, indptr : the components by rows, as ``Sparse`` has them
    width : d, the number of features
    sparse : bool
        Whether a Sparse is answered with one.
    """

    data: Array
    indices: NDArray[np.intp]
    indptr: NDArray[np.intp]
    width: int
    sparse: bool
    takes_sparse = True

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the projected inputs, shape (n, n_components)."""
        with np.errstate(over="ignore", invalid="ignore"):
            if isinstance(X, Sparse):
                projected = np.ascontiguousarray(self._projected(floating(X, missing=False)))
                return Sparse.from_array(projected) if self.sparse else projected
            values = finite_floats(X)
            if len(values) == 1 and values.dtype == self.data.dtype == np.float64:
                return self._of_row(values[0])
            return self._projected(values)

    def _projected(self, X: Array | Sparse) -> Array:
        size = max(1, _BLOCK // self._components)
        blocks = (as_array(X[i : i + size]) for i in range(0, X.shape[0], size))
        return np.concatenate([self._of_block(block) for block in blocks], axis=1).T

    def _of_row(self, row: Array) -> Array:
        """Return one row's projection, shape (1, n_components); bincount adds in order, too."""
        products = self.data * row[self.indices]
        return np.bincount(self._rows, products, self._components)[None]

    def _of_block(self, X: Array) -> Array:
        """Return the projection of some rows, shape (n_components, m).

        Products are added in the order of scipy's sparse product, all components at once.
        """
        columns = np.ascontiguousarray(X.T)
        sums = np.zeros((self._components, len(X)), np.result_type(self.data, X))
        for data, indices in self._steps:
            products = columns[indices].astype(sums.dtype, copy=False)
            products *= data
            sums[: len(products)] += products
        return sums[self._places]

    @property
    def _components(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def _rows(self) -> NDArray[np.intp]:
        return Sparse(self.data, self.indices, self.indptr, (self._components, self.width)).rows

    @cached_property
    def _by_size(self) -> NDArray[np.intp]:
        """The components, those with the most stored values first."""
        return np.argsort(-np.diff(self.indptr), kind="stable")

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        return np.argsort(self._by_size)

    @cached_property
    def _steps(self) -> Sequence[_Step]:
        starts, counts = self.indptr[:-1][self._by_size], np.diff(self.indptr)[self._by_size]
        chosen = [starts[counts > step] + step for step in range(counts.max(initial=0))]
        return [_Step(self.data[at][:, None], self.indices[at]) for at in chosen]
