"""Models that were really fitted and exported, and the app that serves each of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.app import create_app
from handler.artifact import load_model
from handler.model import Model
from handler.settings import Settings
from model_build.export import export_model

SETTINGS = Settings(max_rows=50, max_bytes=1_000_000)
METRICS = {"r2": 0.75}


class Served(NamedTuple):
    """A fitted estimator, its artifact, and the app that serves it."""

    estimator: Any
    X: Any
    folder: Path
    model: Model
    app: Flask

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Exports a fitted estimator and serves what was exported."""

    def export_and_serve(estimator: Any, X: Any, name: str = "test", **options: Any) -> Served:
        folder = tmp_path_factory.mktemp("artifact") / "model"
        metadata = {"metrics": METRICS}
        export_model(estimator, X, folder, name=name, version="1", metadata=metadata, **options)
        model = load_model(folder)
        return Served(estimator, X, folder, model, create_app(model, SETTINGS))

    return export_and_serve


@pytest.fixture(scope="session")
def regression(serve: Serve) -> Served:
    """Three numbers, none missing, to one number."""
    X = np.random.default_rng(1).normal(size=(40, 3))
    return serve(LinearRegression().fit(X, X @ [1.0, -2.0, 0.5] + 3.0), X)


@pytest.fixture(scope="session")
def multi_output(serve: Serve) -> Served:
    """Two numbers to two numbers."""
    X = np.random.default_rng(2).normal(size=(40, 2))
    return serve(LinearRegression().fit(X, X @ [[1.0, 2.0], [3.0, -4.0]]), X)


@pytest.fixture(scope="session")
def forest(serve: Serve) -> Served:
    """Four numbers to one of two labels; compares in float32."""
    X = np.random.default_rng(3).normal(size=(60, 4))
    y = np.where(X[:, 0] > X[:, 1], 7, -1)
    return serve(RandomForestClassifier(n_estimators=5, random_state=0).fit(X, y), X)


@pytest.fixture(scope="session")
def table(serve: Serve) -> Served:
    """A table of numbers, texts and booleans under names of all sorts, to three labels."""
    frame = customers()
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    labels = OneHotEncoder(handle_unknown="ignore")
    features = ColumnTransformer(
        [
            ("numbers", numbers, ["age", "monthly income"]),
            ("labels", labels, ["class", "größe.cm"]),
            ("flags", "passthrough", ["_smoker"]),
        ]
    )
    y = np.array(["a", "b", "c"])[np.arange(len(frame)) % 3]
    return serve(make_pipeline(features, LogisticRegression()).fit(frame, y), frame)


@pytest.fixture(scope="session")
def odd_names(serve: Serve) -> Served:
    """Two columns under names that no struct can have."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(30, 2)), columns=['the "first"', "back\\slash\n"])
    return serve(LinearRegression().fit(frame, frame.sum(axis=1)), frame)


@pytest.fixture(scope="session")
def wide_integers(serve: Serve) -> Served:
    """A table with one column of integers."""
    frame = pd.DataFrame({"n": np.arange(30)})
    return serve(LinearRegression().fit(frame, frame["n"] * 2.0), frame)


@pytest.fixture(scope="session")
def text(serve: Serve) -> Served:
    """Texts to two labels, by the scikit-learn engine."""
    X = ["good", "very good", "bad", "very bad"] * 3
    estimator = make_pipeline(CountVectorizer(), LogisticRegression())
    return serve(estimator.fit(X, [True, True, False, False] * 3), X, engine="sklearn")


def customers() -> pd.DataFrame:
    """Return the inputs of the model ``table``."""
    rng = np.random.default_rng(4)
    income = rng.normal(3000, 500, 60)
    income[3] = np.nan
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, 60),
            "monthly income": income,
            "class": rng.choice(["x", "y"], 60),
            "größe.cm": rng.choice(["s", "m", "l"], 60),
            "_smoker": rng.choice([True, False], 60),
        }
    )
