from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.compose import make_column_transformer
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier

from handler.artifact import load_model
from handler.engine import sklearn_engine
from model_build.export import export_model
from tests.engine.drawn import (
    LABELS,
    NAMES,
    assert_both_refuse,
    assert_identical,
    assert_proven,
    codes_of,
    examples,
    fitted,
    problem_with_ties,
    seeds,
    shapes,
    unlike_columns,
    unlike_scales,
    with_missing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair
    from tests.engine.drawn import Shape

drawn = examples(6)
rows = st.sampled_from([0.1, 0.5, 1.0])  # few rows lack some classes
columns = st.sampled_from([1, 0.5, 1.0])
jobs = st.sampled_from([None, 1, 2])


@drawn
@given(
    shape=shapes(widest=5),
    base=st.sampled_from([None, DecisionTreeClassifier(max_depth=3), ExtraTreeClassifier()]),
    rows=rows,
    columns=columns,
    repeated=st.booleans(),
    jobs=jobs,
)
def test_trees(
    shape: "Shape",
    base: Any,
    rows: float,
    columns: float,
    repeated: bool,
    jobs: int | None,
    tmp_path: "Path",
) -> None:
    X = unlike_columns(shape.seed, shape.width)
    y = codes_of(X, shape.classes, np.random.default_rng(shape.seed), of_each=3)
    estimator = BaggingClassifier(
        base,
        n_estimators=7,
        max_samples=rows,
        max_features=columns,
        bootstrap_features=repeated,
        n_jobs=jobs,
        random_state=0,
    )
    with parallel_config("threading"):
        assert_identical(fitted(estimator, X, shape.labels(y)), X, tmp_path)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "base",
    [
        LogisticRegression(),
        RidgeClassifier(),
        SVC(),
        RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda each: type(each).__name__,
)
def test_any_classifier(base: Any, labels: Any, assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 4)
    y = codes_of(X, 3, np.random.default_rng(0), of_each=9)
    estimator = BaggingClassifier(base, n_estimators=5, max_features=0.5, random_state=0)
    assert_pair(fitted(estimator, X, labels(y)), X, np.vstack([X, 100 * X]))


@drawn
@given(seed=seeds, classes=st.integers(2, 4), repeated=st.booleans(), jobs=jobs)
def test_lines(
    seed: int, classes: int, repeated: bool, jobs: int | None, assert_pair: "AssertPair"
) -> None:
    X = unlike_scales(seed, 3)
    y = codes_of(X, classes, np.random.default_rng(seed), of_each=12)
    estimator = BaggingClassifier(
        LogisticRegression(),
        n_estimators=4,
        max_features=2,
        bootstrap_features=repeated,
        n_jobs=jobs,
        random_state=0,
    )
    with parallel_config("threading"):
        assert_pair(fitted(estimator, X, y), X, np.vstack([X, 100 * X]))


@pytest.mark.parametrize(
    "base", [LogisticRegression(), DecisionTreeClassifier(), SVC()], ids=lambda b: type(b).__name__
)
def test_members_that_lack_classes(base: Any, tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 4)
    # A pipeline takes no weights, so that its rows are drawn.
    estimator = BaggingClassifier(make_pipeline(base), max_samples=0.1, random_state=0)
    reference = fitted(estimator, X, y)
    assert any(len(member.classes_) < 4 for member in reference.estimators_)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    for method in set(model.methods) - {"decision_function"}:  # members' differ in shape
        np.testing.assert_array_equal(
            getattr(model, method)(X), sklearn_engine.ask(reference, method, X)
        )


def test_columns_that_no_tree_takes_hold_anything(tmp_path: "Path") -> None:
    X = unlike_scales(0, 6)
    y = X[:, 0] > 0
    base = ExtraTreeClassifier(random_state=0)
    estimator = BaggingClassifier(base, n_estimators=2, max_features=2, random_state=0)
    reference = fitted(estimator, X, y)
    assert len(set(np.concatenate(reference.estimators_features_))) < X.shape[1]
    assert_identical(reference, X, tmp_path)


def test_missing_values(tmp_path: "Path") -> None:
    X = with_missing(unlike_scales(0, 4))
    y = codes_of(np.nan_to_num(X), 3, np.random.default_rng(0), of_each=3)
    estimator = BaggingClassifier(n_estimators=5, max_features=0.5, random_state=0)
    assert_identical(fitted(estimator, X, y), X, tmp_path)


def test_refuses_what_a_member_refuses(tmp_path: "Path") -> None:
    X, y = problem_with_ties(0, 2)
    reference = BaggingClassifier(LogisticRegression(), n_estimators=3, random_state=0).fit(X, y)
    export_model(reference, X, tmp_path / "model")
    X[3, 0] = np.nan
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(3, 0)])


def test_frames(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 3)
    frame = pd.DataFrame({"kind": NAMES[y[::-1]], "a": X[:, 0], "b": X[:, 1]})
    encode = make_column_transformer((OneHotEncoder(), [0]), remainder="passthrough")
    base = make_pipeline(encode, LogisticRegression())
    estimator = BaggingClassifier(base, n_estimators=3, bootstrap=False, random_state=0)
    assert_pair(fitted(estimator, frame, NAMES[y]), frame, frame)


@drawn
@given(
    seed=seeds,
    width=st.integers(1, 5),
    outputs=st.integers(1, 3),
    base=st.sampled_from([None, DecisionTreeRegressor(max_depth=3)]),
    columns=columns,
    jobs=jobs,
)
def test_tree_regressors(
    seed: int,
    width: int,
    outputs: int,
    base: Any,
    columns: float,
    jobs: int | None,
    tmp_path: "Path",
) -> None:
    X = unlike_columns(seed, width)
    rng = np.random.default_rng(seed)
    y = X @ rng.normal(size=(width, outputs)) + rng.normal(size=(len(X), outputs))
    estimator = BaggingRegressor(
        base, n_estimators=5, max_features=columns, n_jobs=jobs, random_state=0
    )
    target = y[:, 0] if outputs == 1 else y
    with parallel_config("threading"):
        assert_identical(fitted(estimator, X, target), X, tmp_path)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("repeated", [True, False])
def test_any_regressor(outputs: int, repeated: bool, tmp_path: "Path") -> None:
    X = unlike_scales(0, 4)
    target = X[:, 0] if outputs == 1 else X[:, :2] * 3
    base = LinearRegression()
    estimator = BaggingRegressor(base, n_estimators=4, bootstrap_features=repeated, random_state=0)
    assert_proven(fitted(estimator, X, target + 1), X, tmp_path)


def test_members_that_answer_nan_far_away(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 2)
    reference = BaggingClassifier(GaussianNB(), 3, random_state=0).fit(X, y)
    far = np.full((1, 3), 1e200)
    with np.errstate(all="ignore"):
        assert np.isnan(reference.predict_log_proba(far)).all()
    assert_pair(reference, X, np.vstack([X, far]))
