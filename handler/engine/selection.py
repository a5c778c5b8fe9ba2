"""Feature selection: some of the columns, of inputs that are checked as a whole."""

from dataclasses import dataclass

from handler.engine.base import Evaluator
from handler.engine.checks import check_values, finite_numbers
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs, as_array


@dataclass(frozen=True, eq=False)
class Selector(Evaluator):
    """The columns that were selected in training: the mirror of ``SelectorMixin.transform``.

    Parameters
    ----------
    columns : shape (d_selected,) of int
    finite : bool
        Whether the inputs must be finite, in all columns; else they may hold anything.
    """

    columns: Array
    finite: bool
    takes_sparse = True

    def transform(self, X: Inputs) -> Array | Sparse:
        """Return the selected columns, shape (n, d_selected), in their own type."""
        if isinstance(X, Sparse):
            if self.finite:
                finite_numbers(X)
            return X.take_columns(self.columns)
        values = as_array(X)
        if self.finite:
            check_values(values, missing=False)
        selected: Array = values[:, self.columns]
        return selected


@dataclass(frozen=True, eq=False)
class Elimination(Evaluator):
    """A selection and the estimator fitted on it: the mirror of ``RFE`` and ``RFECV``.

    Parameters
    ----------
    selector : Selector
    estimator : evaluator that answers for the selected columns
    """

    selector: Evaluator
    estimator: Evaluator

    @property
    def takes_sparse(self) -> bool:
        """Whether the estimator takes it; the selection does."""
        return self.estimator.takes_sparse

    @property
    def classes(self) -> Array:
        """The estimator's classes."""
        return self.estimator.classes  # type: ignore[attr-defined,no-any-return]

    def supports(self, method: str) -> bool:
        """Whether the estimator answers ``method``; the selection itself transforms."""
        if method == "transform":
            return True
        return super().supports(method) and self.estimator.supports(method)

    def transform(self, X: Inputs) -> Inputs:
        """Return the selected columns, shape (n, d_selected)."""
        return self.selector.transform(X)

    def predict(self, X: Inputs) -> Array:
        """Return the estimator's predictions, shape (n,) or (n, n_outputs)."""
        return self.estimator.predict(self.transform(X))

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the estimator's probabilities, shape (n, n_classes)."""
        return self.estimator.predict_proba(self.transform(X))

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the estimator's log-probabilities, shape (n, n_classes)."""
        return self.estimator.predict_log_proba(self.transform(X))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the estimator's decision values, shape (n,) or (n, n_classes)."""
        return self.estimator.decision_function(self.transform(X))
