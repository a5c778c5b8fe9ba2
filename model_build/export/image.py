"""Exports the extractor of patches; the mirror of ``handler.engine.image``."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_extraction.image import PatchExtractor

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _patches(estimator: PatchExtractor, context: Context) -> Node:
    size, most = estimator.patch_size, estimator.max_patches
    return {
        "kind": "image.PatchExtractor",
        "size": None if size is None else [int(length) for length in size],
        "most": int(most) if isinstance(most, Integral) else most,
        "key": None if most is None else _key(estimator, context),
    }


def _key(estimator: Any, context: Context) -> Array:
    seed = estimator.random_state
    if not isinstance(seed, Integral):
        raise context.unsupported(estimator, f"random_state={seed!r} draws other patches each time")
    state = np.random.RandomState(int(seed)).get_state(legacy=False)
    key: Array = state["state"]["key"]
    return key


EXPORTERS: Mapping[type, Exporter] = {PatchExtractor: _patches}
