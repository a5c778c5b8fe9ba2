from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, StackingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    NAMES,
    Codes,
    Matrix,
    assert_both_refuse,
    codes_of,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(6)


def problem(seed: int, classes: int) -> tuple[Matrix, Codes]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 3))
    return X, codes_of(X, classes, rng, of_each=6)


@drawn
@given(
    seed=seeds,
    classes=st.integers(2, 4),
    method=st.sampled_from(["auto", "predict", "mixed"]),
    passthrough=st.booleans(),
    final=st.sampled_from([None, SVC(), DecisionTreeClassifier(max_depth=2), RidgeClassifier()]),
    drop=st.booleans(),
)
def test_classifier(
    seed: int,
    classes: int,
    method: str,
    passthrough: bool,
    final: Any,
    drop: bool,
    assert_pair: "AssertPair",
) -> None:
    X, y = problem(seed, classes)
    members = [
        ("forest", RandomForestClassifier(n_estimators=3, random_state=0)),
        ("line", LogisticRegression()),
        ("machine", LinearSVC(random_state=0)),
    ]
    stack = StackingClassifier(
        [member for member in members if method != "mixed" or member[0] != "forest"],
        final,
        stack_method="decision_function" if method == "mixed" else method,
        passthrough=passthrough,
        cv=2,
    )
    if drop:
        stack.set_params(machine="drop")
    reference = fitted(stack, X, NAMES[y])
    model = assert_pair(reference, X, np.vstack([X, X * 10]))
    assert model.predict(X).dtype == reference.predict(X).dtype


@drawn
@given(
    seed=seeds,
    passthrough=st.booleans(),
    final=st.sampled_from([None, Ridge(), DecisionTreeRegressor(max_depth=3, random_state=0)]),
    drop=st.booleans(),
)
def test_regressor(
    seed: int, passthrough: bool, final: Any, drop: bool, assert_pair: "AssertPair"
) -> None:
    X, _ = problem(seed, 2)
    members = [("line", LinearRegression()), ("machine", SVR())]
    reference = StackingRegressor(members, final, passthrough=passthrough, cv=2)
    if drop:
        reference.set_params(machine="drop")
    assert_pair(fitted(reference, X, X[:, 0] * 3 + 1), X, np.vstack([X, X * 10]))


def test_prefit_members(assert_pair: "AssertPair") -> None:
    X, y = problem(0, 3)
    members = [("line", LogisticRegression().fit(X, y)), ("machine", SVC().fit(X, y))]
    assert_pair(StackingClassifier(members, cv="prefit").fit(X, y), X, X)


@pytest.mark.parametrize("passthrough", [True, False])
def test_frames(passthrough: bool, assert_pair: "AssertPair") -> None:
    X, y = problem(0, 3)
    frame = pd.DataFrame({"kind": y[::-1].astype(np.int64), "a": X[:, 0], "flag": X[:, 1] > 0})
    encode = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    members = [("line", make_pipeline(encode, LogisticRegression())), ("machine", SVC())]
    reference = StackingClassifier(members, passthrough=passthrough, cv=2)
    assert_pair(fitted(reference, frame, NAMES[y]), frame, frame)


def test_refuses_what_a_member_refuses(tmp_path: Any) -> None:
    X, y = problem(0, 2)
    reference = StackingClassifier([("line", LogisticRegression())], cv=2).fit(X, y)
    export_model(reference, X, tmp_path / "model")
    X[3, 2] = np.nan
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(3, 2)])


@drawn
@given(
    seed=seeds,
    labels=st.integers(2, 4),
    final=st.sampled_from(
        [
            RandomForestClassifier(n_estimators=3, random_state=0),
            DecisionTreeClassifier(max_depth=2, random_state=0),
            RidgeClassifier(),
            MultiOutputClassifier(LogisticRegression()),
        ]
    ),
    passthrough=st.booleans(),
)
def test_several_labels_at_once(
    seed: int, labels: int, final: Any, passthrough: bool, assert_pair: "AssertPair"
) -> None:
    X, _ = problem(seed, 2)
    rng = np.random.default_rng(seed)
    y = np.column_stack([codes_of(X, 2, rng, of_each=6) for _ in range(labels)])
    members = [
        ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
        ("lines", RidgeClassifier()),
        ("each", OneVsRestClassifier(LogisticRegression())),
        ("neighbours", MultiOutputClassifier(LogisticRegression())),
    ]
    reference = StackingClassifier(members, final, cv=2, passthrough=passthrough)
    assert_pair(fitted(reference, X, y), X, np.vstack([X, X * 10]))
