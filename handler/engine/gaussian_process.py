"""Gaussian processes."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import surely_finite
from handler.engine.kernel_model import Kernel, KernelModel, in_row_chunks, matrix_with
from handler.engine.special import erf
from handler.engine.table import Array, Floats, Inputs
from handler.engine.triangular import solve_lower
from handler.errors import Refusal, RowsRefused

_FAR = "is so far from the rows of training that this model's kernel overflows"

# The logistic function as a sum of five error functions: Williams and Barber, "Bayesian
# classification with Gaussian processes", IEEE PAMI 20 (1998), appendix A; the coefficients are
# those that scikit-learn fitted.
_STEEPNESS = np.array([[0.41], [0.4], [0.37], [0.44], [0.39]])
_WEIGHTS = np.array(
    [[-1854.8214151], [3516.89893646], [221.29346712], [128.12323805], [-2010.49422654]]
)


@dataclass(frozen=True, eq=False)
class GaussianProcessRegressor(KernelModel):
    """The posterior mean and deviation: the mirror of ``GaussianProcessRegressor``.

    Algorithm 2.1 of Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006.

    Parameters
    ----------
    weights : shape (n_vectors,) or (n_vectors, n_targets)
    triangle : shape (n_vectors (n_vectors + 1) / 2,)
        The rows of the lower triangle whose square is the covariance of the vectors.
    target_mean, target_scale : shape (1,) or (n_targets,)
    """

    weights: Floats
    triangle: Floats
    target_mean: Floats
    target_scale: Floats

    def predict(self, X: Inputs) -> Floats:
        """Return the means, shape (n,) or (n, n_targets)."""
        return self.from_kernel(X, self._means)

    def predict_std(self, X: Inputs) -> Floats:
        """Return the standard deviations, shape (n,) or (n, n_targets)."""
        return in_row_chunks(self._deviations, X, len(self.vectors))

    def _means(self, kernel: Array) -> Floats:
        means = self.target_scale * (kernel @ self.weights) + self.target_mean
        return _flat(means)

    def _deviations(self, X: Array) -> Floats:
        solved = solve_lower(self._triangle, self._matrix(X).T)
        variances = self.kernel.diagonal(X) - np.einsum("ij,ji->i", solved.T, solved)
        np.maximum(variances, 0, out=variances)  # rounding errors may have made them negative
        return np.sqrt(_flat(np.outer(variances, self.target_scale**2)))

    @cached_property
    def _triangle(self) -> Floats:
        return unpacked(self.triangle, len(self.vectors))


@dataclass(frozen=True, eq=False)
class LaplaceClassifier(Evaluator):
    """Two classes: the mirror of ``GaussianProcessClassifier`` for these.

    Algorithm 3.2 of Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006.

    Parameters
    ----------
    classes : shape (2,)
    kernel : Kernel
    vectors : shape (n_vectors, d)
    residuals : shape (n_vectors,), the classes 0 and 1 less their probabilities at the mode
    roots : shape (n_vectors,), the square roots of the likelihood's curvatures there
    triangle : shape (n_vectors (n_vectors + 1) / 2,)
        The rows of the lower triangle whose square is ``I + roots K roots``.
    """

    classes: Array
    kernel: Kernel
    vectors: Array
    residuals: Floats
    roots: Floats
    triangle: Floats

    def predict(self, X: Inputs) -> Array:
        """Return the labels, shape (n,)."""
        means = in_row_chunks(lambda rows: self._means(self._kernel(rows)), X, len(self.vectors))
        return self.classes[(means > 0).astype(np.intp)]

    def predict_proba(self, X: Inputs) -> Floats:
        """Return the classes' probabilities, shape (n, 2)."""
        return in_row_chunks(self._probabilities, X, len(self.vectors))

    def _kernel(self, X: Array) -> Floats:
        """Return the kernel, shape (n_vectors, n), in memory as scikit-learn has it."""
        return matrix_with(self.kernel, X)(self.vectors)

    def _means(self, kernel: Floats) -> Floats:
        return cast(Floats, kernel.T.dot(self.residuals))

    def _probabilities(self, X: Array) -> Floats:
        kernel = self._kernel(X)
        _refuse_overflow(kernel)
        # scipy.linalg.solve gives rows side by side, and einsum adds as they lie.
        solved = np.ascontiguousarray(solve_lower(self._triangle, self.roots[:, None] * kernel))
        variances = self.kernel.diagonal(X) - np.einsum("ij,ij->j", solved, solved)
        second = _averaged_logistic(self._means(kernel), variances)
        return np.column_stack((1 - second, second))

    @cached_property
    def _triangle(self) -> Floats:
        return np.asfortranarray(unpacked(self.triangle, len(self.vectors)))


def _refuse_overflow(kernel: Floats) -> None:
    """Refuse the rows of which a kernel, (n_vectors, n), is infinite or NaN, as scipy does."""
    if not surely_finite(kernel):
        bad = np.flatnonzero(~np.isfinite(kernel).all(axis=0))
        if bad.size:
            raise RowsRefused([Refusal(int(row), None, _FAR) for row in bad])


def unpacked(packed: Floats, size: int) -> Floats:
    """Return the lower triangular matrix, shape (size, size), of its rows one after the other."""
    triangle = np.zeros((size, size))
    triangle[np.tri(size, dtype=bool)] = packed
    return triangle


def _flat(values: Floats) -> Floats:
    return values[:, 0] if values.shape[1:] == (1,) else values


def _averaged_logistic(means: Floats, variances: Floats) -> Floats:
    """Return the logistic function's mean under normal distributions, shape (n,)."""
    precision = 1 / (2 * variances)
    shares = erf(_STEEPNESS * means * np.sqrt(precision / (precision + _STEEPNESS**2)))
    integrals = np.sqrt(np.pi / precision) * shares / (2 * np.sqrt(variances * 2 * np.pi))
    return cast(Floats, (_WEIGHTS * integrals).sum(axis=0) + 0.5 * _WEIGHTS.sum())
