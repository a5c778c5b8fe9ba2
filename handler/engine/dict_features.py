"""Records and lists of names as rows of numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from numbers import Number
from typing import Any, Literal

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.murmurhash import hashed_columns
from handler.engine.sparse import Positions, Sparse
from handler.engine.table import Array, Inputs, as_array
from handler.errors import InvalidInput, Refusal, RowsRefused

# Names whose hashes are kept.
_MOST_MET = 1 << 16

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
    _met: dict[str, int] = field(init=False, repr=False, default_factory=dict)

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
                self._read(row, names, values)
            except (_UnsuitableError, TypeError, ValueError) as error:
                refusals.append(Refusal(i, None, str(error)))
            counts.append(len(names) - start)
        if refusals:
            raise RowsRefused(refusals)
        return self._matrix(names, np.array(values, dtype=np.float64), counts)

    def _read(self, row: Any, names: list[str], values: list[float]) -> None:
        """Add the names of a row that count, each with its value."""
        for name, value in _NAMED[self.form](row):
            if type(value) is str:
                name, value = f"{name}={value}", 1.0
            elif type(value) is not float:
                value = _float(name, value)
            if type(name) is not str:
                raise _UnsuitableError(f"a name must be a text, got {type(name).__name__}")
            if value != 0:
                names.append(name)
                values.append(value)

    def _matrix(self, names: list[str], values: Array, counts: list[int]) -> Sparse:
        codes = np.array(self._codes(names), dtype=np.intp)
        if self.signed:
            values = np.where(codes & 1, -values, values)
        with np.errstate(all="ignore"):  # large numbers are infinite in float32, and may cancel
            return _summed(codes >> 1, values.astype(self.dtype), counts, self.n_features)

    def _codes(self, names: list[str]) -> list[int]:
        """Return twice the column of each name, and one more where its hash is negative.

        Names come again and again, so that those that were met are kept.
        """
        met = self._met
        new = [name for name in set(names) if name not in met]
        if new:
            if len(met) + len(new) > _MOST_MET:
                met, new = {}, list(set(names))
            columns, negative = _hashed(new, self.n_features)
            met.update(zip(new, (2 * columns + negative).tolist(), strict=True))
            object.__setattr__(self, "_met", met)
        return [met[name] for name in names]


class _UnsuitableError(Exception):
    """A value of a row is of no kind that the estimator takes."""


def _summed(columns: Positions, values: Array, counts: list[int], width: int) -> Sparse:
    """Return values in their columns, row after row; those of one place are summed in order."""
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    np.cumsum(counts, out=starts[1:])
    places = columns + np.repeat(np.arange(len(counts)) * width, counts)
    order = places.argsort(kind="stable")
    found = Sparse(values[order], columns[order], starts, (len(counts), width))
    same = np.flatnonzero(np.diff(places[order]) == 0)
    return _merged(found, same) if same.size else found


def _merged(found: Sparse, same: Positions) -> Sparse:
    """Return a matrix in which some values, ``same``, stand in the place of the next one."""
    firsts = np.ones(len(found.data), dtype=bool)
    firsts[same + 1] = False
    data = np.zeros(int(firsts.sum()), dtype=found.dtype)
    np.add.at(data, np.cumsum(firsts) - 1, found.data)
    return found.kept(firsts).with_data(data)


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


def _counted(row: Any) -> Iterable[tuple[Any, float]]:
    return zip(row, repeat(1.0))


def _given(row: Any) -> Iterable[tuple[Any, Any]]:
    pairs: Iterable[tuple[Any, Any]] = row
    return pairs


# How the names of a row and their values are found, by the form of rows.
_NAMED: Mapping[str, Callable[[Any], Iterable[tuple[Any, Any]]]] = {
    "dict": dict.items,
    "pair": _given,
    "string": _counted,
}


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
