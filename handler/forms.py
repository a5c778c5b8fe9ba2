"""The types that bodies are decoded into, made from a model's signature.

One tuple type for a row checks width and types while it decodes, in C; records are structs. Of
the forms tried (lists and a check of lengths, untyped values, dicts) these measured fastest for
one row of 20 numbers as well as for 1,000 rows of 20 and for 200 rows of 500.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from handler.signature import ColumnType, Kind, Signature

# What a column's values may be in JSON. null may stand anywhere: whether the model takes it
# there is told by the model, for all rows at once.
VALUES: Mapping[ColumnType, Any] = {
    "number": float | None,
    "integer": int | float | None,
    "boolean": bool | None,
    "string": str | None,
    "any": str | int | float | bool | None,
}

# What a row may be in JSON where rows are objects without columns. What is in a list, the model
# tells; NaN has no word in JSON, and null is no label.
OBJECTS: Mapping[Kind, Any] = {
    "text": str,
    "records": dict[str, str | int | float | bool | list[str] | None],
    "lists": list[Any],
    "labels": str | int | float | bool,
}


def row_type(signature: Signature) -> Any:
    """Return the type of one row in ``X``: a tuple, or that of objects."""
    if signature.of_objects:
        return OBJECTS[signature.kind]
    return tuple[tuple(VALUES[column.type] for column in signature.columns)]  # type: ignore[misc]


def record_type(signature: Signature) -> Any:
    """Return the type of one record: a struct, its fields in the order of the columns.

    Where a row is a record by itself, it is that of the row. None where there is none: for other
    objects, for names that come twice, and for names with quotes,
    backslashes or control characters, which msgspec does not take.
    """
    if signature.kind == "records":
        return OBJECTS["records"]
    names = signature.names
    if not names or len(set(names)) < len(names):
        return None
    try:
        return msgspec.defstruct(
            "Record",
            [(f"c{j}", VALUES[column.type]) for j, column in enumerate(signature.columns)],
            rename={f"c{j}": name for j, name in enumerate(names)},
            forbid_unknown_fields=True,
        )
    except ValueError:
        return None
