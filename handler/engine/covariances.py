"""Covariance functions of Gaussian processes: the mirror of ``sklearn.gaussian_process.kernels``.

A kernel is a tree: sums, products and powers of the simple ones. Bits count here: a process
without noise weighs its vectors by numbers that are millions of times as large as what is left
of their sum.
"""

from dataclasses import dataclass
from math import pi, sqrt
from typing import cast

import numpy as np

from handler.engine.kernel_model import (
    Finish,
    Kernel,
    Similarities,
    columns_of,
    squared_distances,
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
        return lambda X: sums_over_columns(X / self.scale, columns, squared_distances, _halved)


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
        return lambda X: sums_over_columns(X / self.scale, columns, squared_distances, formula)


@dataclass(frozen=True, eq=False)
class RationalQuadratic(_Stationary):
    """``(1 + |x - v|^2 / width) ** -alpha``: the mirror of ``RationalQuadratic``."""

    width: float
    alpha: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)
        return lambda X: sums_over_columns(X, columns, squared_distances, self._power)

    def _power(self, squares: Floats) -> None:
        squares /= self.width
        squares += 1.0
        squares **= -self.alpha


@dataclass(frozen=True, eq=False)
class Periodic(_Stationary):
    """``exp(-2 (sin(pi |x - v| / period) / scale)^2)``: the mirror of ``ExpSineSquared``."""

    scale: float
    period: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)
        return lambda X: sums_over_columns(X, columns, squared_distances, self._waves)

    def _waves(self, squares: Floats) -> None:
        distances = np.sqrt(squares, out=squares)
        distances *= pi / self.period
        waves = np.sin(distances, out=distances)
        waves /= self.scale
        np.square(waves, out=waves)
        waves *= -2
        np.exp(waves, out=waves)


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


def _halved(squares: Floats) -> None:
    squares *= -0.5
    np.exp(squares, out=squares)


def _never(squares: Floats) -> None:
    distances = np.sqrt(squares, out=squares)
    np.exp(np.negative(distances, out=distances), out=squares)


def _once(squares: Floats) -> None:
    scaled = np.sqrt(squares) * sqrt(3)
    np.multiply(1.0 + scaled, np.exp(-scaled), out=squares)


def _twice(squares: Floats) -> None:
    scaled = np.sqrt(squares) * sqrt(5)
    np.multiply(1.0 + scaled + scaled**2 / 3.0, np.exp(-scaled), out=squares)


def _always(squares: Floats) -> None:
    # The square of a root is not always the same number.
    distances = np.sqrt(squares)
    np.exp(-(distances**2) / 2.0, out=squares)


# How often a process can be differentiated: 0, 1, 2 times, or for ever.
_MATERN: dict[str, Finish] = {"0.5": _never, "1.5": _once, "2.5": _twice, "inf": _always}
