"""Pipelines, column transformers and feature unions: evaluators made of evaluators."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import finite_numbers
from handler.engine.chunks import in_chunks, of_whole_kernels
from handler.engine.sparse import Sparse, hstack
from handler.engine.table import (
    Array,
    Floats,
    Inputs,
    Table,
    as_array,
    as_float,
    columns_of,
    take_columns,
)

# What rows made dense may take, for an evaluator that takes no Sparse.
_DENSE_BYTES = 1 << 26


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
    takes_sparse = True

    @property
    def classes(self) -> Array:
        """The final estimator's classes."""
        return self.final.classes  # type: ignore[attr-defined,no-any-return]

    def supports(self, method: str) -> bool:
        """Whether the final estimator answers ``method``."""
        return self.final.supports(method)

    def predict(self, X: Inputs) -> Array:
        """Return the final estimator's predictions, shape (n,) or (n, n_outputs)."""
        return self._answer("predict", X)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the final estimator's probabilities, shape (n, n_classes)."""
        return self._answer("predict_proba", X)

    def predict_log_proba(self, X: Inputs) -> Floats:
        """Return the final estimator's log-probabilities, shape (n, n_classes)."""
        return self._answer("predict_log_proba", X)

    def decision_function(self, X: Inputs) -> Floats:
        """Return the final estimator's decision values, shape (n,) or (n, n_classes)."""
        return self._answer("decision_function", X)

    def transform(self, X: Inputs) -> Inputs:
        """Return the inputs after all steps, shape (n, n_outputs)."""
        return self._answer("transform", X)

    def score_samples(self, X: Inputs) -> Floats:
        """Return the final estimator's scores, shape (n,)."""
        return self._answer("score_samples", X)

    def predict_std(self, X: Inputs) -> Floats:
        """Return the standard deviations of the final estimator's predictions, shape (n,)."""
        return self._answer("predict_std", X)

    def _answer(self, method: str, X: Inputs) -> Array:
        """Return what the final estimator answers, which of "transform" may be a Sparse too."""
        for done, step in enumerate(self.steps):
            if isinstance(X, Sparse) and not step.takes_sparse:
                return _of_dense_rows(Pipeline(self.steps[done:], self.final), method, X)
            X = step.transform(X)
        if isinstance(X, Sparse) and not self.final.takes_sparse:
            return _of_dense_rows(self.final, method, X)
        return cast(Array, getattr(self.final, method)(X))


@dataclass(frozen=True, eq=False)
class ColumnTransformer(Evaluator):
    """Transformers side by side, each on columns of its own: mirrors ``ColumnTransformer``.

    Parameters
    ----------
    transformers : evaluators that transform
    columns : for each, the positions of its columns, or one position whose column it takes
        as a 1-D array
    weights : for each, the factor of its outputs, or None
    sparse : bool
        Whether scikit-learn's output is sparse, and so made of numbers only.
    frame : bool
        Whether it is a DataFrame, in which each column keeps its type.
    """

    transformers: Sequence[Evaluator]
    columns: Sequence[Sequence[int] | int]
    weights: Sequence[float | None]
    sparse: bool
    frame: bool = False

    def transform(self, X: Inputs) -> Inputs:
        """Return the outputs side by side, shape (n, n_outputs)."""
        blocks = [
            transformer.transform(_selected(X, columns))
            for transformer, columns in zip(self.transformers, self.columns, strict=True)
        ]
        if self.frame:
            return _frame(blocks, self.weights, X.shape[0])
        if self.sparse:
            arrays = [_numbers(block) for block in blocks]
        else:
            arrays = [as_array(block) for block in blocks]
        return _side_by_side(arrays, self.weights, X.shape[0])


@dataclass(frozen=True, eq=False)
class FeatureUnion(Evaluator):
    """Transformers side by side, each on all columns: the mirror of ``FeatureUnion``.

    Parameters
    ----------
    transformers : evaluators that transform
    weights : for each, the factor of its outputs, or None
    frame : bool
        Whether scikit-learn's output is a DataFrame, in which each column keeps its type.
    """

    transformers: Sequence[Evaluator]
    weights: Sequence[float | None]
    frame: bool = False

    @property
    def takes_sparse(self) -> bool:
        """Whether all transformers take it."""
        return all(transformer.takes_sparse for transformer in self.transformers)

    def transform(self, X: Inputs) -> Inputs:
        """Return the outputs side by side, shape (n, n_outputs)."""
        blocks = [transformer.transform(X) for transformer in self.transformers]
        if self.frame:
            return _frame(blocks, self.weights, X.shape[0])
        arrays = [block if isinstance(block, Sparse) else as_array(block) for block in blocks]
        return _side_by_side(arrays, self.weights, X.shape[0])


@dataclass(frozen=True, eq=False)
class Identity(Evaluator):
    """Passes its inputs through: mirrors "passthrough" and ``FunctionTransformer(None)``.

    Parameters
    ----------
    validate : bool
        Whether only finite numbers may pass.
    """

    validate: bool
    takes_sparse = True

    def transform(self, X: Inputs) -> Inputs:
        """Return the inputs, shape (n, d), as they are; validated ones as one array."""
        return finite_numbers(X) if self.validate else X


def _of_dense_rows(evaluator: Evaluator, method: str, X: Sparse) -> Array:
    """Return the answer of an evaluator that takes no Sparse, by as many rows as memory allows."""

    def compute(rows: Inputs) -> Any:
        return as_array(getattr(evaluator, method)(as_array(rows)))

    bytes_a_row = max(1, X.shape[1] * X.dtype.itemsize)
    size = of_whole_kernels(_DENSE_BYTES // bytes_a_row) if evaluator.by_row else X.shape[0]
    return cast(Array, in_chunks(compute, X, size))


def _numbers(block: Inputs) -> Array | Sparse:
    if isinstance(block, Table):
        return as_float(block)
    return as_float(block) if block.dtype == object else block


def _frame(blocks: Sequence[Inputs], weights: Sequence[float | None], n_rows: int) -> Table:
    """Return blocks as the columns of one table."""
    weighted = [
        block if weight is None else as_array(block) * weight
        for block, weight in zip(blocks, weights, strict=True)
    ]
    return Table([column for block in weighted for column in columns_of(block)], n_rows)


def _selected(X: Inputs, columns: Sequence[int] | int) -> Inputs:
    if not isinstance(columns, int):
        return take_columns(X, columns)
    return X.columns[columns] if isinstance(X, Table) else as_array(X)[:, columns]


def _side_by_side(
    blocks: Iterable[Array | Sparse], weights: Sequence[float | None], n_rows: int
) -> Array | Sparse:
    weighted = [
        block if weight is None else block * weight
        for block, weight in zip(blocks, weights, strict=True)
    ]
    if not weighted:
        return np.zeros((n_rows, 0))
    if len(weighted) == 1:
        return weighted[0]
    arrays = [block for block in weighted if not isinstance(block, Sparse)]
    return np.concatenate(arrays, axis=1) if len(arrays) == len(weighted) else hstack(weighted)
