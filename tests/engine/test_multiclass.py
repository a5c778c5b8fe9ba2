from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    NAMES,
    Matrix,
    assert_both_refuse,
    examples,
    fitted,
    problem_with_ties,
    seeds,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(6)
PARTS = [
    LogisticRegression(),
    LinearSVC(random_state=0),
    SVC(),
    Perceptron(random_state=0),
    DecisionTreeClassifier(max_depth=3, random_state=0),
    RandomForestClassifier(n_estimators=3, random_state=0),
    LinearRegression(),
]
PROPER = PARTS[:-1]  # all but the regressor
parts = pytest.mark.parametrize("part", PARTS, ids=lambda each: type(each).__name__)


def beyond(X: Matrix) -> Matrix:
    return np.vstack([X, X * 100, np.zeros((1, 3)), [[1e30, -1e30, 1e30]], X[:3] + 1e-9])


@parts
@drawn
@given(seed=seeds, classes=st.integers(2, 5))
def test_one_vs_rest(part: Any, seed: int, classes: int, assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(seed, classes)
    assert_pair(fitted(OneVsRestClassifier(part), X, NAMES[y]), X, beyond(X))


@parts
@drawn
@given(seed=seeds, labels=st.integers(2, 4))
def test_one_vs_rest_of_many_labels(
    part: Any, seed: int, labels: int, assert_pair: "AssertPair"
) -> None:
    X, _ = problem_with_ties(seed, 2)
    Y = (X @ np.random.default_rng(seed).normal(size=(3, labels)) > 0.3).astype(int)
    Y[:2] = [[0] * labels, [1] * labels]
    assert_pair(fitted(OneVsRestClassifier(part), X, Y), X, beyond(X))


@pytest.mark.parametrize("constant", [0, 1])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("part", PROPER, ids=lambda each: type(each).__name__)
def test_a_label_that_all_rows_have(
    part: Any, first: bool, constant: int, assert_pair: "AssertPair"
) -> None:
    X, y = problem_with_ties(0, 2)
    Y = np.column_stack([np.full_like(y, constant), y, 1 - y])
    reference = fitted(OneVsRestClassifier(part), X, Y if first else Y[:, ::-1])
    if first and not hasattr(part, "decision_function"):
        # scikit-learn offers a decision function here, and fails when it is asked for it.
        with pytest.raises(AttributeError):
            reference.decision_function(X)
        reference.estimators_ = reference.estimators_[::-1]
    if not first or hasattr(part, "predict_proba"):
        assert_pair(reference, X, beyond(X))


@parts
@drawn
@given(seed=seeds, classes=st.integers(2, 5))
def test_one_vs_one(part: Any, seed: int, classes: int, assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(seed, classes)
    assert_pair(fitted(OneVsOneClassifier(part), X, NAMES[y]), X, beyond(X))


def test_one_vs_one_on_a_precomputed_kernel(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 4)
    gram = X @ X.T
    reference = OneVsOneClassifier(SVC(kernel="precomputed")).fit(gram, y)
    assert reference.pairwise_indices_ is not None
    assert_pair(reference, gram, np.random.default_rng(0).normal(size=(9, 3)) @ X.T)


@pytest.mark.parametrize("part", PROPER, ids=lambda each: type(each).__name__)
@drawn
@given(seed=seeds, classes=st.integers(2, 5), size=st.sampled_from([0.7, 1.5, 3.0]))
def test_output_code(
    part: Any, seed: int, classes: int, size: float, assert_pair: "AssertPair"
) -> None:
    X, y = problem_with_ties(seed, classes)
    reference = fitted(OutputCodeClassifier(part, code_size=size, random_state=seed), X, NAMES[y])
    assert_pair(reference, X, beyond(X))
    assert_pair(reference, X, X[:1])


def test_named_columns_reach_the_parts(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 3)
    frame = pd.DataFrame({"a": X[:, 0], "kind": NAMES[y[::-1]], "b": X[:, 1]})
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]), (StandardScaler(), ["a", "b"])
    )
    part = make_pipeline(columns, LogisticRegression())
    assert_pair(OneVsRestClassifier(part).fit(frame, y), frame, frame)


@pytest.mark.parametrize(
    "strategy", [OneVsRestClassifier, OneVsOneClassifier, OutputCodeClassifier]
)
def test_refuses_what_the_parts_refuse(strategy: Any, tmp_path: Any) -> None:
    X, y = problem_with_ties(0, 3)
    reference = fitted(strategy(LogisticRegression()), X, y)
    export_model(reference, X, tmp_path / "model")
    X[4, 1] = np.inf
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(4, 1)])


@pytest.mark.parametrize("strategy", [OneVsRestClassifier, OneVsOneClassifier])
def test_missing_values_pass_where_the_parts_take_them(
    strategy: Any, assert_pair: "AssertPair"
) -> None:
    X, y = problem_with_ties(0, 3)
    X[::7, 1] = np.nan
    assert_pair(strategy(DecisionTreeClassifier(random_state=0)).fit(X, y), X, X)
