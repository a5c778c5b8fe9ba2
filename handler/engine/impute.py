"""Filling in of missing values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import check_values
from handler.engine.table import Array, Inputs, as_array, as_floating


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


def _absent(values: Array, missing: Any, *, nulls: bool) -> NDArray[np.bool_]:
    """Return which values are missing, shape (n, d)."""
    if nulls or missing != missing:
        absent: NDArray[np.bool_] = values != values
        # "== None" compares the elements; "is" would compare the array.
        return absent | (values == None) if nulls else absent  # noqa: E711
    return np.asarray(values == missing)
