"""Exports feature selection; the mirror of ``handler.engine.selection``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import feature_selection
from sklearn.utils import get_tags
from sklearn.utils._set_output import _get_output_config

from model_build.export.node import Context, Exporter, Node


def _selector(estimator: Any, _: Context) -> Node:
    with np.errstate(invalid="ignore"):  # a percentile among infinite scores
        columns = np.flatnonzero(estimator.get_support())
    return {
        "kind": "selection.Selector",
        "columns": columns,
        "finite": _needs_finite(estimator),
    }


def _needs_finite(estimator: Any) -> bool:
    """Return whether its transform checks the inputs.

    It does not look into a data frame that stays a data frame, and where NaN may pass
    infinities pass too.
    """
    output = _get_output_config("transform", estimator)["dense"]
    stays = output != "default" and hasattr(estimator, "feature_names_in_")
    return not stays and not get_tags(estimator).input_tags.allow_nan


def _elimination(estimator: Any, context: Context) -> Node:
    if context.transforms_only:
        return _selector(estimator, context)
    return {
        "kind": "selection.Elimination",
        "selector": _selector(estimator, context),
        "estimator": context.export(estimator.estimator_, "estimator_"),
    }


EXPORTERS: Mapping[type, Exporter] = {
    feature_selection.GenericUnivariateSelect: _selector,
    feature_selection.RFE: _elimination,
    feature_selection.RFECV: _elimination,
    feature_selection.SelectFdr: _selector,
    feature_selection.SelectFpr: _selector,
    feature_selection.SelectFromModel: _selector,
    feature_selection.SelectFwe: _selector,
    feature_selection.SelectKBest: _selector,
    feature_selection.SelectPercentile: _selector,
    feature_selection.SequentialFeatureSelector: _selector,
    feature_selection.VarianceThreshold: _selector,
}
