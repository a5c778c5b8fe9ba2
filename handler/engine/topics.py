"""Topics of documents: latent Dirichlet allocation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import floating
from handler.engine.sparse import Sparse
from handler.engine.table import Floats, Inputs
from handler.errors import Refusal, RowsRefused

_NEGATIVE = "is negative, and words are counted"
_EPSILON = float(np.finfo(np.float64).eps)

# Words of documents, times topics, that are held at a time (8 MiB).
_HELD = 1 << 20

# So few topics are cheaper as Python's own numbers than as arrays.
_FEW_TOPICS = 24

# J. Bernardo, Algorithm AS 103: Psi (Digamma) Function, Applied Statistics 25, 1976. Its series
# is cut off where 3e-9 is left, which scikit-learn's answers show; so are ours.
_EULER = 0.5772156649015328606
_TINY = 1e-6
_SERIES_BEGINS = 6


@dataclass(frozen=True, eq=False)
class Topics(Evaluator):
    """The mirror of ``LatentDirichletAllocation``.

    Parameters
    ----------
    topics : shape (k, d), the exponentials of the expected log-probabilities of the words
    prior : float, of a document's topics
    tolerance : float
        A document rests where its topics change by less, on average.
    rounds : int, the most rounds for a document
    """

    topics: Floats
    prior: float
    tolerance: float
    rounds: int
    takes_sparse = True

    def transform(self, X: Inputs) -> Floats:
        """Return the shares of the topics, shape (n, k)."""
        values = floating(X, missing=False)
        documents = values if isinstance(values, Sparse) else Sparse.from_array(values)
        _refuse_negative(documents)
        with np.errstate(all="ignore"):
            found = np.concatenate([self._found(part) for part in self._parts(documents)])
            found /= found.sum(axis=1)[:, None]
        return found

    def _parts(self, documents: Sparse) -> Iterator[Sparse]:
        """Yield documents, no more at a time than memory should hold."""
        n, words = documents.shape[0], max(1, len(documents.data))
        size = max(1, int(_HELD * n / (words * len(self.topics))))
        for start in range(0, n, size):
            yield documents[start : start + size]

    def _found(self, documents: Sparse) -> Floats:
        if documents.shape[0] == 1 and len(self.topics) <= _FEW_TOPICS:
            return self._of_one(documents.data, documents.indices)[None]
        return self._of_many(documents)

    def _of_one(self, counts: Floats, words: NDArray[np.intp]) -> Floats:
        """Return a document's topics by Python's own numbers, shape (k,)."""
        table = self._by_word[words].astype(np.float64)
        powers = np.full(len(self.topics), self._first_power)
        last = [1.0] * len(powers)
        for _ in range(self.rounds):
            shares = counts / (table @ powers + _EPSILON)
            weights = [share + self.prior for share in (powers * (shares @ table)).tolist()]
            change = sum(map(abs, map(float.__sub__, last, weights)))
            last = weights
            if change / len(last) < self.tolerance:
                break
            total = _psi(sum(weights))
            powers = np.array([math.exp(_psi(weight) - total) for weight in weights])
        return np.array(last)

    def _of_many(self, documents: Sparse) -> Floats:
        """Return the topics of documents: the E-step of ``_update_doc_distribution``.

        A sum has the order of numpy's reduction here, of BLAS there.
        """
        k = len(self.topics)
        found = np.full((documents.shape[0], k), self.prior if self.rounds else 1.0)
        left = np.flatnonzero(np.diff(documents.indptr))  # without a word nothing is learned
        held = _Held(documents[left], self._by_word)
        powers, last = np.full((len(left), k), self._first_power), np.ones((len(left), k))
        for _ in range(self.rounds):
            weights = held.weighed(powers)
            weights += self.prior
            moving = np.abs(last - weights).mean(axis=1) >= self.tolerance
            found[left] = last = weights
            if not moving.all():
                left, last = left[moving], last[moving]
                held.keep(moving)
            if not left.size:
                break
            totals = _psi_of_all(last.sum(axis=1))
            powers = np.exp(_psi_of_all(last) - totals[:, None])
        return found

    @cached_property
    def _by_word(self) -> Floats:
        return np.ascontiguousarray(self.topics.T)

    @cached_property
    def _first_power(self) -> float:
        return math.exp(_psi(1.0) - _psi(float(len(self.topics))))


class _Held:
    """The words of the documents that have not come to rest.

    Parameters
    ----------
    documents : Sparse of shape (n, d), none of its rows empty
    by_word : shape (d, k)
    """

    def __init__(self, documents: Sparse, by_word: Floats) -> None:
        self.counts = documents.data
        self.sizes = np.diff(documents.indptr)
        self.table = by_word[documents.indices]

    def weighed(self, powers: Floats) -> Floats:
        """Return each document's counts by topic, shape (n, k)."""
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)
        shares = np.einsum("ij,ij->i", powers[rows], self.table)
        shares += _EPSILON
        np.divide(self.counts, shares, out=shares)
        starts = np.cumsum(self.sizes) - self.sizes
        if not starts.size:
            return np.empty_like(powers)
        weights: Floats = np.add.reduceat(self.table * shares[:, None], starts, axis=0)
        weights *= powers
        return weights

    def keep(self, moving: NDArray[np.bool_]) -> None:
        """Forget the other documents."""
        words = np.repeat(moving, self.sizes)
        self.counts, self.table = self.counts[words], self.table[words]
        self.sizes = self.sizes[moving]


def _psi(x: float) -> float:
    """Return the digamma function of a number that is not negative."""
    if x <= _TINY:
        return -_EULER - 1.0 / x if x else -math.inf
    result = 0.0
    if x < 1:
        # The six steps of the loop below at once, the first with the last and so on.
        u = x * (x + 5.0)
        result = -(x + x + 5.0) * (1.0 / u + 1.0 / (u + 4.0) + 1.0 / (u + 6.0))
        x += 6.0
    while x < _SERIES_BEGINS:
        result -= 1.0 / x
        x += 1.0
    r = 1.0 / x
    result += math.log(x) - 0.5 * r
    r *= r
    return result - r * (1 / 12 - r * (1 / 120 - r * (1 / 252)))


def _psi_of_all(x: Floats) -> Floats:
    """Return the same of an array of any shape."""
    result, shifted = np.zeros_like(x), x.copy()
    for _ in range(_SERIES_BEGINS):
        below = shifted < _SERIES_BEGINS
        result -= np.divide(1.0, shifted, out=np.zeros_like(x), where=below)
        shifted += below
    r = 1.0 / shifted
    result += np.log(shifted) - 0.5 * r
    r *= r
    result -= r * (1 / 12 - r * (1 / 120 - r * (1 / 252)))
    tiny = x <= _TINY
    result[tiny] = -_EULER - 1.0 / x[tiny]
    return result


def _refuse_negative(documents: Sparse) -> None:
    negative = documents.data < 0
    if negative.any():
        places = zip(documents.rows[negative], documents.indices[negative], strict=True)
        raise RowsRefused([Refusal(int(row), int(word), _NEGATIVE) for row, word in places])
