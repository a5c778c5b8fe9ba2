from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from model_build.methods import methods_of

X = np.random.default_rng(0).normal(size=(20, 3))

OFFERED = [
    (LinearRegression(), ["predict"]),
    (StandardScaler(), ["transform"]),
    (PCA(), ["transform", "score_samples"]),
    (SVC(), ["predict", "decision_function"]),
    (GaussianProcessClassifier(multi_class="one_vs_one"), ["predict", "predict_proba"]),
    (
        LogisticRegression(),
        ["predict", "predict_proba", "predict_log_proba", "decision_function"],
    ),
    (BayesianRidge(), ["predict", "predict_std"]),
    (make_pipeline(StandardScaler(), BayesianRidge()), ["predict", "predict_std"]),
    (make_pipeline(StandardScaler(), "passthrough"), ["transform"]),
]


@pytest.mark.parametrize(("estimator", "methods"), OFFERED, ids=repr)
def test_the_methods_that_answer_for_new_rows(estimator: Any, methods: list[str]) -> None:
    assert methods_of(estimator.fit(X, X[:, 0] > 0)) == methods


def test_pairs_of_classes_give_no_probabilities() -> None:
    classifier = GaussianProcessClassifier(multi_class="one_vs_one").fit(X, np.arange(20) % 3)
    assert methods_of(classifier) == ["predict"]
    assert methods_of(make_pipeline("passthrough", classifier)) == ["predict"]


@pytest.mark.parametrize(
    ("classifier", "classes", "methods"),
    [
        (LinearSVC(), 2, ["predict", "decision_function"]),
        (LinearSVC(), 3, ["predict"]),
        (LogisticRegression(), 3, ["predict"]),
    ],
)
def test_a_chain_of_classifiers(classifier: Any, classes: int, methods: list[str]) -> None:
    y = np.column_stack([np.arange(20) % classes, np.arange(20) // 2 % classes])
    assert methods_of(ClassifierChain(classifier).fit(X, y)) == methods
