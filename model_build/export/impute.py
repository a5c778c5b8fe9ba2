"""Exports imputers; the mirror of ``handler.engine.impute``."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn import impute
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 (it adds that imputer)

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


def _iterative_imputer(estimator: impute.IterativeImputer, context: Context) -> Node:
    if estimator.initial_imputer_._fit_dtype != np.float64:
        raise context.unsupported(estimator, "it was fitted on float32, whose sums differ")
    if estimator.sample_posterior and estimator.imputation_sequence_:
        raise context.unsupported(estimator, "sample_posterior=True answers at random")
    empty = estimator._is_empty_feature
    kept = np.ones_like(empty) if estimator.keep_empty_features else ~empty
    return {
        "kind": "impute.IterativeImputer",
        "initial": context.export(estimator.initial_imputer_, "initial_imputer_"),
        "missing": estimator.missing_values,
        "kept": None if kept.all() else np.flatnonzero(kept),
        "unknown": np.flatnonzero(empty[kept]),
        **_imputations(estimator, context),
        "indicator": _indicator(estimator),
    }


def _imputations(estimator: impute.IterativeImputer, context: Context) -> Node:
    sequence = estimator.imputation_sequence_
    return {
        "targets": [int(step.feat_idx) for step in sequence],
        "neighbours": [np.asarray(step.neighbor_feat_idx) for step in sequence],
        "estimators": [
            context.export(step.estimator, f"imputation_sequence_[{i}]")
            for i, step in enumerate(sequence)
        ],
        "limits": _limits(estimator) if sequence else None,
    }


def _limits(estimator: impute.IterativeImputer) -> Array | None:
    limits = np.array([estimator._min_value, estimator._max_value], dtype=np.float64)
    return None if np.isinf(limits).all() else limits


def _missing_indicator(estimator: impute.MissingIndicator, _: Context) -> Node:
    nulls = estimator.missing_values is pd.NA
    marked, count = estimator.features_, estimator._n_features
    strict = estimator.features == "missing-only" and estimator.error_on_new
    return {
        "kind": "impute.MissingIndicator",
        "missing": None if nulls else estimator.missing_values,
        "nulls": nulls,
        "columns": None if len(marked) == count else marked,
        "whole": np.setdiff1d(np.arange(count if strict else 0), marked),
    }


EXPORTERS: Mapping[type, Exporter] = {
    impute.IterativeImputer: _iterative_imputer,
    impute.MissingIndicator: _missing_indicator,
    impute.SimpleImputer: _simple_imputer,
}
