"""The inputs inside the engine: an array, a table of typed columns, or rows of mostly zeros."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.sparse import Sparse
from handler.errors import InvalidInput

type Array = NDArray[Any]
type Floats = NDArray[np.float64]


class Table:
    """Columns of one length, each a 1-D array with a type of its own (a DataFrame's body).

    Parameters
    ----------
    columns : sequence of 1-D arrays, each of shape (n_rows,)
    n_rows : int
        Needed where there are no columns at all.
    """

    __slots__ = ("columns", "n_rows")

    def __init__(self, columns: Sequence[Array], n_rows: int) -> None:
        self.columns = tuple(columns)
        self.n_rows = n_rows

    @property
    def shape(self) -> tuple[int, int]:
        """(n_rows, n_columns), as an array has it."""
        return self.n_rows, len(self.columns)


# What evaluators take: (n, d) numbers or objects, a table, or (n,) objects for raw text. A
# ``Sparse`` is handed only to those that take it (``Evaluator.takes_sparse``).
type Inputs = Array | Table | Sparse


def n_rows(X: Inputs) -> int:
    """Return the number of rows."""
    return int(X.shape[0])


def as_float(X: Inputs) -> Floats:
    """Return X as float64 of shape (n, d); a missing value of any kind becomes NaN.

    Raises
    ------
    InvalidInput
        Where a value is no number (scikit-learn raises ValueError there).
    """
    if isinstance(X, Table):
        if not X.columns:
            return np.empty((X.n_rows, 0))
        return _float_column(X.columns).T
    return _float_column(X.toarray() if isinstance(X, Sparse) else X)


def as_floating(X: Inputs) -> Array:
    """Return X as a new array (n, d) of floats: float32 stays, all else becomes float64.

    As ``check_array(dtype=[float64, float32], copy=True)`` does.

    Raises
    ------
    InvalidInput
        Where a value is no number.
    """
    if isinstance(X, Table) and any(column.dtype.kind not in "fiu" for column in X.columns):
        return as_float(X)
    values = as_array(X, copy=True)
    return values if values.dtype.kind == "f" else as_float(values)


def as_array(X: Inputs, *, copy: bool = False) -> Array:
    """Return X as one array (n, d) of the type that all columns have in common.

    As ``check_array(dtype=None)`` does: numbers beside strings become objects, and so do, in
    pandas, numbers beside flags.

    Parameters
    ----------
    X : inputs of shape (n, d)
    copy : bool
        Whether the array must be a new one (a table's, or a Sparse's, always is).
    """
    if isinstance(X, Table):
        flags = [column.dtype == bool for column in X.columns]
        dtype = object if any(flags) and not all(flags) else None
        return np.array(X.columns, dtype).T if X.columns else np.empty((X.n_rows, 0))
    if isinstance(X, Sparse):
        return X.toarray()
    return X.copy() if copy else X


def columns_of(X: Inputs) -> list[Array]:
    """Return the columns as 1-D arrays, each with its own type."""
    if isinstance(X, Table):
        return list(X.columns)
    values = as_array(X)
    return [values[:, j] for j in range(values.shape[1])]


def take_columns(X: Inputs, positions: Sequence[int] | NDArray[np.intp]) -> Inputs:
    """Return the columns at these positions, in this order."""
    if isinstance(X, Table):
        return Table([X.columns[j] for j in positions], X.n_rows)
    return as_array(X)[:, np.asarray(positions, dtype=np.intp)]


def take_rows(X: Inputs, rows: Any) -> Inputs:
    """Return the rows that an index array, mask or slice selects."""
    if isinstance(X, Table):
        columns = [column[rows] for column in X.columns]
        count = len(columns[0]) if columns else len(np.arange(X.n_rows)[rows])
        return Table(columns, count)
    return cast(Array | Sparse, X[rows])


def _float_column(values: Array | tuple[Array, ...]) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"a number was expected: {error}") from None
