"""Callers' values become the arrays that pandas or numpy would have made of them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.engine.table import Table, as_float
from handler.errors import InvalidInput
from handler.signature import Column, ColumnType, Kind, Signature

DTYPES: dict[str, str] = {
    "number": "float64", "integer": "int64", "boolean": "bool", "string": "str", "any": "object",
}  # fmt: skip


def column(name: str, kind: ColumnType, **fields: Any) -> Column:
    defaults: dict[str, Any] = {
        "dtype": DTYPES[kind],
        "nullable": True,
        "null": "nan",
        "example": None,
    }
    return Column(name, kind, **(defaults | fields))


def table(*columns: Column, kind: Kind = "table") -> Signature:
    return Signature(kind, columns)


def only_column(signature: Signature, values: list[Any]) -> Any:
    by_rows = signature.coerce([[value] for value in values])
    by_name = signature.coerce({signature.names[0]: values})
    assert isinstance(by_rows, Table)
    assert isinstance(by_name, Table)
    first, second = by_rows.columns[0], by_name.columns[0]
    assert first.dtype == second.dtype
    assert [repr(value) for value in first] == [repr(value) for value in second]
    return first


@pytest.mark.parametrize(
    ("kind", "values", "dtype"),
    [
        ("number", [1, 2.5, None], "float64"),
        ("integer", [1, 2], "int64"),
        ("integer", [1, None], "float64"),
        ("integer", [1, 2.5], "float64"),
        ("integer", [2**62 + 1, -1], "int64"),
        ("integer", [10**20], "float64"),
        ("boolean", [True, False], "bool"),
        ("boolean", [True, None], "object"),
        ("string", ["a", ""], "object"),
        ("any", ["a", 1, True, None], "object"),
    ],
)
def test_types_of_columns(kind: ColumnType, values: list[Any], dtype: str) -> None:
    assert only_column(table(column("c", kind)), values).dtype == dtype


def test_an_integer_keeps_all_its_digits() -> None:
    assert only_column(table(column("id", "integer")), [2**62 + 1]).tolist() == [2**62 + 1]


@pytest.mark.parametrize(("null", "is_null"), [("none", lambda v: v is None), ("nan", pd.isna)])
def test_the_object_that_stands_for_a_missing_value(null: Any, is_null: Any) -> None:
    values = only_column(table(column("c", "string", null=null)), ["a", None])
    assert is_null(values[1])
    assert (values[1] is None) == (null == "none")


def test_missing_values_are_found_in_all_types() -> None:
    signature = table(column("n", "number"), column("s", "string"), column("b", "boolean"))
    X = signature.coerce([[1, "a", True], [None, None, None], [float("nan"), "b", False]])
    assert signature.missing(X).tolist() == [[False] * 3, [True] * 3, [True, False, False]]


def test_arrays_of_numbers_are_one_matrix() -> None:
    signature = table(column("x0", "number"), column("x1", "integer"), kind="array")
    for X in ([[1, 2.5], [None, 4]], {"x1": [2.5, 4], "x0": [1, None]}):
        coerced = signature.coerce(X)
        assert isinstance(coerced, np.ndarray)
        assert coerced.dtype == np.float64
        np.testing.assert_array_equal(coerced, [[1, 2.5], [np.nan, 4]])


def test_arrays_of_mixed_types_are_one_matrix_of_objects() -> None:
    signature = table(column("x0", "number"), column("x1", "string"), kind="array")
    coerced = signature.coerce([[1, "a"], [2, "b"]])
    assert isinstance(coerced, np.ndarray)
    assert coerced.dtype == object
    assert coerced.tolist() == [[1.0, "a"], [2.0, "b"]]


TWO = table(column("a", "number"), column("b", "number"))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1, 2, 3]], r"shape \(n, 2\) was expected, got \(1, 3\)"),
        ([[1, 2], [3]], r"shape \(n, 2\) was expected, got \(2,\)"),
        ([1, 2], r"shape \(n, 2\) was expected, got \(2,\)"),
        ({"a": [1]}, r"missing columns \['b'\]"),
        ({"a": [1], "b": [2], "c": [3]}, r"unknown columns \['c'\]"),
        ({"a": [1], "B": [2]}, r"unknown columns \['B'\] and missing columns \['b'\]"),
        ({"a": [1], "b": [2, 3]}, "the columns differ in length"),
        ([["x", 1]], "column 'a': numbers were expected"),
        ([[10**400, 1]], "column 'a': numbers were expected"),
    ],
)
def test_what_does_not_fit_is_named(X: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        TWO.coerce(X)


@pytest.mark.parametrize("X", [[["a"]], [None], [1]])
def test_texts_are_strings(X: Any) -> None:
    with pytest.raises(InvalidInput, match=r"X\[0\]: a text was expected"):
        Signature("text", ()).coerce(X)


@pytest.mark.parametrize("value", ["a", 10**400, [1]])
def test_objects_that_are_no_float64_are_invalid_input(value: Any) -> None:
    objects = np.empty((1, 1), dtype=object)
    objects[0, 0] = value
    with pytest.raises(InvalidInput, match="a number was expected"):
        as_float(objects)


names = st.text(max_size=10)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


@settings(derandomize=True)
@given(
    columns=st.lists(
        st.builds(
            Column,
            name=names,
            type=st.sampled_from(list(DTYPES)),
            dtype=names,
            nullable=st.booleans(),
            null=st.sampled_from(["nan", "none"]),
            example=scalars,
            categories=st.none() | st.lists(scalars).map(tuple),
        )
    )
)
def test_the_json_form_is_read_back(columns: list[Column]) -> None:
    signature = Signature("table", tuple(columns))
    assert Signature.from_dict(signature.to_dict()) == signature


@settings(derandomize=True, deadline=None)
@given(st.lists(st.none() | st.integers(-(2**70), 2**70) | st.floats(), min_size=1))
def test_integers_are_held_as_pandas_holds_them(values: list[Any]) -> None:
    """Integers as they are where all are int64's, else the nearest float64 of each."""
    coerced = only_column(table(column("c", "integer")), values)
    if all(isinstance(value, int) and -(2**63) <= value < 2**63 for value in values):
        assert coerced.tolist() == values
    else:
        expected = [np.nan if value is None else float(value) for value in values]
        np.testing.assert_array_equal(coerced.astype(float), expected)
