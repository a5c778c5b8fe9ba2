"""LightGBM's trees: sums of leaves in float64, with its own ways with zeros and missing values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.coded import numbers_of
from handler.engine.forest_walk import sum_scalars
from handler.engine.forested import Forested
from handler.engine.links import expit, softmax, two_columns
from handler.engine.table import Array, Floats, Inputs

# kZeroThreshold, a float32: values up to this size are 0.
_TINY = float(np.float32(1e-35))


@dataclass(frozen=True, eq=False, kw_only=True)
class LightGBMScores(Forested):
    """The mirror of ``Booster.predict(raw_score=True)``.

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``; tree t adds to output t modulo n_outputs
    values : (n_leaves,)
    n_outputs : int
    columns : (k,) the inputs' columns, as the trees number them
    zero_missing : (k,) bool
        Whether 0 counts as missing there (``zero_as_missing``).
    missing_zero : (k,) bool
        Whether a missing value counts as 0: in columns where training saw none.
    coded : (m,) which of the k columns hold categories
    categories : for each of these, the categories that the trees know, increasing
    encoder : evaluator that numbers the categories of a table, or None
    encoded : (l,) positions of the inputs that it takes
    """

    n_outputs: int
    columns: Array
    zero_missing: Array
    missing_zero: Array
    coded: Array
    categories: Sequence[Array]
    encoder: Evaluator | None
    encoded: Array

    def decision_function(self, X: Inputs) -> Floats:
        """Return the raw scores, shape (n,) or (n, n_outputs)."""
        start = np.zeros(self.n_outputs)
        scores: Floats = sum_scalars(self._forest, self.values, self._compared(X), start)
        return scores.ravel() if self.n_outputs == 1 else scores

    def _compared(self, X: Inputs) -> Floats:
        """Return the values that the trees compare, shape (n, k)."""
        values = numbers_of(X, self.encoder, self.encoded).take(self.columns, axis=1)
        for column, known in zip(self.coded, self.categories, strict=True):
            values[:, column] = _codes(values[:, column], known)
        if self.missing_zero.any():
            values[np.isnan(values) & self.missing_zero] = 0
        values[np.abs(values) <= _TINY] = 0
        if self.zero_missing.any():
            values[(values == 0) & self.zero_missing] = np.nan
        return values


@dataclass(frozen=True, eq=False, kw_only=True)
class LightGBMRegressor(Evaluator):
    """The mirror of ``LGBMRegressor`` and ``LGBMRanker``.

    Parameters
    ----------
    scores : LightGBMScores
    divisor : int
        The number of iterations for boosting "rf", which averages them, else 1.
    link : {"identity", "exp", "log1p_exp", "logistic", "softmax", "signed_square"}
        From scores to predictions, the objective's.
    scale : float
        What the scores are multiplied by for link "logistic".
    """

    scores: LightGBMScores
    divisor: int
    link: str
    scale: float

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        scores = self.scores.decision_function(X) / self.divisor
        with np.errstate(over="ignore"):
            return _LINKS[self.link](scores, self.scale)


@dataclass(frozen=True, eq=False, kw_only=True)
class LightGBMClassifier(LightGBMRegressor, Classifier):
    """The mirror of ``LGBMClassifier``.

    Parameters
    ----------
    classes : (n_classes,)
    """

    classes: Array

    def supports(self, method: str) -> bool:
        """As the base does; LightGBM has no log-probabilities."""
        return method != "predict_log_proba" and super().supports(method)

    def predict(self, X: Inputs) -> Array:
        """Return the most probable classes, the first among equals, shape (n,)."""
        return self.classes[np.argmax(self.predict_proba(X), axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, n_classes)."""
        shares = LightGBMRegressor.predict(self, X)
        return shares if shares.ndim == 2 else two_columns(shares)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the raw scores, shape (n,) for two classes, else (n, n_classes)."""
        return self.scores.decision_function(X)


def _codes(values: Floats, known: Array) -> Floats:
    """Return the positions of categories, cut to integers, among known ones; NaN for others."""
    whole = np.trunc(values)
    places = np.searchsorted(known, whole).clip(max=len(known) - 1)
    return cast(Floats, np.where(known[places] == whole, places, np.nan))


def _identity(scores: Floats, _: float) -> Floats:
    return scores


def _exp(scores: Floats, _: float) -> Floats:
    return cast(Floats, np.exp(scores))


def _log1p_exp(scores: Floats, _: float) -> Floats:
    return cast(Floats, np.log1p(np.exp(scores)))


def _logistic(scores: Floats, scale: float) -> Floats:
    return expit(scale * scores)


def _softmax(scores: Floats, _: float) -> Floats:
    return softmax(scores)


def _signed_square(scores: Floats, _: float) -> Floats:
    return np.sign(scores) * scores * scores


_LINKS: Mapping[str, Callable[[Floats, float], Floats]] = {
    "identity": _identity,
    "exp": _exp,
    "log1p_exp": _log1p_exp,
    "logistic": _logistic,
    "softmax": _softmax,
    "signed_square": _signed_square,
}
