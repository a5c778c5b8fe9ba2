"""Exports the target encoder; the mirror of ``handler.engine.target_encoding``."""

from collections.abc import Mapping

import numpy as np
from sklearn.preprocessing import TargetEncoder

from model_build.export.node import Context, Exporter, Node
from model_build.export.preprocessing import plain


def _target_encoder(estimator: TargetEncoder, context: Context) -> Node:
    categories = [plain(estimator, column, context) for column in estimator.categories_]
    if estimator.target_type_ == "multiclass":
        return _multiclass(estimator, {"categories": categories})
    return {
        "kind": "preprocessing.OrdinalEncoder",
        "categories": categories,
        "outputs": estimator.encodings_,
        "unknown": float(estimator.target_mean_),
        "dtype": np.dtype(np.float64).str,
    }


def _multiclass(estimator: TargetEncoder, fields: Node) -> Node:
    """Return the node; the encodings come column by column, in each a list a class."""
    n_classes = len(estimator.classes_)
    encodings = estimator.encodings_
    columns = [
        np.column_stack(encodings[start : start + n_classes])
        for start in range(0, len(encodings), n_classes)
    ]
    ends = np.cumsum([len(column) for column in columns])
    return {
        "kind": "target_encoding.MulticlassTargetEncoder",
        **fields,
        "rows": [np.arange(e - len(c), e) for c, e in zip(columns, ends, strict=True)],
        "means": np.vstack([*columns, estimator.target_mean_]),
    }


EXPORTERS: Mapping[type, Exporter] = {TargetEncoder: _target_encoder}
