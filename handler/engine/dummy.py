"""Answers that do not depend on the inputs, for comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.draws import Draws, Twister
from handler.engine.table import Array, Floats, Inputs, n_rows


@dataclass(frozen=True, eq=False)
class DummyRegressor(Evaluator):
    """The same values for each row: the mirror of ``DummyRegressor``.

    Parameters
    ----------
    values : shape (n_outputs,)
    """

    values: Array
    takes_sparse = True

    def predict(self, X: Inputs) -> Array:
        """Return the values, shape (n,) or (n, n_outputs)."""
        return _outputs(self.values[None].repeat(n_rows(X), axis=0))

    def predict_std(self, X: Inputs) -> Floats:
        """Return zeros, shape (n,) or (n, n_outputs)."""
        return _outputs(np.zeros((n_rows(X), len(self.values))))


@dataclass(frozen=True, eq=False)
class _DummyClassifier(Evaluator):
    """What does not depend on the strategy: the mirror of ``DummyClassifier``.

    Parameters
    ----------
    shares : for each target, its classes' probabilities, (n_classes,)
    """

    shares: Sequence[Floats]
    takes_sparse = True

    def predict_proba(self, X: Inputs) -> Any:
        """Return the classes' probabilities, shape (n, n_classes), or a list of such."""
        shares = self._proba(n_rows(X))
        return shares[0] if len(shares) == 1 else shares

    def predict_log_proba(self, X: Inputs) -> Any:
        """Return the logarithms of ``predict_proba``."""
        with np.errstate(divide="ignore"):
            logarithms = [np.log(each) for each in self._proba(n_rows(X))]
        return logarithms[0] if len(logarithms) == 1 else logarithms

    def _proba(self, count: int) -> list[Floats]:
        return [each[None].repeat(count, axis=0) for each in self.shares]


@dataclass(frozen=True, eq=False)
class ConstantClassifier(_DummyClassifier):
    """The same labels for each row: "most_frequent", "prior" and "constant".

    Parameters
    ----------
    labels : shape (n_outputs,)
    """

    labels: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,) or (n, n_outputs)."""
        return _outputs(self.labels[None].repeat(n_rows(X), axis=0))


@dataclass(frozen=True, eq=False)
class UniformClassifier(_DummyClassifier):
    """Classes drawn with equal probabilities, anew for each batch: "uniform".

    Parameters
    ----------
    classes : for each target, its classes
    key : shape (624,), the generator's state at the start of a batch
    """

    classes: Sequence[Array]
    key: NDArray[np.uint32]

    @property
    def by_row(self) -> bool:
        """Not so: a row is drawn for by its position in the batch."""
        return False

    def predict(self, X: Inputs) -> Array:
        """Return the drawn classes, shape (n,) or (n, n_outputs)."""
        codes = self._codes(n_rows(X))
        pairs = zip(self.classes, codes, strict=True)
        return _outputs(np.vstack([classes[code] for classes, code in pairs]).T)

    def _codes(self, count: int) -> list[NDArray[np.intp]]:
        draws = Draws(self._twister)
        return [draws.integers(len(classes), count) for classes in self.classes]

    @cached_property
    def _twister(self) -> Twister:
        return Twister(self.key)


@dataclass(frozen=True, eq=False)
class StratifiedClassifier(UniformClassifier):
    """Classes drawn with training's probabilities: "stratified".

    The drawn class has the probability 1.
    """

    def _codes(self, count: int) -> list[NDArray[np.intp]]:
        draws = Draws(self._twister)
        return [draws.classes(shares, count) for shares in self.shares]

    def _proba(self, count: int) -> list[Floats]:
        pairs = zip(self.shares, self._codes(count), strict=True)
        return [np.eye(len(shares))[codes] for shares, codes in pairs]


def _outputs(answers: Array) -> Array:
    """Return answers of shape (n, n_outputs), (n,) for one output."""
    return answers[:, 0] if answers.shape[1] == 1 else answers
