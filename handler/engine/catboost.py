"""CatBoost's trees: values compared in float32, leaves added in float64."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.forest_walk import sum_vectors
from handler.engine.forested import Forested
from handler.engine.links import expit, softmax, two_columns
from handler.engine.table import Array, Floats, Inputs, as_float


@dataclass(frozen=True, eq=False, kw_only=True)
class CatBoostScores(Forested):
    """The mirror of ``CatBoost.predict(prediction_type="RawFormulaVal")``.

    Missing and infinite values are taken.

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``, with float32 thresholds
    values : (n_leaves, n_outputs)
    scale : float
    bias : (n_outputs,)
        What becomes of the leaves' sums: ``scale * sum + bias``.
    """

    scale: float
    bias: Array

    def decision_function(self, X: Inputs) -> Floats:
        """Return the raw scores, shape (n,) or (n, n_outputs)."""
        with np.errstate(over="ignore"):
            single = as_float(X).astype(np.float32)
        scores: Floats = sum_vectors(self._forest, self.values, single)
        scores *= self.scale
        scores += self.bias
        return scores[:, 0] if scores.shape[1] == 1 else scores


@dataclass(frozen=True, eq=False, kw_only=True)
class CatBoostRegressor(Evaluator):
    """The mirror of ``CatBoostRegressor`` and ``CatBoostRanker``.

    Parameters
    ----------
    scores : CatBoostScores
    log : bool
        Whether the scores are logarithms of the predictions (losses "Poisson", "Tweedie").
    """

    scores: CatBoostScores
    log: bool

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        scores = self.scores.decision_function(X)
        with np.errstate(over="ignore"):
            return np.exp(scores) if self.log else scores


@dataclass(frozen=True, eq=False, kw_only=True)
class CatBoostClassifier(Classifier):
    """The mirror of ``CatBoostClassifier``.

    Parameters
    ----------
    scores : CatBoostScores, one for two classes, else one a class
    classes : (n_classes,)
    apart : bool
        Whether each class has a logistic function of its own (loss "MultiClassOneVsAll").
    """

    scores: CatBoostScores
    classes: Array
    apart: bool

    def predict(self, X: Inputs) -> Array:
        """Return the classes of the highest scores; of more than two as a column, (n, 1)."""
        scores = self.scores.decision_function(X)
        if scores.ndim == 1:
            return self.classes[(scores > 0).astype(np.intp)]
        return self.classes[np.argmax(scores, axis=1)][:, None]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, n_classes)."""
        scores = self.scores.decision_function(X)
        if scores.ndim == 1:
            return two_columns(expit(scores))
        return expit(scores) if self.apart else softmax(scores)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return their logarithms, from the scores themselves: they never are -inf."""
        scores = self.scores.decision_function(X)
        if scores.ndim == 1:
            return -np.logaddexp(0, np.column_stack((scores, -scores)))
        if self.apart:
            return -np.logaddexp(0, -scores)
        centred = scores - scores.max(axis=1, keepdims=True)
        sums: Floats = np.exp(centred).sum(axis=1, keepdims=True)
        return centred - np.log(sums)
