"""Non-negative matrix factorization: rows as sums of non-negative parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.kernel_model import refuse_negative
from handler.engine.products import finite_floats
from handler.engine.table import Array, Inputs
from handler.errors import InvalidInput, Refusal, RowsRefused

_NEGATIVE = "is negative, and this model takes no negative value"
_ZERO = "is 0, and this model's loss is infinite there"

# What keeps scikit-learn from dividing by 0.
_EPSILON = np.finfo(np.float32).eps

# So few rows are cheaper as Python's own numbers than as arrays.
_FEW_ROWS = 8

# Rows of a coordinate that are updated at a time: they stay in the processor's cache.
_BLOCK = 1 << 14

# Values far from training's overflow in scikit-learn too.
_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")


@dataclass(frozen=True, eq=False)
class _Factorization(Evaluator):
    """What factorizations have in common: all rows of a batch stop together.

    Parameters
    ----------
    components : shape (k, d)
    l1, l2 : float, the penalties on the weights, already times d
    tolerance : float
    rounds : int, the most rounds
    """

    components: Array
    l1: float
    l2: float
    tolerance: float
    rounds: int
    by_row = False

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the weights of the components, shape (n, k)."""
        values = finite_floats(X)
        self._refuse(values)
        return self._solve(values)

    def _refuse(self, X: Array) -> None:
        refuse_negative(X, _NEGATIVE)
        if X.dtype != self.components.dtype:
            raise InvalidInput(f"{self.components.dtype} was expected, got {X.dtype}")

    def _solve(self, X: Array) -> Array:
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, eq=False)
class CoordinateDescent(_Factorization):
    """Weights by cyclic coordinate descent from 0: ``NMF(solver="cd")``.

    Parameters
    ----------
    orders : shape (rounds, k) of int, the order of the coordinates in each round; None for 0, 1, …
    """

    orders: NDArray[np.intp] | None

    def _solve(self, X: Array) -> Array:
        """Sweep until what is left to gain is little of what there was: ``_update_cdnmf_fast``."""
        targets = X @ self._columns
        if self.l1 != 0.0:
            targets -= self.l1
        few = len(X) <= _FEW_ROWS and X.dtype == np.float64
        weights = _Numbers(targets, self._gram) if few else _Arrays(targets, self._gram)
        first = None
        for step in range(self.rounds):
            left = weights.sweep(self._order(step))
            first = left if first is None else first
            if first == 0 or left / first <= self.tolerance:
                break
        return weights.found()

    def _order(self, step: int) -> Sequence[int] | NDArray[np.intp]:
        return range(len(self._gram)) if self.orders is None else self.orders[step]

    @cached_property
    def _columns(self) -> Array:
        return np.ascontiguousarray(self.components.T)

    @cached_property
    def _gram(self) -> Array:
        gram: Array = np.dot(self._columns.T, self._columns)
        if self.l2 != 0.0:
            gram.flat[:: len(gram) + 1] += self.l2
        return gram


class _Arrays:
    """The weights of many rows, a coordinate of all of them at a time.

    Sums are formed in the order of scikit-learn's loops, so that all bits are equal.

    Parameters
    ----------
    targets : shape (n, k)
    gram : shape (k, k)
    """

    def __init__(self, targets: Array, gram: Array) -> None:
        self.targets = -targets.T
        # A gradient's first term is its target, times 1; the weights follow.
        self.factors = np.insert(gram, 0, 1.0, axis=1)
        self.terms = np.zeros((len(gram) + 1, len(targets)), dtype=targets.dtype)
        self.violations = np.empty_like(self.targets)

    def sweep(self, order: Sequence[int] | NDArray[np.intp]) -> float:
        """Update each coordinate once; return the sum of the projected gradients' sizes."""
        rows = self.terms.shape[1]
        for start in range(0, rows, _BLOCK):
            block = slice(start, start + _BLOCK)
            terms, violations = self.terms[:, block], self.violations[:, block]
            for place, t in enumerate(order):
                terms[0] = self.targets[t, block]
                self._update(t, terms, violations[place])
        if self.terms.dtype == np.float32:
            # Added one by one, as in scikit-learn; of float64 no order changes what matters.
            return float(np.add.accumulate(self.violations.ravel())[-1])
        return float(self.violations.sum())

    def _update(self, t: int, terms: Array, violation: Array) -> None:
        weight, hessian = terms[t + 1], self.factors[t, t + 1]
        # einsum adds the terms one after the other, as a product of matrices would not.
        gradient = np.einsum("r,ri->i", self.factors[t], terms)
        np.abs(gradient, out=violation)
        # At 0 only a gradient that is below it leads anywhere.
        np.copyto(violation, 0.0, where=(weight == 0) & ~(gradient < 0))
        if hessian != 0:
            gradient /= hessian
            np.subtract(weight, gradient, out=gradient)
            np.maximum(gradient, 0.0, out=weight)

    def found(self) -> Array:
        """Return the weights, shape (n, k)."""
        return np.ascontiguousarray(self.terms[1:].T)


class _Numbers:
    """The weights of a few rows, as Python's floats: the same operations in the same order."""

    def __init__(self, targets: Array, gram: Array) -> None:
        self.targets = targets.tolist()
        self.gram = gram.tolist()
        self.weights = np.zeros_like(targets).tolist()

    def sweep(self, order: Sequence[int] | NDArray[np.intp]) -> float:
        """Update each coordinate once; return the sum of the projected gradients' sizes."""
        violation = 0.0
        for t in order:
            row = self.gram[t]
            hessian = row[t]
            for target, weights in zip(self.targets, self.weights, strict=True):
                gradient = -target[t]
                for factor, weight in zip(row, weights, strict=True):
                    gradient += factor * weight
                mine = weights[t]
                violation += abs(gradient) if mine != 0 or gradient < 0 else 0.0
                if hessian != 0:
                    moved = mine - gradient / hessian
                    weights[t] = 0.0 if moved < 0 else moved
        return violation

    def found(self) -> Array:
        """Return the weights, shape (n, k)."""
        return np.array(self.weights)


@dataclass(frozen=True, eq=False)
class MultiplicativeUpdate(_Factorization):
    """Weights by multiplicative updates from one constant: ``NMF(solver="mu")``.

    Parameters
    ----------
    beta : float, the divergence: 2 for squares, 1 for Kullback and Leibler, 0 for Itakura and Saito
    exponent : float, the power of each update's factor
    """

    beta: float
    exponent: float

    def _refuse(self, X: Array) -> None:
        super()._refuse(X)
        if self.beta <= 0 and not X.all():
            raise RowsRefused([Refusal(int(i), int(j), _ZERO) for i, j in np.argwhere(X == 0)])

    def _solve(self, X: Array) -> Array:
        """Update until ten rounds gain little: ``_fit_multiplicative_update``."""
        weights, update = self._start(X), _Update(self, X)
        first = last = self._error(X, weights)
        for step in range(1, self.rounds + 1):
            weights *= update.factors(weights)
            if self.beta < 1:
                weights[weights < np.finfo(np.float64).eps] = 0.0
            if self.tolerance > 0 and step % 10 == 0:
                error = self._error(X, weights)
                if (last - error) / first < self.tolerance:
                    break
                last = error
        return weights

    def _start(self, X: Array) -> Array:
        k = len(self.components)
        return np.full((len(X), k), np.sqrt(X.mean() / k), dtype=X.dtype)

    def _error(self, X: Array, weights: Array) -> Any:
        """Return the root of twice the divergence: ``_beta_divergence``."""
        products = np.dot(weights, self.components)
        if self.beta == 2:
            flat = np.ravel(X - products, order="K")
            return np.sqrt(np.dot(flat, flat) / 2.0 * 2)
        present = X.ravel() > _EPSILON
        near, data = products.ravel()[present], X.ravel()[present]
        near[near < _EPSILON] = _EPSILON
        divergence = self._divergence(X, weights, products, data, near)
        return np.sqrt(2 * max(divergence, 0))

    def _divergence(
        self, X: Array, weights: Array, products: Array, data: Array, near: Array
    ) -> Any:
        if self.beta == 1:
            total = np.dot(np.sum(weights, axis=0), np.sum(self.components, axis=1))
            result = np.dot(data, np.log(data / near))
            return result + (total - data.sum())
        if self.beta == 0:
            ratio = data / near
            return np.sum(ratio) - X.size - np.sum(np.log(ratio))
        total = np.sum(products**self.beta)
        result = (data**self.beta).sum() - self.beta * np.dot(data, near ** (self.beta - 1))
        result += total * (self.beta - 1)
        return result / (self.beta * (self.beta - 1))


@dataclass(frozen=True, eq=False)
class BatchUpdate(MultiplicativeUpdate):
    """The same until the weights themselves rest: ``MiniBatchNMF``."""

    def _refuse(self, X: Array) -> None:
        """Negative values pass in scikit-learn, too, and floats of another size than training's."""

    def _solve(self, X: Array) -> Array:
        """Update until the weights change little: ``MiniBatchNMF._solve_W``."""
        weights = self._start(X)
        before = weights.copy()
        for _ in range(self.rounds):
            # Nothing is kept from round to round, as the penalty is in the other's sums.
            weights *= _Update(self, X).factors(weights)
            if not np.isfinite(weights).all():
                raise InvalidInput("the weights are no finite numbers")  # for the norm there
            change = np.linalg.norm(weights - before) / np.linalg.norm(weights)
            if self.tolerance > 0 and change <= self.tolerance:
                break
            before[:] = weights
        return weights


class _Update:
    """The factors of multiplicative updates: ``_multiplicative_update_w``.

    Parameters
    ----------
    model : MultiplicativeUpdate
    X : shape (n, d)
    """

    def __init__(self, model: MultiplicativeUpdate, X: Array) -> None:
        self.model = model
        self.X = X
        self.components = model.components

    def factors(self, weights: Array) -> Array:
        """Return what the weights are multiplied with, shape (n, k)."""
        model = self.model
        numerator, denominator = self._squares(weights) if model.beta == 2 else self._other(weights)
        if model.l1 > 0:
            denominator += model.l1
        if model.l2 > 0:
            denominator = denominator + model.l2 * weights
        denominator[denominator == 0] = _EPSILON
        numerator /= denominator
        if model.exponent != 1:
            numerator **= model.exponent
        return numerator

    def _squares(self, weights: Array) -> tuple[Array, Array]:
        return self._projected.copy(), np.dot(weights, self._gram)

    def _other(self, weights: Array) -> tuple[Array, Array]:
        beta = self.model.beta
        products = np.dot(weights, self.components)
        near = np.maximum(products, _EPSILON) if beta < 2 else products.copy()
        if beta < 1:
            products = near.copy()
        numerator = np.dot(self._ratio(near), self.components.T)
        if beta == 1:
            return numerator, self._totals
        products **= beta - 1
        return numerator, np.dot(products, self.components.T)

    def _ratio(self, near: Array) -> Array:
        """Return ``X * near ** (beta - 2)``, made in place."""
        if self.model.beta == 1:
            return np.divide(self.X, near, out=near)
        if self.model.beta == 0:
            near **= -1
            near **= 2
        else:
            near **= self.model.beta - 2
        near *= self.X
        return near

    @cached_property
    def _projected(self) -> Array:
        return self.X @ self.components.T

    @cached_property
    def _gram(self) -> Array:
        gram: Array = np.dot(self.components, self.components.T)
        return gram

    @cached_property
    def _totals(self) -> Array:
        # Kept and changed in place: a penalty is added anew in each round, as in scikit-learn.
        totals: Array = np.sum(self.components, axis=1)[None, :]
        return totals
