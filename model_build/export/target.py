"""Exports regressors of a transformed target; the mirror of ``handler.engine.target``."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import preprocessing
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from model_build.export.node import Context, Exporter, Node


def _transformed_target(estimator: TransformedTargetRegressor, context: Context) -> Node:
    if estimator._training_dim > 2:
        raise context.unsupported(estimator, "its target has more than two dimensions")
    return {
        "kind": "target.TransformedTargetRegressor",
        "regressor": context.export(estimator.regressor_, "regressor_"),
        "inverse": _inverse(estimator.transformer_, context),
        "flat": estimator._training_dim == 1,
    }


def _inverse(transformer: Any, context: Context) -> list[Node]:
    """Return the steps of the way back from what a fitted transformer made."""
    if isinstance(transformer, str):
        return []  # a pipeline's "passthrough"
    steps = _INVERSES.get(type(transformer))
    if steps is None:
        raise context.unsupported(transformer, "skzap has no numpy form of its inverse")
    return steps(transformer, context)


def _pipeline(pipeline: Pipeline, context: Context) -> list[Node]:
    backwards = [step for _, step in reversed(pipeline.steps) if step is not None]
    return [node for step in backwards for node in _inverse(step, context)]


def _function(transformer: preprocessing.FunctionTransformer, context: Context) -> list[Node]:
    if transformer.inv_kw_args:
        raise context.unsupported(transformer, "inv_kw_args have no numpy form")
    return [elementwise(transformer, transformer.inverse_func, context)]


def elementwise(
    transformer: preprocessing.FunctionTransformer, function: Any, context: Context
) -> Node:
    """Return the node of a function of each value, or of none.

    Raises
    ------
    UnsupportedEstimator
        For what is no numpy ufunc of one number.
    """
    if function is not None and not _unary_ufunc(function):
        raise context.unsupported(transformer, f"the function {function!r} is code, no numpy ufunc")
    name = None if function is None else function.__name__
    return {"kind": "target.Elementwise", "function": name, "validated": bool(transformer.validate)}


def _unary_ufunc(function: Any) -> bool:
    known = isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is function
    takes_numbers = known and any(types.startswith("d->") for types in function.types)
    return takes_numbers and function.nin == function.nout == 1


def _standard(scaler: preprocessing.StandardScaler, _: Context) -> list[Node]:
    shift = scaler.mean_ if scaler.with_mean else None
    return [_scale_then_shift(scaler.scale_ if scaler.with_std else None, shift)]


def _robust(scaler: preprocessing.RobustScaler, _: Context) -> list[Node]:
    shift = scaler.center_ if scaler.with_centering else None
    return [_scale_then_shift(scaler.scale_ if scaler.with_scaling else None, shift)]


def _max_abs(scaler: preprocessing.MaxAbsScaler, _: Context) -> list[Node]:
    return [_scale_then_shift(scaler.scale_, None)]


def _scale_then_shift(scale: Any, shift: Any) -> Node:
    return {"kind": "target.ScaleThenShift", "scale": scale, "shift": shift}


def _min_max(scaler: preprocessing.MinMaxScaler, _: Context) -> list[Node]:
    return [{"kind": "target.ShiftThenScale", "scale": scaler.scale_, "shift": scaler.min_}]


def _power(transformer: preprocessing.PowerTransformer, context: Context) -> list[Node]:
    kind = "InverseBoxCox" if transformer.method == "box-cox" else "InverseYeoJohnson"
    node = {"kind": f"target.{kind}", "lambdas": np.asarray(transformer.lambdas_, dtype=float)}
    scaled = _standard(transformer._scaler, context) if transformer.standardize else []
    return [*scaled, node]


def _quantile(transformer: preprocessing.QuantileTransformer, _: Context) -> list[Node]:
    return [
        {
            "kind": "target.InverseQuantile",
            "quantiles": transformer.quantiles_,
            "references": transformer.references_,
            "normal": transformer.output_distribution == "normal",
        }
    ]


_INVERSES: Mapping[type, Callable[[Any, Context], list[Node]]] = {
    Pipeline: _pipeline,
    preprocessing.FunctionTransformer: _function,
    preprocessing.MaxAbsScaler: _max_abs,
    preprocessing.MinMaxScaler: _min_max,
    preprocessing.PowerTransformer: _power,
    preprocessing.QuantileTransformer: _quantile,
    preprocessing.RobustScaler: _robust,
    preprocessing.StandardScaler: _standard,
}

EXPORTERS: Mapping[type, Exporter] = {TransformedTargetRegressor: _transformed_target}
