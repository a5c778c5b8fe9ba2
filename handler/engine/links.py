"""From decision values to probabilities: the formulas that families share."""

from typing import cast

import numpy as np

from handler.engine.table import Array

# The least powers of ``_exp32``, and glibc's coefficients of its cubic.
_POWERS = 2.0 ** (np.arange(32) / 32)
_LINEAR, _SQUARED, _CUBED = 0.021660849396613134, 0.00023459809789509004, 1.6938359250920212e-06

# So many numbers side by side numpy adds pairwise; fewer in order.
_PAIRWISE = 8


def expit(scores: Array) -> Array:
    """Return ``1 / (1 + exp(-scores))``, the logistic function as ``scipy.special.expit`` has it.

    Parameters
    ----------
    scores : any shape, float64 or float32
    """
    with np.errstate(over="ignore", invalid="ignore"):
        powers = _exp32(-scores) if scores.dtype == np.float32 else np.exp(-scores)
        return cast(Array, 1.0 / (1.0 + powers))


def _exp32(values: Array) -> Array:
    """Return exponentials of float32 as glibc's ``expf`` rounds them, and so scipy's ``expit``.

    In float64: a power of 2 with a whole number of 32nds, times a cubic of the rest.
    """
    scaled = np.clip(values.astype(np.float64), -150.0, 150.0) * (32 / np.log(2))
    whole = np.rint(scaled)
    rest = scaled - whole
    power, step = np.divmod(whole.astype(np.int64), 32)
    cubic = (_CUBED * rest + _SQUARED) * (rest * rest) + (_LINEAR * rest + 1.0)
    return cast(Array, (cubic * np.ldexp(_POWERS[step], power)).astype(np.float32))


def softmax(scores: Array) -> Array:
    """Return each row's exponentials over their sum: ``sklearn.utils.extmath.softmax``.

    Parameters
    ----------
    scores : shape (n, k); rows with infinities answer NaN, as they do in scikit-learn
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if scores.shape[1] < _PAIRWISE:
            # The same sums, but numpy is slow along a short axis.
            return np.ascontiguousarray(_softmax_of_columns(np.ascontiguousarray(scores.T)).T)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return cast(Array, powers / powers.sum(axis=1, keepdims=True))


def _softmax_of_columns(scores: Array) -> Array:
    """Return the same of each column, shape (k, n); added in order."""
    powers: Array = scores - scores.max(axis=0)
    np.exp(powers, out=powers)
    powers /= powers.sum(axis=0)
    return powers


def logsumexp(scores: Array) -> Array:
    """Return the logarithm of each row's sum of exponentials, shape (n,): ``_logsumexp``.

    Parameters
    ----------
    scores : shape (n, k), floats
    """
    # Rows of infinities or of NaN answer such, without a warning.
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        largest = scores.max(axis=1, keepdims=True)
        is_largest = scores == largest
        ties = is_largest.sum(axis=1, keepdims=True, dtype=scores.dtype)
        rest = scores - np.where(np.isfinite(largest), largest, 0.0)
        rest[is_largest] = -np.inf
        sums = np.exp(rest, out=rest).sum(axis=1, keepdims=True)
        return cast(Array, np.log1p(sums / ties) + np.log(ties) + largest)[:, 0]


def two_columns(positive: Array) -> Array:
    """Return the probabilities of both classes, shape (n, 2), from those of the second, (n,)."""
    return np.column_stack((1 - positive, positive))


def shares(values: Array) -> Array:
    """Return each row's values over their sum; equal shares where all are 0.

    The normalisation of ``LinearClassifierMixin._predict_proba_lr``.

    Parameters
    ----------
    values : shape (n, k), not negative
    """
    sums = values.sum(axis=1)
    empty = sums == 0
    if empty.any():
        values = np.where(empty[:, None], 1.0, values)
        sums[empty] = values.shape[1]
    return cast(Array, values / sums[:, None])
