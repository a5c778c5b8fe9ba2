"""Exports pipelines, column transformers and unions; the mirror of ``handler.engine.compose``."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils._set_output import _get_output_config

from model_build.export.node import Context, Exporter, Node
from model_build.export.target import elementwise


def _pipeline(estimator: Pipeline, context: Context) -> Node:
    *steps, (last, final) = estimator.steps
    return {
        "kind": "compose.Pipeline",
        "steps": [_transformer(step, name, context) for name, step in steps if not _passes(step)],
        "final": _transformer(final, last, context, only=context.transforms_only),
    }


def _column_transformer(estimator: ColumnTransformer, context: Context) -> Node:
    parts = list(_parts(estimator))
    weights = estimator.transformer_weights or {}
    return {
        "kind": "compose.ColumnTransformer",
        "transformers": [_transformer(part, name, context) for name, part, _ in parts],
        "columns": [columns for _, _, columns in parts],
        "weights": [weights.get(name) for name, _, _ in parts],
        "sparse": bool(getattr(estimator, "sparse_output_", False)),
        "frame": _gives_frames(estimator),
    }


def _parts(estimator: ColumnTransformer) -> Iterator[tuple[str, Any, list[int] | int]]:
    """Yield name, fitted transformer and column positions of what takes part.

    Selections by name, mask, slice or callable have become positions in
    ``_transformer_to_input_indices`` during fit; a selection by one name or number hands its
    transformer a 1-D column.
    """
    for name, transformer, selection in estimator.transformers_:
        positions = [int(j) for j in estimator._transformer_to_input_indices[name]]
        if positions and not _is(transformer, "drop"):
            yield name, transformer, positions[0] if np.isscalar(selection) else positions


def _feature_union(estimator: FeatureUnion, context: Context) -> Node:
    parts = [part for part in estimator.transformer_list if not _is(part[1], "drop")]
    weights = estimator.transformer_weights or {}
    return {
        "kind": "compose.FeatureUnion",
        "transformers": [_transformer(part, name, context) for name, part in parts],
        "weights": [weights.get(name) for name, _ in parts],
        "frame": _gives_frames(estimator),
    }


def _gives_frames(estimator: Any) -> bool:
    """Whether ``set_output`` asked for DataFrames: an array would give all columns one type."""
    return bool(_get_output_config("transform", estimator)["dense"] != "default")


def _function(estimator: FunctionTransformer, context: Context) -> Node:
    if estimator.func is None:
        return _passing(validate=estimator.validate)
    if estimator.kw_args:
        raise context.unsupported(estimator, "kw_args have no numpy form")
    return elementwise(estimator, estimator.func, context)


def _transformer(estimator: Any, name: str, context: Context, *, only: bool = True) -> Node:
    if _passes(estimator):
        return _passing()
    return context.export(estimator, name, transforms_only=only)


def _passing(*, validate: bool = False) -> Node:
    return {"kind": "compose.Identity", "validate": validate}


def _passes(estimator: Any) -> bool:
    return estimator is None or _is(estimator, "passthrough")


def _is(estimator: Any, keyword: str) -> bool:
    # An estimator may define == in its own way; only a string is the keyword.
    return isinstance(estimator, str) and estimator == keyword


EXPORTERS: Mapping[type, Exporter] = {
    Pipeline: _pipeline,
    ColumnTransformer: _column_transformer,
    FeatureUnion: _feature_union,
    FunctionTransformer: _function,
}
