"""Centred kernels, and principal components in their spaces."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.kernel_model import KernelModel, tiles
from handler.engine.table import Array, Floats, Inputs, as_floating


@dataclass(frozen=True, eq=False)
class KernelCenterer(Evaluator):
    """A kernel as of vectors of mean 0: the mirror of ``KernelCenterer``.

    Parameters
    ----------
    means : shape (n_vectors,), those of the columns of training's kernel
    mean : float
        That of all of training's kernel.
    """

    means: Array
    mean: float

    def transform(self, X: Inputs) -> Array:
        """Return the centred kernel, shape (n, n_vectors)."""
        kernel = as_floating(X)
        as_finite(kernel)
        with np.errstate(over="ignore", invalid="ignore"):
            # Columns that lie one after the other are added up in one order for all rows at once.
            in_rows = kernel.flags.c_contiguous
            for tile in tiles(*kernel.shape) if in_rows else [slice(None)]:
                centred(kernel[tile], self.means, self.mean)
        return kernel


@dataclass(frozen=True, eq=False)
class KernelPrincipalComponents(KernelModel):
    """A projection of centred kernels: the mirror of ``KernelPCA``.

    Parameters
    ----------
    means, mean : as ``KernelCenterer`` has them
    components : shape (n_vectors, n_components)
    """

    means: Array
    mean: float
    components: Array

    def transform(self, X: Inputs) -> Array:
        """Return the projected inputs, shape (n, n_components)."""
        return self.from_kernel(X, self._projected)

    def _projected(self, kernel: Array) -> Array:
        return centred(kernel, self.means, self.mean) @ self.components


def centred(kernel: Array, means: Array, mean: float) -> Array:
    """Return a kernel matrix (n, n_vectors), overwritten with the centred one."""
    own: Floats = kernel.sum(axis=1) / len(means)
    kernel -= means
    kernel -= own[:, None]
    kernel += mean
    return kernel
