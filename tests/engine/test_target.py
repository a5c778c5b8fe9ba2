from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeRegressor

from handler.artifact import load_model
from handler.engine.target import Elementwise
from handler.errors import ArtifactError, RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import examples, fitted, seeds

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(6)


@pytest.mark.parametrize(
    ("function", "inverse"),
    [
        (np.log1p, np.expm1),
        (np.log, np.exp),
        (np.sqrt, np.square),
        (np.square, np.sqrt),
        (np.cbrt, lambda values: values),
        (np.reciprocal, np.reciprocal),
        (np.log10, np.exp2),
        (None, None),
    ],
)
@drawn
@given(seed=seeds)
def test_functions(
    function: Any, inverse: Any, seed: int, assert_pair: "AssertPair", tmp_path: Any
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, 3))
    regressor = TransformedTargetRegressor(func=function, inverse_func=inverse)
    reference = fitted(regressor, X, np.exp(X[:, 0]) + 0.5)
    if inverse is None or isinstance(inverse, np.ufunc):
        # Far out, predictions overflow or have no root.
        assert_pair(reference, X, np.vstack([X, X * 1000, np.zeros((1, 3))]))
    else:
        with pytest.raises(UnsupportedEstimator, match=r"lambda.*is code"):
            export_model(reference, X, tmp_path / "model")


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-2, 3)),
        MaxAbsScaler(),
        RobustScaler(),
        RobustScaler(with_centering=False),
        RobustScaler(with_scaling=False, quantile_range=(10, 90)),
        PowerTransformer(),
        PowerTransformer(standardize=False),
        PowerTransformer("box-cox"),
        PowerTransformer("box-cox", standardize=False),
        QuantileTransformer(n_quantiles=20),
        QuantileTransformer(n_quantiles=20, output_distribution="normal"),
        FunctionTransformer(np.log1p, np.expm1),
        FunctionTransformer(np.log1p, np.expm1, validate=True),
        make_pipeline(FunctionTransformer(np.log, np.exp), "passthrough", StandardScaler()),
    ],
    ids=str,
)
@drawn
@given(seed=seeds, outputs=st.sampled_from([None, 1, 2]), scale=st.sampled_from([1.0, 1e-6, 1e6]))
def test_transformers(
    transformer: Any, seed: int, outputs: Any, scale: float, assert_pair: "AssertPair"
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, 3))
    signal = X[:, 0] if outputs is None else X[:, :outputs]
    y = (np.exp(signal / 2) + rng.random(signal.shape)) * scale
    reference = TransformedTargetRegressor(Ridge(), transformer=transformer)
    assert_pair(fitted(reference, X, y), X, np.vstack([X, X * 10, X * 100, np.zeros((1, 3))]))


@pytest.mark.parametrize("power", [0.0, 2.0])
def test_yeo_johnson_at_its_poles(power: float, assert_pair: "AssertPair") -> None:
    X = np.linspace(-3, 3, 41)[:, None]
    transformer = PowerTransformer(standardize=False)
    reference = TransformedTargetRegressor(LinearRegression(), transformer=transformer)
    reference.fit(X, X[:, 0])
    reference.transformer_.lambdas_ = np.array([power])
    assert_pair(reference, X, X)


def test_any_regressor(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    pipeline = make_pipeline(StandardScaler(), DecisionTreeRegressor(max_depth=3, random_state=0))
    reference = TransformedTargetRegressor(pipeline, func=np.log, inverse_func=np.exp)
    assert_pair(reference.fit(X, np.exp(X[:, 0])), X, X)


def test_refuses_a_prediction_that_scikit_learn_refuses_to_transform_back(tmp_path: Any) -> None:
    X = np.linspace(1, 9, 20)[:, None]
    reference = TransformedTargetRegressor(func=np.log1p, inverse_func=np.expm1)
    reference.fit(X, np.expm1(X[:, 0] * 1e2 / 9))
    export_model(reference, X, tmp_path / "model")
    rows = [[1.0], [1.7e308]]
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="infinity"):
        reference.predict(rows)
    with pytest.raises(RowsRefused, match="row 1, column 0"):
        load_model(tmp_path / "model").predict(rows)


def test_a_transformer_without_numpy_inverse(tmp_path: Any) -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    reference = fitted(TransformedTargetRegressor(Ridge(), transformer=PCA(1)), X, X)
    with pytest.raises(UnsupportedEstimator, match=r"PCA.*inverse"):
        export_model(reference, X, tmp_path / "model")


@pytest.mark.parametrize("name", ["save", "add", "no_such_function", "frexp"])
def test_an_artifact_names_unary_ufuncs_only(name: str) -> None:
    with pytest.raises(ArtifactError, match=name):
        Elementwise(name, validated=False).transform(np.ones((1, 1)))
