"""Exports scalers and encoders; the mirror of ``handler.engine.preprocessing``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import preprocessing

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node

# Up to so many outputs, dense ones are as fast for many rows, and faster for one.
_DENSE_WIDTH = 128

type Codes = NDArray[np.int64]

# The values that JSON, and so a request, can hold.
_PLAIN = (str, bool, int, float, np.bool_, np.integer, np.floating, type(None))


def plain(estimator: Any, values: Array, context: Context) -> Array:
    """Return categories or fillings as they are.

    Raises
    ------
    UnsupportedEstimator
        Where one is neither text nor number nor missing, or a whole number of more than 64 bits,
        which numpy keeps as an object.
    """
    strange = [type(value).__name__ for value in values if not isinstance(value, _PLAIN)]
    if strange:
        raise context.unsupported(estimator, f"it holds a {strange[0]}, no text or number")
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values):
        raise context.unsupported(estimator, "it holds a whole number of more than 64 bits")
    return values


def _standard_scaler(estimator: Any, _: Context) -> Node:
    return {
        "kind": "preprocessing.StandardScaler",
        "mean": estimator.mean_ if estimator.with_mean else None,
        "scale": estimator.scale_ if estimator.with_std else None,
    }


def _robust_scaler(estimator: Any, _: Context) -> Node:
    return {
        "kind": "preprocessing.RobustScaler",
        "center": estimator.center_ if estimator.with_centering else None,
        "scale": estimator.scale_ if estimator.with_scaling else None,
    }


def _min_max_scaler(estimator: Any, _: Context) -> Node:
    return {
        "kind": "preprocessing.MinMaxScaler",
        "scale": estimator.scale_,
        "minimum": estimator.min_,
        "limits": list(estimator.feature_range) if estimator.clip else None,
    }


def _max_abs_scaler(estimator: Any, _: Context) -> Node:
    # Only newer releases of scikit-learn can clip here.
    clip = getattr(estimator, "clip", False)
    return {
        "kind": "preprocessing.MaxAbsScaler",
        "scale": estimator.scale_,
        "limits": [-1.0, 1.0] if clip else None,
    }


def _normalizer(estimator: Any, _: Context) -> Node:
    return {"kind": "preprocessing.Normalizer", "norm": estimator.norm}


def _binarizer(estimator: Any, _: Context) -> Node:
    return {"kind": "preprocessing.Binarizer", "threshold": float(estimator.threshold)}


def _one_hot_encoder(estimator: Any, context: Context) -> Node:
    grouped = [_grouped(estimator, j, {}) for j in range(len(estimator.categories_))]
    offsets = np.cumsum([0, *estimator._n_features_outs])
    columns = [_outputs(estimator, j, codes, offsets[j]) for j, codes in enumerate(grouped)]
    return {
        "kind": "preprocessing.OneHotEncoder",
        "categories": [plain(estimator, column, context) for column in estimator.categories_],
        "outputs": columns,
        "unknown": [_unknown_output(estimator, j, column) for j, column in enumerate(columns)],
        "width": int(offsets[-1]),
        "dtype": _dtype(estimator, context),
        "sparse": bool(estimator.sparse_output and offsets[-1] > _DENSE_WIDTH),
    }


def _outputs(estimator: Any, j: int, codes: Codes, offset: int) -> Codes:
    """Return the output of each category of column j, -1 for a dropped one."""
    drops = estimator._drop_idx_after_grouping
    if drops is None or drops[j] is None:
        return codes + offset
    kept = codes + offset - (codes > drops[j])
    return np.where(codes == drops[j], -1, kept)


def _unknown_output(estimator: Any, j: int, outputs: Codes) -> int | None:
    if estimator.handle_unknown == "error":
        return None
    infrequent = _infrequent(estimator, j)
    if infrequent is None or estimator.handle_unknown == "ignore":
        return -1
    return int(outputs[infrequent[0]])


def _ordinal_encoder(estimator: Any, context: Context) -> Node:
    missing = estimator._missing_indices
    refuses = estimator.handle_unknown == "error"
    return {
        "kind": "preprocessing.OrdinalEncoder",
        "categories": [plain(estimator, column, context) for column in estimator.categories_],
        "outputs": [_numbers(estimator, j, missing) for j in range(len(estimator.categories_))],
        "unknown": None if refuses else estimator.unknown_value,
        "dtype": _dtype(estimator, context),
    }


def _numbers(estimator: Any, j: int, missing: Mapping[int, int]) -> Array:
    """Return the number of each category of column j, in the type of the outputs."""
    numbers = _grouped(estimator, j, missing).astype(estimator.dtype)
    if j in missing:
        numbers[missing[j]] = estimator.encoded_missing_value
    return numbers


def _grouped(estimator: Any, j: int, missing: Mapping[int, int]) -> Codes:
    """Return the code of each category of column j, the infrequent ones sharing the last."""
    codes = np.arange(len(estimator.categories_[j]))
    if _infrequent(estimator, j) is None:
        return codes
    mapping = estimator._default_to_infrequent_mappings[j]
    # A missing value, which is last where it is a category, stays out of the grouping.
    return np.concatenate([mapping, codes[len(mapping) :]]) if j in missing else mapping


def _infrequent(estimator: Any, j: int) -> Codes | None:
    """Return the positions of column j's infrequent categories, None where it has none."""
    grouped: Sequence[Codes | None] = getattr(estimator, "_infrequent_indices", [])
    return grouped[j] if estimator._infrequent_enabled else None


def _dtype(estimator: Any, context: Context) -> str:
    dtype = np.dtype(estimator.dtype)
    if dtype.kind not in "fiub":
        raise context.unsupported(estimator, f"its outputs are of type {dtype}, no numbers")
    return str(dtype.str)


EXPORTERS: Mapping[type, Exporter] = {
    preprocessing.StandardScaler: _standard_scaler,
    preprocessing.RobustScaler: _robust_scaler,
    preprocessing.MinMaxScaler: _min_max_scaler,
    preprocessing.MaxAbsScaler: _max_abs_scaler,
    preprocessing.Normalizer: _normalizer,
    preprocessing.Binarizer: _binarizer,
    preprocessing.OneHotEncoder: _one_hot_encoder,
    preprocessing.OrdinalEncoder: _ordinal_encoder,
}
