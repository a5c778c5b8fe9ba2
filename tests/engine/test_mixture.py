from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    NAMES,
    Matrix,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

forms = pytest.mark.parametrize("form", ["full", "tied", "diag", "spherical"])
kinds = pytest.mark.parametrize(
    ("kind", "options"),
    [
        (GaussianMixture, {}),
        (GaussianMixture, {"reg_covar": 0.1, "init_params": "random"}),
        (BayesianGaussianMixture, {}),
        (
            BayesianGaussianMixture,
            {
                "weight_concentration_prior_type": "dirichlet_distribution",
                "mean_precision_prior": 2,
            },
        ),
    ],
)


def clouds(seed: int, width: int, rows: int = 60) -> Matrix:
    """Rows around three centres, the columns on unlike scales; some rows are equal."""
    X = unlike_scales(seed, width, rows)
    X += 4 * np.random.default_rng(seed).normal(size=(3, width))[np.arange(rows) % 3]
    X[:6] = X[6:12]
    return X


@forms
@kinds
@examples(7)
@given(seed=seeds, width=st.integers(1, 9), components=st.integers(1, 4))
def test_mixtures(
    kind: Any,
    options: dict[str, Any],
    form: str,
    seed: int,
    width: int,
    components: int,
    tmp_path: "Path",
) -> None:
    X = clouds(seed, width)
    mixture = kind(
        n_components=components, covariance_type=form, random_state=seed, max_iter=8, **options
    )
    assert_proven(fitted(mixture, X), X, tmp_path)


@forms
@kinds
def test_bit_for_bit(kind: Any, options: dict[str, Any], form: str, tmp_path: "Path") -> None:
    X = clouds(1, 5)
    mixture = kind(n_components=3, covariance_type=form, random_state=0, **options)
    assert_identical(fitted(mixture, X), X, tmp_path)


@forms
@pytest.mark.parametrize("rows", [1, 2, 60])
def test_frames(form: str, rows: int, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame(clouds(2, 4), columns=list("abcd"))
    mixture = GaussianMixture(3, covariance_type=form, random_state=0)
    assert_pair(fitted(mixture, frame), frame, frame.iloc[:rows])


@forms
def test_whole_numbers_lose_their_distances_fractions(form: str, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame(np.round(clouds(3, 3)).astype(int), columns=list("abc"))
    reference = fitted(GaussianMixture(3, covariance_type=form, random_state=0), frame)
    if form == "full":
        whole, real = reference.score_samples(frame), reference.score_samples(frame.astype(float))
        assert not np.allclose(whole, real)
    assert_pair(reference, frame, frame)


@forms
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_after_an_encoder(form: str, dtype: Any, assert_pair: "AssertPair") -> None:
    words = NAMES.astype(object)[(clouds(4, 3) > 0).astype(int)]
    encoder = OneHotEncoder(dtype=dtype, sparse_output=False)
    mixture = GaussianMixture(2, covariance_type=form, random_state=0, reg_covar=1e-2)
    assert_pair(fitted(make_pipeline(encoder, mixture), words), words, words)


def test_a_component_without_weight(tmp_path: "Path") -> None:
    X = clouds(5, 2)
    reference = fitted(GaussianMixture(3, random_state=0), X)
    reference.weights_ = np.array([0.5, 0.5, 0.0])
    assert_proven(reference, X, tmp_path)


def test_in_a_pipeline(tmp_path: "Path") -> None:
    X = clouds(6, 4)
    assert_proven(
        fitted(make_pipeline(StandardScaler(), GaussianMixture(3, random_state=0)), X), X, tmp_path
    )


@forms
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(form: str, value: float, tmp_path: "Path") -> None:
    X = clouds(0, 4)
    reference = fitted(GaussianMixture(2, covariance_type=form, random_state=0), X)
    export_model(reference, X, tmp_path / "model")
    X[5, 2] = value
    model = load_model(tmp_path / "model")
    for method in model.methods:
        assert_both_refuse(reference, model, X, [(5, 2)], method)
