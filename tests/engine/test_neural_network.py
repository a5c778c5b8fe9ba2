from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder

from handler.artifact import load_model
from handler.engine.neural_network import PerceptronRegressor
from handler.errors import ArtifactError
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    NAMES,
    Matrix,
    Shape,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    seeds,
    shapes,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

activations = pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
layers = st.sampled_from([(3,), (5, 2), (4, 3, 2), ()])
QUICK: dict[str, Any] = {"max_iter": 4, "solver": "lbfgs", "random_state": 0}
ADAM: dict[str, Any] = {**QUICK, "solver": "adam"}  # it keeps the inputs' precision


@activations
@examples(10)
@given(shape=shapes(widest=8, fewest_classes=1), layers=layers)
def test_classifiers(activation: str, shape: Shape, layers: Any, tmp_path: "Path") -> None:
    X = unlike_scales(shape.seed, shape.width)
    codes = codes_of(X, shape.classes, np.random.default_rng(shape.seed), of_each=2)
    network = MLPClassifier(layers, activation=activation, **QUICK)
    assert_proven(fitted(network, X, shape.labels(codes)), X, tmp_path)


@activations
@examples(6)
@given(seed=seeds, labels=st.integers(2, 4))
def test_many_labels(activation: str, seed: int, labels: int, tmp_path: "Path") -> None:
    X = unlike_scales(seed, 4)
    Y = (X @ np.random.default_rng(seed).normal(size=(4, labels)) > 0.3).astype(int)
    network = MLPClassifier((4,), activation=activation, **QUICK)
    assert_proven(fitted(network, X, Y), X, tmp_path)


@activations
@examples(8)
@given(shape=shapes(widest=8), layers=layers, loss=st.sampled_from(["squared_error", "poisson"]))
def test_regressors(
    activation: str, shape: Shape, layers: Any, loss: str, tmp_path: "Path"
) -> None:
    X = unlike_scales(shape.seed, shape.width)
    y = np.random.default_rng(shape.seed).poisson(2.0, size=(len(X), shape.outputs)).astype(float)
    network = MLPRegressor(loss, layers, activation, **QUICK)
    reference = fitted(network, X, y[:, 0] if shape.outputs == 1 else y)
    assert_proven(reference, X, tmp_path)


@pytest.mark.parametrize(
    "network",
    [
        MLPClassifier((6, 3), **QUICK),
        MLPClassifier((6,), activation="logistic", **QUICK),
        MLPRegressor(hidden_layer_sizes=(9, 2), activation="tanh", **QUICK),
        MLPRegressor("poisson", (7,), **QUICK),
    ],
    ids=repr,
)
@pytest.mark.parametrize("classes", [2, 3])
def test_bit_for_bit(network: Any, classes: int, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(50, 5))
    assert_identical(fitted(network, X, np.arange(50) % classes), X, tmp_path)


@pytest.mark.parametrize("rows", [1, 2, 60])
@pytest.mark.parametrize("classes", [2, 3])
def test_frames(rows: int, classes: int, assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame(unlike_scales(1, 4), columns=list("abcd"))
    frame["d"] = frame["d"].round().astype(int)
    network = MLPClassifier((5,), **QUICK)
    reference = fitted(network, frame, NAMES[np.arange(60) % classes])
    assert_pair(reference, frame, frame.iloc[:rows])


@pytest.mark.parametrize("classes", [2, 4])
def test_learned_in_parts(classes: int, tmp_path: "Path") -> None:
    X = unlike_scales(2, 3)
    network = MLPClassifier((4,), random_state=0)
    for start in (0, 30):
        rows = slice(start, start + 30)
        network.partial_fit(X[rows], NAMES[np.arange(30) % 2], classes=np.unique(NAMES[:classes]))
    assert_proven(network, X, tmp_path)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize(
    "network", [MLPClassifier((4,), **QUICK), MLPRegressor("squared_error", (4,), **QUICK)]
)
def test_after_an_encoder(network: Any, sparse: bool, assert_pair: "AssertPair") -> None:
    words = NAMES.astype(object)[np.random.default_rng(0).integers(0, 5, (60, 3))]
    encoder = OneHotEncoder(sparse_output=sparse, handle_unknown="ignore")
    pipeline = make_pipeline(encoder, network)
    assert_pair(fitted(pipeline, words, np.arange(60) % 3), words, words)


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
def test_in_single_precision(activation: str, assert_pair: "AssertPair") -> None:
    words = NAMES.astype(object)[np.random.default_rng(0).integers(0, 5, (60, 3))]
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    network = MLPClassifier((4,), activation=activation, **ADAM)
    reference = fitted(make_pipeline(encoder, network), words, np.arange(60) % 3)
    assert reference[-1].coefs_[0].dtype == np.float32
    assert_pair(reference, words, words)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_functions_in_single_precision(classes: int, tmp_path: "Path") -> None:
    X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    network = MLPClassifier((4,), activation="relu" if classes == 2 else "logistic", **ADAM)
    with pytest.raises(UnsupportedEstimator, match="float32"):
        export_model(fitted(network, X, np.arange(60) % classes), X, tmp_path / "model")
    with pytest.raises(UnsupportedEstimator, match="float32"):
        export_model(fitted(BernoulliRBM(2, random_state=0), X), X, tmp_path / "model")


def bits(seed: int, width: int) -> Matrix:
    return (np.random.default_rng(seed).random((60, width)) < 0.4).astype(float)


@examples(12)
@given(seed=seeds, width=st.integers(1, 9), components=st.integers(1, 12))
def test_boltzmann_machines(
    seed: int, width: int, components: int, assert_pair: "AssertPair"
) -> None:
    X = bits(seed, width)
    machine = BernoulliRBM(components, learning_rate=0.5, n_iter=3, random_state=seed)
    model = assert_pair(fitted(machine, X), X, X)
    assert set(model.methods) == {"transform", "score_samples"}
    assert_pair(fitted(machine, X), X, np.vstack([X * 0.3, X * 1e3, [np.full(width, 1e300)]]))


def test_a_boltzmann_machine_without_a_seed_transforms_in_a_pipeline(tmp_path: "Path") -> None:
    X = bits(0, 5)
    machine = BernoulliRBM(3, n_iter=2)
    with pytest.raises(UnsupportedEstimator, match="random_state"):
        export_model(fitted(machine, X), X, tmp_path / "model")
    pipeline = make_pipeline(MinMaxScaler(), machine, LogisticRegression())
    assert_proven(fitted(pipeline, X, np.arange(60) % 3), X, tmp_path)


def test_a_boltzmann_machine_after_an_encoder(assert_pair: "AssertPair") -> None:
    words = NAMES.astype(object)[np.random.default_rng(0).integers(0, 5, (60, 3))]
    machine = BernoulliRBM(4, n_iter=2, random_state=1)
    assert_pair(fitted(make_pipeline(OneHotEncoder(), machine), words), words, words)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(value: float, tmp_path: "Path") -> None:
    for estimator in (
        MLPClassifier((3,), **QUICK),
        MLPRegressor("squared_error", (3,), **QUICK),
        BernoulliRBM(2, random_state=0),
    ):
        X = bits(0, 4)
        reference = fitted(estimator, X, np.arange(60) % 2)
        export_model(reference, X, tmp_path / "model")
        model = load_model(tmp_path / "model")
        X[5, 2] = value
        for method in model.methods:
            assert_both_refuse(reference, model, X, [(5, 2)], method)


def test_an_artifact_names_known_functions() -> None:
    with pytest.raises(ArtifactError, match="sigmoidal"):
        PerceptronRegressor(weights=[], biases=[], hidden="sigmoidal", output="identity")
