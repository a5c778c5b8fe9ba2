"""Features whose products approximate a kernel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_numbers
from handler.engine.kernel_model import KernelModel, refuse_negative
from handler.engine.products import times
from handler.engine.table import Array, Floats, Inputs, as_floating
from handler.errors import Refusal, RowsRefused

_NEGATIVE = "is negative, and this model takes no negative value"
_TOO_SMALL = "is not above -skewedness, the least value that this model takes"


@dataclass(frozen=True, eq=False)
class Nystroem(KernelModel):
    """Kernels with some vectors of training, made orthonormal: the mirror of ``Nystroem``.

    Parameters
    ----------
    normalization : shape (n_vectors, n_vectors)
    """

    normalization: Array

    def transform(self, X: Inputs) -> Array:
        """Return the features, shape (n, n_vectors)."""
        return self.from_kernel(X, lambda kernel: times(kernel, self.normalization.T))


@dataclass(frozen=True, eq=False)
class RandomFourier(Evaluator):
    """``scale cos(X @ weights + offset)``: the mirror of ``RBFSampler``.

    Parameters
    ----------
    weights : shape (d, n_components)
    offset : shape (n_components,)
    scale : float
    """

    weights: Array
    offset: Array
    scale: float

    def transform(self, X: Inputs) -> Array:
        """Return the features, shape (n, n_components)."""
        return self._waves(as_finite_numbers(X), self.scale)

    def _waves(self, X: Array, scale: float) -> Array:
        # The cosine of what overflows is NaN in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            waves = times(X, self.weights)
            waves += self.offset
            np.cos(waves, out=waves)
        waves *= scale
        return waves


@dataclass(frozen=True, eq=False)
class SkewedFourier(RandomFourier):
    """The same of logarithms of ``X + skewedness``: the mirror of ``SkewedChi2Sampler``.

    Parameters
    ----------
    skewedness : float
    """

    skewedness: float

    def transform(self, X: Inputs) -> Array:
        """Return the features, shape (n, n_components)."""
        values = as_floating(X)
        as_finite(values)
        if (small := values <= -self.skewedness).any():
            refusals = [Refusal(int(i), int(j), _TOO_SMALL) for i, j in np.argwhere(small)]
            raise RowsRefused(refusals)
        values += self.skewedness
        np.log(values, out=values)
        # A float64 here, unlike there: float32 is multiplied as such and rounded once.
        return self._waves(values, np.float64(self.scale))


@dataclass(frozen=True, eq=False)
class AdditiveChiSquaredSampler(Evaluator):
    """Waves of logarithms, a few a feature: the mirror of ``AdditiveChi2Sampler``.

    Parameters
    ----------
    interval : float
        The distance of the samples of the kernel's spectrum.
    shares : the spectrum's weights beyond the first, ``1 / cosh(pi j interval)`` inverted
    """

    interval: float
    shares: Sequence[float]

    def transform(self, X: Inputs) -> Array:
        """Return the features, shape (n, d (1 + 2 len(shares)))."""
        values = as_finite_numbers(X)
        refuse_negative(values, _NEGATIVE)
        positive = values != 0.0
        with np.errstate(over="ignore"):
            parts = self._features(values[positive])
        # Integers stay integers, with the features cut off: so does scikit-learn.
        answer = np.zeros((len(parts), *values.shape), values.dtype)
        for feature, part in zip(answer, parts, strict=True):
            feature[positive] = part
        return np.hstack(list(answer))

    def _features(self, values: Array) -> list[Array]:
        """Return the features of positive values, shape (n,) each."""
        logs, steps = self.interval * np.log(values), 2 * values * self.interval
        features = [np.sqrt(values * self.interval)]
        for j, share in enumerate(self.shares, 1):
            factors = np.sqrt(steps / np.float64(share))
            features += [factors * np.cos(j * logs), factors * np.sin(j * logs)]
        return features


@dataclass(frozen=True, eq=False)
class PolynomialSketch(Evaluator):
    """Convolved count sketches: the mirror of ``PolynomialCountSketch``.

    Parameters
    ----------
    scale : float
        The root of gamma.
    constant : float or None
        The root of coef0, a last column of all rows; None for none.
    places : shape (degree, d), the column of a sketch that each input is added to
    signs : shape (degree, d), 1 or -1
    n_components : int
    """

    scale: float
    constant: float | None
    places: NDArray[np.int64]
    signs: NDArray[np.int64]
    n_components: int

    def transform(self, X: Inputs) -> Floats:
        """Return the features, shape (n, n_components)."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = self._columns(np.float64(self.scale) * as_finite_numbers(X))
            half = np.prod(np.fft.rfft(self._sketches(values), axis=2), axis=1)
            # scipy transforms real numbers as rfft does, and completes them with the conjugates;
            # rfft's own inverse would round otherwise.
            mirrored = half[:, 1 : (self.n_components + 1) // 2][:, ::-1].conj()
            return np.fft.ifft(np.hstack((half, mirrored))).real

    def _columns(self, values: Floats) -> Floats:
        if self.constant is None:
            return values
        return np.column_stack((values, np.full(len(values), self.constant)))

    def _sketches(self, values: Floats) -> Floats:
        """Return the sums of signed columns by place, shape (n, degree, n_components)."""
        rows, (degree, _) = len(values), self.places.shape
        sketches = np.arange(rows * degree).reshape(rows, degree, 1) * self.n_components
        signed = self.signs * values[:, None]
        # bincount adds in order, as a loop over the columns does.
        size = rows * degree * self.n_components
        sums = np.bincount((sketches + self.places).ravel(), signed.ravel(), size)
        return sums.reshape(rows, degree, self.n_components)
