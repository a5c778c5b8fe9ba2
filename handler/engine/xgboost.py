"""XGBoost's models: float32 from the inputs over the sums to the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from handler.engine import single
from handler.engine.base import Evaluator
from handler.engine.checks import as_float32
from handler.engine.coded import numbers_of
from handler.engine.forest_walk import sum_scalars, sum_vectors
from handler.engine.forested import Forested
from handler.engine.links import softmax, two_columns
from handler.engine.single import Singles
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False, kw_only=True)
class XGBoostTrees(Forested):
    """The margins of boosters "gbtree" and "dart".

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``, with float32 thresholds; tree t adds to output t
        modulo n_outputs
    values : float32 (n_leaves,), or (n_leaves, n_outputs) where trees have leaves of vectors
    start : float32 (n_outputs,)
    missing : float
        The value that stands for a missing one, beside NaN.
    coded : (m,) columns of categories
    categories : for each of these, the categories that the trees name, increasing
    encoder : evaluator that numbers the categories of a table, or None
    encoded : (l,) positions of the inputs that it takes
    """

    start: Array
    missing: float
    coded: Array
    categories: Sequence[Array]
    encoder: Evaluator | None
    encoded: Array

    def decision_function(self, X: Inputs) -> Any:
        """Return the margins, float32 of shape (n,) or (n, n_outputs)."""
        add = sum_scalars if self.values.ndim == 1 else sum_vectors
        margins = add(self._forest, self.values, self._compared(X), self.start)
        return margins.ravel() if len(self.start) == 1 else margins

    def _compared(self, X: Inputs) -> Singles:
        """Return the values that the trees compare, shape (n, d)."""
        with np.errstate(over="ignore"):
            numbers = numbers_of(X, self.encoder, self.encoded)
            values: Singles = numbers.astype(np.float32)
        if not np.isnan(self.missing):
            values[values == np.float32(self.missing)] = np.nan
        for column, known in zip(self.coded, self.categories, strict=True):
            values[:, column] = _codes(values[:, column], known)
        return values


@dataclass(frozen=True, eq=False, kw_only=True)
class XGBoostLinear(Evaluator):
    """The margins of booster "gblinear".

    Parameters
    ----------
    start : float32 (n_outputs,)
    weights : float32 (d, n_outputs)
    missing : float
        The value that stands for a missing one, beside NaN; those add nothing.
    """

    start: Array
    weights: Array
    missing: float

    def decision_function(self, X: Inputs) -> Any:
        """Return the margins, float32 of shape (n,) or (n, n_outputs), added in order."""
        values = as_float32(X, missing=True)
        values[np.isnan(values) | (values == np.float32(self.missing))] = 0
        margins = np.repeat(self.start[None], len(values), axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            for column, weights in zip(values.T, self.weights, strict=True):
                margins += column[:, None] * weights
        return margins.ravel() if len(self.start) == 1 else margins


@dataclass(frozen=True, eq=False, kw_only=True)
class XGBoostRegressor(Evaluator):
    """The mirror of ``XGBRegressor``, ``XGBRFRegressor`` and ``XGBRanker``.

    Parameters
    ----------
    margins : XGBoostTrees or XGBoostLinear
    link : {"identity", "exp", "logistic", "softmax", "argmax", "hinge", "sorted"}
        From margins to predictions, the objective's.
    """

    margins: Evaluator
    link: str

    def predict(self, X: Inputs) -> Any:
        """Return the predictions, float32 of shape (n,) or (n, n_outputs)."""
        return _LINKS[self.link](cast(Singles, self.margins.decision_function(X)))


@dataclass(frozen=True, eq=False, kw_only=True)
class XGBoostClassifier(XGBoostRegressor):
    """The mirror of ``XGBClassifier`` and ``XGBRFClassifier``, whose classes are 0, 1, ….

    Parameters
    ----------
    n_classes : int
    """

    n_classes: int

    def predict(self, X: Inputs) -> Array:
        """Return the classes, shape (n,); for several labels 0 or 1 each, (n, n_labels)."""
        answers = super().predict(X)
        if answers.ndim == 2 and self.n_classes != 2:
            return np.asarray(np.argmax(answers, axis=1))
        if answers.ndim == 2:
            return np.asarray(answers > 0.5, dtype=np.float64)
        if self.link == "argmax":
            return np.asarray(answers, dtype=np.int32)
        return np.asarray(answers > 0.5, dtype=int)

    def predict_proba(self, X: Inputs) -> Any:
        """Return the classes' or the labels' probabilities, float32, shape (n, k)."""
        if self.link == "argmax":
            return softmax(self.margins.decision_function(X))
        answers = super().predict(X)
        return answers if answers.ndim == 2 else two_columns(answers)


def _codes(values: Singles, known: Array) -> Singles:
    """Return the positions of categories, cut to integers, among known ones.

    Others share the next number, what is below 0 among them; missing values stay.
    """
    whole = np.floor(values)
    places = np.searchsorted(known, whole).clip(max=len(known) - 1)
    codes = np.where(known[places] == whole, places, len(known)).astype(np.float32)
    codes[np.isnan(values)] = np.nan
    return codes


def _identity(margins: Singles) -> Singles:
    return margins


def _argmax(margins: Singles) -> Singles:
    return np.argmax(margins, axis=1).astype(np.float32)


def _hinge(margins: Singles) -> Singles:
    return (margins > 0).astype(np.float32)


def _sorted(margins: Singles) -> Singles:
    return np.sort(margins, axis=1)


_LINKS: Mapping[str, Callable[[Singles], Singles]] = {
    "identity": _identity,
    "exp": single.exp,
    "logistic": single.logistic,
    "softmax": single.softmax,
    "argmax": _argmax,
    "hinge": _hinge,
    "sorted": _sorted,
}
