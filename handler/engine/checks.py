"""The refusals of ``sklearn.utils.check_array``, by row and column.

An evaluator calls these where the estimator that it stands for validates its inputs, so that
both refuse the same values. Columns are positions in the array at hand; ``handler.model``
translates them to the caller's.
"""

from collections.abc import Iterator
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs, as_array, as_float, as_floating
from handler.errors import Refusal, RowsRefused

MISSING = "is missing, and this model takes no missing value here"
INFINITE = "is infinite"
TOO_LARGE = "is too large for float32, the precision in which this model compares"

_FEW = 1024  # so many numbers are squared and added up in less time than errstate takes


def as_finite(X: Inputs) -> Floats:
    """Return X as float64 of shape (n, d), all finite (``ensure_all_finite=True``).

    Raises
    ------
    RowsRefused
        For NaN and infinities.
    """
    values = as_float(X)
    if not surely_finite(values):
        bad = ~np.isfinite(values)
        if bad.any():
            _refuse(values, bad)
    return values


def as_finite_numbers(X: Inputs) -> Array:
    """Return X as numbers of the type that they have, all finite (``dtype="numeric"``).

    Integers and float32 stay; objects become float64.

    Raises
    ------
    RowsRefused
        For NaN and infinities.
    """
    values = as_array(X)
    if values.dtype == object:
        return as_finite(values)
    if values.dtype.kind == "f":
        as_finite(values)
    return values


def as_finite_or_missing(X: Inputs) -> Floats:
    """Return X as float64 of shape (n, d) without infinities (``"allow-nan"``).

    Raises
    ------
    RowsRefused
        For infinities.
    """
    values = as_float(X)
    if not surely_finite(values):
        infinite = np.isinf(values)
        if infinite.any():
            _refuse(values, infinite)
    return values


def floating(X: Inputs, *, missing: bool) -> Array | Sparse:
    """Return X as new floats of shape (n, d), a Sparse as one, float32 as float32.

    As ``check_array(accept_sparse="csr", dtype=[float64, float32], copy=True)`` does.

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
    if isinstance(X, Sparse):
        values = X.with_data(as_floating(X.data))
        _check_stored(values, missing=missing)
        return values
    array = as_floating(X)
    (as_finite_or_missing if missing else as_finite)(array)
    return array


def finite_numbers(X: Inputs) -> Array | Sparse:
    """Return X as numbers of the type that they have, a Sparse as one, all finite.

    As ``check_array(accept_sparse="csr", dtype="numeric")`` does.

    Raises
    ------
    RowsRefused
        For NaN and infinities.
    """
    if isinstance(X, Sparse):
        _check_stored(X, missing=False)
        return X
    return as_finite_numbers(X)


def surely_finite(values: Array) -> bool:
    """Whether all values are finite, told by one sum alone: False also where it overflows."""
    if values.size <= _FEW:
        return isfinite(np.vdot(values, values))  # which never warns of what overflows
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def as_float32(X: Inputs, *, missing: bool) -> NDArray[np.float32]:
    """Return X as float32 of shape (n, d), as trees and forests take it.

    Parameters
    ----------
    X : inputs of shape (n, d)
    missing : bool
        Whether NaN may stay.

    Raises
    ------
    RowsRefused
        For infinities, values beyond float32's range and, unless ``missing``, for NaN.
    """
    values = as_float(X)
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    bad = np.isinf(single) if missing else ~np.isfinite(single)
    if bad.any():
        _refuse(values, bad)
    return single


def check_values(values: Array, *, missing: bool) -> None:
    """Check an array of any type as it is, without making numbers of it (``dtype=None``).

    Parameters
    ----------
    values : array of shape (n, d)
    missing : bool
        Whether NaN may stay.

    Raises
    ------
    RowsRefused
        For infinities in arrays of floats and, unless ``missing``, for NaN. Among objects
        scikit-learn looks for NaN only.
    """
    if values.dtype.kind == "f":
        (as_finite_or_missing if missing else as_finite)(values)
    elif values.dtype == object and not missing:
        unequal = values != values
        if unequal.any():
            raise RowsRefused([Refusal(int(i), int(j), MISSING) for i, j in np.argwhere(unequal)])


def _refuse(values: Floats, bad: NDArray[np.bool_]) -> None:
    rows, columns = np.nonzero(bad)
    raise RowsRefused(list(_refusals(rows, columns, values[bad])))


def _check_stored(X: Sparse, *, missing: bool) -> None:
    if not surely_finite(X.data):
        bad = np.isinf(X.data) if missing else ~np.isfinite(X.data)
        if bad.any():
            raise RowsRefused(list(_refusals(X.rows[bad], X.indices[bad], X.data[bad])))


def _refusals(rows: Array, columns: Array, values: Array) -> Iterator[Refusal]:
    for row, column, value in zip(rows, columns, values, strict=True):
        yield Refusal(int(row), int(column), _reason(float(value)))


def _reason(value: float) -> str:
    if np.isnan(value):
        return MISSING
    return INFINITE if np.isinf(value) else TOO_LARGE
