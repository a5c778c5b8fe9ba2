"""Exports imputers; the mirror of ``handler.engine.impute``."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import impute

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node
from model_build.export.preprocessing import plain


def _simple_imputer(estimator: impute.SimpleImputer, context: Context) -> Node:
    known = _known(estimator)
    nulls = estimator.missing_values is pd.NA
    # Training's type: a mean of float32 columns is rounded to float32.
    statistics = estimator.statistics_[known].astype(estimator._fill_dtype, copy=False)
    return {
        "kind": "impute.SimpleImputer",
        "statistics": plain(estimator, statistics, context),
        "kept": None if known.all() else np.flatnonzero(known),
        "missing": None if nulls else estimator.missing_values,
        "nulls": nulls,
        "values": _kind(estimator),
        "indicator": _indicator(estimator),
    }


def _known(estimator: impute.SimpleImputer) -> NDArray[np.bool_]:
    """Return which columns are kept: those whose statistic is a value."""
    statistics: Array = estimator.statistics_
    if estimator.keep_empty_features:
        return np.ones(len(statistics), dtype=bool)
    return np.asarray(statistics == statistics, dtype=bool)


def _kind(estimator: impute.SimpleImputer) -> str:
    if estimator._fit_dtype.kind == "O":
        return "object"
    # What training saw as floats (nullable integers, categories of booleans beside numbers) is
    # handled as floats, as pandas does it; whole numbers keep all their digits.
    whole = estimator.strategy in ("most_frequent", "constant") and estimator._fit_dtype.kind != "f"
    return "any" if whole else "float"


def _indicator(estimator: impute.SimpleImputer) -> Array | None:
    return None if estimator.indicator_ is None else np.asarray(estimator.indicator_.features_)


EXPORTERS: Mapping[type, Exporter] = {
    impute.SimpleImputer: _simple_imputer,
}
