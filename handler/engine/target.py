"""Regressors of a transformed target, and the way back from what they predict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite_or_missing, finite_numbers
from handler.engine.sparse import Sparse
from handler.engine.special import ndtr
from handler.engine.table import Array, Floats, Inputs, Table, as_array
from handler.errors import ArtifactError, InvalidInput


@dataclass(frozen=True, eq=False)
class TransformedTargetRegressor(Evaluator):
    """The mirror of ``TransformedTargetRegressor``.

    Parameters
    ----------
    regressor : evaluator
    inverse : evaluators, each a step of the way back from the transformed target
    flat : bool
        Whether the target at training was 1-D.
    """

    regressor: Evaluator
    inverse: Sequence[Evaluator]
    flat: bool

    @property
    def takes_sparse(self) -> bool:
        """Whether the regressor takes it."""
        return self.regressor.takes_sparse

    def supports(self, method: str) -> bool:
        """Whether it is ``predict``, and the regressor predicts."""
        return method == "predict" and self.regressor.supports("predict")

    def predict(self, X: Inputs) -> Array:
        """Return the predictions in the target's own units, shape (n,) or (n, n_outputs)."""
        answer = self.regressor.predict(X)
        if answer.ndim == 1:
            answer = answer.reshape(-1, 1)
        for step in self.inverse:
            answer = as_array(step.transform(answer))
        return answer[:, 0] if self.flat and answer.shape[1:] == (1,) else answer


@dataclass(frozen=True, eq=False)
class Elementwise(Evaluator):
    """A numpy function of each value: mirrors ``FunctionTransformer``, also as an inverse.

    Each value, and each column of a table, is computed in the type that it has.

    Parameters
    ----------
    function : name of a numpy ufunc of one argument, or None for the values themselves
    validated : bool
        Whether values that are not finite are refused.
    """

    function: str | None
    validated: bool
    takes_sparse = True

    def transform(self, X: Inputs) -> Inputs:
        """Return the function's values, shape (n, d); a table's as a table.

        Raises
        ------
        InvalidInput
            For values of a type for which the function is not defined.
        """
        values = finite_numbers(X) if self.validated else X
        if self.function is None:
            return values
        if isinstance(values, Table):
            return Table([self._computed(column) for column in values.columns], values.n_rows)
        if isinstance(values, Sparse):  # scipy takes only functions that leave 0 as it is
            return values.with_data(self._computed(values.data))
        return self._computed(values)

    def _computed(self, values: Array) -> Array:
        try:
            with np.errstate(all="ignore"):
                return cast(Array, _ufunc(str(self.function))(values))
        except TypeError as error:
            raise InvalidInput(f"a number was expected: {error}") from None


@dataclass(frozen=True, eq=False)
class ScaleThenShift(Evaluator):
    """``X * scale + shift``: the inverse of ``StandardScaler``, ``RobustScaler``, ``MaxAbsScaler``.

    Parameters
    ----------
    scale, shift : shape (d,), or None for none
    """

    scale: Floats | None
    shift: Floats | None

    def transform(self, X: Inputs) -> Floats:
        """Return the values in their first units, shape (n, d)."""
        values = as_finite_or_missing(X)
        with np.errstate(over="ignore"):
            if self.scale is not None:
                values = values * self.scale
            return values if self.shift is None else values + self.shift


@dataclass(frozen=True, eq=False)
class ShiftThenScale(Evaluator):
    """``(X - shift) / scale``: the inverse of ``MinMaxScaler``.

    Parameters
    ----------
    scale, shift : shape (d,)
    """

    scale: Floats
    shift: Floats

    def transform(self, X: Inputs) -> Floats:
        """Return the values in their first units, shape (n, d)."""
        with np.errstate(over="ignore"):
            return (as_finite_or_missing(X) - self.shift) / self.scale


@dataclass(frozen=True, eq=False)
class InverseBoxCox(Evaluator):
    """The inverse of ``PowerTransformer(method="box-cox")``, as ``scipy.special.inv_boxcox``.

    Parameters
    ----------
    lambdas : shape (d,)
    """

    lambdas: Floats

    def transform(self, X: Inputs) -> Floats:
        """Return the values in their first units, shape (n, d)."""
        return _by_column(_inverse_box_cox, X, self.lambdas)


@dataclass(frozen=True, eq=False)
class InverseYeoJohnson(Evaluator):
    """The inverse of ``PowerTransformer(method="yeo-johnson")``.

    Parameters
    ----------
    lambdas : shape (d,)
    """

    lambdas: Floats

    def transform(self, X: Inputs) -> Floats:
        """Return the values in their first units, shape (n, d)."""
        return _by_column(_inverse_yeo_johnson, X, self.lambdas)


@dataclass(frozen=True, eq=False)
class InverseQuantile(Evaluator):
    """The inverse of ``QuantileTransformer``.

    Parameters
    ----------
    quantiles : shape (n_quantiles, d)
    references : shape (n_quantiles,)
    normal : bool
        Whether the transformed values follow a normal distribution, not a uniform one.
    """

    quantiles: Floats
    references: Floats
    normal: bool

    def transform(self, X: Inputs) -> Floats:
        """Return the values in their first units, shape (n, d)."""
        values = as_finite_or_missing(X)
        columns = zip(values.T, self.quantiles.T, strict=True)
        return np.column_stack([self._column(column, marks) for column, marks in columns])

    def _column(self, column: Floats, marks: Floats) -> Floats:
        if self.normal:
            column = ndtr(column)
        # This near to an end is the end, as in scikit-learn, which computes the same sums.
        margin = 1e-7 if self.normal else 0.0
        answer = np.interp(column, self.references, marks)
        low, high = column - margin, column + margin
        if not self.normal:
            return np.where(low == 0, marks[0], np.where(high == 1, marks[-1], answer))
        return np.where(low < 0, marks[0], np.where(high > 1, marks[-1], answer))


def _ufunc(name: str) -> np.ufunc:
    function = getattr(np, name, None)
    if not (isinstance(function, np.ufunc) and function.nin == function.nout == 1):
        raise ArtifactError(f"model.json names the function {name!r}, which numpy lacks")
    return function


def _by_column(inverse: Callable[[Floats, float], Floats], X: Inputs, lambdas: Floats) -> Floats:
    columns = zip(as_finite_or_missing(X).T, lambdas.tolist(), strict=True)
    with np.errstate(all="ignore"):
        return np.column_stack([inverse(column, power) for column, power in columns])


def _inverse_box_cox(values: Floats, power: float) -> Floats:
    return np.exp(values) if power == 0 else np.exp(np.log1p(power * values) / power)


def _inverse_yeo_johnson(values: Floats, power: float) -> Floats:
    return np.where(values >= 0, _positive_part(values, power), _negative_part(values, power))


def _positive_part(values: Floats, power: float) -> Floats:
    if abs(power) < np.spacing(1.0):
        return np.exp(values) - 1
    return np.power(values * power + 1, 1 / power) - 1


def _negative_part(values: Floats, power: float) -> Floats:
    if abs(power - 2) > np.spacing(1.0):
        return 1 - np.power(-(2 - power) * values + 1, 1 / (2 - power))
    return 1 - np.exp(-values)
