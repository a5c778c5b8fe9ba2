from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.image import PatchExtractor

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_identical, fitted


def images(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("shape", [(3, 12, 21), (2, 10, 11, 3), (1, 30, 10, 1)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patch_size": (3, 4)},
        {"patch_size": (10, 10)},
        {"patch_size": (2, 2), "max_patches": 7, "random_state": 0},
        {"patch_size": (3, 2), "max_patches": 0.25, "random_state": 5},
        {"patch_size": (9, 10), "max_patches": 1000, "random_state": 1},
    ],
    ids=str,
)
def test_patches(shape: Any, options: Any, tmp_path: Path) -> None:
    X = images(*shape)
    reference = fitted(PatchExtractor(**options), X)
    assert_identical(reference, X, tmp_path)
    model = load_model(tmp_path / "model")
    np.testing.assert_array_equal(model.transform(X.tolist()), reference.transform(X))
    np.testing.assert_array_equal(model.transform(X[:1]), reference.transform(X[:1]))


def test_images_that_do_not_fit(tmp_path: Path) -> None:
    X = images(2, 9, 9)
    export_model(fitted(PatchExtractor(patch_size=(3, 3)), X), X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    for bad in ([[[1.0, 2.0]]], [[["a"]]], [[1, 2, 3]], [X[0].tolist(), [[1.0]]], X + np.nan):
        with pytest.raises(InvalidInput):
            model.transform(bad)


def test_draws_that_differ_each_time_are_unsupported(tmp_path: Path) -> None:
    X = images(2, 9, 9)
    with pytest.raises(UnsupportedEstimator, match=r"PatchExtractor.*draws"):
        export_model(PatchExtractor(patch_size=(3, 3), max_patches=2), X, tmp_path / "model")
