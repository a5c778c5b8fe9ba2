from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PowerTransformer, QuantileTransformer
from sklearn.svm import LinearSVC

from handler.artifact import load_model
from handler.errors import RowsRefused
from model_build.export import export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    examples,
    fitted,
    seeds,
    unlike_columns,
    unlike_scales,
    with_missing,
)


def positive(seed: int, width: int) -> Matrix:
    return np.asarray(np.exp(np.clip(unlike_scales(seed, width), -5, 5)))


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@examples(15)
@given(seed=seeds, width=st.integers(1, 5), missing=st.booleans())
def test_powers(
    method: Any, standardize: bool, seed: int, width: int, missing: bool, tmp_path: Path
) -> None:
    X = positive(seed, width) if method == "box-cox" else unlike_scales(seed, width)
    X = with_missing(X, seed) if missing else X
    reference = fitted(PowerTransformer(method, standardize=standardize), X)
    assert_proven(reference, X, tmp_path)
    assert_proven(reference, X[:1], tmp_path)


def test_yeo_johnson_leaves_constants(tmp_path: Path) -> None:
    X = np.column_stack([np.full(30, 4.0), np.linspace(-3, 3, 30)])
    assert_proven(fitted(PowerTransformer(), X), X, tmp_path)


@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("power", [0.0, 2.0, -1.5, 2.5, 1e-17, 2 + 1e-15])
def test_powers_at_their_poles_and_far_out(method: Any, power: float, tmp_path: Path) -> None:
    X = positive(0, 2)
    reference = fitted(PowerTransformer(method, standardize=False), X)
    reference.lambdas_ = np.array([power, 1.0])
    export_model(reference, X, tmp_path / "model")
    far = np.array([5e-324, 1e-300, 1e-20, 1.0, 1e20, 1e154, 1.7e154, 1e300, 1.7e308, np.nan])
    far = far if method == "box-cox" else np.concatenate([far, -far])
    rows = np.column_stack([far, far])
    with np.errstate(all="ignore"):
        expected = reference.transform(rows)
    answer = load_model(tmp_path / "model").transform(rows)
    np.testing.assert_allclose(answer, expected, rtol=1e-13)


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_box_cox_refuses_what_is_not_positive(value: float, tmp_path: Path) -> None:
    X = positive(0, 2)
    reference = fitted(PowerTransformer("box-cox"), X)
    export_model(reference, X, tmp_path / "model")
    rows = X.copy()
    rows[4, 1] = value
    with pytest.raises(ValueError, match="strictly positive"):
        reference.transform(rows)
    with pytest.raises(RowsRefused, match="row 4, column 1: is not positive"):
        load_model(tmp_path / "model").transform(rows)


@pytest.mark.parametrize("output_distribution", ["uniform", "normal"])
@examples(15)
@given(
    seed=seeds,
    width=st.integers(1, 4),
    n_quantiles=st.sampled_from([1, 2, 7, 80]),
    missing=st.booleans(),
)
def test_quantiles(
    output_distribution: Any, seed: int, width: int, n_quantiles: int, missing: bool, tmp_path: Path
) -> None:
    X = unlike_columns(seed, width)
    X = with_missing(X, seed) if missing else X
    options: dict[str, Any] = {"n_quantiles": n_quantiles, "subsample": 70}
    options["n_quantiles"] = min(n_quantiles, 70)
    reference = fitted(
        QuantileTransformer(output_distribution=output_distribution, random_state=0, **options), X
    )
    assert_identical(reference, X, tmp_path)
    assert_identical(reference, X[:1], tmp_path)


def test_quantiles_of_ties(tmp_path: Path) -> None:
    X = np.repeat([0.0, 1.0, 2.0, 5.0], [30, 5, 1, 14])[:, None]
    for distribution in ("uniform", "normal"):
        transformer = QuantileTransformer(n_quantiles=9, output_distribution=distribution)
        assert_identical(fitted(transformer, X), X, tmp_path)


@pytest.mark.parametrize(
    "transformer",
    [
        PowerTransformer(),
        PowerTransformer(standardize=False),
        QuantileTransformer(n_quantiles=5),
        QuantileTransformer(n_quantiles=5, output_distribution="normal"),
    ],
)
def test_float32_stays_float32(transformer: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 3, (50, 2))
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    reference = fitted(make_pipeline(encoder, transformer), X)
    assert_identical(reference, X, tmp_path)
    assert load_model(tmp_path / "model").transform(X).dtype == np.float32


@pytest.mark.parametrize(
    "transformer", [PowerTransformer(), PowerTransformer("box-cox"), QuantileTransformer()]
)
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_refuses_what_scikit_learn_refuses(transformer: Any, value: float, tmp_path: Path) -> None:
    X = positive(0, 3)
    reference = fitted(transformer, X)
    export_model(reference, X, tmp_path / "model")
    rows = X.copy()
    rows[2, 1] = value
    assert_both_refuse(reference, load_model(tmp_path / "model"), rows, [(2, 1)], "transform")


@pytest.mark.parametrize(
    "transformer",
    [PowerTransformer(), QuantileTransformer(n_quantiles=20, output_distribution="normal")],
)
def test_before_a_classifier(transformer: Any, tmp_path: Path) -> None:
    X = unlike_scales(0, 3)
    y = np.where(X[:, 0] > 0, "yes", "no")
    assert_proven(fitted(make_pipeline(transformer, LinearSVC()), X, y), X, tmp_path)
