from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (it adds two searches)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC

from model_build.export import UnsupportedEstimator, exporters
from model_build.export.node import export_node
from tests.engine.drawn import (
    LABELS,
    NAMES,
    examples,
    fitted,
    problem_with_ties,
    seeds,
    yes_or_no,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(8)
CLASSIFIERS = [
    LogisticRegression(),
    LinearSVC(random_state=0),
    RandomForestClassifier(n_estimators=3, random_state=0),
    make_pipeline(StandardScaler(), SVC()),
]
classifiers = pytest.mark.parametrize(
    "classifier", CLASSIFIERS, ids=lambda each: type(each).__name__
)


@classifiers
@drawn
@given(
    seed=seeds,
    threshold=st.sampled_from(["auto", 0.2, 1 / 3, -0.5]),
    positive=st.sampled_from([None, "yes", "no"]),
    by_scores=st.booleans(),
)
def test_fixed_threshold(
    classifier: Any,
    seed: int,
    threshold: Any,
    positive: Any,
    by_scores: bool,
    assert_pair: "AssertPair",
) -> None:
    X, y = yes_or_no(seed)
    by_scores = by_scores and hasattr(classifier, "decision_function")
    reference = FixedThresholdClassifier(
        classifier,
        threshold=threshold,
        pos_label=positive,
        response_method="decision_function" if by_scores else "auto",
    )
    assert_pair(reference.fit(X, y), X, np.vstack([X, X * 10, np.zeros((1, 3))]))


def test_fixed_threshold_around_a_fitted_classifier(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    assert_pair(FixedThresholdClassifier(LogisticRegression().fit(X, y), threshold=0.1), X, X)


@classifiers
@pytest.mark.parametrize("positive", ["yes", "no"])
def test_tuned_threshold(classifier: Any, positive: str, assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    scoring = make_scorer(f1_score, pos_label=positive)
    tuned = TunedThresholdClassifierCV(classifier, scoring=scoring, cv=2, thresholds=10)
    assert_pair(fitted(tuned, X, y), X, X)


def test_tuned_threshold_without_a_positive_label(assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    reference = TunedThresholdClassifierCV(LogisticRegression(), cv=2, thresholds=10).fit(X, y)
    assert_pair(reference, X, X)


SETTINGS = {"C": [0.1, 1.0]}


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(LogisticRegression(), SETTINGS, cv=2),
        RandomizedSearchCV(LogisticRegression(), SETTINGS, cv=2, n_iter=2, random_state=0),
        HalvingGridSearchCV(LogisticRegression(), SETTINGS, cv=2, random_state=0),
        HalvingRandomSearchCV(LogisticRegression(), SETTINGS, cv=2, random_state=0),
        FrozenEstimator(LogisticRegression().fit(*yes_or_no(0))),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_answers_as_another_does(search: Any, assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    assert_pair(fitted(search, X, y), X, X)


def test_a_search_of_a_transforming_pipeline(assert_pair: "AssertPair") -> None:
    X, _ = yes_or_no(0)
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {"ridge__alpha": [1, 2]}, cv=2)
    assert_pair(search.fit(X, X[:, 0]), X, X)


def test_a_search_that_kept_nothing() -> None:
    X, y = yes_or_no(0)
    search = GridSearchCV(LogisticRegression(), SETTINGS, cv=2, refit=False).fit(X, y)
    with pytest.raises(UnsupportedEstimator, match="refit=False"):
        export_node(search, exporters())


@drawn
@given(
    seed=seeds,
    classes=st.integers(2, 3),
    labels=st.sampled_from(LABELS[:4]),
    criterion=st.sampled_from(["threshold", "k_best"]),
)
@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        RandomForestClassifier(n_estimators=3, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_self_training(
    classifier: Any,
    seed: int,
    classes: int,
    labels: Any,
    criterion: str,
    assert_pair: "AssertPair",
) -> None:
    X, y = problem_with_ties(seed, classes)
    known = labels(y + 1)
    known[::2] = -1  # which stands for an unknown label
    reference = fitted(SelfTrainingClassifier(classifier, criterion=criterion), X, known)
    assert_pair(reference, X, np.vstack([X, X * 10]))


def test_self_training_on_frames_and_words(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 3)
    known = NAMES[y].astype(object)
    known[::2] = -1
    frame = pd.DataFrame({"a": X[:, 0], "whole": y[::-1], "flag": X[:, 1] > 0})
    encode = make_column_transformer((OneHotEncoder(), [1, 2]), remainder="passthrough")
    classifier = make_pipeline(encode, LogisticRegression())
    assert_pair(fitted(SelfTrainingClassifier(classifier), frame, known), frame, frame)
