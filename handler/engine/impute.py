"""Filling in of missing values, and telling where they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import check_values
from handler.engine.responses import all_support
from handler.engine.table import Array, Floats, Inputs, as_array, as_floating
from handler.errors import Refusal, RowsRefused


@dataclass(frozen=True, eq=False)
class SimpleImputer(Evaluator):
    """A constant in the place of each missing value: the mirror of ``SimpleImputer``.

    Parameters
    ----------
    statistics : shape (d_kept,), numbers or objects
        What fills each column that is kept.
    kept : shape (d_kept,) of int, or None for all columns
    missing : the value that counts as missing (NaN: NaN only)
    nulls : bool
        Whether None and NaN count as missing, whatever ``missing`` says (``pandas.NA``).
    values : {"float", "object", "any"}
        What training made of the inputs: floats, objects, or whatever they are.
    indicator : shape (d_marked,) of int, or None
        The columns whose missingness is added as outputs.
    """

    statistics: Array
    kept: Array | None
    missing: Any
    nulls: bool
    values: str
    indicator: Array | None

    def transform(self, X: Inputs) -> Array:
        """Return the inputs with their missing values filled in, shape (n, d_outputs)."""
        values = self._values(X)
        absent = _absent(values, self.missing, nulls=self.nulls)
        filled, holes = values, absent
        if self.kept is not None:
            filled, holes = values[:, self.kept], absent[:, self.kept]
        if holes.any():
            rows, columns = np.nonzero(holes)
            filled[rows, columns] = self.statistics[columns]
        if self.indicator is None:
            return filled
        return np.concatenate([filled, absent[:, self.indicator]], axis=1)

    def _values(self, X: Inputs) -> Array:
        """Return a new array (n, d); what scikit-learn refuses here is refused."""
        values = as_floating(X) if self.values == "float" else as_array(X, copy=True)
        if self.values == "object":
            values = values.astype(object, copy=False)
        check_values(values, missing=self.nulls or self.missing != self.missing)
        return values


@dataclass(frozen=True, eq=False)
class IterativeImputer(Evaluator):
    """Each column's missing values from the other columns: the mirror of ``IterativeImputer``.

    Parameters
    ----------
    initial : evaluator that fills in constants first
    missing : the value that counts as missing (NaN: NaN only)
    kept : shape (d_kept,) of int, or None for all columns
    unknown : shape (d_unknown,) of int
        Which of the kept columns had no value at training, and keep their constants.
    targets : for each step, the column (of the kept ones) that it fills in
    neighbours : for each step, the columns that tell it
    estimators : for each step, an evaluator that predicts it
    limits : shape (2, d_kept), the least and the greatest value of each column, or None
    indicator : shape (d_marked,) of int, or None
        The columns whose missingness is added as outputs.
    """

    initial: Evaluator
    missing: float
    kept: Array | None
    unknown: Array
    targets: Sequence[int]
    neighbours: Sequence[Array]
    estimators: Sequence[Evaluator]
    limits: Floats | None
    indicator: Array | None
    # Where nothing is known in any row, scikit-learn leaves the batch as it is at first.
    by_row = False

    def supports(self, method: str) -> bool:
        """Whether it is ``transform``, and all estimators predict."""
        return super().supports(method) and all_support(self.estimators, "predict")

    def transform(self, X: Inputs) -> Array:
        """Return the inputs with their missing values filled in, shape (n, d_outputs)."""
        values = as_floating(X)
        filled: Array = self.initial.transform(values)  # type: ignore[assignment]
        absent = _absent(values, self.missing, nulls=False)
        holes = absent if self.kept is None else absent[:, self.kept]
        if len(self.unknown):
            holes = holes.copy()
            holes[:, self.unknown] = False
        if not holes.all():
            self._fill(filled, holes)
        if self.indicator is None:
            return filled
        return np.concatenate([filled, absent[:, self.indicator]], axis=1)

    def _fill(self, filled: Array, holes: NDArray[np.bool_]) -> None:
        """Fill in, step by step and in place, what the columns tell of one another."""
        rows = [np.flatnonzero(column) for column in holes.T]
        for step, target in enumerate(self.targets):
            if len(rows[target]):
                filled[rows[target], target] = self._predicted(filled, rows[target], step)

    def _predicted(self, filled: Array, rows: NDArray[np.intp], step: int) -> Array:
        inputs = filled[rows[:, None], self.neighbours[step]]
        try:
            predicted = self.estimators[step].predict(inputs)
        except RowsRefused as error:
            problems = [problem._replace(row=int(rows[problem.row])) for problem in error.problems]
            raise RowsRefused(problems) from None
        if self.limits is None:
            return predicted
        return np.clip(predicted, *self.limits[:, self.targets[step]])


@dataclass(frozen=True, eq=False)
class MissingIndicator(Evaluator):
    """Where values are missing: the mirror of ``MissingIndicator``.

    Parameters
    ----------
    missing : the value that counts as missing (NaN: NaN only)
    nulls : bool
        Whether None and NaN count as missing, whatever ``missing`` says (``pandas.NA``).
    columns : shape (d_marked,) of int, or None for all columns
    whole : shape (d_whole,) of int
        The columns in which no value may be missing.
    """

    missing: Any
    nulls: bool
    columns: Array | None
    whole: Array

    def transform(self, X: Inputs) -> NDArray[np.bool_]:
        """Return whether values are missing, shape (n, d_marked)."""
        values = as_array(X)
        check_values(values, missing=self.missing != self.missing)
        absent = _absent(values, self.missing, nulls=self.nulls)
        if absent[:, self.whole].any():
            places = np.argwhere(absent[:, self.whole])
            raise RowsRefused([Refusal(int(i), int(self.whole[j]), _NEW) for i, j in places])
        return absent if self.columns is None else absent[:, self.columns]


_NEW = "is missing, and no value was missing here at training"


def _absent(values: Array, missing: Any, *, nulls: bool) -> NDArray[np.bool_]:
    """Return which values are missing, shape (n, d)."""
    if nulls or missing != missing:
        absent: NDArray[np.bool_] = values != values
        # "== None" compares the elements; "is" would compare the array.
        return absent | (values == None) if nulls else absent  # noqa: E711
    return np.asarray(values == missing)
