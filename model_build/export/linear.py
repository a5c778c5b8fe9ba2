"""Exports linear models; the mirror of ``handler.engine.linear``."""

from collections.abc import Mapping
from typing import Any

from sklearn import linear_model

from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: Any, _: Context) -> Node:
    return {
        "kind": "linear.LinearRegressor",
        "coef": estimator.coef_,
        "intercept": estimator.intercept_,
    }


EXPORTERS: Mapping[type, Exporter] = {
    linear_model.LinearRegression: _regressor,
    linear_model.Ridge: _regressor,
}
