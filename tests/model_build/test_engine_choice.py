"""What the build does with a model whose numpy copy turns out not to be equal."""

import dataclasses
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from model_build.build import NotProven, _export
from model_build.config import Config, EngineSection
from model_build.console import Console
from model_build.training import Trained, train


def contrary(estimator: LogisticRegression, X: Any) -> Any:
    """Answer the other class: what an attribute set on a fitted estimator can do."""
    return estimator.classes_[1 - LogisticRegression.predict(estimator, X)]


@pytest.fixture
def tampered(configure: Callable[..., Config], tmp_path: Path) -> tuple[Config, Trained]:
    config = configure('source = "sklearn:load_breast_cancer"', 'candidates = ["linear"]')
    trained = train(config, console=Console(io.StringIO()), cache=tmp_path / "cache")
    X, y = trained.X_train, trained.y_train
    estimator = LogisticRegression(max_iter=5000).fit(np.asarray(X), y)
    estimator.predict = functools.partial(contrary, estimator)
    test = np.asarray(trained.X_test)
    replaced = dataclasses.replace(trained, estimator=estimator, X_train=np.asarray(X), X_test=test)
    return config, replaced


def with_engine(config: Config, kind: str) -> Config:
    return dataclasses.replace(config, engine=EngineSection(kind=kind))


def test_numpy_alone_fails_and_shows_the_row(
    tampered: tuple[Config, Trained], tmp_path: Path
) -> None:
    config, trained = tampered
    with pytest.raises(NotProven, match=r"predict on held-out row \d+: scikit-learn [01], numpy"):
        _export(with_engine(config, "numpy"), trained, tmp_path / "model", Console(io.StringIO()))


def test_auto_falls_back_to_scikit_learn_loudly(
    tampered: tuple[Config, Trained], tmp_path: Path
) -> None:
    config, trained = tampered
    log = io.StringIO()
    model, parity = _export(with_engine(config, "auto"), trained, tmp_path / "model", Console(log))
    assert model.engine == "sklearn"
    assert parity.proven
    assert "WARNING: This model will be served by scikit-learn itself" in log.getvalue()
    assert "predict on held-out row" in log.getvalue()
    expected = trained.estimator.predict(trained.X_test)
    np.testing.assert_array_equal(model.predict(trained.X_test), expected)
