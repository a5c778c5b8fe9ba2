"""Kernels between rows and the vectors of training: the mirror of ``sklearn.metrics.pairwise``.

The same formulas, in the same order of operations, for float64 and for float32. libsvm computes
its kernels of the same names in other ways, which ``handler.engine.svm`` follows.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np

from handler.engine.kernel_model import (
    Kernel,
    Similarities,
    absolute_distances,
    add_in_order,
    columns_of,
    refuse_negative,
    sums_over_columns,
    tiles,
)
from handler.engine.preprocessing import Normalizer
from handler.engine.products import times
from handler.engine.table import Array, Floats

_SMALLEST = 5e-324

_NEGATIVE = "is negative, and this model's kernel takes no negative value"


@dataclass(frozen=True, eq=False)
class Linear(Kernel):
    """``x . v``: the mirror of ``linear_kernel``."""

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        return lambda X: times(X, vectors.T)

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,)."""
        return cast(Array, np.vecdot(X, X))


@dataclass(frozen=True, eq=False)
class Polynomial(Kernel):
    """``(gamma x . v + coef0) ** degree``: the mirror of ``polynomial_kernel``."""

    gamma: float
    coef0: float
    degree: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        return lambda X: self._power(times(X, vectors.T))

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,)."""
        return self._power(np.vecdot(X, X))

    def _power(self, products: Array) -> Array:
        products *= self.gamma
        products += self.coef0
        products **= self.degree
        return products


@dataclass(frozen=True, eq=False)
class Sigmoid(Kernel):
    """``tanh(gamma x . v + coef0)``: the mirror of ``sigmoid_kernel``."""

    gamma: float
    coef0: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        return lambda X: self._bent(times(X, vectors.T))

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,)."""
        return self._bent(np.vecdot(X, X))

    def _bent(self, products: Array) -> Array:
        products *= self.gamma
        products += self.coef0
        return np.tanh(products, out=products)


@dataclass(frozen=True, eq=False)
class RadialBasis(Kernel):
    """``exp(-gamma |x - v|^2)``: the mirror of ``rbf_kernel``."""

    gamma: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``.

        The squares are ``-2 x.v + x.x + v.v``, in float64 whatever the inputs are, and as
        float32 where both are that: ``euclidean_distances``.
        """
        wide = vectors.astype(np.float64, copy=False)
        # Twice a number is exact, so that this product is scikit-learn's times -2.
        columns, squares = (-2.0 * wide).T, _squares(wide)

        def similarities(X: Array) -> Array:
            values = X.astype(np.float64, copy=False)
            distances, norms = times(values, columns), _squares(values)[:, None]
            kind = np.result_type(X, vectors)
            kernel = distances if kind == np.float64 else np.empty(distances.shape, kind)
            for tile in tiles(len(X), len(vectors)):
                distances[tile] += norms[tile]
                distances[tile] += squares
                part = np.maximum(distances[tile], 0, out=kernel[tile], casting="same_kind")
                part *= -self.gamma
                np.exp(part, out=part)
            return kernel

        return similarities

    def diagonal(self, X: Array) -> Array:
        """Return 1, shape (1,)."""
        return np.ones(1, X.dtype)


@dataclass(frozen=True, eq=False)
class Laplacian(Kernel):
    """``exp(-gamma |x - v|_1)``: the mirror of ``laplacian_kernel``."""

    gamma: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)
        return lambda X: sums_over_columns(X, columns, absolute_distances, self._decay)

    def _decay(self, distances: Floats) -> None:
        distances *= -self.gamma
        np.exp(distances, out=distances)

    def diagonal(self, _: Array) -> Array:
        """Return 1, shape (1,)."""
        return np.ones(1)


@dataclass(frozen=True, eq=False)
class Cosine(Kernel):
    """``x . v / |x| |v|``: the mirror of ``cosine_similarity``."""

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = _of_length_one(vectors).T
        return lambda X: times(_of_length_one(X.astype(columns.dtype, copy=False)), columns)

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,)."""
        rows = _of_length_one(X)
        return cast(Array, np.vecdot(rows, rows))


@dataclass(frozen=True, eq=False)
class AdditiveChiSquared(Kernel):
    """``-sum (x - v)^2 / (x + v)``: the mirror of ``additive_chi2_kernel``."""

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        columns = columns_of(vectors)

        def similarities(X: Array) -> Array:
            refuse_negative(X, _NEGATIVE)
            kind = np.result_type(X, vectors)
            add = _chi_squared_single if kind == np.float32 else _chi_squared
            return sums_over_columns(X, columns, add, _negate).astype(kind, copy=False)

        return similarities

    def diagonal(self, X: Array) -> Array:
        """Return 0, shape (1,)."""
        return np.zeros(1, X.dtype)


@dataclass(frozen=True, eq=False)
class ChiSquared(Kernel):
    """The exponential of gamma times the additive kernel: the mirror of ``chi2_kernel``."""

    gamma: float

    def towards(self, vectors: Array) -> Similarities:
        """Return the function of rows; see ``Kernel``."""
        additive = AdditiveChiSquared().towards(vectors)

        def similarities(X: Array) -> Array:
            sums = additive(X)
            sums *= self.gamma
            return np.exp(sums, out=sums)

        return similarities

    def diagonal(self, X: Array) -> Array:
        """Return 1, shape (1,)."""
        return np.ones(1, X.dtype)


@dataclass(frozen=True, eq=False)
class Precomputed(Kernel):
    """Rows that are themselves the kernel with all vectors of training."""

    def towards(self, _: Array) -> Similarities:
        """Return the function of rows, which returns a copy of them."""
        return lambda X: X.copy()


def _chi_squared(x: Floats, v: Floats, out: Floats) -> None:
    totals = x + v
    # Where both are 0 the term is 0.
    np.maximum(totals, _SMALLEST, out=totals)
    x -= v
    np.multiply(x, x, out=x)
    add_in_order(np.divide(x, totals, out=x), out)


def _chi_squared_single(x: Floats, v: Floats, out: Floats) -> None:
    """Add up terms of float32: differences and totals are such, the rest is not."""
    totals = (x + v).astype(np.float32)
    x -= v
    x[...] = x.astype(np.float32)
    np.multiply(x, x, out=x)
    x /= np.maximum(totals, _SMALLEST, dtype=np.float64)
    add_in_order(x, out)


def _negate(sums: Floats) -> None:
    np.negative(sums, out=sums)


def _squares(X: Floats) -> Floats:
    # einsum adds in an order of its own, which scikit-learn's row_norms has.
    return cast(Floats, np.einsum("ij,ij->i", X, X))


def _of_length_one(X: Array) -> Array:
    return cast(Array, Normalizer("l2").transform(X))
