"""The model: a signature and an estimator, with the refusals told in the caller's terms."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import MISSING, surely_finite
from handler.engine.chunks import Compute, Pace, cores, in_chunks, of_whole_kernels
from handler.engine.sparse import Sparse
from handler.engine.table import (
    Array,
    Inputs,
    Table,
    as_array,
    columns_of,
    n_rows,
    take_columns,
    take_rows,
)
from handler.errors import InvalidInput, Refusal, RowsRefused
from handler.signature import Column, Signature

# Rows, and numbers if they are many, that are computed at a time: large batches need no more
# memory than that.
_FEWEST_ROWS = 4080
_MOST_ROWS = 16_368
_NUMBERS = 2**18

# Rows of which the fields to blame are found, in a batch of bad ones; of the others only the
# row is told. It bounds the time that a bad batch takes.
_MAX_BLAMED = 100

# Different bad values that are looked for where an estimator's refusals name no rows.
_MAX_VALUES = 20


class Description(NamedTuple):
    """What an artifact says of its model beside the estimator itself."""

    name: str
    version: str
    engine: str
    digest: str
    methods: tuple[str, ...]
    classes: list[Any] | None
    metadata: dict[str, Any]


class Model:
    """A loaded model.

    ``predict(X)`` and, where the estimator has them, ``predict_proba``, ``predict_log_proba``,
    ``decision_function``, ``transform`` and ``score_samples`` (``methods`` lists them) take a
    2-D array, a list of texts, or a dict {column name: 1-D array or list} and answer as the
    scikit-learn estimator would.

    Raises
    ------
    InvalidInput
        By these methods: X does not fit the signature.
    RowsRefused
        By these methods: rows hold values that scikit-learn would refuse; names all of them.
    AttributeError
        For a method that the estimator does not have.
    """

    def __init__(self, description: Description, signature: Signature, estimator: Any) -> None:
        self.name = description.name
        self.version = description.version
        self.engine = description.engine
        self.digest = description.digest
        self.methods = description.methods
        self.classes = description.classes
        self.metadata = description.metadata
        self.signature = signature
        self._estimator: Evaluator = estimator
        self.by_row = estimator.by_row
        # Objects are Python's own work, of which threads do no two pieces at once.
        self._threads = 1 if signature.of_objects else cores()
        fitting = _NUMBERS // max(1, len(signature.columns))
        self._size = of_whole_kernels(max(_FEWEST_ROWS, min(_MOST_ROWS, fitting)))
        self._paces = {method: Pace() for method in self.methods}
        self._required = [j for j, column in enumerate(signature.columns) if not column.nullable]

    def __getattr__(self, method: str) -> Callable[[Any], Array]:
        # vars(): an attribute that is not set yet must not ask for itself again.
        if method in vars(self).get("methods", ()):
            return partial(self._answer, method)
        raise AttributeError(f"the model {vars(self).get('name')!r} has no {method!r}")

    def attempt(self, method: str, X: Any) -> Array:
        """Return the answer of a method as itself does, but search for no rows to blame.

        Raises
        ------
        InvalidInput
            X does not fit the signature.
        ValueError
            Some rows hold values that scikit-learn would refuse.
        """
        inputs = self._coerced(X)
        missing = self._missing(inputs)
        if missing:
            raise RowsRefused(missing)
        return self._computation(method)(inputs)  # type: ignore[no-any-return]

    def _coerced(self, X: Any) -> Inputs:
        inputs = self.signature.coerce(X)
        if n_rows(inputs) == 0:
            raise InvalidInput("X: at least one row was expected, got none")
        return inputs

    def _answer(self, method: str, X: Any) -> Array:
        inputs = self._coerced(X)
        compute = self._computation(method)
        missing = self._missing(inputs)
        if missing:
            raise RowsRefused([*missing, *self._search(compute, inputs, missing)])
        try:
            return compute(inputs)  # type: ignore[no-any-return]
        except ValueError:
            refusals = self._search(compute, inputs)
            if not refusals:
                raise
            raise RowsRefused(refusals) from None

    def _computation(self, method: str) -> Compute:
        compute = partial(_dense, getattr(self._estimator, method))
        if not self.by_row:
            return compute
        pace = self._paces[method]
        return partial(in_chunks, compute, size=self._size, threads=self._threads, pace=pace)

    def _missing(self, inputs: Inputs) -> list[Refusal]:
        """Return the missing values in columns that take none."""
        if not self._required or self._is_whole(inputs):
            return []
        missing = self.signature.missing(take_columns(inputs, self._required))
        return [Refusal(int(i), self._required[j], MISSING) for i, j in np.argwhere(missing)]

    def _is_whole(self, inputs: Inputs) -> bool:
        """Whether a glance tells that nothing is missing."""
        return isinstance(inputs, np.ndarray) and inputs.dtype.kind == "f" and surely_finite(inputs)

    def _search(
        self, compute: Compute, inputs: Inputs, known: Sequence[Refusal] = ()
    ) -> list[Refusal]:
        """Return the refusals among the rows of which none is known."""
        rows = np.setdiff1d(np.arange(n_rows(inputs)), [refusal.row for refusal in known])
        if not len(rows):
            return []
        found = _search(compute, self.signature, take_rows(inputs, rows))
        return [refusal._replace(row=int(rows[refusal.row])) for refusal in found]


def _dense(compute: Compute, inputs: Inputs) -> Any:
    answer = compute(inputs)
    return as_array(answer) if isinstance(answer, Sparse | Table) else answer


def _search(compute: Compute, signature: Signature, inputs: Inputs) -> list[Refusal]:
    """Return all rows, and their fields, that a computation refuses.

    It asks the computation itself: a row is bad if it is refused, and a field of a bad row is to
    blame if its value is refused among the signature's example values. So it holds for any
    pipeline and for both engines, and costs nothing while inputs are good.
    """
    if isinstance(_refusal(compute, inputs), RowsRefused):
        return _search_rows(compute, signature, inputs)
    return _search_values(compute, signature, inputs)


def _search_rows(compute: Compute, signature: Signature, inputs: Inputs) -> list[Refusal]:
    """Return the refusals where those of the computation name rows."""
    rows = _refused_rows(compute, inputs)
    blamed = _blame(compute, signature, inputs, sorted(rows)[:_MAX_BLAMED])
    known = {refusal.row for refusal in blamed}
    return blamed + [Refusal(row, None, why) for row, why in rows.items() if row not in known]


def _search_values(compute: Compute, signature: Signature, inputs: Inputs) -> list[Refusal]:
    """Return the refusals where those of the computation name no rows.

    One bad row is found by halving; all rows with the same value in the field that is to blame
    are as bad. After so many different values, single rows are found as far as time allows.
    """
    found: list[Refusal] = []
    left = np.arange(n_rows(inputs))
    for _ in range(_MAX_VALUES):
        error = _refusal(compute, take_rows(inputs, left)) if len(left) else None
        first = next(_told(compute, inputs, left, error), None)
        if first is None:
            return found
        row, why = first
        fields = _blame(compute, signature, inputs, [row])
        found += _alike(inputs, left, fields) or [Refusal(row, None, why)]
        left = np.setdiff1d(left, [refusal.row for refusal in found])
    rest = _refused_rows(compute, take_rows(inputs, left))
    return found + [Refusal(int(left[row]), None, why) for row, why in rest.items()]


def _alike(inputs: Inputs, rows: NDArray[np.intp], fields: Sequence[Refusal]) -> list[Refusal]:
    """Return the refusals of all rows that have the same value in a field to blame."""
    found = []
    for row, column, why in fields:
        values = columns_of(inputs)[column or 0]
        value, others = values[row], values[rows]
        same = (others == value) | ((others != others) & (value != value))
        found += [Refusal(int(other), column, why) for other in rows[same]]
    return found


def _refused_rows(compute: Compute, inputs: Inputs) -> dict[int, str]:
    """Return the rows that are refused, each with the reason.

    An evaluator's refusal names all rows of one kind at once, so that a few computations do. An
    estimator's names none: then rows are found one by one, and no more than the most that are
    blamed, for each costs computations of its own.
    """
    found: dict[int, str] = {}
    left = np.arange(n_rows(inputs))
    while len(left):
        error = _refusal(compute, take_rows(inputs, left))
        told = dict(islice(_told(compute, inputs, left, error), _limit(error)))
        if not told:
            break
        found |= told
        left = np.setdiff1d(left, list(told))
        if len(told) == _limit(error):
            break
    return found


def _limit(error: ValueError | None) -> int | None:
    return None if isinstance(error, RowsRefused) else _MAX_BLAMED


def _told(
    compute: Compute, inputs: Inputs, rows: NDArray[np.intp], error: ValueError | None
) -> Iterator[tuple[int, str]]:
    """Yield the rows that an error is about, each with the reason."""
    if isinstance(error, RowsRefused):
        # In a row with several problems the first is told: the last that is yielded counts.
        yield from ((int(rows[row]), why) for row, _, why in reversed(error.problems))
    elif error is not None and len(rows) == 1:
        yield int(rows[0]), f"is refused: {str(error).splitlines()[0]}"
    elif error is not None:
        for half in np.array_split(rows, 2):
            yield from _told(compute, inputs, half, _refusal(compute, take_rows(inputs, half)))


def _refusal(compute: Compute, inputs: Inputs) -> ValueError | None:
    try:
        compute(inputs)
    except ValueError as error:
        return error
    return None


def _blame(
    compute: Compute, signature: Signature, inputs: Inputs, rows: list[int]
) -> list[Refusal]:
    """Return the fields of bad rows that are to blame."""
    bad = take_rows(inputs, rows)
    return [
        Refusal(rows[i], column, why)
        for column in range(len(signature.columns) if rows else 0)
        for i, why in _refused_rows(compute, _only(bad, signature, column)).items()
    ]


def _only(bad: Inputs, signature: Signature, column: int) -> Inputs:
    """Return the rows with the example in every column but one."""
    fields = [
        values if j == column else _examples(signature.columns[j], values)
        for j, values in enumerate(columns_of(bad))
    ]
    if isinstance(bad, Table):
        return Table(fields, bad.n_rows)
    return np.column_stack(fields).astype(bad.dtype, copy=False)


def _examples(column: Column, values: Array) -> Array:
    return np.full(len(values), column.example, dtype=object).astype(values.dtype)
