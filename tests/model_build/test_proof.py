from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from handler.model import Model
from model_build.export import export_model
from model_build.golden import golden_requests
from model_build.proof import prove


def _frame(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "income": rng.lognormal(10, 1, n),
            "age": rng.integers(18, 90, n),
            "housing": rng.choice(["own", "rent", "free"], n),
            "married": rng.random(n) > 0.5,
        }
    )


def _pipeline(frame: pd.DataFrame) -> Any:
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["income", "age"]),
        (OneHotEncoder(handle_unknown="ignore"), ["housing", "married"]),
    )
    return make_pipeline(prepare, LogisticRegression()).fit(frame, frame["income"] > 20_000)


@pytest.fixture(params=["numpy", "sklearn"])
def model(request: pytest.FixtureRequest, tmp_path: Any) -> Model:
    frame = _frame()
    export_model(_pipeline(frame), frame, tmp_path / "model", engine=request.param)
    return load_model(tmp_path / "model")


def test_both_engines_are_proven_equal(model: Model) -> None:
    parity = prove(_pipeline(_frame()), model, _frame(seed=1))
    assert parity.proven, parity.told()
    assert parity.nasty > 60
    assert 0 < parity.refused < parity.nasty
    assert set(parity.to_dict()["methods"]["nasty"]) == set(model.methods)


def test_another_model_is_not_proven_and_the_worst_row_is_told(model: Model) -> None:
    frame = _frame()
    other = _pipeline(frame).set_params(logisticregression__C=0.001).fit(frame, frame["age"] > 50)
    parity = prove(other, model, _frame(seed=1))
    assert not parity.proven
    assert parity.told().startswith("predict on held-out row ")


def test_another_refusal_is_not_proven(tmp_path: Any) -> None:
    """A copy that imputes where the original refuses answers too much."""
    X = np.random.default_rng(0).normal(size=(30, 2))
    lenient = make_pipeline(SimpleImputer(), Ridge()).fit(X, X[:, 0])
    strict = Ridge().fit(X, X[:, 0])
    export_model(lenient, X, tmp_path / "model")
    parity = prove(strict, load_model(tmp_path / "model"), X)
    (refusals,) = parity.differences["refusals"]
    assert not refusals.equal
    assert refusals.expected == "refuses"
    assert refusals.got.startswith("accepts")


def test_golden_requests_hold_scikit_learns_answers() -> None:
    frame, held_out = _frame(), _frame(seed=1)
    pipeline = _pipeline(frame)
    requests = golden_requests(pipeline, held_out, held_out.head(3))
    assert {tuple(request.body) for request in requests if request.body} == {("X",), ("records",)}
    batch = max(requests, key=lambda request: len(request.expected["prediction"]))
    assert batch.expected["prediction"] == pipeline.predict(held_out).tolist()
    assert batch.expected["probabilities"] == pipeline.predict_proba(held_out).tolist()
    assert batch.expected["classes"] == [False, True]
