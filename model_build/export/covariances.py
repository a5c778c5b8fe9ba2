"""Exports kernels of Gaussian processes; the mirror of ``handler.engine.covariances``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.gaussian_process import kernels

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _constant(kernel: kernels.ConstantKernel, _: Context) -> Node:
    value = _number(kernel.constant_value)
    return {"kind": "covariances.Constant", "value": value, "variance": value}


def _white(kernel: kernels.WhiteKernel, _: Context) -> Node:
    """Export noise: new rows share none with those of training, and have their own."""
    return {"kind": "covariances.Constant", "value": 0.0, "variance": _number(kernel.noise_level)}


def _dot_product(kernel: kernels.DotProduct, _: Context) -> Node:
    return {"kind": "covariances.DotProduct", "variance": _number(kernel.sigma_0**2)}


def _squared_exponential(kernel: kernels.RBF, _: Context) -> Node:
    return {"kind": "covariances.SquaredExponential", "scale": _scale(kernel)}


def _matern(kernel: kernels.Matern, context: Context) -> Node:
    if kernel.nu not in (0.5, 1.5, 2.5, np.inf):
        raise context.unsupported(
            kernel, f"nu={kernel.nu} needs a Bessel function, which numpy does not have"
        )
    smoothness = str(float(kernel.nu))
    return {"kind": "covariances.Matern", "scale": _scale(kernel), "smoothness": smoothness}


def _rational_quadratic(kernel: kernels.RationalQuadratic, _: Context) -> Node:
    width = 2 * kernel.alpha * kernel.length_scale**2
    return {
        "kind": "covariances.RationalQuadratic",
        "width": _number(width),
        "alpha": _number(kernel.alpha),
    }


def _periodic(kernel: kernels.ExpSineSquared, _: Context) -> Node:
    return {
        "kind": "covariances.Periodic",
        "scale": _number(kernel.length_scale),
        "period": _number(kernel.periodicity),
    }


def _sum(kernel: kernels.Sum, context: Context) -> Node:
    return {"kind": "covariances.Sum", **_operands(kernel, context)}


def _product(kernel: kernels.Product, context: Context) -> Node:
    return {"kind": "covariances.Product", **_operands(kernel, context)}


def _operands(kernel: Any, context: Context) -> Node:
    return {"left": context.export(kernel.k1, "k1"), "right": context.export(kernel.k2, "k2")}


def _power(kernel: kernels.Exponentiation, context: Context) -> Node:
    base = context.export(kernel.kernel, "kernel")
    return {"kind": "covariances.Power", "base": base, "exponent": kernel.exponent}


def _number(value: Any) -> float:
    """Return a parameter, which may be an array of one value."""
    return float(np.squeeze(value))


def _scale(kernel: kernels.RBF) -> Array:
    return np.asarray(np.atleast_1d(np.squeeze(kernel.length_scale)), dtype=np.float64)


EXPORTERS: Mapping[type, Exporter] = {
    kernels.ConstantKernel: _constant,
    kernels.DotProduct: _dot_product,
    kernels.Exponentiation: _power,
    kernels.ExpSineSquared: _periodic,
    kernels.Matern: _matern,
    kernels.Product: _product,
    kernels.RationalQuadratic: _rational_quadratic,
    kernels.RBF: _squared_exponential,
    kernels.Sum: _sum,
    kernels.WhiteKernel: _white,
}
