"""Functions of ``scipy.special`` that numpy lacks."""

import math
from collections.abc import Sequence

import numpy as np

from handler.engine.table import Floats

# The rational approximations of Cephes's ndtri (S. L. Moshier, Methods and Programs for
# Mathematical Functions, 1989), which scipy computes with: those of the middle, and those of the
# tails down to exp(-32). The denominators' leading coefficients are 1.
_MIDDLE = (
    (
        *(-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1),
        *(1.39312609387279679503e1, -1.23916583867381258016e0),
    ),
    (
        *(1.0, 1.95448858338141759834e0, 4.67627912898881538453e0, 8.63602421390890590575e1),
        *(-2.25462687854119370527e2, 2.00260212380060660359e2, -8.20372256168333339912e1),
        *(1.59056225126211695515e1, -1.18331621121330003142e0),
    ),
)
_TAIL = (
    (
        *(4.05544892305962419923e0, 3.15251094599893866154e1, 5.71628192246421288162e1),
        *(4.40805073893200834700e1, 1.46849561928858024014e1, 2.18663306850790267539e0),
        *(-1.40256079171354495875e-1, -3.50424626827848203418e-2, -8.57456785154685413611e-4),
    ),
    (
        *(1.0, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1),
        *(1.50425385692907503408e1, 2.50464946208309415979e0, -1.42182922854787788574e-1),
        *(-3.80806407691578277194e-2, -9.33259480895457427372e-4),
    ),
)
# The rational approximations of Cephes's erf, up to 1, and of its erfc beyond.
_ERF = (
    (
        *(9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3),
        *(7.00332514112805075473e3, 5.55923013010394962768e4),
    ),
    (
        *(1.0, 3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3),
        *(2.26290000613890934246e4, 4.92673942608635921086e4),
    ),
)
_ERFC = (
    (
        *(2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0),
        *(4.86371970985681366614e1, 1.96520832956077098242e2, 5.26445194995477358631e2),
        *(9.34528527171957607540e2, 1.02755188689515710272e3, 5.57535335369399327526e2),
    ),
    (
        *(1.0, 1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2),
        *(9.75708501743205489753e2, 1.82390916687909736289e3, 2.24633760818710981792e3),
        *(1.65666309194161350182e3, 5.57535340817727675546e2),
    ),
)
_ERF_IS_ONE = 6.0  # there and beyond
_TAIL_BEGINS = 0.13533528323661269189  # exp(-2)
_ROOT_OF_TWO_PI = 2.50662827463100050242


def ndtr(values: Floats) -> Floats:
    """Return the standard normal distribution function of values of shape (n,)."""
    tails = [0.5 * math.erfc(abs(value) * math.sqrt(0.5)) for value in values.tolist()]
    return np.where(values > 0, 1 - np.array(tails), tails)


def ndtri(probabilities: Floats) -> Floats:
    """Return the values at which ``ndtr`` has these probabilities, of shape (n,).

    To the last bit or two as ``scipy.special.ndtri``. NaN gives NaN.

    Parameters
    ----------
    probabilities : shape (n,), from 1e-13 to 1 - 1e-13
    """
    upper = probabilities > 1 - _TAIL_BEGINS
    distances = np.where(upper, 1.0 - probabilities, probabilities)
    values = _middle(distances)
    tail = np.flatnonzero(distances <= _TAIL_BEGINS)
    if tail.size:
        found = _tail(distances[tail])
        values[tail] = np.where(upper[tail], found, -found)
    return values


def erf(values: Floats) -> Floats:
    """Return the error function of values of any shape: ``scipy.special.erf``."""
    sizes = np.minimum(np.abs(values), _ERF_IS_ONE)
    squares = sizes * sizes
    inner = sizes * _polynomial(squares, _ERF[0]) / _polynomial(squares, _ERF[1])
    outer = np.exp(-squares) * _polynomial(sizes, _ERFC[0]) / _polynomial(sizes, _ERFC[1])
    return np.copysign(np.where(sizes <= 1, inner, 1.0 - outer), values)


def _middle(probabilities: Floats) -> Floats:
    centered = probabilities - 0.5
    squares = centered * centered
    ratio = squares * _polynomial(squares, _MIDDLE[0]) / _polynomial(squares, _MIDDLE[1])
    return (centered + centered * ratio) * _ROOT_OF_TWO_PI


def _tail(probabilities: Floats) -> Floats:
    roots = np.sqrt(-2.0 * np.log(probabilities))
    inverse = 1.0 / roots
    ratio = inverse * _polynomial(inverse, _TAIL[0]) / _polynomial(inverse, _TAIL[1])
    return (roots - np.log(roots) / roots) - ratio


def _polynomial(values: Floats, coefficients: Sequence[float]) -> Floats:
    """Return a polynomial by Horner's rule, the highest power's coefficient first."""
    sums = np.full_like(values, coefficients[0])
    for coefficient in coefficients[1:]:
        sums *= values
        sums += coefficient
    return sums
