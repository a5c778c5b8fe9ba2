"""Records and lists of names as rows of numbers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain, compress
from numbers import Number
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.murmurhash import hashed_columns
from handler.engine.sparse import Positions, Sparse
from handler.engine.table import Array, Inputs, as_array
from handler.errors import InvalidInput, Refusal, RowsRefused

# Names whose hashes are kept.
_MOST_MET = 1 << 16

# What most values are; rows with others are looked at one by one.
_PLAIN = frozenset([int, float, bool, str])


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
        found = _flat("dict", _rows(X), self.separator, self._expanded, _PLAIN | {type(None)})
        places = np.array([self._places.get(name, -1) for name in found.names], dtype=np.intp)
        kept, counts = found.kept(places >= 0)
        # What no output has is not looked at, and so need not be a number of the outputs' type.
        known = found.values if isinstance(kept, slice) else compress(found.values, kept.tolist())
        with np.errstate(over="ignore"):  # a large number is infinite in float32
            values = _numbers(list(known), self.dtype)
        summed = _summed(places[kept], values, counts, len(self.names))
        return summed if self.sparse else summed.toarray()

    def _expanded(self, row: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        """Yield each name of a record with its value; a name with several texts, once a text."""
        for name, value in row.items():
            if isinstance(value, str):
                yield f"{name}{self.separator}{value}", 1
            elif value is None or isinstance(value, Number):
                yield name, value
            else:
                yield from ((f"{name}{self.separator}{text}", 1) for text in _texts(name, value))


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
        found = _flat(self.form, _rows(X), "=", self._expanded)
        codes = self._codes(found.names)
        values = _numbers(found.values, "float64")
        if self.signed:
            values = np.where(codes & 1, -values, values)
        kept, counts = found.kept(values != 0)
        with np.errstate(all="ignore"):  # large numbers are infinite in float32, and may cancel
            numbers = values[kept].astype(self.dtype)
            return _summed(codes[kept] >> 1, numbers, counts, self.n_features)

    def _expanded(self, row: Any) -> Iterator[tuple[Any, Any]]:
        """Yield each name of a row with its value as a number."""
        pairs = row.items() if self.form == "dict" else row
        for name, value in ((name, 1.0) for name in row) if self.form == "string" else pairs:
            named = f"{name}={value}" if isinstance(value, str) else name
            number = 1.0 if isinstance(value, str) else _float(name, value)
            if number != 0 and not isinstance(named, str):
                raise _UnsuitableError(f"a name must be a text, got {type(name).__name__}")
            yield str(named), number

    def _codes(self, names: list[str]) -> Positions:
        """Return twice the column of each name, and one more where its hash is negative.

        Names come again and again, so that those that were met are kept.
        """
        met = self._met
        try:
            return np.fromiter(map(met.__getitem__, names), np.intp, len(names))
        except KeyError:
            new = [name for name in set(names) if name not in met]
        if len(met) + len(new) > _MOST_MET:
            met, new = {}, list(set(names))
        columns, negative = _hashed(new, self.n_features)
        met.update(zip(new, (2 * columns + negative).tolist(), strict=True))
        object.__setattr__(self, "_met", met)
        return np.fromiter(map(met.__getitem__, names), np.intp, len(names))


class _Flat(NamedTuple):
    """The names of all rows, one after the other, with their values."""

    names: list[str]
    values: list[Any]
    counts: list[int]  # how many of them each row has

    def kept(self, mask: NDArray[np.bool_]) -> tuple[Any, Positions]:
        """Return what selects the entries of a mask, and how many of them each row has."""
        counts = np.array(self.counts, dtype=np.intp)
        if mask.all():
            return slice(None), counts
        before = np.concatenate(([0], mask.cumsum()))
        ends = before[counts.cumsum()]
        ends[1:] -= ends[:-1].copy()
        return mask, ends


def _flat(
    form: str,
    rows: list[Any],
    separator: str,
    expanded: Callable[[Any], Iterable[tuple[Any, Any]]],
    plain: AbstractSet[type] = _PLAIN,
) -> _Flat:
    """Return the names of rows with their values; a text is part of its name, and counts 1.

    Parameters
    ----------
    form : {"dict", "pair", "string"}
    rows : records or lists
    separator : what stands between a name and its text
    expanded : function of a row, for rows with other values
    plain : the types of values that are taken as they are, texts among them
    """
    try:
        names, values = _NAMED[form](rows)
        kinds = set(map(type, values))
        if set(map(type, names)) <= {str} and kinds <= plain:
            if str in kinds:
                names = _with_texts(names, values, separator)
            return _Flat(names, values, list(map(len, rows)))
    except (TypeError, ValueError):
        pass  # rows of another form: which they are is found one by one
    return _one_by_one(rows, expanded)


def _with_texts(names: list[str], values: list[Any], separator: str) -> list[str]:
    """Return the names, those of texts with the text; the texts' values become 1."""
    for i, value in enumerate(values):
        if type(value) is str:
            names[i] = f"{names[i]}{separator}{value}"
            values[i] = 1
    return names


def _one_by_one(rows: list[Any], expanded: Callable[[Any], Iterable[tuple[Any, Any]]]) -> _Flat:
    found = _Flat([], [], [])
    refusals = []
    for i, row in enumerate(rows):
        try:
            pairs = [(name, value) for name, value in expanded(row)]
        except (_UnsuitableError, TypeError, ValueError) as error:
            refusals.append(Refusal(i, None, str(error)))
            continue
        found.names.extend(name for name, _ in pairs)
        found.values.extend(value for _, value in pairs)
        found.counts.append(len(pairs))
    if refusals:
        raise RowsRefused(refusals)
    return found


def _of_records(rows: list[Any]) -> tuple[list[Any], list[Any]]:
    values = list(chain.from_iterable(map(dict.values, rows)))
    return list(chain.from_iterable(rows)), values


def _of_pairs(rows: list[Any]) -> tuple[list[Any], list[Any]]:
    pairs = list(chain.from_iterable(rows))
    names, values = zip(*pairs, strict=True) if pairs else ((), ())
    return list(names), list(values)


def _of_names(rows: list[Any]) -> tuple[list[Any], list[Any]]:
    names = list(chain.from_iterable(rows))
    return names, [1.0] * len(names)


# How the names and values of all rows are found, by the form of rows.
_NAMED: Mapping[str, Callable[[list[Any]], tuple[list[Any], list[Any]]]] = {
    "dict": _of_records,
    "pair": _of_pairs,
    "string": _of_names,
}


class _UnsuitableError(Exception):
    """A value of a row is of no kind that the estimator takes."""


def _summed(columns: Positions, values: Array, counts: Positions, width: int) -> Sparse:
    """Return values in their columns, row after row; those of one place are summed in order."""
    starts = np.zeros(len(counts) + 1, dtype=np.intp)
    counts.cumsum(out=starts[1:])
    places = columns
    if len(counts) > 1:
        places = columns + (np.arange(len(counts)) * width).repeat(counts)
    order = places.argsort(kind="stable")
    places = places[order]
    found = Sparse(values[order], columns[order], starts, (len(counts), width))
    same = (places[1:] == places[:-1]).nonzero()[0]
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


def _float(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _UnsuitableError(_not_taken(name, value)) from None


def _not_taken(name: str, value: Any) -> str:
    return f"the value of {name!r} is a {type(value).__name__}, which this model does not take"


def _numbers(values: list[Any], dtype: str) -> Array:
    try:
        return np.array(values, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"numbers were expected: {error}") from None


def _hashed(names: list[str], n_features: int) -> tuple[Positions, Array]:
    try:
        return hashed_columns(names, n_features)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"a name has no form in UTF-8: {error}") from None
