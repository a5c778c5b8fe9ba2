"""One classifier for each pair of classes: what the pairs' answers make of each class."""

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array, Floats


class Pairs(NamedTuple):
    """The pairs (i, j), i < j, of k classes, in scikit-learn's and libsvm's order.

    ``first`` and ``second`` have shape (n_pairs,). Row r of ``of_class`` names, for each class,
    its r-th pair, shape (k - 1, k); ``sign`` is 1 where the class is that pair's second.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    of_class: NDArray[np.intp]
    sign: Floats


def pairs_of(k: int) -> Pairs:
    """Return the pairs of k classes."""
    first, second = np.triu_indices(k, 1)
    members = [np.flatnonzero((first == c) | (second == c)) for c in range(k)]
    of_class = np.array(members, dtype=np.intp).reshape(k, k - 1).T
    sign = np.where(second[of_class] == np.arange(k), 1.0, -1.0)
    return Pairs(first, second, of_class, sign)


def class_scores(predictions: Array, confidences: Floats, pairs: Pairs) -> Floats:
    """Return votes, with ties broken by confidences: ``_ovr_decision_function``.

    Parameters
    ----------
    predictions : shape (n, n_pairs), 0 or False for a pair's first class, 1 or True for its second
    confidences : shape (n, n_pairs), positive for the pair's second class
    pairs : Pairs

    Returns
    -------
    shape (n, k)
    """
    # Confidences near the largest float64 overflow here as they do in scikit-learn.
    with np.errstate(over="ignore", invalid="ignore"):
        # Summed over the second of three axes, hence pair by pair, as scikit-learn does it.
        sums = (confidences[:, pairs.of_class] * pairs.sign).sum(axis=1)
        return cast(Floats, votes_of(predictions, pairs) + sums / (3 * (np.abs(sums) + 1)))


def votes_of(predictions: Array, pairs: Pairs) -> Floats:
    """Return how many of its pairs each class won, shape (n, k)."""
    won = predictions[:, pairs.of_class] == (pairs.sign > 0)
    return cast(Floats, won.sum(axis=1, dtype=np.float64))
