"""Support vector machines: the mirror of libsvm's prediction, with its order of operations.

libsvm adds a row's terms one support vector after the other. With large coefficients those sums
cancel, and any other order would show in the digits that are left; so here too they are added
in that order, over many rows at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from operator import add, mul
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Classifier, Evaluator
from handler.engine.checks import as_finite
from handler.engine.one_vs_one import Pairs, class_scores, pairs_of, votes_of
from handler.engine.table import Array, Floats, Inputs

# Numbers in a tile of differences, which stays in a core's cache (1 MiB), and rows that go
# through together where they fit.
_TILE = 2**17
_ROWS = 64


@dataclass(frozen=True, eq=False)
class _Machine(Evaluator):
    """What all machines share: a kernel, support vectors and sums over them.

    Parameters
    ----------
    kernel : {"linear", "poly", "rbf", "sigmoid", "precomputed"}
    gamma, coef0, degree : the kernel's parameters
    vectors : shape (n_vectors, d); for "precomputed", their positions at training, (n_vectors,)
    dual_coef : shape (k - 1, n_vectors), as libsvm holds them
    intercept : shape (n_sums,)
    """

    kernel: str
    gamma: float
    coef0: float
    degree: int
    vectors: Array
    dual_coef: Floats
    intercept: Floats

    def _sums(self, X: Inputs) -> Floats:
        """Return the decision values, shape (n, n_sums)."""
        values = np.ascontiguousarray(as_finite(X))
        # What overflows here overflows in libsvm as well.
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [self._weighted(kernel).T for kernel in self._kernels(values)]
            return np.concatenate(parts) + self.intercept

    def _weighted(self, kernel: Floats) -> Floats:
        """Return the sums of a chunk of rows over all vectors, shape (n_sums, rows)."""
        return _add_terms(np.zeros((1, kernel.shape[1])), kernel, self._coef)

    @cached_property
    def _coef(self) -> Floats:
        return np.ascontiguousarray(self.dual_coef.T)

    def _kernels(self, X: Floats) -> Iterator[Floats]:
        """Yield the kernel's values a chunk of rows, shape (n_vectors, rows)."""
        compute = _KERNELS[self.kernel]
        rows = self._rows_at_once(X.shape[1])
        for start in range(0, len(X), rows):
            yield compute(self, X[start : start + rows])

    def _rows_at_once(self, width: int) -> int:
        few_vectors = _TILE // max(1, self.vectors.size)
        return max(1, few_vectors, min(_ROWS, _TILE // width))


@dataclass(frozen=True, eq=False)
class SupportVectorRegressor(_Machine):
    """The mirror of ``SVR`` and ``NuSVR``."""

    def predict(self, X: Inputs) -> Floats:
        """Return the predictions, shape (n,)."""
        return self._sums(X)[:, 0]


@dataclass(frozen=True, eq=False)
class SupportVectorOneClass(_Machine):
    """The mirror of ``OneClassSVM``.

    Parameters
    ----------
    offset : shape (1,)
    """

    offset: Floats

    def decision_function(self, X: Inputs) -> Floats:
        """Return the signed distances to the boundary, shape (n,)."""
        return self._sums(X)[:, 0]

    def score_samples(self, X: Inputs) -> Floats:
        """Return the distances without the offset, shape (n,)."""
        return self.decision_function(X) + self.offset

    def predict(self, X: Inputs) -> NDArray[np.intp]:
        """Return 1 for inliers and -1 for outliers, shape (n,)."""
        return np.where(self.decision_function(X) > 0, 1, -1).astype(np.intp)


@dataclass(frozen=True, eq=False)
class SupportVectorClassifier(_Machine, Classifier):
    """The mirror of ``SVC`` and ``NuSVC``: a machine a pair of classes.

    Parameters
    ----------
    classes : shape (k,)
    n_support : shape (k,), support vectors of each class, which lie in the classes' order
    one_vs_rest : bool
        ``decision_function_shape="ovr"``: one value a class, not one a pair.
    break_ties : bool
        Predict by the decision values, not by votes.
    prob_a, prob_b : shape (n_pairs,), or empty without ``probability=True``
        Platt's parameters of each pair.
    """

    classes: Array
    n_support: NDArray[np.int32]
    one_vs_rest: bool
    break_ties: bool
    prob_a: Floats
    prob_b: Floats

    def decision_function(self, X: Inputs) -> Floats:
        """Return the decision values, shape (n,), (n, k) or (n, n_pairs)."""
        return self._decisions(self._sums(X))

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        sums = self._sums(X)
        if self.break_ties and self.one_vs_rest and len(self.classes) > 2:
            return self.classes[self._decisions(sums).argmax(axis=1)]
        # A pair's second class wins unless its sum is positive: not "<= 0", for NaN's sake.
        return self.classes[votes_of(~(sums > 0), self._pairs).argmax(axis=1)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, k)."""
        scores = self._sums(X) * self.prob_a + self.prob_b
        return couple(_platt(scores), self._pairs)

    def _decisions(self, sums: Floats) -> Floats:
        if len(self.classes) == 2:
            return -sums[:, 0]
        return class_scores(sums < 0, -sums, self._pairs) if self.one_vs_rest else sums

    @cached_property
    def _pairs(self) -> Pairs:
        return pairs_of(len(self.classes))

    def _weighted(self, kernel: Floats) -> Floats:
        """Return each pair's sums: over its first class's vectors, then over its second's.

        The coefficients of class c's vectors belong, in row r < c, to the pair (r, c), and in
        row r >= c to the pair (c, r + 1).
        """
        k = len(self.classes)
        sums = np.zeros((k, k, kernel.shape[1]))
        for c, vectors in enumerate(self._members):
            start = np.concatenate((sums[:c, c], sums[c, c + 1 :]))
            added = _add_terms(start, kernel[vectors], self._coef[vectors])
            sums[:c, c], sums[c, c + 1 :] = added[:c], added[c:]
        return sums[self._pairs.first, self._pairs.second]

    @cached_property
    def _members(self) -> list[slice]:
        ends = np.cumsum(self.n_support).tolist()
        return [slice(*bounds) for bounds in pairwise([0, *ends])]


def couple(first_wins: Floats, pairs: Pairs) -> Floats:
    """Return the classes' probabilities from those of all pairs.

    libsvm's ``multiclass_probability``: the second method of Wu, Lin and Weng, "Probability
    estimates for multi-class classification by pairwise coupling", JMLR 5 (2004), iterated
    until no row moves by more than 0.005 / k; each row stops by itself.

    Parameters
    ----------
    first_wins : shape (n, n_pairs), the probability of each pair's first class
    pairs : Pairs

    Returns
    -------
    shape (n, k)
    """
    k = len(pairs.sign) + 1
    # One row is computed in Python's floats: numpy's calls would cost ten times the arithmetic.
    single = len(first_wins) == 1
    columns: list[Any] = first_wins[0].tolist() if single else list(first_wins.T)
    wins: list[list[Any]] = [[0.0] * k for _ in range(k)]
    for i, j, share in zip(pairs.first.tolist(), pairs.second.tolist(), columns, strict=True):
        wins[i][j], wins[j][i] = share, 1 - share
    shares = _coupled(_quadratic_form(wins), k)
    # Shares that no row has moved are numbers still.
    return np.array([np.broadcast_to(share, len(first_wins)) for share in shares]).T


def _quadratic_form(wins: list[list[Any]]) -> list[list[Any]]:
    """Return the matrix Q of the problem ``min p' Q p``; entries are numbers or columns."""
    k = range(len(wins))
    form = [[-wins[j][t] * wins[t][j] for j in k] for t in k]
    for t in k:
        others = [wins[j][t] for j in k if j != t]
        form[t][t] = _dot(others, others)
    return form


def _coupled(form: list[list[Any]], k: int) -> list[Any]:
    p: list[Any] = [1.0 / k] * k
    for _ in range(max(100, k)):
        gradient = [_dot(row, p) for row in form]
        value = _dot(p, gradient)
        moving = _largest_error(gradient, value) >= 0.005 / k
        if not np.any(moving):
            break
        for t, row in enumerate(form):
            # Rows that have stopped take steps of 0, which change no digit of theirs.
            step = moving * ((value - gradient[t]) / row[t])
            p[t] = p[t] + step
            scale = 1 + step
            value = (value + step * (step * row[t] + 2 * gradient[t])) / scale / scale
            gradient = [
                (part + step * entry) / scale for part, entry in zip(gradient, row, strict=True)
            ]
            p = [share / scale for share in p]
    return p


def _largest_error(gradient: list[Any], value: Any) -> Any:
    errors = [abs(part - value) for part in gradient]
    return max(errors) if isinstance(value, float) else np.max(errors, axis=0)


def _dot(left: list[Any], right: list[Any]) -> Any:
    """Return the sum of products from left to right; ``sum`` and ``sumprod`` would round once."""
    return reduce(add, map(mul, left, right))


def _platt(scores: Floats) -> Floats:
    """Return libsvm's ``sigmoid_predict``, kept away from 0 and 1 as ``svm_predict_probability``.

    A score that is not a number counts as the smallest probability there.
    """
    with np.errstate(invalid="ignore"):
        power = np.exp(-np.abs(scores))
        chance = np.where(scores >= 0, power, 1.0) / (1.0 + power)
    return np.fmin(np.fmax(chance, 1e-7), 1 - 1e-7)


def _add_terms(start: Floats, kernel: Floats, coef: Floats) -> Floats:
    """Return ``start + coef.T @ kernel``, added one vector after the other.

    Parameters
    ----------
    start : shape (n_sums, rows)
    kernel : shape (n_vectors, rows)
    coef : shape (n_vectors, n_sums)
    """
    terms = np.empty((len(kernel) + 1, *start.shape))
    terms[0] = start
    np.multiply(kernel[:, None], coef[:, :, None], out=terms[1:])
    if start.size == 1:
        # numpy sums a single column in blocks, but accumulates it in order.
        return np.add.accumulate(terms[:, 0])[-1:]
    return cast(Floats, terms.sum(axis=0))


def _linear(machine: _Machine, X: Floats) -> Floats:
    # vecdot calls BLAS's dot for each pair, as libsvm does; a matrix product adds in blocks.
    return cast(Floats, np.vecdot(machine.vectors[:, None], X[None]))


def _poly(machine: _Machine, X: Floats) -> Floats:
    """Return a power by repeated squaring, whose rounding differs from numpy's power."""
    base = machine.gamma * _linear(machine, X) + machine.coef0
    power, exponent = np.ones_like(base), machine.degree
    while exponent > 0:
        if exponent % 2:
            power = power * base
        base = base * base
        exponent //= 2
    return power


def _rbf(machine: _Machine, X: Floats) -> Floats:
    """Return ``exp(-gamma |x - v|^2)`` from differences, as libsvm does for dense inputs.

    Not from ``x.x - 2 x.v + v.v``, which is faster and loses the digits of close vectors.
    """
    vectors, (rows, width) = machine.vectors, X.shape
    distances = np.empty((len(vectors), rows))
    step = max(1, _TILE // max(1, rows * width))
    tile = np.empty((min(step, len(vectors)), rows, width))
    for start in range(0, len(vectors), step):
        part = vectors[start : start + step]
        difference = np.subtract(X[None], part[:, None], out=tile[: len(part)])
        np.vecdot(difference, difference, out=distances[start : start + step])
    distances *= -machine.gamma
    return np.exp(distances, out=distances)


def _sigmoid(machine: _Machine, X: Floats) -> Floats:
    return np.tanh(machine.gamma * _linear(machine, X) + machine.coef0)


def _precomputed(machine: _Machine, X: Floats) -> Floats:
    return np.ascontiguousarray(X.T[machine.vectors])


_KERNELS: dict[str, Callable[[_Machine, Floats], Floats]] = {
    "linear": _linear,
    "poly": _poly,
    "rbf": _rbf,
    "sigmoid": _sigmoid,
    "precomputed": _precomputed,
}
