"""AdaBoost: weighted votes of classifiers, weighted medians of regressors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_float32, check_values
from handler.engine.forest_walk import sum_scalars, sum_vectors
from handler.engine.forested import Forested
from handler.engine.links import softmax
from handler.engine.responses import all_support
from handler.engine.table import Array, Floats, Inputs, as_array


@dataclass(frozen=True, eq=False)
class AdaBoostClassifier(Classifier):
    """The class with the most weight of votes: the mirror of ``AdaBoostClassifier``.

    Parameters
    ----------
    classes : shape (k,), two at least
    votes : evaluator of each class's votes, or of those for the second of two
    total : float
        The sum of the voters' weights.
    """

    classes: Array
    votes: Evaluator
    total: float

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all voters vote."""
        return super().supports(method) and self.votes.supports("decision_function")

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
        return self.classes.take(best)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k), by Zhu et al. (2009)."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return softmax(np.vstack((-scores, scores)).T / 2)
        return softmax(scores / (len(self.classes) - 1))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the shares of the votes, shape (n, k), or (n,) for two classes."""
        shares = self.votes.decision_function(X)
        shares /= self.total
        # Of two classes, what is for one is against the other: scikit-learn adds both.
        return shares if len(self.classes) > 2 else (2 * shares)[:, 0]


@dataclass(frozen=True, eq=False)
class EstimatorVotes(Evaluator):
    """The votes of any classifiers.

    Parameters
    ----------
    candidates : shape (c,), the classes that are voted on
    estimators : m evaluators
    weights_for : m numbers, what each gives the class that it predicts
    weights_against : m numbers, what each gives the others
    """

    candidates: Array
    estimators: Sequence[Evaluator]
    weights_for: Sequence[float]
    weights_against: Sequence[float]

    def supports(self, method: str) -> bool:
        """Whether it is the votes, and all classifiers predict."""
        return super().supports(method) and all_support(self.estimators, "predict")

    def decision_function(self, X: Inputs) -> Floats:
        """Return the sums of the votes, shape (n, c)."""
        values = _finite(X)
        # By classes in memory, as in scikit-learn: sums over many classes depend on it.
        total = np.zeros((len(self.candidates), len(values)))
        voters = zip(self.estimators, self.weights_for, self.weights_against, strict=True)
        for estimator, weight_for, weight_against in voters:
            chosen = estimator.predict(values) == self.candidates[:, None]
            total += np.where(chosen, weight_for, weight_against)
        return total.T


@dataclass(frozen=True, eq=False, kw_only=True)
class TreeVotes(Forested):
    """The votes of decision trees.

    Parameters
    ----------
    values : (n_values, c)
        What a leaf gives each class that is voted on.
    """

    def decision_function(self, X: Inputs) -> Floats:
        """Return the sums of the votes, shape (n, c)."""
        values = as_float32(X, missing=False)
        if self.values.shape[1] == 1:
            sums: Floats = sum_scalars(self._forest, self.values[:, 0], values, np.zeros(1))
            return sums
        # By classes in memory, as in scikit-learn: sums over many classes depend on it.
        return np.asfortranarray(sum_vectors(self._forest, self.values, values))


@dataclass(frozen=True, eq=False)
class AdaBoostRegressor(Evaluator):
    """The weighted median of regressors: the mirror of ``AdaBoostRegressor``.

    Parameters
    ----------
    estimators : m evaluators
    weights : (m,)
    """

    estimators: Sequence[Evaluator]
    weights: Floats

    def supports(self, method: str) -> bool:
        """Whether it is ``predict``, and all regressors predict."""
        return super().supports(method) and all_support(self.estimators, "predict")

    def predict(self, X: Inputs) -> Array:
        """Return the weighted medians, shape (n,)."""
        values = _finite(X)
        predictions = np.array([estimator.predict(values) for estimator in self.estimators])
        return _weighted_medians(predictions.T, self.weights)


@dataclass(frozen=True, eq=False, kw_only=True)
class TreesMedian(Forested):
    """The same for decision trees.

    Parameters
    ----------
    values : (n_values,) the leaves' predictions
    weights : (n_trees,)
    """

    weights: Floats

    def predict(self, X: Inputs) -> Floats:
        """Return the weighted medians, shape (n,)."""
        inputs = as_float32(X, missing=False)
        medians = np.empty(len(inputs))
        for rows, numbers in self._forest.walk(inputs, group=len(self.weights)):
            medians[rows] = _weighted_medians(self.values.take(numbers).T, self.weights)
        return medians


def _finite(X: Inputs) -> Array:
    values = as_array(X)
    check_values(values, missing=False)
    return values


def _weighted_medians(predictions: Array, weights: Floats) -> Array:
    """Return each row's first prediction, by size, with half of the weight at or below it.

    Parameters
    ----------
    predictions : (n, m)
    weights : (m,)
    """
    # The default sort, whose order of equal predictions decides how their weights add up.
    order = np.argsort(predictions, axis=1)
    below = np.cumsum(weights.take(order), axis=1)
    median = (below >= 0.5 * below[:, -1:]).argmax(axis=1)
    rows = np.arange(len(order))
    chosen: Array = predictions[rows, order[rows, median]]
    return chosen
