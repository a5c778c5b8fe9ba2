"""Linear models: a weighted sum, and what becomes of it."""

from dataclasses import dataclass

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False)
class LinearRegressor(Evaluator):
    """``X @ coef.T + intercept``: the mirror of ``LinearModel.predict``.

    Parameters
    ----------
    coef : shape (d,) or (n_outputs, d)
    intercept : scalar or shape (n_outputs,)
    """

    coef: Array
    intercept: Array | float

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        answer: Array = as_finite(X) @ self.coef.T + self.intercept
        return answer
