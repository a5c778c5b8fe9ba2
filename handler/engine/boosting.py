"""Gradient boosting: a start, the trees' numbers on top, and what becomes of the sum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_float32
from handler.engine.forest_walk import Forest, sum_scalars
from handler.engine.links import expit, softmax, two_columns
from handler.engine.table import Array, Floats, Inputs, as_array, as_float, take_columns


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scores(Evaluator):
    """What both kinds of scores are made of.

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``; tree t adds to output t modulo n_outputs
    values : (n_leaves,) the leaves' numbers, times the learning rate
    start : (n_outputs,) to which the trees add
    """

    forest: Mapping[str, Array]
    values: Array
    start: Array
    _forest: Forest = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the nodes' links once, before the first request."""
        object.__setattr__(self, "_forest", Forest(**self.forest))


@dataclass(frozen=True, eq=False, kw_only=True)
class GradientScores(_Scores):
    """The mirror of ``BaseGradientBoosting._raw_predict``; compares in float32.

    Parameters
    ----------
    initial : evaluator, or None
        A user's own ``init``, which answers in the place of ``start``.
    initial_link : {"identity", "logit", "half_logit", "multinomial_logit"}
        What the initial answers pass before the trees add to them.
    """

    initial: Evaluator | None
    initial_link: str

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores, shape (n, n_outputs)."""
        values = as_float32(X, missing=False)
        start = self.start if self.initial is None else self._initial_scores(values)
        return np.ascontiguousarray(sum_scalars(self._forest, self.values, values, start))

    def _initial_scores(self, X: Array) -> Floats:
        """As ``_init_raw_predictions`` asks a user's estimator, with inputs in float32."""
        initial = cast(Evaluator, self.initial)
        link = _INITIAL_LINKS[self.initial_link]
        if link is _identity:
            return _column(initial.predict(X).astype(np.float64))
        shares = initial.predict_proba(X)
        if link is not _multinomial_logit:
            shares = shares[:, 1]
        limit = np.finfo(np.float64).eps
        return _column(link(np.clip(shares, limit, 1 - limit, dtype=np.float64)))


@dataclass(frozen=True, eq=False, kw_only=True)
class HistogramScores(_Scores):
    """The mirror of ``BaseHistGradientBoosting._raw_predict``; compares in float64.

    Infinities are taken, as in scikit-learn.

    Parameters
    ----------
    encoder : evaluator that turns categories into 0, 1, … and all else into NaN, or None
    categorical, numerical : (n_categorical,) and (n_numerical,) positions
        The columns, which the trees number in this order; None without an encoder.
    """

    encoder: Evaluator | None
    categorical: Array | None
    numerical: Array | None

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores, shape (n, n_outputs)."""
        values = self._encoded(X)
        scores: Floats = sum_scalars(self._forest, self.values, values, self.start)
        return scores

    def _encoded(self, X: Inputs) -> Floats:
        if self.encoder is None:
            return as_float(X)
        codes = as_array(self.encoder.transform(take_columns(X, cast(Array, self.categorical))))
        numbers = as_float(take_columns(X, cast(Array, self.numerical)))
        return np.concatenate((codes, numbers), axis=1)


@dataclass(frozen=True, eq=False)
class BoostingRegressor(Evaluator):
    """The mirror of ``GradientBoostingRegressor`` and ``HistGradientBoostingRegressor``.

    Parameters
    ----------
    scores : evaluator of the scores
    log : bool
        Whether the scores are logarithms of the predictions (losses "poisson", "gamma").
    """

    scores: Evaluator
    log: bool

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,)."""
        scores = self.scores.decision_function(X).ravel()
        with np.errstate(over="ignore"):
            return np.exp(scores) if self.log else scores


@dataclass(frozen=True, eq=False)
class BoostingClassifier(Classifier):
    """The mirror of ``GradientBoostingClassifier`` and ``HistGradientBoostingClassifier``.

    Parameters
    ----------
    scores : evaluator of the scores, one a class or one in all
    classes : (n_classes,)
    half : bool
        Whether a score is half the logit (loss "exponential").
    zero_is_second : bool
        Whether a score of 0 means the second class, or the first.
    """

    scores: Evaluator
    classes: Array
    half: bool
    zero_is_second: bool

    def predict(self, X: Inputs) -> Array:
        """Return the classes of the highest scores, shape (n,)."""
        scores = self.decision_function(X)
        if scores.ndim == 2:
            return self.classes[np.argmax(scores, axis=1)]
        second = scores >= 0 if self.zero_is_second else scores > 0
        return self.classes[second.astype(np.intp)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, n_classes)."""
        scores = self.decision_function(X)
        if scores.ndim == 2:
            return softmax(scores)
        return two_columns(expit(2 * scores if self.half else scores))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the scores, shape (n,) for two classes, else (n, n_classes)."""
        scores = self.scores.decision_function(X)
        return scores.ravel() if scores.shape[1] == 1 else scores


def _column(scores: Floats) -> Floats:
    return scores.reshape(-1, 1) if scores.ndim == 1 else scores


def _identity(predictions: Floats) -> Floats:
    return predictions


def _logit(shares: Floats) -> Floats:
    """Return ``log(shares / (1 - shares))`` as ``scipy.special.logit`` computes it.

    Around 1/2 in a form of its own, where the plain one cancels.
    """
    centred = 2 * (shares - 0.5)
    plain = np.log(shares / (1 - shares))
    middle = (shares >= 0.3) & (shares <= 0.65)
    return np.where(middle, np.log1p(centred) - np.log1p(-centred), plain)


def _half_logit(shares: Floats) -> Floats:
    return 0.5 * _logit(shares)


def _multinomial_logit(shares: Floats) -> Floats:
    """Return the logarithms of shares over their geometric mean, shape (n, n_classes)."""
    means = np.exp(np.mean(np.log(shares), axis=1))
    return cast(Floats, np.log(shares / means[:, None]))


_INITIAL_LINKS: Mapping[str, Callable[[Floats], Floats]] = {
    "identity": _identity,
    "logit": _logit,
    "half_logit": _half_logit,
    "multinomial_logit": _multinomial_logit,
}
