"""Exports cross decompositions; the mirror of ``handler.engine.cross_decomposition``."""

from collections.abc import Mapping
from typing import Any

from sklearn import cross_decomposition

from model_build.export.node import Context, Exporter, Node


def _latent(estimator: Any, _: Context) -> Node:
    return {
        "kind": "cross_decomposition.LatentRegressor",
        "mean": estimator._x_mean,
        "scale": estimator._x_std,
        "rotations": estimator.x_rotations_,
        "coefficients": estimator.coef_,
        "intercept": estimator.intercept_,
        "flat": bool(estimator._predict_1d),
    }


def _scores(estimator: cross_decomposition.PLSSVD, _: Context) -> Node:
    return {
        "kind": "cross_decomposition.LatentScores",
        "mean": estimator._x_mean,
        "scale": estimator._x_std,
        "weights": estimator.x_weights_,
    }


EXPORTERS: Mapping[type, Exporter] = {
    cross_decomposition.CCA: _latent,
    cross_decomposition.PLSCanonical: _latent,
    cross_decomposition.PLSRegression: _latent,
    cross_decomposition.PLSSVD: _scores,
}
