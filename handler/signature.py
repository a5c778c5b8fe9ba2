"""The signature: what a model takes, by column, and how callers' values become arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array, Inputs, Table, as_array
from handler.errors import InvalidInput

ColumnType = Literal["number", "integer", "boolean", "string", "any"]
Kind = Literal["array", "table", "text", "records", "lists", "labels"]
Scalar = str | int | float | bool | None


# What one object may be, by kind, and how messages call it.
_OBJECTS: Mapping[Kind, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "a text"),
    "records": ((Mapping,), "a mapping of names to values"),
    "lists": ((list, tuple, set, frozenset, np.ndarray), "a list"),
    "labels": ((str, bool, int, float, np.generic), "a number, text or boolean"),
}


class Column(NamedTuple):
    """One input.

    ``type`` is what training saw: "integer" columns take any number; "any" takes strings,
    numbers and booleans alike. ``null`` is the object that stands for a missing value in
    columns of objects. ``dtype`` is the pandas (or numpy) type at training, ``categories`` those
    of a pandas categorical. ``example`` is a value that the model accepts.
    """

    name: str
    type: ColumnType
    dtype: str
    nullable: bool
    null: Literal["nan", "none"]
    example: Scalar
    categories: tuple[Scalar, ...] | None = None

    @property
    def numeric(self) -> bool:
        """Whether its values are held as numbers: unless None stood among them in training."""
        objects = self.dtype == "object" and self.null == "none"
        return self.type in ("number", "integer") and not objects


@dataclass(frozen=True)
class Signature:
    """The inputs of a model: an array, a table of named columns, or one object a row.

    Objects are texts, records (mappings from names to values), lists, or labels (one number,
    text or boolean each). They have no columns.
    """

    kind: Kind
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in training's order."""
        return tuple(column.name for column in self.columns)

    @property
    def of_objects(self) -> bool:
        """Whether a row is one object, and so has no columns."""
        return self.kind in _OBJECTS

    @cached_property
    def of_numbers(self) -> bool:
        """Whether all columns hold numbers."""
        return all(column.numeric for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, which ``from_dict`` reads."""
        return {"kind": self.kind, "columns": [column._asdict() for column in self.columns]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Signature":
        """Return the signature of a JSON form that ``to_dict`` wrote."""
        return cls(data["kind"], tuple(_column(column) for column in data["columns"]))

    def coerce(self, X: Any) -> Inputs:
        """Return X as the engine takes it.

        Parameters
        ----------
        X : (n, d) array or list of rows, mapping {column: (n,) array or list}, or a list of n
            objects

        Returns
        -------
        float64 or object array (n, d), a Table, or an object array (n,)

        Raises
        ------
        InvalidInput
            Where X does not fit: another width, unknown or missing columns, wrong types.
        """
        if self.of_objects:
            return _objects(X, self.kind)
        if isinstance(X, Mapping):
            return self._pack(*self._from_mapping(X))
        return self._from_rows(X)

    def missing(self, X: Inputs) -> NDArray[np.bool_]:
        """Return which values of a coerced X are missing, shape (n, d)."""
        if isinstance(X, Table):
            if not X.columns:
                return np.zeros(X.shape, dtype=bool)
            return np.column_stack([_missing(column) for column in X.columns])
        return _missing(as_array(X))

    def _from_rows(self, X: Any) -> Inputs:
        rows = _two_dimensional(X, len(self.columns))
        if self.kind == "array" and self.of_numbers:
            return _numbers(rows, "X")
        columns = [
            _typed(rows[:, j], column, f"column {column.name!r}")
            for j, column in enumerate(self.columns)
        ]
        return self._pack(columns, len(rows))

    def _from_mapping(self, X: Mapping[str, Any]) -> tuple[list[Array], int]:
        _check_names(list(X), self.names)
        lengths = {name: len(X[name]) for name in self.names}
        if len(set(lengths.values())) > 1:
            raise InvalidInput(f"the columns differ in length: {lengths}")
        columns = [_typed(X[c.name], c, f"column {c.name!r}") for c in self.columns]
        return columns, next(iter(lengths.values()), 0)

    def _pack(self, columns: list[Array], count: int) -> Inputs:
        """Return a Table, or the 2-D array that an array-trained estimator was given."""
        if self.kind == "table":
            return Table(columns, count)
        if self.of_numbers:
            return np.column_stack(columns) if columns else np.empty((count, 0))
        if all(column.dtype == bool for column in columns):
            return np.column_stack(columns)
        packed = np.empty((count, len(columns)), dtype=object)
        for j, column in enumerate(columns):
            packed[:, j] = column
        return packed


def _column(data: dict[str, Any]) -> Column:
    categories = data.get("categories")
    return Column(**{**data, "categories": None if categories is None else tuple(categories)})


def _objects(X: Any, kind: Kind) -> Array:
    types, expected = _OBJECTS[kind]
    # Of many objects there are few types.
    unlike = {kind for kind in set(map(type, X)) if not issubclass(kind, types)}
    if unlike:
        i, got = next((i, type(value)) for i, value in enumerate(X) if type(value) in unlike)
        raise InvalidInput(f"X[{i}]: {expected} was expected, got {got.__name__}")
    return np.fromiter(X, dtype=object, count=len(X))


def _two_dimensional(X: Any, width: int) -> Array:
    try:
        rows = X if isinstance(X, np.ndarray) else _array_of_rows(X, width)
    except ValueError:
        raise InvalidInput(f"X: rows of {width} values were expected, all of one length") from None
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InvalidInput(f"X: shape (n, {width}) was expected, got {rows.shape}")
    return rows


def _array_of_rows(X: Sequence[Sequence[Any]], width: int) -> Array:
    rows = np.array(X, dtype=object)
    return rows.reshape(0, width) if rows.shape == (0,) else rows


def _check_names(given: list[str], expected: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in expected]
    missing = [name for name in expected if name not in given]
    problems = [f"unknown columns {unknown}"] * bool(unknown)
    problems += [f"missing columns {missing}"] * bool(missing)
    if problems:
        raise InvalidInput(" and ".join(problems))


def _typed(values: Any, column: Column, where: str) -> Array:
    """Return one column as the array that pandas would hold: floats, integers, bools, objects."""
    if column.numeric:
        return _whole_numbers(values) if column.type == "integer" else _numbers(values, where)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    absent = _missing(array)
    if column.type == "boolean" and not absent.any() and column.dtype == "bool":
        return array.astype(bool)
    array[absent] = None if column.null == "none" else np.nan
    return array


def _numbers(values: Any, where: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{where}: numbers were expected: {error}") from None


def _whole_numbers(values: Any) -> Array:
    """Return int64 where all values are whole numbers of that range, else float64.

    As pandas does it: an identifier of 18 digits keeps all of them.
    """
    array = np.asarray(values)
    if array.dtype == object and all(type(value) is int for value in array):
        try:
            return array.astype(np.int64)
        except OverflowError:
            pass
    return array if array.dtype.kind in "iu" else _numbers(values, "integers")


def _missing(values: Array) -> NDArray[np.bool_]:
    """Return where values are None or NaN (the only value unequal to itself)."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype != object:
        return np.zeros(values.shape, dtype=bool)
    flat = [value is None or value != value for value in values.ravel()]
    return cast(NDArray[np.bool_], np.array(flat, dtype=bool).reshape(values.shape))
