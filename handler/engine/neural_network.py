"""Neural networks: layers of weighted sums, each through a function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_finite_numbers, finite_numbers, floating
from handler.engine.draws import Draws, Twister
from handler.engine.links import expit, softmax, two_columns
from handler.engine.products import times
from handler.engine.table import Array, Floats, Inputs
from handler.errors import ArtifactError


@dataclass(frozen=True, eq=False, kw_only=True)
class _Perceptron(Evaluator):
    """The layers of a network: the mirror of ``BaseMultilayerPerceptron``.

    Parameters
    ----------
    weights : for each layer, shape (n_inputs, n_units)
    biases : for each layer, shape (n_units,)
    hidden, output : names of functions
        What the sums of the hidden layers and of the last one go through.
    """

    weights: Sequence[Array]
    biases: Sequence[Array]
    hidden: str
    output: str
    takes_sparse = True

    def __post_init__(self) -> None:
        """Refuse names that are none of the functions: they came from the artifact."""
        unknown = {self.hidden, self.output} - set(_FUNCTIONS)
        if unknown:
            raise ArtifactError(f"model.json names the functions {sorted(unknown)} of a network")

    def _activations(self, X: Inputs) -> Array:
        """Return the last layer's units, shape (n, n_units)."""
        values = cast(Array, finite_numbers(X))
        functions = [self.hidden] * (len(self.weights) - 1) + [self.output]
        # Far values overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            for weights, biases, name in zip(self.weights, self.biases, functions, strict=True):
                values = times(values, weights)
                values += biases
                values = _FUNCTIONS[name](values)
        return values


@dataclass(frozen=True, eq=False, kw_only=True)
class PerceptronRegressor(_Perceptron):
    """The mirror of ``MLPRegressor``."""

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_outputs)."""
        values = self._activations(X)
        return values[:, 0] if values.shape[1] == 1 else values


@dataclass(frozen=True, eq=False, kw_only=True)
class PerceptronClassifier(_Perceptron, Classifier):
    """The mirror of ``MLPClassifier`` for three classes or more.

    Parameters
    ----------
    classes : shape (k,)
    """

    classes: Array

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        return self.classes[self._activations(X).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Array:
        """Return the classes' probabilities, shape (n, k)."""
        return self._activations(X)


@dataclass(frozen=True, eq=False, kw_only=True)
class BinaryPerceptronClassifier(PerceptronClassifier):
    """The same for two classes, of which one unit tells the second's probability."""

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        second = (self._activations(X)[:, 0] > 0.5).astype(np.intp)
        return self.classes[second if len(self.classes) == 2 else np.zeros_like(second)]

    def predict_proba(self, X: Inputs) -> Array:
        """Return the classes' probabilities, shape (n, 2)."""
        return two_columns(self._activations(X)[:, 0])


@dataclass(frozen=True, eq=False, kw_only=True)
class MultilabelPerceptronClassifier(PerceptronClassifier):
    """The same for several labels at once, each with a probability of its own."""

    def predict(self, X: Inputs) -> Array:
        """Return the indicator matrix, shape (n, n_labels), int64."""
        return (self._activations(X) > 0.5).astype(np.int64)


@dataclass(frozen=True, eq=False)
class BoltzmannFeatures(Evaluator):
    """The probabilities of hidden units: what ``BernoulliRBM`` transforms to.

    Parameters
    ----------
    components : shape (n_components, d)
    hidden_biases : shape (n_components,)
    """

    components: Array
    hidden_biases: Array
    takes_sparse = True

    def transform(self, X: Inputs) -> Array:
        """Return the hidden units' probabilities, shape (n, n_components)."""
        return expit(self._sums(cast(Array, floating(X, missing=False))))

    def _sums(self, values: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return times(values, self.components.T) + self.hidden_biases


@dataclass(frozen=True, eq=False)
class BoltzmannMachine(BoltzmannFeatures):
    """The same with its pseudo-likelihood: the mirror of ``BernoulliRBM``.

    Parameters
    ----------
    visible_biases : shape (d,)
    key : shape (624,), the generator's state at the start of a batch
    """

    visible_biases: Array
    key: NDArray[np.uint32]

    @property
    def by_row(self) -> bool:
        """Not so: which unit of a row is flipped is drawn by its position in the batch."""
        return False

    def score_samples(self, X: Inputs) -> Floats:
        """Return the pseudo-likelihoods, shape (n,): of a row beside itself with a unit flipped."""
        values = as_finite_numbers(X)
        flipped, (rows, width) = values.copy(), values.shape
        units = np.arange(rows), Draws(self._twister).integers(width, rows)
        flipped[units] = 1 - flipped[units]
        with np.errstate(over="ignore", invalid="ignore"):
            gain = self._free_energy(flipped) - self._free_energy(values)
            return cast(Floats, -width * np.logaddexp(0, -gain))

    def _free_energy(self, values: Array) -> Floats:
        softplus = np.logaddexp(0, self._sums(values)).sum(axis=1)
        return cast(Floats, -(values @ self.visible_biases) - softplus)

    @cached_property
    def _twister(self) -> Twister:
        return Twister(self.key)


def _same(sums: Array) -> Array:
    return sums


def _exp(sums: Array) -> Array:
    return np.exp(sums, out=sums)


def _tanh(sums: Array) -> Array:
    return np.tanh(sums, out=sums)


def _relu(sums: Array) -> Array:
    return np.maximum(sums, 0, out=sums)


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "identity": _same,
    "exp": _exp,
    "logistic": expit,
    "relu": _relu,
    "softmax": softmax,
    "tanh": _tanh,
}
