"""Links in float32, as C computes them: numpy's own float32 exponential rounds otherwise."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

type Singles = NDArray[np.float32]

_PARTS = 32  # of an octave
_POWERS = np.exp2(np.arange(_PARTS) / _PARTS)
_PER_OCTAVE = float.fromhex("0x1.71547652b82fep+0") * _PARTS  # 32 / log(2)
# The minimax polynomial of 2**(r / 32) for |r| <= 1/2, highest power first.
_CUBIC = float.fromhex("0x1.c6af84b912394p-5") / _PARTS**3
_SQUARE = float.fromhex("0x1.ebfce50fac4f3p-3") / _PARTS**2
_LINEAR = float.fromhex("0x1.62e42ff0c52d6p-1") / _PARTS
# exp(-x) is cut there, which keeps the denominator finite: XGBoost's ``Sigmoid``.
_MOST = np.float32(88.7)


def exp(x: Singles) -> Singles:
    """Return the exponentials as C's ``expf`` does: in float64 inside, rounded once.

    The method of glibc and ARM's optimized routines (S. Nagy, 2017): a table of 32 powers of 2
    and a cubic. Its errors, up to 0.502 units in the last place, are part of the answers.

    Parameters
    ----------
    x : any shape
    """
    # Beyond these float32 has 0 and infinity only.
    steps = _PER_OCTAVE * np.clip(x, -150, 150, dtype=np.float64)
    whole = np.rint(steps)
    r = steps - whole
    number = whole.astype(np.int64)
    power = np.ldexp(_POWERS[number % _PARTS], number // _PARTS)
    with np.errstate(over="ignore"):
        values = ((_CUBIC * r + _SQUARE) * (r * r) + (_LINEAR * r + 1)) * power
        return cast(Singles, values.astype(np.float32))


def logistic(x: Singles) -> Singles:
    """Return ``1 / (1 + exp(-x))``, any shape."""
    return cast(Singles, np.float32(1) / (exp(np.minimum(-x, _MOST)) + np.float32(1)))


def softmax(x: Singles) -> Singles:
    """Return each row's exponentials over their sum, which is added up in float64.

    Parameters
    ----------
    x : (n, k)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        powers = exp(x - x.max(axis=1, keepdims=True))
    sums = np.add.accumulate(powers, axis=1, dtype=np.float64)[:, -1:]
    return cast(Singles, powers / sums.astype(np.float32))
