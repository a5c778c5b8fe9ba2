from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import BayesianRidge, LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from model_build.methods import methods_of

X = np.random.default_rng(0).normal(size=(20, 3))

OFFERED = [
    (LinearRegression(), ["predict"]),
    (StandardScaler(), ["transform"]),
    (PCA(), ["transform", "score_samples"]),
    (SVC(), ["predict", "decision_function"]),
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
