"""Rows as sums of few atoms of a dictionary."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.least_angle import LeastAnglePath
from handler.engine.products import finite_floats
from handler.engine.table import Array, Floats, Inputs
from handler.errors import InvalidInput

_EPSILON = float(np.finfo(np.float64).eps)

# Numbers that pursuits of many rows hold at a time (8 MiB).
_HELD = 1 << 20


@dataclass(frozen=True, eq=False)
class _Coder(Evaluator):
    """What coders have in common.

    Parameters
    ----------
    dictionary : shape (k, d)
    split : bool
        Whether positive and negative parts stand side by side.
    """

    dictionary: Array
    split: bool

    def transform(self, X: Inputs) -> Array:
        """Return the codes, shape (n, k) or, where they are split, (n, 2 k)."""
        with np.errstate(all="ignore"):  # as scikit-learn has it
            codes = self._codes(finite_floats(X))
        if not self.split:
            return codes
        return np.concatenate((np.maximum(codes, 0), -np.minimum(codes, 0)), axis=1)

    def _codes(self, X: Array) -> Array:
        raise NotImplementedError(type(self).__name__)

    @cached_property
    def _gram(self) -> Floats:
        gram: Floats = np.dot(self.dictionary, self.dictionary.T)
        return gram


@dataclass(frozen=True, eq=False)
class Thresholds(_Coder):
    """Projections shrunk by a threshold: ``transform_algorithm="threshold"``.

    Parameters
    ----------
    threshold : float
    positive : bool
        Whether negative codes become 0.
    """

    threshold: float
    positive: bool

    def _codes(self, X: Array) -> Array:
        projected = np.dot(self.dictionary, X.T)
        codes: Array = (np.sign(projected) * np.maximum(np.abs(projected) - self.threshold, 0)).T
        return np.clip(codes, 0, None, out=codes) if self.positive else codes


@dataclass(frozen=True, eq=False)
class Pursuit(_Coder):
    """Orthogonal matching pursuit: ``transform_algorithm="omp"``.

    Parameters
    ----------
    atoms : int, how many a row is made of at most
    """

    atoms: int

    def _codes(self, X: Array) -> Array:
        _refuse_float32(X)
        covariances = np.dot(self.dictionary, X.T).T
        size = max(1, _HELD // (len(self.dictionary) + self.atoms**2))
        blocks = [covariances[i : i + size] for i in range(0, len(X), size)]
        return np.concatenate([_Pursuits(self._gram, block).codes(self.atoms) for block in blocks])


class _Pursuits:
    """The pursuits of rows: ``_gram_omp``, an atom of each row at a time.

    scikit-learn solves with a Cholesky factor; here its inverse is carried along.

    Parameters
    ----------
    gram : shape (k, k)
    covariances : shape (n, k)
    """

    def __init__(self, gram: Floats, covariances: Floats) -> None:
        n, k = covariances.shape
        self.gram = gram
        self.covariances = covariances
        self.rows = np.arange(n)  # that still pursue
        self.order = np.tile(np.arange(k), (n, 1))  # each row's atoms, those it has chosen first
        self.found = np.zeros((n, k))

    def codes(self, atoms: int) -> Floats:
        """Return the codes, shape (n, k)."""
        inverse = np.zeros((len(self.rows), atoms, atoms))
        left = self.covariances
        for step in range(atoms):
            chosen, usable = self._chosen(left, step)
            inverse, chosen = self._pursuing(usable, inverse), chosen[usable]
            usable = self._extend(inverse, chosen, step)
            inverse, chosen = self._pursuing(usable, inverse), chosen[usable]
            if not self.rows.size:
                break
            self._swap(chosen, step)
            left = self._solve(inverse[:, : step + 1, : step + 1], step + 1)
        return self.found

    def _pursuing(self, usable: NDArray[np.bool_], inverse: Floats) -> Floats:
        if usable.all():
            return inverse
        self.rows, self.order = self.rows[usable], self.order[usable]
        return inverse[usable]

    def _chosen(self, left: Floats, step: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return the place of each row's most correlated atom, and whether it is a new one."""
        ordered = np.take_along_axis(left, self.order, axis=1)
        places = np.abs(ordered).argmax(axis=1)
        largest = ordered[np.arange(len(places)), places]
        return places, (places >= step) & ~(largest**2 < _EPSILON)

    def _extend(self, inverse: Floats, places: NDArray[np.intp], step: int) -> NDArray[np.bool_]:
        """Append a row to the inverse factors; return where the atoms are independent."""
        atoms = self.order[np.arange(len(places)), places]
        own = self.gram[atoms, atoms]
        if step == 0:
            inverse[:, 0, 0] = 1.0 / np.sqrt(own)
            return np.ones(len(atoms), dtype=bool)
        known = inverse[:, :step, :step]
        towards = self.gram[atoms[:, None], self.order[:, :step]]
        factor = np.einsum("nij,nj->ni", known, towards)
        rest = own - np.einsum("ni,ni->n", factor, factor)
        last = 1.0 / np.sqrt(rest)
        inverse[:, step, :step] = np.einsum("ni,nij->nj", factor, known) * -last[:, None]
        inverse[:, step, step] = last
        usable: NDArray[np.bool_] = ~(rest <= _EPSILON)
        return usable

    def _swap(self, places: NDArray[np.intp], step: int) -> None:
        """Put the chosen atom behind those chosen before; ties among the rest depend on it."""
        rows = np.arange(len(places))
        chosen = self.order[rows, places]
        self.order[rows, places] = self.order[:, step]
        self.order[:, step] = chosen

    def _solve(self, inverse: Floats, count: int) -> Floats:
        """Fit the chosen atoms; return what is left of the covariances."""
        chosen = self.order[:, :count]
        covariances = self.covariances[self.rows]
        targets = np.take_along_axis(covariances, chosen, axis=1)
        half = np.einsum("nij,nj->ni", inverse, targets)
        weights = np.einsum("nij,ni->nj", inverse, half)
        codes = np.zeros_like(covariances)
        np.put_along_axis(codes, chosen, weights, axis=1)
        self.found[self.rows] = codes
        return covariances - codes @ self.gram


@dataclass(frozen=True, eq=False)
class LeastAngle(_Coder):
    """Least angle regression: ``transform_algorithm="lars"``.

    Parameters
    ----------
    atoms : int, how many a row is made of at most
    """

    atoms: int

    def _codes(self, X: Array) -> Array:
        _refuse_float32(X)
        covariances = np.dot(self.dictionary, X.T).T
        paths = (LeastAnglePath(self._gram, row, X.shape[1]) for row in covariances)
        return np.array([path.coefficients_after(self.atoms) for path in paths])


def _refuse_float32(X: Array) -> None:
    if X.dtype != np.float64:
        raise InvalidInput("float64 was expected: in float32 other atoms may be chosen")
