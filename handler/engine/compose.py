"""Pipelines, column transformers and feature unions: evaluators made of evaluators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Floats, Inputs, Table, as_array, as_float, take_columns


@dataclass(frozen=True, eq=False)
class Pipeline(Evaluator):
    """Transformers in a row before a final estimator: the mirror of ``Pipeline``.

    Parameters
    ----------
    steps : evaluators that transform; those that pass their inputs through are left out
    final : evaluator that answers
    """

    steps: Sequence[Evaluator]
    final: Evaluator

    @property
    def classes(self) -> Array:
        """The final estimator's classes."""
        return self.final.classes  # type: ignore[attr-defined,no-any-return]

    def supports(self, method: str) -> bool:
        """Whether the final estimator answers ``method``."""
        return self.final.supports(method)

    def predict(self, X: Inputs) -> Array:
        """Return the final estimator's predictions, shape (n,) or (n, n_outputs)."""
        return self.final.predict(self._transformed(X))

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the final estimator's probabilities, shape (n, n_classes)."""
        return self.final.predict_proba(self._transformed(X))

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the final estimator's log-probabilities, shape (n, n_classes)."""
        return self.final.predict_log_proba(self._transformed(X))

    def decision_function(self, X: Inputs) -> Floats:
        """Return the final estimator's decision values, shape (n,) or (n, n_classes)."""
        return self.final.decision_function(self._transformed(X))

    def transform(self, X: Inputs) -> Array:
        """Return the inputs after all steps, shape (n, n_outputs)."""
        return self.final.transform(self._transformed(X))

    def score_samples(self, X: Inputs) -> Floats:
        """Return the final estimator's scores, shape (n,)."""
        return self.final.score_samples(self._transformed(X))

    def predict_std(self, X: Inputs) -> Floats:
        """Return the standard deviations of the final estimator's predictions, shape (n,)."""
        return self.final.predict_std(self._transformed(X))

    def _transformed(self, X: Inputs) -> Inputs:
        for step in self.steps:
            X = step.transform(X)
        return X


@dataclass(frozen=True, eq=False)
class ColumnTransformer(Evaluator):
    """Transformers side by side, each on columns of its own: mirrors ``ColumnTransformer``.

    Parameters
    ----------
    transformers : evaluators that transform
    columns : for each, the positions of its columns, or one position whose column it takes
        as a 1-D array
    weights : for each, the factor of its outputs, or None
    numeric : bool
        Whether scikit-learn's output is sparse, and so made of numbers only.
    """

    transformers: Sequence[Evaluator]
    columns: Sequence[Sequence[int] | int]
    weights: Sequence[float | None]
    numeric: bool

    def transform(self, X: Inputs) -> Array:
        """Return the outputs side by side, shape (n, n_outputs)."""
        blocks = [
            transformer.transform(_selected(X, columns))
            for transformer, columns in zip(self.transformers, self.columns, strict=True)
        ]
        if self.numeric:
            blocks = [as_float(block) if block.dtype == object else block for block in blocks]
        return _side_by_side(blocks, self.weights, X.shape[0])


@dataclass(frozen=True, eq=False)
class FeatureUnion(Evaluator):
    """Transformers side by side, each on all columns: the mirror of ``FeatureUnion``.

    Parameters
    ----------
    transformers : evaluators that transform
    weights : for each, the factor of its outputs, or None
    """

    transformers: Sequence[Evaluator]
    weights: Sequence[float | None]

    def transform(self, X: Inputs) -> Array:
        """Return the outputs side by side, shape (n, n_outputs)."""
        blocks = (transformer.transform(X) for transformer in self.transformers)
        return _side_by_side(blocks, self.weights, X.shape[0])


@dataclass(frozen=True, eq=False)
class Identity(Evaluator):
    """Passes its inputs through: mirrors "passthrough" and ``FunctionTransformer(None)``.

    Parameters
    ----------
    validate : bool
        Whether only finite numbers may pass.
    """

    validate: bool

    def transform(self, X: Inputs) -> Array:
        """Return the inputs as one array, shape (n, d)."""
        return as_finite(X) if self.validate else as_array(X)


def _selected(X: Inputs, columns: Sequence[int] | int) -> Inputs:
    if not isinstance(columns, int):
        return take_columns(X, columns)
    return X.columns[columns] if isinstance(X, Table) else X[:, columns]


def _side_by_side(blocks: Iterable[Array], weights: Sequence[float | None], n_rows: int) -> Array:
    weighted = [
        block if weight is None else block * weight
        for block, weight in zip(blocks, weights, strict=True)
    ]
    if not weighted:
        return np.zeros((n_rows, 0))
    return weighted[0] if len(weighted) == 1 else np.concatenate(weighted, axis=1)
