"""Many classes from binary classifiers: one versus rest, one versus one, output codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.one_vs_one import Pairs, class_scores, pairs_of
from handler.engine.responses import all_support, positive_score
from handler.engine.sparse import Sparse
from handler.engine.table import Array, Floats, Inputs, as_float, n_rows, take_columns


@dataclass(frozen=True, eq=False)
class ConstantClassifier(Evaluator):
    """What stands for a binary classifier where training saw one class: ``_ConstantPredictor``.

    Parameters
    ----------
    value : 0 or 1
    """

    value: int
    takes_sparse = True

    def predict(self, X: Inputs) -> Array:
        """Return that value, shape (n,)."""
        return np.full(n_rows(X), self.value)

    def decision_function(self, X: Inputs) -> Array:
        """Return that value, shape (n,)."""
        return self.predict(X)

    def predict_proba(self, X: Inputs) -> Floats:
        """Return 1 for that value's class and 0 for the other, shape (n, 2)."""
        return np.repeat([[1.0 - self.value, float(self.value)]], n_rows(X), axis=0)


@dataclass(frozen=True, eq=False)
class OneVsRestClassifier(Evaluator):
    """A binary classifier for each class: the mirror of ``OneVsRestClassifier``.

    Parameters
    ----------
    classes : shape (k,)
    estimators : k evaluators, or one for two classes
    responses : for each, the method that scores its class
    target : {"binary", "multiclass", "multilabel-indicator"}
    threshold : float
        The score above which a label is given, for targets that are not multiclass.
    """

    classes: Array
    estimators: Sequence[Evaluator]
    responses: Sequence[str]
    target: str
    threshold: float

    @property
    def takes_sparse(self) -> bool:
        """Whether all its classifiers take it."""
        return all(part.takes_sparse for part in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether all its classifiers answer what ``method`` needs."""
        if method in ("predict_proba", "decision_function"):
            return all_support(self.estimators, method)
        pairs = zip(self.estimators, self.responses, strict=True)
        return method == "predict" and all(part.supports(asked) for part, asked in pairs)

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,), or an indicator matrix, (n, k), int64."""
        scores = [
            positive_score(part, asked, X)
            for part, asked in zip(self.estimators, self.responses, strict=True)
        ]
        if self.target == "multiclass":
            return self.classes[_first_largest(scores, n_rows(X))]
        given = np.column_stack([score > self.threshold for score in scores]).astype(np.int64)
        if self.target == "multilabel-indicator":
            return given
        single = len(self.classes) == 1
        return self.classes[np.zeros_like(given[:, 0]) if single else given[:, 0]]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        proba = np.array([part.predict_proba(X)[:, 1] for part in self.estimators]).T
        if len(self.estimators) == 1:
            proba = np.concatenate((1 - proba, proba), axis=1)
        if self.target != "multilabel-indicator":
            total = proba.sum(axis=1)[:, None]
            np.divide(proba, total, out=proba, where=total != 0)
        return proba

    def decision_function(self, X: Inputs) -> Floats:
        """Return the classes' scores, shape (n, k), or (n,) for two classes."""
        if len(self.estimators) == 1:
            return self.estimators[0].decision_function(X)
        return np.array([part.decision_function(X).ravel() for part in self.estimators]).T


@dataclass(frozen=True, eq=False)
class OneVsOneClassifier(Evaluator):
    """A binary classifier for each pair of classes: the mirror of ``OneVsOneClassifier``.

    Parameters
    ----------
    classes : shape (k,)
    estimators : an evaluator a pair
    responses : for each, the method that scores the pair's second class
    columns : for each, the columns that it takes, or None for all
    threshold : float
        The score above which it is the second of two classes.
    """

    classes: Array
    estimators: Sequence[Evaluator]
    responses: Sequence[str]
    columns: Sequence[NDArray[np.intp] | None]
    threshold: float

    @property
    def takes_sparse(self) -> bool:
        """Whether all its classifiers take it."""
        return all(part.takes_sparse for part in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is one of its own methods, and all its classifiers predict and score."""
        pairs = zip(self.estimators, self.responses, strict=True)
        able = all(part.supports("predict") and part.supports(asked) for part, asked in pairs)
        return super().supports(method) and able

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        scores = self.decision_function(X)
        two = len(self.classes) == 2
        best = (scores > self.threshold).astype(np.intp) if two else scores.argmax(axis=1)
        return self.classes[best]

    def decision_function(self, X: Inputs) -> Floats:
        """Return votes with confidences to break ties, shape (n, k), or (n,) for two classes."""
        values = X if isinstance(X, Sparse) else as_float(X)
        parts = [values if c is None else take_columns(values, c) for c in self.columns]
        answers = [
            (part.predict(inputs), positive_score(part, asked, inputs))
            for part, asked, inputs in zip(self.estimators, self.responses, parts, strict=True)
        ]
        predictions, confidences = (np.vstack(rows).T for rows in zip(*answers, strict=True))
        scores = class_scores(predictions, confidences, self._pairs)
        return scores[:, 1] if len(self.classes) == 2 else scores

    @cached_property
    def _pairs(self) -> Pairs:
        return pairs_of(len(self.classes))


@dataclass(frozen=True, eq=False)
class OutputCodeClassifier(Evaluator):
    """The class whose code is nearest to the scores: the mirror of ``OutputCodeClassifier``.

    Parameters
    ----------
    classes : shape (k,)
    estimators : an evaluator a bit of the code
    responses : for each, the method that scores its bit
    codes : shape (k, n_bits)
    """

    classes: Array
    estimators: Sequence[Evaluator]
    responses: Sequence[str]
    codes: Floats

    @property
    def takes_sparse(self) -> bool:
        """Whether all its classifiers take it."""
        return all(part.takes_sparse for part in self.estimators)

    def supports(self, method: str) -> bool:
        """Whether it is ``predict``, and all its classifiers score."""
        pairs = zip(self.estimators, self.responses, strict=True)
        return method == "predict" and all(part.supports(asked) for part, asked in pairs)

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        parts = zip(self.estimators, self.responses, strict=True)
        scores = np.column_stack([positive_score(part, asked, X) for part, asked in parts])
        return self.classes[_nearest(as_finite(scores), self.codes)]


def _nearest(scores: Floats, codes: Floats) -> NDArray[np.intp]:
    """Return the first row of codes nearest to each row of scores, shape (n,).

    Trees give whole numbers of votes, so distances are often equal but for rounding: they are
    computed as ``pairwise_distances_argmin`` does it, by a product of matrices even for one row.
    """
    rows = scores if len(scores) > 1 else np.repeat(scores, 2, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        own = np.vecdot(rows, rows)[:, None]
        distances = own + -2 * (rows @ codes.T) + np.vecdot(codes, codes)
    return cast(NDArray[np.intp], np.maximum(distances, 0).argmin(axis=1)[: len(scores)])


def _first_largest(scores: Sequence[Array], rows: int) -> NDArray[np.intp]:
    """Return the first classifier with the largest score; a row of NaN has the first one."""
    largest = np.full(rows, -np.inf)
    found = np.zeros(rows, dtype=np.intp)
    for i in reversed(range(len(scores))):
        np.maximum(largest, scores[i], out=largest)
        found[largest == scores[i]] = i
    return found
