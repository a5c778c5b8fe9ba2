"""``FunctionTransformer`` with numpy's functions of each value."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_identical, assert_proven, fitted

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda X: X + 1, r"lambda.*is code"),
        (np.nan_to_num, "nan_to_num.*is code"),
        (np.cumsum, "cumsum.*is code"),
    ],
)
def test_what_is_code_is_unsupported(function: Any, why: str, tmp_path: Path) -> None:
    X = np.ones((5, 2))
    transformer = FunctionTransformer(np.log1p).fit(X)
    transformer.func = function
    with pytest.raises(UnsupportedEstimator, match=rf"FunctionTransformer.*{why}"):
        export_model(transformer, X, tmp_path / "model")


def test_a_function_with_keywords_is_unsupported(tmp_path: Path) -> None:
    X = np.ones((5, 2))
    transformer = FunctionTransformer(np.log1p, kw_args={"dtype": np.float32}).fit(X)
    with pytest.raises(UnsupportedEstimator, match="kw_args"):
        export_model(transformer, X, tmp_path / "model")


FUNCTIONS = [np.log1p, np.sqrt, np.abs, np.exp, np.sign, np.isnan, np.square, np.negative]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("validate", [False, True])
def test_functions_of_each_value(function: Any, validate: bool, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    assert_identical(fitted(FunctionTransformer(function, validate=validate), X), X, tmp_path)


@pytest.mark.parametrize("function", [np.log1p, np.sqrt, np.exp, np.isnan])
def test_functions_of_flags(function: Any, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).random((40, 3)) < 0.5
    model = assert_pair(FunctionTransformer(function).fit(X), X, X)
    assert model.transform(X).dtype == function(X).dtype


def test_functions_of_float32(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 3, (40, 2))
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    reference = make_pipeline(encoder, FunctionTransformer(np.sin))
    assert_identical(fitted(reference, X), X, tmp_path)
    assert load_model(tmp_path / "model").transform(X).dtype == np.float32


@pytest.mark.parametrize("validate", [False, True])
def test_functions_of_columns(validate: bool, tmp_path: Path) -> None:
    """A frame's columns are computed in their own types, unless they are validated."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "whole": rng.integers(0, 99, 40),
            "real": rng.random(40),
            "flag": rng.random(40) < 0.5,
        }
    )
    for steps in ([], [StandardScaler()], [LinearRegression()]):
        reference = make_pipeline(FunctionTransformer(np.sqrt, validate=validate), *steps)
        assert_proven(fitted(reference, table, np.arange(40)), table, tmp_path)


def test_functions_of_sparse_rows(tmp_path: Path) -> None:
    texts = ["a b b", "b c", "", "c c c a"] * 5
    steps = [CountVectorizer(token_pattern=r"\w"), FunctionTransformer(np.log1p), Ridge()]
    assert_proven(fitted(make_pipeline(*steps), texts, np.arange(20)), texts, tmp_path)


def test_values_that_have_no_function(tmp_path: Path) -> None:
    X = np.array([[1.0, 2], [3.0, "a"]], dtype=object)
    export_model(FunctionTransformer(np.abs).fit(X), X, tmp_path / "model")
    with pytest.raises(InvalidInput, match="a number was expected"):
        load_model(tmp_path / "model").transform([[1.0, "b"]])
