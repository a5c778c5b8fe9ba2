"""The types that bodies are decoded into, made from a model's signature.

One tuple type for a row checks width and types while it decodes, in C; records are structs. Of
the forms tried (lists and a check of lengths, untyped values, dicts) these measured fastest for
one row of 20 numbers as well as for 1,000 rows of 20 and for 200 rows of 500.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from handler.signature import ColumnType, Signature

# What a column's values may be in JSON. null may stand anywhere: whether the model takes it
# there is told by the model, for all rows at once.
VALUES: Mapping[ColumnType, Any] = {
    "number": float | None,
    "integer": int | float | None,
    "boolean": bool | None,
    "string": str | None,
    "any": str | int | float | bool | None,
}


def row_type(signature: Signature) -> Any:
    """Return the type of one row in ``X``: a tuple, or str where the model takes texts."""
    if signature.kind == "text":
        return str
    return tuple[tuple(VALUES[column.type] for column in signature.columns)]  # type: ignore[misc]


def record_type(signature: Signature) -> type[msgspec.Struct] | None:
    """Return the struct of one record, its fields in the order of the columns.

    None where there is none: for texts, for names that come twice, and for names with quotes,
    backslashes or control characters, which msgspec does not take.
    """
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
