from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from model_build import features, selection
from model_build.config import TrainingSection
from model_build.config_values import CANDIDATES
from model_build.console import Console
from model_build.selection import Result, SelectionError, Variant


def select(data: Any, task: str, console: Console, **settings: Any) -> Any:
    X, y = data
    return selection.select(
        X,
        np.asarray(y),
        task,
        TrainingSection(**{"folds": 3, **settings}),
        plan=features.plan(X, ()),
        seed=3,
        console=console,
    )


@pytest.fixture(scope="module")
def cancer() -> Any:
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return X.iloc[:200, :6], y[:200]


@pytest.fixture(scope="module")
def diabetes() -> Any:
    return load_diabetes(return_X_y=True, as_frame=True)


def test_all_candidates_compete_for_two_classes(cancer: Any, console: Console) -> None:
    outcome = select(cancer, "classification", console)
    assert outcome.scoring == "roc_auc"
    assert [result.variant.candidate for result in outcome.best] == list(CANDIDATES)
    assert all(len(result.scores) == 3 for result in outcome.best)
    assert all(0.8 < result.mean <= 1 for result in outcome.best)
    assert outcome.notes == ()
    fitted = outcome.estimator.fit(*cancer)
    assert fitted.predict_proba(cancer[0]).shape == (200, 2)


def test_all_candidates_compete_for_numbers(diabetes: Any, console: Console) -> None:
    X, y = diabetes
    outcome = select((X, y), "regression", console)
    assert outcome.scoring == "r2"
    assert [result.variant.candidate for result in outcome.best] == list(CANDIDATES)
    assert outcome.chosen.variant.candidate == "linear"
    assert outcome.chosen.mean > 0.4


def test_the_same_seed_chooses_the_same_model(cancer: Any, console: Console) -> None:
    candidates = ("linear", "random_forest")
    reports = [
        select(cancer, "classification", console, candidates=candidates).report() for _ in "ab"
    ]
    assert reports[0] == reports[1]


def test_the_report_is_of_plain_values(cancer: Any, console: Console) -> None:
    outcome = select(cancer, "classification", console, candidates=("decision_tree",))
    report = outcome.report()
    [candidate] = report.pop("candidates")
    assert report == {"chosen": "decision_tree", "scoring": "roc_auc", "folds": 3}
    assert candidate["parameters"] == outcome.chosen.variant.parameters
    assert candidate["scores"] == outcome.chosen.scores.tolist()
    assert all(type(score) is float for score in [candidate["mean"], *candidate["scores"]])


def test_progress_counts_every_fit(cancer: Any, console: Console, log: Any) -> None:
    select(cancer, "classification", console, candidates=("linear",))
    fits = 3 * len(selection.CLASSIFIERS["linear"][0])
    assert log.getvalue().endswith(f"cross-validation, fits: {fits} of {fits}\n")


def test_more_than_two_classes_are_compared_by_accuracy(console: Console) -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    outcome = select((X, y), "classification", console, candidates=("linear", "rbf_svm"))
    assert outcome.scoring == "accuracy"
    assert outcome.chosen.mean > 0.9


@pytest.mark.parametrize("scoring", ["f1", "precision", "recall", "jaccard", "average_precision"])
def test_one_sided_scores_take_the_second_class(
    cancer: Any, console: Console, scoring: str
) -> None:
    X, y = cancer
    settings = {"candidates": ("linear",), "scoring": scoring}
    named = select((X, np.where(y == 1, "b", "a")), "classification", console, **settings)
    numbered = select((X, y), "classification", console, **settings)
    np.testing.assert_array_equal(named.chosen.scores, numbered.chosen.scores)


@pytest.mark.parametrize(
    ("scoring", "task", "expected"),
    [
        ("r2", "classification", "'r2': it is not a score of classification"),
        ("accuracy", "regression", "'accuracy': it is not a score of regression"),
        ("rand_score", "classification", "'rand_score': it is not a score of classification"),
    ],
)
def test_a_score_of_another_task_is_refused(
    cancer: Any, console: Console, scoring: str, task: str, expected: str
) -> None:
    with pytest.raises(SelectionError) as raised:
        select(cancer, task, console, scoring=scoring)
    assert str(raised.value) == f"training.scoring = {expected}"


def test_a_score_of_two_classes_is_refused_for_three(console: Console) -> None:
    X, y = load_iris(return_X_y=True, as_frame=True)
    with pytest.raises(SelectionError, match="'f1' is for two classes, and the target has 3; the"):
        select((X, y), "classification", console, scoring="f1")


def test_large_data_leaves_out_the_slow(
    cancer: Any, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MOST_ROWS_OF_AN_SVM", 199)
    outcome = select(cancer, "classification", console)
    assert "rbf_svm" not in [result.variant.candidate for result in outcome.best]
    assert outcome.notes == ("rbf_svm is left out: it would be slow on 200 rows",)
    named = select(cancer, "classification", console, candidates=("rbf_svm",))
    assert named.chosen.variant.candidate == "rbf_svm"


def test_wide_data_leaves_out_what_needs_it_dense(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "MOST_DENSE_CELLS", 100)
    X = pd.DataFrame({"city": [f"c{i % 9}" for i in range(90)]})
    outcome = select((X, [i % 9 > 4 for i in range(90)]), "classification", console)
    names = [result.variant.candidate for result in outcome.best]
    assert names == ["linear", "decision_tree"]
    assert len(outcome.notes) == 3


def test_a_candidate_that_fails_is_told_and_the_others_go_on(console: Console) -> None:
    # Two rows of one class: too few for the three folds that the SVM is calibrated by.
    X = pd.DataFrame({"x": np.r_[np.linspace(0, 1, 40), [5.0, 5.1, 5.2]]})
    y = np.r_[np.zeros(40), np.ones(3)]
    outcome = select((X, y), "classification", console, candidates=("linear", "rbf_svm"))
    assert outcome.chosen.variant.candidate == "linear"
    assert any(note.startswith("rbf_svm failed: ValueError: ") for note in outcome.notes)
    with pytest.raises(SelectionError, match="no candidate can be fitted and scored:\nrbf_svm"):
        select((X, y), "classification", console, candidates=("rbf_svm",))


fold_scores = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(np.array)


@given(st.lists(fold_scores, min_size=1, max_size=5))
def test_the_chosen_is_the_simplest_within_one_standard_error(scores: list[Any]) -> None:
    results = tuple(Result(Variant("linear", {"C": i}, None), s) for i, s in enumerate(scores))
    chosen = selection.simplest_of_the_best(results)
    best = max(results, key=lambda result: result.mean)
    shortfall = best.scores - chosen.scores
    assert shortfall.mean() <= shortfall.std(ddof=1) / np.sqrt(5)
    position = next(i for i, result in enumerate(results) if result is chosen)
    for simpler in results[:position]:
        worse = best.scores - simpler.scores
        assert worse.mean() > worse.std(ddof=1) / np.sqrt(5)
