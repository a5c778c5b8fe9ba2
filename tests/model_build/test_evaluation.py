import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from model_build.evaluation import evaluate


def measured(estimator: Any, X: Any, y: Any, task: str) -> tuple[Any, Any, Any, dict[str, Any]]:
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    fitted = make_pipeline(StandardScaler(), estimator).fit(X_train, y_train)
    metrics = evaluate(fitted, X_test, y_test, y_train=y_train, task=task)
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    assert metrics["rows"] == {"train": len(y_train), "test": len(y_test)}
    return fitted, X_test, y_test, metrics


def test_two_classes() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    names = np.array(["malignant", "benign"], dtype=object)[y]
    fitted, X_test, y_test, metrics = measured(LogisticRegression(), X, names, "classification")
    predicted, probabilities = fitted.predict(X_test), fitted.predict_proba(X_test)
    assert metrics["classes"] == ["benign", "malignant"]
    assert metrics["positive_class"] == "malignant"
    assert metrics["accuracy"] == (predicted == y_test).mean()
    assert metrics["f1"] == f1_score(y_test, predicted, pos_label="malignant")
    assert metrics["roc_auc"] == roc_auc_score(y_test, probabilities[:, 1])
    assert metrics["log_loss"] == log_loss(y_test, probabilities)
    malignant = y_test == "malignant"
    hits = int((predicted[malignant] == "malignant").sum())
    false = int((predicted[~malignant] == "malignant").sum())
    assert metrics["recall"] == hits / malignant.sum()
    assert metrics["precision"] == hits / (hits + false)
    assert metrics["confusion_matrix"] == [
        [int((~malignant).sum()) - false, false],
        [int(malignant.sum()) - hits, hits],
    ]
    assert [entry["class"] for entry in metrics["per_class"]] == ["benign", "malignant"]
    assert metrics["per_class"][1]["recall"] == metrics["recall"]
    baseline = metrics["baseline"]
    assert baseline["accuracy"] == (~malignant).mean()
    assert (baseline["roc_auc"], baseline["recall"]) == (0.5, 0)
    assert baseline["log_loss"] > metrics["log_loss"]


def test_three_classes() -> None:
    X, y = load_iris(return_X_y=True)
    fitted, X_test, y_test, metrics = measured(LogisticRegression(), X, y, "classification")
    assert metrics["classes"] == [0, 1, 2]
    assert metrics["positive_class"] is None
    assert metrics["f1"] == f1_score(y_test, fitted.predict(X_test), average="macro")
    probabilities = fitted.predict_proba(X_test)
    assert metrics["roc_auc"] == roc_auc_score(y_test, probabilities, multi_class="ovr")
    assert np.array(metrics["confusion_matrix"]).shape == (3, 3)
    assert sum(map(sum, metrics["confusion_matrix"])) == len(y_test)


def test_without_probabilities() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    fitted, X_test, y_test, metrics = measured(LinearSVC(), X, y.astype(bool), "classification")
    assert metrics["classes"] == [False, True]
    assert metrics["log_loss"] is None
    assert metrics["roc_auc"] == roc_auc_score(y_test, fitted.decision_function(X_test))
    X, y = load_iris(return_X_y=True)
    metrics = measured(LinearSVC(), X, y, "classification")[-1]
    assert (metrics["log_loss"], metrics["roc_auc"]) == (None, None)


def test_a_class_that_is_not_held_out() -> None:
    X, y = load_iris(return_X_y=True)
    fitted = LogisticRegression(max_iter=1000).fit(X, y)
    few = evaluate(fitted, X[:90], y[:90], y_train=y, task="classification")
    assert few["roc_auc"] is None
    assert few["log_loss"] == log_loss(y[:90], fitted.predict_proba(X[:90]), labels=[0, 1, 2])
    assert [entry["rows"] for entry in few["per_class"]] == [50, 40, 0]


def test_regression() -> None:
    X, y = load_diabetes(return_X_y=True)
    fitted, X_test, y_test, metrics = measured(Ridge(), X, y, "regression")
    error = fitted.predict(X_test) - y_test
    assert metrics["mae"] == pytest.approx(np.abs(error).mean())
    assert metrics["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
    assert metrics["r2"] == pytest.approx(
        1 - (error**2).sum() / ((y_test - y_test.mean()) ** 2).sum()
    )
    baseline = metrics["baseline"]
    assert baseline["r2"] <= 0 < metrics["r2"]
    assert baseline["rmse"] > metrics["rmse"]


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from("abc"), min_size=6, max_size=30),
    st.integers(0, 3),
)
def test_any_mixture_of_classes_gives_json(labels: list[str], seed: int) -> None:
    y = np.array([*"abc", *labels], dtype=object)
    X = np.random.default_rng(seed).normal(size=(len(y), 2))
    fitted = LogisticRegression().fit(X, y)
    metrics = evaluate(fitted, X[3:], y[3:], y_train=y, task="classification")
    json.dumps(metrics, allow_nan=False)
    assert 0 <= metrics["accuracy"] <= 1
    assert sum(map(sum, metrics["confusion_matrix"])) == len(labels)
