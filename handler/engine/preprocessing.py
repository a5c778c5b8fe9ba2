"""Scaling of numbers and encoding of categories."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import INFINITE, as_finite_or_missing, check_values, floating
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Inputs, Table, as_array, as_floating
from handler.errors import Refusal, RowsRefused

# Values far from training's overflow in scikit-learn too, which answers with infinities.
_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")


@dataclass(frozen=True, eq=False)
class StandardScaler(Evaluator):
    """``(X - mean) / scale``: the mirror of ``StandardScaler``.

    Parameters
    ----------
    mean, scale : shape (d,), or None where that step is left out
    """

    mean: Array | None
    scale: Array | None

    @property
    def takes_sparse(self) -> bool:
        """Whether zeros stay zeros."""
        return self.mean is None

    @_quiet
    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the scaled inputs, shape (n, d); a missing value stays missing."""
        values = floating(X, missing=True)
        if isinstance(values, Sparse):
            return _columns_over(values, self.scale)
        if self.mean is not None:
            values -= self.mean.astype(values.dtype, copy=False)
        if self.scale is not None:
            values /= self.scale.astype(values.dtype, copy=False)
        return values


@dataclass(frozen=True, eq=False)
class RobustScaler(Evaluator):
    """``(X - center) / scale``: the mirror of ``RobustScaler``.

    Unlike ``StandardScaler`` it computes in float64 where its inputs are float32.

    Parameters
    ----------
    center, scale : shape (d,), or None where that step is left out
    """

    center: Array | None
    scale: Array | None

    @property
    def takes_sparse(self) -> bool:
        """Whether zeros stay zeros."""
        return self.center is None

    @_quiet
    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the scaled inputs, shape (n, d); a missing value stays missing."""
        values = floating(X, missing=True)
        if isinstance(values, Sparse):
            return _columns_over(values, self.scale)
        if self.center is not None:
            values -= self.center
        if self.scale is not None:
            values /= self.scale
        return values


@dataclass(frozen=True, eq=False)
class MinMaxScaler(Evaluator):
    """``X * scale + minimum``: the mirror of ``MinMaxScaler``.

    Parameters
    ----------
    scale, minimum : shape (d,)
    limits : the least and the largest output, or None for no limit
    """

    scale: Array
    minimum: Array
    limits: Sequence[float] | None

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the scaled inputs, shape (n, d); a missing value stays missing."""
        values = as_floating(X)
        as_finite_or_missing(values)
        values *= self.scale
        values += self.minimum
        return _limited(values, self.limits)


@dataclass(frozen=True, eq=False)
class MaxAbsScaler(Evaluator):
    """``X / scale``: the mirror of ``MaxAbsScaler``.

    Parameters
    ----------
    scale : shape (d,)
    limits : the least and the largest output, or None for no limit
    """

    scale: Array
    limits: Sequence[float] | None
    takes_sparse = True

    @_quiet
    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the scaled inputs, shape (n, d); a missing value stays missing."""
        values = floating(X, missing=True)
        if isinstance(values, Sparse):
            scaled = _columns_over(values, self.scale)
            return scaled.with_data(_limited(scaled.data, self.limits))
        values /= self.scale
        return _limited(values, self.limits)


@dataclass(frozen=True, eq=False)
class Normalizer(Evaluator):
    """Each row divided by its norm: the mirror of ``Normalizer``.

    Parameters
    ----------
    norm : {"l1", "l2", "max"}
    """

    norm: Literal["l1", "l2", "max"]
    takes_sparse = True

    @_quiet
    def transform(self, X: Inputs) -> Array | Sparse:
        """Return rows of norm 1, shape (n, d); a row of (nearly) zeros stays as it is."""
        values = floating(X, missing=False)
        if isinstance(values, Sparse):
            return _rows_over(values, _STORED_NORMS[self.norm](values))
        norms = _NORMS[self.norm](values)
        # The same bound as scikit-learn's: smaller norms are rounding errors of 0.
        norms[norms < 10 * np.finfo(norms.dtype).eps] = 1.0
        values /= norms[:, None]
        return values


@dataclass(frozen=True, eq=False)
class Binarizer(Evaluator):
    """1 above the threshold, else 0: the mirror of ``Binarizer``.

    Parameters
    ----------
    threshold : float
    """

    threshold: float

    @property
    def takes_sparse(self) -> bool:
        """Whether zeros stay zeros."""
        return self.threshold >= 0

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return zeros and ones, shape (n, d)."""
        values = floating(X, missing=False)
        if isinstance(values, Sparse):
            above = values.kept(values.data > self.threshold)
            return above.with_data(np.ones_like(above.data))
        return (values > self.threshold).astype(values.dtype)


@dataclass(frozen=True, eq=False)
class OneHotEncoder(Evaluator):
    """Categories as columns of zeros and ones: the mirror of ``OneHotEncoder``.

    Grouped, dropped and ignored categories are settled at export: they share an output, or
    have none.

    Parameters
    ----------
    categories : for each column, its categories
    outputs : for each column, the output of each category, or -1 for none
    unknown : for each column, the output of an unknown category, -1 for none, or None where
        unknown categories are refused
    width : int
        The number of outputs.
    dtype : str
    sparse : bool
        Whether only the ones are stored.
    """

    categories: Sequence[Array]
    outputs: Sequence[Array]
    unknown: Sequence[int | None]
    width: int
    dtype: str
    sparse: bool
    _tables: "list[CodeTable]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the lookup tables once, before the first request."""
        object.__setattr__(
            self, "_tables", code_tables(self.categories, self.outputs, self.unknown)
        )

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return zeros and ones, shape (n, width).

        Raises
        ------
        RowsRefused
            For unknown categories where they are errors, and for infinite numbers.
        """
        codes = category_codes(X, self._tables, np.intp)
        if self.sparse:
            return Sparse.ones(codes.T, self.width, self.dtype)
        size = X.shape[0] * self.width
        # One place behind the last takes the ones that have no output.
        places = np.where(codes < 0, size, codes + np.arange(0, size, self.width or 1))
        encoded = np.zeros(size + 1, dtype=self.dtype)
        encoded[places] = 1
        return encoded[:-1].reshape(X.shape[0], self.width)


@dataclass(frozen=True, eq=False)
class OrdinalEncoder(Evaluator):
    """Categories as numbers: the mirror of ``OrdinalEncoder``.

    Parameters
    ----------
    categories : for each column, its categories
    outputs : for each column, the number of each category (of the missing value too)
    unknown : the number of an unknown category, or None where unknown categories are refused
    dtype : str
    """

    categories: Sequence[Array]
    outputs: Sequence[Array]
    unknown: float | None
    dtype: str
    _tables: "list[CodeTable]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the lookup tables once, before the first request."""
        unknown = [self.unknown] * len(self.categories)
        object.__setattr__(self, "_tables", code_tables(self.categories, self.outputs, unknown))

    def transform(self, X: Inputs) -> Array:
        """Return the categories' numbers, shape (n, d).

        Raises
        ------
        RowsRefused
            For unknown categories where they are errors, and for infinite numbers.
        """
        return category_codes(X, self._tables, self.dtype).T


class CodeTable(dict[Any, Any]):
    """The code of each category; the missing value is found whichever NaN it is."""

    def __init__(self, categories: Array, codes: Array, unknown: Any) -> None:
        super().__init__(zip(categories.tolist(), codes.tolist(), strict=True))
        self.unknown = unknown
        nan = [code for category, code in self.items() if category != category]
        self.missing = nan[0] if nan else unknown

    def __missing__(self, value: Any) -> Any:
        code = self.missing if value != value else self.unknown
        if code is None:
            raise _UnknownCategoryError
        return code


class _UnknownCategoryError(Exception):
    pass


def code_tables(
    categories: Sequence[Array], codes: Sequence[Array], unknown: Sequence[Any]
) -> list[CodeTable]:
    """Return the lookup table of each column."""
    return [CodeTable(*column) for column in zip(categories, codes, unknown, strict=True)]


def category_codes(X: Inputs, tables: Sequence[CodeTable], dtype: DTypeLike) -> Array:
    """Return each column's codes, shape (d, n)."""
    columns = _lists(X)
    codes = chain.from_iterable(
        [map(table.__getitem__, column) for table, column in zip(tables, columns, strict=True)]
    )
    try:
        # One pass over all columns: numpy converts a list at twice the price of the lookups.
        flat = np.fromiter(codes, dtype, X.shape[0] * X.shape[1])
    except _UnknownCategoryError:
        raise RowsRefused(list(_unknown_categories(columns, tables))) from None
    return flat.reshape(X.shape[1], X.shape[0])


def _lists(X: Inputs) -> list[list[Any]]:
    """Return each column's values; infinities in columns of floats (not objects) are refused."""
    if isinstance(X, Table):
        _refuse_infinite(X.columns)
        return [column.tolist() for column in X.columns]
    values = as_array(X)
    check_values(values, missing=True)
    return values.T.tolist()  # type: ignore[no-any-return]


def _refuse_infinite(columns: Sequence[Array]) -> None:
    refusals = [
        Refusal(int(row), j, INFINITE)
        for j, column in enumerate(columns)
        if column.dtype.kind == "f"
        for row in np.flatnonzero(np.isinf(column))
    ]
    if refusals:
        raise RowsRefused(refusals)


def _unknown_categories(
    columns: Sequence[list[Any]], tables: Sequence[CodeTable]
) -> Iterable[Refusal]:
    for j, (column, table) in enumerate(zip(columns, tables, strict=True)):
        for i, value in enumerate(column):
            try:
                table[value]
            except _UnknownCategoryError:
                yield Refusal(i, j, f"{value!r} is none of the categories seen in training")


def _limited(values: Array, limits: Sequence[float] | None) -> Array:
    return values if limits is None else np.clip(values, limits[0], limits[1], out=values)


def _l1(values: Array) -> NDArray[Any]:
    return np.asarray(np.abs(values).sum(axis=1))


def _l2(values: Array) -> NDArray[Any]:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", values, values)))


def _largest(values: Array) -> NDArray[Any]:
    return np.asarray(np.abs(values).max(axis=1))


def _columns_over(values: Sparse, scale: Array | None) -> Sparse:
    """Return columns times the inverse of their scale, as ``inplace_column_scale`` has it."""
    if scale is not None:
        values.data *= 1.0 / scale[values.indices]
    return values


def _rows_over(values: Sparse, norms: Array) -> Sparse:
    """Return rows over their norms; one whose norm is 0 stays as it is."""
    norms[norms == 0] = 1.0
    values.data /= norms[values.rows]
    return values


def _stored_l1(values: Sparse) -> Array:
    return values.row_sums(np.abs(values.data).astype(np.float64))


def _stored_l2(values: Sparse) -> Array:
    # Float32 is squared as such and summed in float64, as in inplace_csr_row_normalize_l2.
    squares = values.data * values.data
    return np.asarray(np.sqrt(values.row_sums(squares.astype(np.float64))))


def _stored_largest(values: Sparse) -> Array:
    norms = np.zeros(values.shape[0], dtype=values.dtype)
    np.maximum.at(norms, values.rows, np.abs(values.data))
    return norms


_STORED_NORMS: dict[str, Callable[[Sparse], Array]] = {
    "l1": _stored_l1,
    "l2": _stored_l2,
    "max": _stored_largest,
}

_NORMS: dict[str, Callable[[Array], NDArray[Any]]] = {"l1": _l1, "l2": _l2, "max": _largest}
