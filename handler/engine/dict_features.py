"""Records and lists of names as rows of numbers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Number
from typing import Any, Literal

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.murmurhash import hashed_columns
from handler.engine.sparse import Positions, Sparse
from handler.engine.table import Array, Inputs, as_array
from handler.errors import InvalidInput, Refusal, RowsRefused

# What most values are; others are looked at more closely.
_PLAIN = frozenset([int, float, bool, type(None)])


@dataclass(frozen=True, eq=False)
class DictVectorizer(Evaluator):
    """Values by name, texts as one name each: the mirror of ``DictVectorizer``.

    Parameters
    ----------
    names : the outputs' names, in order
    separator : str
        What stands between a name and its text.
    dtype : str
    sparse : bool
    """

    names: Sequence[str]
    separator: str
    dtype: str
    sparse: bool
    _places: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Give each name its place once, before the first request."""
        places = {name: place for place, name in enumerate(self.names)}
        object.__setattr__(self, "_places", places)

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the values in their places, shape (n, n_names); other names are left out.

        Raises
        ------
        RowsRefused
            For values that are no numbers, no texts and no lists of texts.
        """
        columns: list[int] = []
        values: list[Any] = []
        counts, refusals = [], []
        for i, record in enumerate(_rows(X)):
            start = len(columns)
            try:
                self._look_up(record, columns, values)
            except _UnsuitableError as error:
                refusals.append(Refusal(i, None, str(error)))
            counts.append(len(columns) - start)
        if refusals:
            raise RowsRefused(refusals)
        places = np.array(columns, dtype=np.intp)
        found = _summed(places, _numbers(values, self.dtype), counts, len(self.names))
        return found if self.sparse else found.toarray()

    def _look_up(self, record: Mapping[str, Any], columns: list[int], values: list[Any]) -> None:
        place_of, separator = self._places.get, self.separator
        for name, value in record.items():
            if type(value) is str:
                place, number = place_of(f"{name}{separator}{value}"), 1
            elif type(value) in _PLAIN or isinstance(value, Number):
                place, number = place_of(name), value
            else:
                places = [place_of(f"{name}{separator}{text}") for text in _texts(name, value)]
                known = [place for place in places if place is not None]
                columns += known
                values += [1] * len(known)
                continue
            if place is not None:
                columns.append(place)
                values.append(number)


@dataclass(frozen=True, eq=False)
class FeatureHasher(Evaluator):
    """Values of names, each in the place that the name's hash gives: mirrors ``FeatureHasher``.

    Parameters
    ----------
    form : {"dict", "pair", "string"}
        Whether a row is a record, a list of pairs, or a list of names that count 1 each.
    n_features : int
    signed : bool
        Whether a hash's sign goes to its value.
    dtype : str
    """

    form: Literal["dict", "pair", "string"]
    n_features: int
    signed: bool
    dtype: str

    def transform(self, X: Inputs) -> Sparse:
        """Return the sums of the values that share a place, shape (n, n_features).

        Raises
        ------
        RowsRefused
            For names that are no texts, and values that are neither numbers nor texts.
        """
        names: list[str] = []
        values: list[float] = []
        counts, refusals = [], []
        for i, row in enumerate(_rows(X)):
            start = len(names)
            try:
                for name, value in self._pairs(row):
                    names.append(name)
                    values.append(value)
            except _UnsuitableError as error:
                refusals.append(Refusal(i, None, str(error)))
            counts.append(len(names) - start)
        if refusals:
            raise RowsRefused(refusals)
        columns, negative = _hashed(names, self.n_features)
        numbers = np.array(values, dtype=np.float64)
        if self.signed:
            numbers = np.where(negative, -numbers, numbers)
        with np.errstate(all="ignore"):  # large numbers are infinite in float32, and may cancel
            return _summed(columns, numbers.astype(self.dtype), counts, self.n_features)

    def _pairs(self, row: Any) -> Iterator[tuple[str, float]]:
        """Yield each name that counts, with its value."""
        for name, value in self._named(row):
            if type(name) is not str:
                raise _UnsuitableError(f"a name must be a text, got {type(name).__name__}")
            if type(value) is str:
                yield f"{name}={value}", 1.0
            elif (number := _float(name, value)) != 0:
                yield name, number

    def _named(self, row: Any) -> Iterable[tuple[Any, Any]]:
        if self.form == "string":
            return ((name, 1.0) for name in row)
        if self.form == "dict":
            return row.items()  # type: ignore[no-any-return]
        return (_pair(item) for item in row)


class _UnsuitableError(Exception):
    """A value of a row is of no kind that the estimator takes."""


def _summed(columns: Positions, values: Array, counts: list[int], width: int) -> Sparse:
    """Return values in their columns, row after row; those of one place are summed in order."""
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((columns, rows))
    places = (rows * width + columns)[order]
    firsts = np.diff(places, prepend=-1) != 0
    data = np.zeros(int(firsts.sum()), dtype=values.dtype)
    np.add.at(data, np.cumsum(firsts) - 1, values[order])
    stored = np.bincount(rows[order][firsts], minlength=len(counts))
    starts = np.concatenate(([0], np.cumsum(stored)))
    return Sparse(data, columns[order][firsts], starts, (len(counts), width))


def _rows(X: Inputs) -> list[Any]:
    rows: list[Any] = as_array(X).tolist()
    return rows


def _texts(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) or not isinstance(value, Iterable):
        raise _UnsuitableError(_not_taken(name, value))
    for text in value:
        if not isinstance(text, str):
            raise _UnsuitableError(_not_taken(name, text))
        yield text


def _pair(item: Any) -> tuple[Any, Any]:
    try:
        name, value = item
    except (TypeError, ValueError):
        raise _UnsuitableError("pairs of a name and a value were expected") from None
    return name, value


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _UnsuitableError(_not_taken(name, value)) from None


def _not_taken(name: str, value: Any) -> str:
    return f"the value of {name!r} is a {type(value).__name__}, which this model does not take"


def _numbers(values: list[Any], dtype: str) -> Array:
    try:
        with np.errstate(over="ignore"):  # a large number is infinite in float32
            return np.array(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"numbers were expected: {error}") from None


def _hashed(names: list[str], n_features: int) -> tuple[Positions, Array]:
    try:
        return hashed_columns(names, n_features)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"a name has no form in UTF-8: {error}") from None
