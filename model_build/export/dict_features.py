"""Exports vectorizers of records; the mirror of ``handler.engine.dict_features``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer, FeatureHasher

from model_build.export.node import Context, Exporter, Node


def _dict_vectorizer(estimator: DictVectorizer, context: Context) -> Node:
    strange = [name for name in estimator.feature_names_ if not isinstance(name, str)]
    if strange:
        raise context.unsupported(estimator, f"the name {strange[0]!r} is no text")
    names = sorted(estimator.vocabulary_, key=estimator.vocabulary_.__getitem__)
    return {
        "kind": "dict_features.DictVectorizer",
        "names": names,
        "separator": estimator.separator,
        "dtype": _dtype(estimator, context),
        "sparse": bool(estimator.sparse),
    }


def _feature_hasher(estimator: FeatureHasher, context: Context) -> Node:
    return {
        "kind": "dict_features.FeatureHasher",
        "form": estimator.input_type,
        "n_features": int(estimator.n_features),
        "signed": bool(estimator.alternate_sign),
        "dtype": _dtype(estimator, context),
    }


def _dtype(estimator: Any, context: Context) -> str:
    dtype = np.dtype(estimator.dtype)
    if dtype.kind != "f":
        raise context.unsupported(estimator, f"its outputs are of type {dtype}, no floats")
    return str(dtype.str)


EXPORTERS: Mapping[type, Exporter] = {
    DictVectorizer: _dict_vectorizer,
    FeatureHasher: _feature_hasher,
}
