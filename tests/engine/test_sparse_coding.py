from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import (
    DictionaryLearning,
    MiniBatchDictionaryLearning,
    SparseCoder,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_proven,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

# scikit-learn tells of pursuits that end early; the answer is the same.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Orthogonal matching pursuit ended:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]
SETTINGS: list[dict[str, Any]] = [
    {"transform_algorithm": "threshold"},
    {"transform_algorithm": "threshold", "transform_alpha": 0.1, "positive_code": True},
    {"transform_algorithm": "threshold", "transform_alpha": 0.1, "split_sign": True},
    {"transform_algorithm": "omp"},
    {"transform_algorithm": "omp", "transform_n_nonzero_coefs": 3, "split_sign": True},
    {"transform_algorithm": "lars"},
    {"transform_algorithm": "lars", "transform_n_nonzero_coefs": 3, "split_sign": True},
]


def atoms(seed: int, count: int, width: int) -> Matrix:
    made = np.random.default_rng(seed).normal(size=(count, width))
    unit: Matrix = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
@examples(3)
@given(seed=seeds, width=st.integers(3, 20), count=st.integers(3, 30))
def test_given_dictionaries(
    settings: Any, seed: int, width: int, count: int, tmp_path_factory: Any
) -> None:
    X = np.random.default_rng(seed + 1).normal(size=(40, width))
    coder = SparseCoder(atoms(seed, count, width), **settings).fit(X)
    folder = tmp_path_factory.mktemp("coder")
    assert_proven(coder, X, folder)
    model = load_model(folder / "model")
    alone = np.concatenate([model.transform(X[i : i + 1]) for i in range(len(X))])
    np.testing.assert_allclose(alone, coder.transform(X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
@pytest.mark.parametrize("learning", [DictionaryLearning, MiniBatchDictionaryLearning])
def test_learned_dictionaries(
    learning: Any, settings: Any, tmp_path: "Path", assert_pair: "AssertPair"
) -> None:
    X = np.random.default_rng(0).normal(size=(50, 6))
    learner = learning(4, max_iter=5, fit_algorithm="cd", random_state=0, **settings)
    assert_proven(fitted(learner, X), X, tmp_path)
    many = np.random.default_rng(1).normal(size=(4500 if "lars" not in str(settings) else 200, 6))
    assert_pair(fitted(learner, X), X, many)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    scaled = make_pipeline(StandardScaler(), learner)
    if not learner.split_sign:  # else fit_transform and transform differ in width
        scaled.steps.append(("final", LogisticRegression()))
    assert_pair(fitted(scaled, frame, np.arange(50) % 2), frame, frame)


@pytest.mark.parametrize("algorithm", ["omp", "lars"])
def test_zero_rows_and_rows_of_few_atoms(algorithm: str, assert_pair: "AssertPair") -> None:
    dictionary = atoms(0, 5, 8)
    X = np.vstack([np.zeros(8), dictionary[2], dictionary[1] + dictionary[3]])
    coder = SparseCoder(dictionary, transform_algorithm=algorithm, transform_n_nonzero_coefs=4)
    assert_pair(coder.fit(X), X, X)
    assert_pair(coder.fit(X), X, X[:1])


def unsupported() -> list[tuple[SparseCoder, str]]:
    dictionary, omp = atoms(0, 5, 3), {"transform_algorithm": "omp"}
    twice = dictionary[[0, 1, 0]]
    return [
        (SparseCoder(dictionary, transform_algorithm="lasso_cd"), "rounding errors decide"),
        (SparseCoder(dictionary, transform_algorithm="lasso_lars"), "rounding errors decide"),
        (SparseCoder(dictionary, transform_n_nonzero_coefs=4, **omp), "depend on others"),
        (SparseCoder(twice, transform_n_nonzero_coefs=1, **omp), "two atoms are alike"),
        (SparseCoder(dictionary.astype(np.float32)), "float32"),
    ]


@pytest.mark.parametrize(("coder", "why"), unsupported(), ids=lambda value: str(value)[-40:])
def test_what_has_no_exact_numpy_form(coder: SparseCoder, why: str, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(UnsupportedEstimator, match=why):
        export_model(coder.fit(X), X, tmp_path / "model")


def test_float32_inside_a_pipeline(assert_pair: "AssertPair") -> None:
    words = np.random.default_rng(0).choice(["a", "b", "c", "d"], (60, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    coder = SparseCoder(atoms(0, 5, 12), transform_algorithm="threshold", transform_alpha=0.1)
    assert_pair(fitted(make_pipeline(encoder, coder), words), words, words)


@pytest.mark.parametrize("settings", SETTINGS, ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(settings: Any, value: float, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(30, 8))
    coder = SparseCoder(atoms(0, 5, 8), **settings).fit(X)
    export_model(coder, X, tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(coder, load_model(tmp_path / "model"), bad, [(3, 1)], "transform")
