"""Nasty rows where a row is one object: records, lists and labels that are odd in one thing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# What a value may become. JSON has no words for some; callers in Python do.
_VALUES: list[Any] = [
    *(0, -1, 1, 2**40, 0.0, -0.5, 5e-324, 1e300, float("inf"), float("nan"), None, True, False),
    *("", "a word that training never saw", "Ж\u2603", "1", [], ["x", "x", "y"], [1], {"a": 1}),
]
_NEVER = "a name that training never saw"
_EXAMPLES = 5  # rows that are varied


def nasty_objects(rows: Sequence[Any]) -> list[Any]:
    """Return objects of the kind of these rows: mappings, lists (of any depth) or plain values."""
    first = rows[0]
    if isinstance(first, Mapping):
        return list(_records([dict(row) for row in rows[:_EXAMPLES]]))
    if isinstance(first, list | tuple | set | frozenset):
        return list(_lists([list(row) for row in rows[:_EXAMPLES]]))
    if isinstance(first, np.ndarray):
        return [image * factor for image in rows[:_EXAMPLES] for factor in (0.0, -1.0, 1e300)]
    return list(_labels(rows))


def _records(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield {}
    for row in rows:
        yield {**row, _NEVER: 1.5}
        yield dict(reversed(row.items()))
        for name in row:
            yield {other: value for other, value in row.items() if other != name}
            yield from ({**row, name: value} for value in _VALUES)


def _lists(rows: Sequence[list[Any]]) -> Iterator[list[Any]]:
    yield []
    for row in rows:
        yield row[::-1]
        yield row + row
        if row and isinstance(row[0], list | tuple):
            yield from ([*row[:-1], [row[-1][0], value]] for value in _VALUES)
        else:
            yield from ([*row, value] for value in _VALUES)


def _labels(rows: Sequence[Any]) -> Iterator[Any]:
    """Yield labels of the rows' kind: of another, scikit-learn would make texts of them all."""
    yield from rows[:_EXAMPLES]
    if isinstance(rows[0], bool | np.bool_):
        yield from (True, False)
    else:
        yield from (-(10**6), 12345, 0, 1, 2.0, 0.5, float("nan"), float("inf"))
