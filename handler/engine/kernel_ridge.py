"""Kernel ridge regression."""

from dataclasses import dataclass

from handler.engine.kernel_model import KernelModel
from handler.engine.table import Array, Inputs


@dataclass(frozen=True, eq=False)
class KernelRidge(KernelModel):
    """Weighted sums of the kernel with the vectors: the mirror of ``KernelRidge``.

    Parameters
    ----------
    weights : shape (n_vectors,) or (n_vectors, n_targets)
    """

    weights: Array

    def predict(self, X: Inputs) -> Array:
        """Return the predictions, shape (n,) or (n, n_targets)."""
        return self.from_kernel(X, lambda kernel: kernel @ self.weights)
