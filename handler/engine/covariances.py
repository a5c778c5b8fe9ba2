"""Covariance functions of Gaussian processes: the mirror of ``sklearn.gaussian_process.kernels``.

A kernel is a tree: sums, products and powers of the simple ones. Bits count here: a process
without noise weighs its vectors by numbers that are millions of times as large as what is left
of their sum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi, sqrt
from typing import cast

import numpy as np

from handler.engine.kernel_model import (
    Kernel,
    Similarities,
    columns_of,
    squared_difference,
    sums_over_columns,
)
from handler.engine.table import Array, Floats


@dataclass(frozen=True, eq=False)
class Constant(Kernel):
    """One value for all rows: the mirror of ``ConstantKernel`` and, of 0, of ``WhiteKernel``.

    Arrays of one value stand for matrices of it; they broadcast.

    Parameters
    ----------
    value : float
    variance : float
        A row's kernel with itself.
    """

    value: float
    variance: float

    def towards(self, _: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        value = np.full((1, 1), self.value)
        return lambda _: value

    def diagonal(self, _: Array) -> Floats:
        """Return each row's kernel with itself, shape (1,)."""
        return np.full(1, self.variance)


@dataclass(frozen=True, eq=False)
class DotProduct(Kernel):
    """``x . v + variance``: the mirror of ``DotProduct``."""

    variance: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        return lambda X: np.inner(X, vectors) + self.variance

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,)."""
        return cast(Array, np.einsum("ij,ij->i", X, X)) + self.variance


@dataclass(frozen=True, eq=False)
class _Stationary(Kernel):
    """A function of the distance."""

    def diagonal(self, _: Array) -> Floats:
        """Return 1, shape (1,)."""
        return np.ones(1)


@dataclass(frozen=True, eq=False)
class SquaredExponential(_Stationary):
    """``exp(-|x - v|^2 / 2)`` of scaled rows: the mirror of ``RBF``.

    Parameters
    ----------
    scale : shape (1,) or (d,)
    """

    scale: Floats

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors / self.scale)

        def similarities(X: Array) -> Floats:
            distances = sums_over_columns(X / self.scale, columns, squared_difference)
            distances *= -0.5
            return np.exp(distances, out=distances)

        return similarities


@dataclass(frozen=True, eq=False)
class Matern(_Stationary):
    """A process that is so many times differentiable: the mirror of ``Matern``.

    Parameters
    ----------
    scale : shape (1,) or (d,)
    smoothness : {"0.5", "1.5", "2.5", "inf"}
    """

    scale: Floats
    smoothness: str

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns, formula = columns_of(vectors / self.scale), _MATERN[self.smoothness]
        return lambda X: formula(_distances(X / self.scale, columns))


@dataclass(frozen=True, eq=False)
class RationalQuadratic(_Stationary):
    """``(1 + |x - v|^2 / width) ** -alpha``: the mirror of ``RationalQuadratic``."""

    width: float
    alpha: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)

        def similarities(X: Array) -> Floats:
            distances = sums_over_columns(X, columns, squared_difference)
            distances /= self.width
            distances += 1.0
            return distances**-self.alpha

        return similarities


@dataclass(frozen=True, eq=False)
class Periodic(_Stationary):
    """``exp(-2 (sin(pi |x - v| / period) / scale)^2)``: the mirror of ``ExpSineSquared``."""

    scale: float
    period: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)

        def similarities(X: Array) -> Floats:
            waves = np.sin(pi / self.period * _distances(X, columns))
            waves /= self.scale
            np.square(waves, out=waves)
            waves *= -2
            return np.exp(waves, out=waves)

        return similarities


@dataclass(frozen=True, eq=False)
class Sum(Kernel):
    """The sum of two kernels: the mirror of ``Sum``."""

    left: Kernel
    right: Kernel

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        left, right = self.left.towards(vectors), self.right.towards(vectors)
        return lambda X: left(X) + right(X)

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,) or (1,)."""
        return self.left.diagonal(X) + self.right.diagonal(X)


@dataclass(frozen=True, eq=False)
class Product(Kernel):
    """The product of two kernels: the mirror of ``Product``."""

    left: Kernel
    right: Kernel

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        left, right = self.left.towards(vectors), self.right.towards(vectors)
        return lambda X: left(X) * right(X)

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,) or (1,)."""
        return self.left.diagonal(X) * self.right.diagonal(X)


@dataclass(frozen=True, eq=False)
class Power(Kernel):
    """A kernel to the power of a number: the mirror of ``Exponentiation``."""

    base: Kernel
    exponent: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        base = self.base.towards(vectors)
        return lambda X: base(X) ** self.exponent

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,) or (1,)."""
        return cast(Array, self.base.diagonal(X) ** self.exponent)


def _distances(X: Array, columns: Array) -> Floats:
    """Return the Euclidean distances, shape (n, n_vectors), as scipy's ``cdist`` does."""
    squares = sums_over_columns(X, columns, squared_difference)
    return np.sqrt(squares, out=squares)


def _once(distances: Floats) -> Floats:
    scaled = distances * sqrt(3)
    return (1.0 + scaled) * np.exp(-scaled)


def _twice(distances: Floats) -> Floats:
    scaled = distances * sqrt(5)
    return (1.0 + scaled + scaled**2 / 3.0) * np.exp(-scaled)


_MATERN: dict[str, Callable[[Floats], Floats]] = {
    "0.5": lambda distances: np.exp(-distances),
    "1.5": _once,
    "2.5": _twice,
    "inf": lambda distances: np.exp(-(distances**2) / 2.0),
}
