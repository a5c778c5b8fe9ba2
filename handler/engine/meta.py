"""Meta-estimators that change little: a decision threshold, the inputs as one array."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.responses import respond
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs, as_array, as_float


@dataclass(frozen=True, eq=False)
class ThresholdClassifier(Evaluator):
    """The mirror of ``FixedThresholdClassifier`` and ``TunedThresholdClassifierCV``.

    Parameters
    ----------
    classes : shape (2,)
    estimator : evaluator of a classifier of two classes
    response : name of the method that gives its scores
    positive : {0, 1}
        The class that is scored.
    threshold : float
        The least score with which it is that class.
    """

    classes: Array
    estimator: Evaluator
    response: str
    positive: int
    threshold: float

    @property
    def takes_sparse(self) -> bool:
        """Whether the classifier takes it."""
        return self.estimator.takes_sparse

    def supports(self, method: str) -> bool:
        """Whether the classifier answers ``method``, or scores, for a prediction."""
        if method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            return self.estimator.supports(self.response if method == "predict" else method)
        return False

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        found = np.where(self._scores(X) >= self.threshold, self.positive, 1 - self.positive)
        return self.classes[found]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classifier's probabilities, shape (n, 2)."""
        return self.estimator.predict_proba(X)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the classifier's log-probabilities, shape (n, 2)."""
        return self.estimator.predict_log_proba(X)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the classifier's decision values, shape (n,)."""
        return self.estimator.decision_function(X)

    def _scores(self, X: Inputs) -> Floats:
        answer = respond(self.estimator, self.response, X)
        if self.response == "predict_proba":
            return answer[:, self.positive]
        return answer if self.positive else -1 * answer


@dataclass(frozen=True, eq=False)
class Numbers(Evaluator):
    """Inputs as one array of numbers: what a meta-estimator makes of them by ``check_array``."""

    takes_sparse = True

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the inputs in the type that their numbers have, shape (n, d)."""
        if isinstance(X, Sparse):
            return X
        values = as_array(X)
        return as_float(values) if values.dtype == object else values
