"""Least angle regression on a Gram matrix, of one target at a time."""

from collections.abc import Sequence

import numpy as np

from handler.engine.table import Floats
from handler.errors import InvalidInput

# Correlations are told apart down to here: scikit-learn's own limits.
_SAME = float(np.finfo(np.float32).eps)
_TINY = float(np.finfo(np.float32).tiny)
_DECIMALS = int(np.finfo(np.float64).precision)
_DEPENDENT = 1e-7
_LARGEST = float(np.finfo(np.float64).max)


class LeastAnglePath:
    """The path of coefficients of one target: ``_lars_path_solver`` with a Gram matrix.

    It takes the same steps, with the same swaps, so that ties fall alike. Only equations are
    solved by numpy and not by a Cholesky factor that is carried along.

    Parameters
    ----------
    gram : shape (k, k)
    covariances : shape (k,), those of the atoms with the target
    samples : int, by how many the correlations are divided
    """

    def __init__(self, gram: Floats, covariances: Floats, samples: int) -> None:
        self.gram = gram
        self.samples = samples
        self.left = covariances.copy()  # of the atoms that are not active, in their order
        self.order = list(range(len(covariances)))  # all atoms, the active ones first
        self.signs: list[float] = []  # of the active ones
        self.coefficients = np.zeros(len(covariances))
        self.turned = False

    def coefficients_after(self, steps: int) -> Floats:
        """Walk so many steps; return the coefficients, shape (k,)."""
        step = 0
        while True:
            place, largest = self._most_correlated()
            if abs(largest) / self.samples <= _SAME:
                return self.coefficients
            if step >= steps or len(self.signs) >= len(self.order):
                return self.coefficients
            # After a sign has turned, no atom is added.
            if self.turned or self._activate(place, largest):
                self._advance(abs(largest))
                step += 1

    def _most_correlated(self) -> tuple[int, float]:
        if not self.left.size:
            return 0, 0.0
        place = int(np.abs(self.left).argmax())
        return place, float(self.left[place])

    def _activate(self, place: int, largest: float) -> bool:
        """Append the most correlated atom; return False, and forget it, where others make it."""
        first, chosen = len(self.signs), len(self.signs) + place
        self.order[first], self.order[chosen] = self.order[chosen], self.order[first]
        if self._is_dependent(self.order[first]):
            # scikit-learn swaps back the correlation alone; so is it here.
            self.left[place] = 0.0
            return False
        self.left[place] = self.left[0]
        self.left = self.left[1:]
        self.signs.append(float(np.sign(largest)))
        return True

    def _is_dependent(self, atom: int) -> bool:
        own, active = self.gram[atom, atom], self._active
        if active:
            towards = self.gram[active, atom]
            own = own - towards @ self._solved(towards)
        return bool(np.sqrt(np.abs(own)) < _DEPENDENT)

    @property
    def _active(self) -> Sequence[int]:
        return self.order[: len(self.signs)]

    def _solved(self, right: Floats) -> Floats:
        solution: Floats = np.linalg.solve(self.gram[np.ix_(self._active, self._active)], right)
        return solution

    def _advance(self, largest: float) -> None:
        """Move the active coefficients until another atom is as correlated as they are."""
        signs, active = np.array(self.signs), self._active
        direction = self._solved(signs)
        angle = 1.0 / np.sqrt(np.sum(direction * signs))
        if not np.isfinite(angle):
            raise InvalidInput("the atoms that describe this row are too much alike")
        direction *= angle
        towards = np.dot(self.gram[np.ix_(active, self.order[len(signs) :])].T, direction)
        np.around(towards, decimals=_DECIMALS, out=towards)
        length = self._length(largest, float(angle), towards)
        crossings = -self.coefficients[active] / (direction + _TINY)
        crossing = _least_positive(crossings)
        self.turned = crossing < length
        if self.turned:
            self.signs = np.where(crossings == crossing, -signs, signs).tolist()
        moved = np.zeros_like(self.coefficients)
        moved[active] = self.coefficients[active] + length * direction
        self.coefficients = moved
        self.left = self.left - length * towards

    def _length(self, largest: float, angle: float, towards: Floats) -> float:
        falling = _least_positive((largest - self.left) / (angle - towards + _TINY))
        rising = _least_positive((largest + self.left) / (angle + towards + _TINY))
        return min(falling, rising, largest / angle)


def _least_positive(values: Floats) -> float:
    positive = values[values > 0]
    return float(positive.min()) if positive.size else _LARGEST
