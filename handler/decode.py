"""Bodies of /predict into rows: decoded and checked against the signature in one pass."""

from typing import Any

import msgspec
from msgspec.structs import astuple

from handler.batch import Batch
from handler.forms import record_type, row_type
from handler.inspection import Inspector
from handler.signature import Signature


class BodyDecoder:
    """Decodes the bodies that one model takes.

    Parameters
    ----------
    signature : what the model takes
    max_rows : rows that one request may have
    """

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self._inspector = Inspector(signature, max_rows)
        self._max_rows = max_rows
        self._objects = signature.of_objects
        self._decoder = msgspec.json.Decoder(_body_type(signature))

    def decode(self, body: bytes) -> Batch:
        """Return the rows of a body and what is wrong with it.

        Raises
        ------
        Problem
            400 for what is no JSON, 413 for too many rows.
        """
        try:
            parsed = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.inspect(body)
        return self._batch(parsed) or self.inspect(body)

    def inspect(self, body: bytes) -> Batch:
        """Do as ``decode`` does, row by row: slower, but it finds every fault."""
        return self._inspector.inspect(body)

    def _batch(self, parsed: Any) -> Batch | None:
        """Return a body's rows, or None where only the inspection can tell what they are."""
        if parsed.records is msgspec.UNSET and 0 < _length(parsed.X) <= self._max_rows:
            return Batch("X", parsed.X, range(len(parsed.X)))
        if parsed.X is msgspec.UNSET and 0 < _length(parsed.records) <= self._max_rows:
            rows = parsed.records if self._objects else list(map(astuple, parsed.records))
            return Batch("records", rows, range(len(rows)))
        return None


def _length(rows: Any) -> int:
    return len(rows) if isinstance(rows, list) else 0


def _body_type(signature: Signature) -> type[msgspec.Struct]:
    row, record, unset = row_type(signature), record_type(signature), msgspec.UnsetType
    # Raw leaves records that have no struct to the inspection.
    records: Any = msgspec.Raw if record is None else list[record]  # type: ignore[valid-type]
    return msgspec.defstruct(
        "Body",
        [("X", list[row] | unset, msgspec.UNSET), ("records", records | unset, msgspec.UNSET)],  # type: ignore[valid-type]
        forbid_unknown_fields=True,
    )
