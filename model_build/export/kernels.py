"""Exports kernels; the mirror of ``handler.engine.kernels``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.gaussian_process import kernels
from sklearn.gaussian_process.kernels import Kernel

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node

# Of each kernel of ``sklearn.metrics.pairwise``, the parameters that its function has, and what
# they are where an estimator passes none.
_DEFAULTS = {"gamma": None, "coef0": 1, "degree": 3}
_KERNELS = {
    "additive_chi2": ("kernels.AdditiveChiSquared", ()),
    "chi2": ("kernels.ChiSquared", ("gamma",)),
    "cosine": ("kernels.Cosine", ()),
    "laplacian": ("kernels.Laplacian", ("gamma",)),
    "linear": ("kernels.Linear", ()),
    "poly": ("kernels.Polynomial", ("gamma", "coef0", "degree")),
    "polynomial": ("kernels.Polynomial", ("gamma", "coef0", "degree")),
    "precomputed": ("kernels.Precomputed", ()),
    "rbf": ("kernels.RadialBasis", ("gamma",)),
    "sigmoid": ("kernels.Sigmoid", ("gamma", "coef0")),
}


def kernel_model(
    estimator: Any, context: Context, *, vectors: Any, parameters: Mapping[str, Any]
) -> Node:
    """Return the fields of ``KernelModel``.

    Parameters
    ----------
    estimator : fitted estimator with a parameter ``kernel``
    context : Context
    vectors : shape (n_vectors, d), array or sparse matrix
    parameters : what the estimator passes on to ``pairwise_kernels``
    """
    kernel = estimator.kernel
    if isinstance(kernel, Kernel):
        return {"kernel": context.export(kernel, "kernel"), "vectors": dense(vectors)}
    if callable(kernel):
        raise context.unsupported(estimator, "a callable kernel is code and has no numpy form")
    if kernel == "precomputed":
        # Of the vectors only their number counts: rows come as kernels with them.
        vectors = np.empty((vectors.shape[0], 0))
    width = vectors.shape[1]
    return {"kernel": pairwise_kernel(kernel, parameters, width), "vectors": dense(vectors)}


def pairwise_kernel(name: str, parameters: Mapping[str, Any], width: int) -> Node:
    """Return the node of a kernel of ``sklearn.metrics.pairwise`` for rows of this width.

    Parameters that the kernel does not have are left out, as ``filter_params=True`` does it.
    """
    kind, names = _KERNELS[name]
    known = {**_DEFAULTS, **({"gamma": 1.0} if name == "chi2" else {}), **parameters}
    values = {each: known[each] for each in names}
    if values.get("gamma", 0) is None:
        values["gamma"] = 1.0 / width
    return {"kind": kind, **values}


def dense(vectors: Any) -> Array:
    """Return an array; an estimator fitted on a sparse matrix holds sparse matrices."""
    return np.asarray(vectors.toarray() if hasattr(vectors, "toarray") else vectors)


def _pairwise(kernel: kernels.PairwiseKernel, context: Context) -> Node:
    if callable(kernel.metric):
        raise context.unsupported(kernel, "a callable metric is code and has no numpy form")
    if kernel.metric == "precomputed":
        raise context.unsupported(kernel, "a precomputed kernel has no diagonal for new rows")
    parameters = {**(kernel.pairwise_kernels_kwargs or {}), "gamma": float(kernel.gamma)}
    return pairwise_kernel(kernel.metric, parameters, 0)


EXPORTERS: Mapping[type, Exporter] = {kernels.PairwiseKernel: _pairwise}
