"""Random draws as numpy's ``RandomState`` makes them, which some estimators predict with.

Both numpy's and Python's own generator are the Mersenne Twister MT19937 (Matsumoto and Nishimura,
1998), so that the words come from the standard library; bundles leave numpy's out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Floats

type Positions = NDArray[np.intp]


class Twister:
    """The words that a generator draws after it was seeded, the same at each use.

    Parameters
    ----------
    key : shape (624,) of uint32, its state when it was seeded
    """

    def __init__(self, key: NDArray[np.uint32]) -> None:
        self._key = key
        self._words: NDArray[np.uint32] = np.empty(0, dtype=np.uint32)

    def words(self, count: int) -> NDArray[np.uint32]:
        """Return the first words of 32 bits, so many at least; they are kept."""
        known = self._words
        if len(known) < count:
            # Imported here: only models that draw need it.
            from random import Random

            twister = Random(0)  # noqa: S311 - an estimator's draws, no secrets
            twister.setstate((3, (*self._key.tolist(), len(self._key)), None))
            known = np.frombuffer(twister.randbytes(4 * count), dtype="<u4")
            self._words = known
        return known


class Draws:
    """Draws from a twister's first word on: those of ``RandomState(seed)``."""

    def __init__(self, twister: Twister) -> None:
        self._twister = twister
        self._used = 0

    def integers(self, high: int, count: int) -> Positions:
        """Return whole numbers below ``high``, shape (count,): ``RandomState.randint``.

        A word's lowest bits are taken where they are below, and dropped where they are not.
        """
        if high == 1:
            return np.zeros(count, dtype=np.intp)
        mask = (1 << (high - 1).bit_length()) - 1
        size, good = count, np.empty(0, dtype=np.intp)
        while len(good) < count:
            size *= 2
            values = self._twister.words(self._used + size)[self._used :] & mask
            good = np.flatnonzero(values < high)[:count]
        self._used += int(good[-1]) + 1
        return values[good].astype(np.intp)

    def classes(self, shares: Floats, count: int) -> Positions:
        """Return which of k classes is drawn, shape (count,): ``RandomState.multinomial(1, …)``.

        It asks class after class but the last whether it is drawn, each with a number of its own;
        the last class is drawn if no other is.

        Parameters
        ----------
        shares : shape (k,), the classes' probabilities
        """
        asked = len(shares) - 1
        numbers = self._numbers((count + 1) * asked)
        starts = max(count, len(numbers) - asked)
        answers = np.full(starts, asked)
        for j, (above, threshold) in reversed(list(enumerate(_thresholds(shares)))):
            part = numbers[j : j + starts]
            answers[part > threshold if above else part <= threshold] = j
        steps = np.minimum(answers + 1, asked)
        rows = _chain(steps, count)
        self._used += 2 * int(rows[-1] + steps[rows[-1]])
        return answers.take(rows)

    def _numbers(self, count: int) -> Floats:
        """Return numbers in [0, 1) that the next words make, two words each, shape (count,)."""
        words = self._twister.words(self._used + 2 * count)[self._used : self._used + 2 * count]
        return ((words[0::2] >> 5) * 67108864.0 + (words[1::2] >> 6)) / 9007199254740992.0


def _thresholds(shares: Floats) -> list[tuple[bool, float]]:
    """Return for each class but the last which numbers draw it: above or up to a threshold.

    ``random_binomial`` of numpy's C sources with one trial, by inversion. (A number within rounding
    of 1 would be drawn again; it is one in 2**53.)
    """
    found, left = [], 1.0
    for share in shares[:-1].tolist():
        probability = share / left if left else 0.0  # then an earlier class was drawn
        above = probability <= 0.5
        less = probability if above else 1.0 - probability
        found.append((above, math.exp(math.log1p(-less))))
        left -= share
    return found


def _chain(steps: Positions, count: int) -> Positions:
    """Return where each of the first rows starts, where row after row takes some numbers.

    By doubling: where the rows known start, and how far as many rows lead, tell the next as many.
    """
    if (steps == steps[0]).all():
        return np.arange(count) * int(steps[0])
    starts = np.zeros(1, dtype=np.intp)
    ends = np.minimum(np.arange(len(steps)) + steps, len(steps) - 1)
    while len(starts) < count:
        starts = np.concatenate((starts, ends.take(starts)))
        ends = ends.take(ends)
    return starts[:count]
