"""Exports non-negative factorizations; the mirror of ``handler.engine.factorization``."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import decomposition

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _factorization(estimator: decomposition.NMF, context: Context) -> Node:
    if not estimator.components_.any():
        raise context.unsupported(estimator, "its components are all 0, and scikit-learn refuses")
    if estimator.solver == "mu":
        return {**_updates(estimator), "kind": "factorization.MultiplicativeUpdate"}
    return {
        **_common(estimator),
        "kind": "factorization.CoordinateDescent",
        "orders": _orders(estimator, context) if estimator.shuffle else None,
    }


def _of_batches(estimator: decomposition.MiniBatchNMF, _: Context) -> Node:
    return {
        **_updates(estimator),
        "kind": "factorization.BatchUpdate",
        "rounds": estimator._transform_max_iter,
    }


def _updates(estimator: Any) -> Node:
    beta = float(estimator._beta_loss)
    return {**_common(estimator), "beta": beta, "exponent": _exponent(beta)}


def _exponent(beta: float) -> float:
    """Return the power with which updates by this divergence cannot make it larger."""
    if beta < 1:
        return 1.0 / (2.0 - beta)
    return 1.0 / (beta - 1.0) if beta > 2 else 1.0


def _common(estimator: Any) -> Node:
    components = estimator.components_
    width = components.shape[1]
    return {
        "components": components,
        "l1": float(width * estimator.alpha_W * estimator.l1_ratio),
        "l2": float(width * estimator.alpha_W * (1.0 - estimator.l1_ratio)),
        "tolerance": float(estimator.tol),
        "rounds": int(estimator.max_iter),
    }


def _orders(estimator: decomposition.NMF, context: Context) -> Array:
    """Return the orders that a fixed seed gives to each transform."""
    if not isinstance(estimator.random_state, Integral):
        raise context.unsupported(estimator, "it shuffles, and its random_state is no fixed seed")
    rng = np.random.RandomState(int(estimator.random_state))
    count = len(estimator.components_)
    return np.array([rng.permutation(count) for _ in range(estimator.max_iter)], dtype=np.intp)


EXPORTERS: Mapping[type, Exporter] = {
    decomposition.MiniBatchNMF: _of_batches,
    decomposition.NMF: _factorization,
}
