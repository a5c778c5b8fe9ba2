from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.artifact import load_model
from handler.engine.draws import Draws, Twister
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import NAMES, Shape, assert_proven, examples, fitted, seeds, shapes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

DRAWN = ["uniform", "stratified"]


def inputs(seed: int, rows: int = 40) -> Any:
    """Any rows will do, with missing and infinite values."""
    X = np.random.default_rng(seed).normal(size=(rows, 3))
    X[::7, 1] = np.nan
    X[::5, 2] = np.inf
    return X


def targets(shape: Shape) -> Any:
    """One or several columns of labels, shape (40,) or (40, n_outputs)."""
    codes = np.random.default_rng(shape.seed).integers(0, shape.classes, (40, shape.outputs))
    codes[: shape.classes] = np.arange(shape.classes)[:, None]
    labels = shape.labels(codes)
    return labels[:, 0] if shape.outputs == 1 else labels


@pytest.mark.parametrize("strategy", ["most_frequent", "prior", "constant"])
@examples(15)
@given(shape=shapes(widest=1, fewest_classes=1))
def test_constant_classifiers(strategy: str, shape: Shape, tmp_path: "Path") -> None:
    y = targets(shape)
    constant = np.atleast_1d(y[3]) if strategy == "constant" else None
    assert_proven(
        fitted(DummyClassifier(strategy=strategy, constant=constant), inputs(0), y),
        inputs(1),
        tmp_path,
    )


@pytest.mark.parametrize("strategy", DRAWN)
@examples(15)
@given(shape=shapes(widest=1, fewest_classes=1), rows=st.sampled_from([1, 2, 40, 5000]))
def test_drawing_classifiers(
    strategy: str, shape: Shape, rows: int, assert_pair: "AssertPair"
) -> None:
    dummy = DummyClassifier(strategy=strategy, random_state=shape.seed)
    assert_pair(fitted(dummy, inputs(0), targets(shape)), inputs(0), inputs(1, rows))


@examples(20)
@given(
    seed=seeds,
    shares=st.lists(st.sampled_from([0.0, 0.1, 1.0, 5.0]), min_size=1, max_size=9),
    count=st.sampled_from([1, 3, 100, 2000]),
)
def test_draws_are_those_of_numpy(seed: int, shares: list[float], count: int) -> None:
    theirs = np.random.RandomState(seed)
    twister = Twister(theirs.get_state(legacy=False)["state"]["key"])
    probabilities = np.array(shares) / sum(shares) if any(shares) else np.ones(1)
    for _ in range(2):
        ours = Draws(twister)
        theirs.seed(seed)
        for high in (1, 2, 7, 64, 1000):
            drawn = theirs.multinomial(1, probabilities, size=count).argmax(axis=1)
            np.testing.assert_array_equal(ours.classes(probabilities, count), drawn)
            np.testing.assert_array_equal(
                ours.integers(high, count), theirs.randint(high, size=count)
            )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strategy": "median"},
        {"strategy": "quantile", "quantile": 0.3},
        {"strategy": "constant", "constant": 3},
    ],
)
@examples(8)
@given(seed=seeds, outputs=st.integers(1, 3))
def test_regressors(options: Any, seed: int, outputs: int, tmp_path: "Path") -> None:
    y = np.random.default_rng(seed).normal(size=(40, outputs))
    if "constant" in options:
        options = {**options, "constant": np.arange(outputs)}
    dummy = fitted(DummyRegressor(**options), inputs(0), y[:, 0] if outputs == 1 else y)
    parity = assert_proven(dummy, inputs(1), tmp_path)
    assert {found.method for found in parity.differences["held-out"]} == {"predict", "predict_std"}


def test_in_a_pipeline_of_frames(assert_pair: "AssertPair") -> None:
    frame = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9)})
    dummy = DummyClassifier(strategy="stratified", random_state=3)
    pipeline = make_pipeline(StandardScaler(), dummy).fit(frame, NAMES[np.arange(9) % 3])
    assert_pair(pipeline, frame, frame)
    assert_pair(make_pipeline(StandardScaler(), DummyRegressor()).fit(frame, frame.a), frame, frame)


@pytest.mark.parametrize(
    "dummy",
    [DummyClassifier(), DummyClassifier(strategy="uniform", random_state=0), DummyRegressor()],
)
def test_after_a_vectorizer(dummy: Any, assert_pair: "AssertPair") -> None:
    texts = ["one", "one two", "two three", ""] * 9
    assert_pair(fitted(make_pipeline(CountVectorizer(), dummy), texts, np.arange(36)), texts, texts)


@pytest.mark.parametrize("strategy", DRAWN)
@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_draws_without_a_seed_have_no_numpy_form(
    strategy: str, random_state: Any, tmp_path: "Path"
) -> None:
    dummy = DummyClassifier(strategy=strategy, random_state=random_state)
    with pytest.raises(UnsupportedEstimator, match="random_state"):
        export_model(dummy.fit(inputs(0), np.arange(40) % 2), inputs(0), tmp_path / "model")


def test_sparse_targets_have_no_numpy_form(tmp_path: "Path") -> None:
    dummy = DummyClassifier().fit(inputs(0), csc_array(np.eye(40, 2, dtype=int)))
    with pytest.raises(UnsupportedEstimator, match="sparse target"):
        export_model(dummy, inputs(0), tmp_path / "model")


def test_answers_for_a_batch_of_any_size(tmp_path: "Path") -> None:
    dummy = DummyClassifier(strategy="uniform", random_state=1).fit(inputs(0), np.arange(40) % 3)
    export_model(dummy, inputs(0), tmp_path / "model")
    model = load_model(tmp_path / "model")
    for rows in (3, 9000, 2):
        np.testing.assert_array_equal(
            model.predict(np.ones((rows, 3))), dummy.predict([[0]] * rows)
        )
