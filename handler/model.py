"""The model: a signature and an estimator, with the refusals told in the caller's terms."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import MISSING
from handler.engine.table import Array, Inputs, Table, columns_of, n_rows, take_rows
from handler.errors import InvalidInput, Refusal, RowsRefused
from handler.signature import Column, Signature


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

    def __getattr__(self, method: str) -> Callable[[Any], Array]:
        # vars(): an attribute that is not set yet must not ask for itself again.
        if method in vars(self).get("methods", ()):
            return partial(self._answer, method)
        raise AttributeError(f"the model {vars(self).get('name')!r} has no {method!r}")

    def _answer(self, method: str, X: Any) -> Array:
        inputs = self.signature.coerce(X)
        if n_rows(inputs) == 0:
            raise InvalidInput("X: at least one row was expected, got none")
        self._refuse_missing(inputs)
        compute = getattr(self._estimator, method)
        try:
            return compute(inputs)  # type: ignore[no-any-return]
        except ValueError as error:
            refusals = _Search(compute, self.signature, inputs).run(error)
            if not refusals:
                raise
            raise RowsRefused(refusals) from None

    def _refuse_missing(self, inputs: Inputs) -> None:
        if self.signature.kind == "text":
            return
        refused = np.array([not column.nullable for column in self.signature.columns], dtype=bool)
        if not refused.any():
            return
        bad = self.signature.missing(inputs) & refused
        if bad.any():
            raise RowsRefused([Refusal(int(i), int(j), MISSING) for i, j in np.argwhere(bad)])


class _Search:
    """Finds all rows and fields that a computation refuses, after it refused a batch.

    It asks the computation itself: a row is bad if it is refused alone, and a field of a bad
    row is to blame if its value is refused among the signature's example values. So it holds
    for any pipeline and for both engines, and costs nothing while inputs are good.
    """

    def __init__(
        self, compute: Callable[[Inputs], Any], signature: Signature, inputs: Inputs
    ) -> None:
        self.compute = compute
        self.signature = signature
        self.inputs = inputs

    def run(self, error: ValueError) -> list[Refusal]:
        """Return the refusals, in order; none if each row passes alone."""
        rows = self._bad_rows(np.arange(n_rows(self.inputs)), error)
        return [refusal for row, why in rows for refusal in self._blame(row, why)]

    def _bad_rows(self, rows: NDArray[np.intp], error: ValueError) -> list[tuple[int, ValueError]]:
        """Return the bad ones among rows that were refused together (by halving)."""
        if len(rows) == 1:
            return [(int(rows[0]), error)]
        found = []
        for half in np.array_split(rows, 2):
            refused = self._refused(take_rows(self.inputs, half))
            if refused is not None:
                found += self._bad_rows(half, refused)
        return found

    def _blame(self, row: int, why: ValueError) -> list[Refusal]:
        single = take_rows(self.inputs, [row])
        blamed = []
        for column in range(len(self.signature.columns)):
            refused = self._refused(_only(single, self.signature, column))
            if refused is not None:
                blamed.append(Refusal(row, column, _reason(refused)))
        return blamed or [Refusal(row, None, _reason(why))]

    def _refused(self, inputs: Inputs) -> ValueError | None:
        try:
            self.compute(inputs)
        except ValueError as error:
            return error
        return None


def _only(single: Inputs, signature: Signature, column: int) -> Inputs:
    """Return the row with the example in every column but one."""
    fields = [
        values if j == column else _example(signature.columns[j], values.dtype)
        for j, values in enumerate(columns_of(single))
    ]
    if isinstance(single, Table):
        return Table(fields, 1)
    return np.array([[values[0] for values in fields]], dtype=single.dtype)


def _example(column: Column, dtype: np.dtype[Any]) -> Array:
    return np.array([column.example], dtype=object).astype(dtype)


def _reason(error: ValueError) -> str:
    if isinstance(error, RowsRefused):
        return error.problems[0].reason
    return f"is refused: {str(error).splitlines()[0]}"
