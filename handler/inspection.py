"""Finds everything that is wrong with a body of /predict.

Only bodies that the decoder refused come here. JSON's own faults end it with 400; then each row
is decoded alone, and each value of a bad row, by the same types as in the decoder, so that the
two cannot disagree.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, NoReturn

import msgspec

from handler.batch import FIELDS, Batch, Field, RowFault, member, path_of
from handler.engine.checks import MISSING
from handler.forms import OBJECTS, VALUES, record_type, row_type
from handler.problems import Fault, Problem
from handler.signature import Column, ColumnType, Kind, Signature

_KINDS: Mapping[ColumnType, tuple[str, ...]] = {
    "number": ("number",),
    "integer": ("number",),
    "boolean": ("boolean",),
    "string": ("string",),
    "any": ("string", "number", "boolean"),
}

# How messages call a row without columns, and how a body with one looks.
_NAMES: Mapping[Kind, str] = {
    "text": "string",
    "records": "object",
    "lists": "array",
    "labels": "string or number or boolean",
}
_SHOWN: Mapping[Kind, str] = {
    "text": 'texts: {"X": ["…"]}',
    "lists": 'lists: {"X": [[…]]}',
    "labels": 'labels: {"X": […]}',
}
_IN_RECORDS = "string or number or boolean or null or an array of strings"

_RECORD = msgspec.json.Decoder(OBJECTS["records"])
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in VALUES.items()}
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])

# What a row turned out to be: its values, or its faults.
type _Read = tuple[Any, list[Fault]]


class Inspector:
    """Inspects the bodies that one model takes.

    Parameters
    ----------
    signature : what the model takes
    max_rows : rows that one request may have
    """

    def __init__(self, signature: Signature, max_rows: int) -> None:
        self._signature = signature
        self._columns = signature.columns
        self._positions = {name: j for j, name in enumerate(signature.names)}
        self._max_rows = max_rows
        record = record_type(signature)
        self._whole: dict[Field, msgspec.json.Decoder[Any] | None] = {
            "X": msgspec.json.Decoder(row_type(signature)),
            "records": None if record is None else msgspec.json.Decoder(record),
        }

    def inspect(self, body: bytes) -> Batch:
        """Return the rows without faults, and the faults of all others.

        Raises
        ------
        Problem
            400 for what is no JSON, 413 for too many rows.
        """
        try:
            body.decode()
            return self._batch(_members(body))
        except UnicodeDecodeError as error:
            _refuse_json(f"it is not UTF-8 (byte {error.start})")
        except RecursionError:
            _refuse_json("it is nested too deeply")
        except msgspec.DecodeError as error:
            _refuse_json(_reason(body, str(error)))

    def _batch(self, members: Mapping[str, msgspec.Raw] | Fault) -> Batch:
        if isinstance(members, Fault):
            return Batch("X", (), (), [RowFault(-1, members)])
        faults = [RowFault(-1, fault) for fault in self._faults_of_members(members)]
        given = [field for field in FIELDS if field in members]
        if len(given) != 1:
            return Batch("X", (), (), faults)
        batch = self._read_rows(given[0], members[given[0]])
        return batch._replace(faults=[*faults, *batch.faults])

    def _faults_of_members(self, members: Mapping[str, msgspec.Raw]) -> Iterator[Fault]:
        for name in members:
            if name not in FIELDS:
                yield Fault("$" + member(name), "unknown member", unknown=name, known=FIELDS)
        given = sum(field in members for field in FIELDS)
        if given != 1:
            got = "both" if given else "neither"
            yield Fault("$", f'expected exactly one of "X" and "records", got {got}')

    def _read_rows(self, field: Field, raw: msgspec.Raw) -> Batch:
        if field == "records" and self._signature.kind in _SHOWN:
            why = f"this model takes {_SHOWN[self._signature.kind]}"
            return Batch(field, (), (), [RowFault(-1, Fault("$.records", why))])
        try:
            items = _ARRAY.decode(raw)
        except msgspec.ValidationError:
            fault = _unexpected(f"$.{field}", "an array of rows", _kind(raw))
            return Batch(field, (), (), [RowFault(-1, fault)])
        self._check_count(field, len(items))
        if not items:
            fault = Fault(f"$.{field}", "expected at least one row, got none")
            return Batch(field, (), (), [RowFault(-1, fault)])
        return self._sort_out(field, items)

    def _check_count(self, field: Field, count: int) -> None:
        if count > self._max_rows:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"One request may have at most {self._max_rows} rows, $.{field} has {count}.",
            )

    def _sort_out(self, field: Field, items: Sequence[msgspec.Raw]) -> Batch:
        read = self._reader(field)
        rows, positions, faults = [], [], []
        for i, item in enumerate(items):
            whole = self._read_whole(field, item)
            row, found = read(i, item) if whole is None else (whole, [])
            if found:
                faults += [RowFault(i, fault) for fault in found]
            else:
                rows.append(row)
                positions.append(i)
        return Batch(field, rows, positions, faults)

    def _read_whole(self, field: Field, raw: msgspec.Raw) -> Any:
        """Return a row that fits as it is, or None."""
        decoder = self._whole[field]
        if decoder is None:
            return None
        try:
            row = decoder.decode(raw)
        except msgspec.ValidationError:
            return None
        if self._signature.of_objects:
            return row
        values = row if isinstance(row, tuple) else msgspec.structs.astuple(row)
        return values if all(map(_fits, values)) else None

    def _reader(self, field: Field) -> Callable[[int, msgspec.Raw], _Read]:
        if self._signature.of_objects:
            return partial(_read_object, field, self._signature.kind)
        return self._read_array if field == "X" else self._read_record

    def _read_array(self, i: int, raw: msgspec.Raw) -> _Read:
        width = len(self._columns)
        path = f"$.X[{i}]"
        try:
            values = _ARRAY.decode(raw)
        except msgspec.ValidationError:
            return None, [_unexpected(path, f"an array of {_counted(width)}", _kind(raw))]
        if len(values) != width:
            return None, [_unexpected(path, _counted(width), str(len(values)))]
        return self._read_values("X", i, dict(enumerate(values)))

    def _read_record(self, i: int, raw: msgspec.Raw) -> _Read:
        path = f"$.records[{i}]"
        try:
            members = _OBJECT.decode(raw)
        except msgspec.ValidationError:
            return None, [_unexpected(path, "an object with a member per column", _kind(raw))]
        names = self._positions
        known = self._signature.names
        faults = [
            Fault(path + member(name), "unknown column", unknown=name, known=known)
            for name in members
            if name not in names
        ]
        faults += [
            Fault(path + member(name), "missing column") for name in names if name not in members
        ]
        given = {j: members[name] for name, j in names.items() if name in members}
        row, found = self._read_values("records", i, given)
        return row, faults + found

    def _read_values(self, field: Field, i: int, values: Mapping[int, msgspec.Raw]) -> _Read:
        row, faults = [], []
        for j, raw in values.items():
            value, wrong = _read_value(raw, self._columns[j])
            row.append(value)
            if wrong is not None:
                faults.append(wrong._replace(path=path_of(field, i, self._signature, j)))
        return tuple(row), faults


def _members(body: bytes) -> Mapping[str, msgspec.Raw] | Fault:
    try:
        return _OBJECT.decode(body)
    except msgspec.ValidationError:
        return _unexpected("$", 'an object with "X" or "records"', _kind(body))


def _read_object(field: Field, kind: Kind, i: int, raw: msgspec.Raw) -> _Read:
    """Return the faults of a row that is no object of its kind."""
    path = f"$.{field}[{i}]"
    if kind == "records" and _kind(raw) == "object":
        return None, list(_faults_of_values(path, _OBJECT.decode(raw)))
    return None, [_unexpected(path, _NAMES[kind], _kind(raw))]


def _faults_of_values(path: str, values: Mapping[str, msgspec.Raw]) -> Iterator[Fault]:
    for name, raw in values.items():
        try:
            _RECORD.decode(msgspec.json.encode({name: raw}))
        except msgspec.ValidationError:
            yield _unexpected(path + member(name), _IN_RECORDS, _kind(raw))


def _read_value(raw: msgspec.Raw, column: Column) -> tuple[Any, Fault | None]:
    """Return a value, and its fault (without a path) if it has one."""
    kind = _kind(raw)
    try:
        value = _DECODERS[column.type].decode(raw)
    except msgspec.ValidationError:
        return None, _misfit(column, kind)
    if value is None and not column.nullable:
        return None, Fault("", MISSING)
    return value, None if _fits(value) else _misfit(column, kind)


def _misfit(column: Column, kind: str) -> Fault:
    if kind not in _KINDS[column.type]:
        return _unexpected("", _expected(column), kind)
    return _unexpected("", "a number within float64's range", "a larger one")


def _fits(value: Any) -> bool:
    """Whether an integer, which JSON lets have any length, can be held as a float64."""
    try:
        return type(value) is not int or float(value) is not None
    except OverflowError:
        return False


def _expected(column: Column) -> str:
    kinds = [*_KINDS[column.type], *(["null"] if column.nullable else [])]
    return " or ".join(kinds)


def _unexpected(path: str, expected: str, got: str) -> Fault:
    return Fault(path, f"expected {expected}, got {got}", expected, got)


def _counted(width: int) -> str:
    return f"{width} value" + "s" * (width != 1)


def _kind(raw: msgspec.Raw | bytes) -> str:
    """Return the kind of a JSON value, which its first character tells."""
    first = bytes(raw).lstrip()[:1]
    kinds = {b"{": "object", b"[": "array", b'"': "string", b"n": "null"}
    return kinds.get(first, "boolean" if first in (b"t", b"f") else "number")


def _reason(body: bytes, message: str) -> str:
    if not body.strip():
        return "it is empty"
    if body.startswith(b"\xef\xbb\xbf"):
        return "it starts with a byte order mark (byte 0)"
    if "truncated" in message:
        return f"it is incomplete, or a surrogate escape lacks its pair (byte {len(body)})"
    return message.removeprefix("JSON is malformed: ")


def _refuse_json(reason: str) -> NoReturn:
    raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not valid JSON: {reason}.") from None
