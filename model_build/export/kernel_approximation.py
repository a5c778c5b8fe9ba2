"""Exports kernel approximations; the mirror of ``handler.engine.kernel_approximation``."""

from collections.abc import Mapping

import numpy as np
from sklearn import kernel_approximation as approximation

from model_build.export.kernels import kernel_model
from model_build.export.node import Context, Exporter, Node

# The distances that AdditiveChi2Sampler takes by default, by the number of samples.
_INTERVALS = {1: 0.8, 2: 0.5, 3: 0.4}


def _nystroem(estimator: approximation.Nystroem, context: Context) -> Node:
    names = ("gamma", "coef0", "degree")
    given = {name: getattr(estimator, name) for name in names}
    own = {name: value for name, value in given.items() if value is not None}
    parameters = {**(estimator.kernel_params or {}), **own}
    vectors = estimator.components_
    return {
        "kind": "kernel_approximation.Nystroem",
        **kernel_model(estimator, context, vectors=vectors, parameters=parameters),
        "normalization": estimator.normalization_,
    }


def _random_fourier(estimator: approximation.RBFSampler, _: Context) -> Node:
    return {
        "kind": "kernel_approximation.RandomFourier",
        "weights": estimator.random_weights_,
        "offset": estimator.random_offset_,
        "scale": (2.0 / estimator.n_components) ** 0.5,
    }


def _skewed_fourier(estimator: approximation.SkewedChi2Sampler, _: Context) -> Node:
    return {
        "kind": "kernel_approximation.SkewedFourier",
        "weights": estimator.random_weights_,
        "offset": estimator.random_offset_,
        "scale": float(np.sqrt(2.0) / np.sqrt(estimator.n_components)),
        "skewedness": float(estimator.skewedness),
    }


def _additive(estimator: approximation.AdditiveChi2Sampler, _: Context) -> Node:
    interval = estimator.sample_interval
    if interval is None:
        interval = _INTERVALS[estimator.sample_steps]
    steps = range(1, estimator.sample_steps)
    return {
        "kind": "kernel_approximation.AdditiveChiSquaredSampler",
        "interval": float(interval),
        "shares": [float(np.cosh(np.pi * j * interval)) for j in steps],
    }


def _sketch(estimator: approximation.PolynomialCountSketch, _: Context) -> Node:
    coef0 = estimator.coef0
    return {
        "kind": "kernel_approximation.PolynomialSketch",
        "scale": float(np.sqrt(estimator.gamma)),
        "constant": None if coef0 == 0 else float(np.sqrt(coef0)),
        "places": estimator.indexHash_,
        "signs": estimator.bitHash_,
        "n_components": int(estimator.n_components),
    }


EXPORTERS: Mapping[type, Exporter] = {
    approximation.AdditiveChi2Sampler: _additive,
    approximation.Nystroem: _nystroem,
    approximation.PolynomialCountSketch: _sketch,
    approximation.RBFSampler: _random_fourier,
    approximation.SkewedChi2Sampler: _skewed_fourier,
}
