"""The rows of one request, and what is wrong with the others."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from handler.errors import Refusal
from handler.problems import Fault
from handler.signature import Signature

Field = Literal["X", "records"]
FIELDS: tuple[Field, ...] = ("X", "records")


class RowFault(NamedTuple):
    """A fault and the row that it belongs to; -1 where it is the body's."""

    row: int
    fault: Fault


class Batch(NamedTuple):
    """What was read from one body.

    Attributes
    ----------
    field : the member that the rows came in
    rows : tuples in the order of the signature's columns, or objects
    positions : where the rows were in the request; they differ where rows between were faulty
    faults : what is wrong with the body or its other rows, in order
    """

    field: Field
    rows: Sequence[Any]
    positions: Sequence[int]
    faults: Sequence[RowFault] = ()


def path_of(field: Field, row: int, signature: Signature, column: int | None) -> str:
    """Return the JSON path of a row, or of the value in one of its columns."""
    path = f"$.{field}[{row}]"
    if column is None or not signature.columns:
        return path
    if field == "X":
        return f"{path}[{column}]"
    return path + member(signature.columns[column].name)


def member(name: str) -> str:
    """Return an object's member as a path has it: ``.age`` or ``["monthly income"]``."""
    shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
    if shown.isascii() and shown.isidentifier():
        return f".{shown}"
    return f"[{msgspec.json.encode(shown).decode()}]"


def refused(batch: Batch, signature: Signature, refusals: Sequence[Refusal]) -> list[RowFault]:
    """Return what the model refused of a batch's rows as faults of the request."""
    found = []
    for row, column, reason in refusals:
        position = batch.positions[row]
        path = path_of(batch.field, position, signature, column)
        found.append(RowFault(position, Fault(path, reason)))
    return found


_LONGEST_NAME = 100  # a client's own names are echoed, not repeated at any length
