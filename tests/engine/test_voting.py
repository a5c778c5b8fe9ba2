from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import LABELS, NAMES, assert_both_refuse, examples, problem_with_ties, seeds

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(12)
weights = st.sampled_from([None, [1, 1, 1], [0.2, 0.5, 0.3], [0, 0, 1], [2, 1, 1]])


def members() -> list[tuple[str, Any]]:
    # Shallow trees disagree often and tie often.
    return [
        ("line", LogisticRegression()),
        ("stump", DecisionTreeClassifier(max_depth=1)),
        ("tree", DecisionTreeClassifier(max_depth=2, max_features=1, random_state=0)),
    ]


@drawn
@given(
    seed=seeds,
    classes=st.integers(2, 4),
    weights=weights,
    voting=st.sampled_from(["hard", "soft"]),
    labels=st.sampled_from(LABELS),
    drop=st.booleans(),
    flatten=st.booleans(),
)
def test_classifier(
    seed: int,
    classes: int,
    weights: Any,
    voting: str,
    labels: Any,
    drop: bool,
    flatten: bool,
    assert_pair: "AssertPair",
) -> None:
    X, y = problem_with_ties(seed, classes)
    reference = VotingClassifier(
        members(), voting=voting, weights=weights, flatten_transform=flatten
    )
    if drop:
        reference.set_params(stump="drop")
    model = assert_pair(reference.fit(X, labels(y)), X, np.vstack([X, X * 100]))
    assert model.predict(X).dtype == reference.predict(X).dtype


@drawn
@given(seed=seeds, weights=weights, drop=st.booleans())
def test_regressor(seed: int, weights: Any, drop: bool, assert_pair: "AssertPair") -> None:
    X, _ = problem_with_ties(seed, 2)
    parts = [
        ("line", LinearRegression()),
        ("ridge", Ridge()),
        ("forest", RandomForestRegressor(n_estimators=3, random_state=0)),
    ]
    reference = VotingRegressor(parts, weights=weights)
    if drop:
        reference.set_params(ridge="drop")
    assert_pair(reference.fit(X, X[:, 0] * 3 + 1), X, np.vstack([X, X * 100]))


def test_named_columns_reach_the_members(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 3)
    frame = pd.DataFrame({"kind": NAMES[y[::-1]], "a": X[:, 0]})
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind"]), remainder="passthrough"
    )
    parts = [
        ("line", make_pipeline(encode, LogisticRegression())),
        ("machine", make_pipeline(encode, SVC())),
    ]
    reference = VotingClassifier(parts).fit(frame, NAMES[y])
    unknown = frame.assign(kind="never seen")
    assert_pair(reference, frame, pd.concat([frame, unknown], ignore_index=True))


def test_refuses_what_a_member_refuses(tmp_path: Any) -> None:
    X, y = problem_with_ties(0, 2)
    reference = VotingClassifier(members()).fit(X, y)  # trees alone would take the missing value
    export_model(reference, X, tmp_path / "model")
    X[3, 0] = np.nan
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(3, 0)])


def test_a_member_without_numpy_form_is_named(tmp_path: Any) -> None:
    X, y = problem_with_ties(0, 2)
    odd = make_pipeline(OwnScaler(), LogisticRegression())
    reference = VotingClassifier([("usual", LogisticRegression()), ("odd", odd)]).fit(X, y)
    with pytest.raises(UnsupportedEstimator, match=r"OwnScaler \(step odd > ownscaler\)"):
        export_model(reference, X, tmp_path / "model")


@drawn
@given(
    seed=seeds,
    classes=st.integers(2, 4),
    weights=st.sampled_from([[1, -1, 1], [-1, -2, -3], [-0.5, 1, -1], [0, -1, 0]]),
    voting=st.sampled_from(["hard", "soft"]),
)
def test_negative_weights(
    seed: int, classes: int, weights: Any, voting: str, assert_pair: "AssertPair"
) -> None:
    X, y = problem_with_ties(seed, classes)
    reference = VotingClassifier(members(), weights=weights, voting=voting)
    assert_pair(reference.fit(X, NAMES[y]), X, np.vstack([X, X * 100]))


def test_weights_that_cancel(assert_pair: "AssertPair") -> None:
    X, y = problem_with_ties(0, 3)
    assert_pair(VotingClassifier(members(), weights=[1, -2, 1]).fit(X, y), X, X)


class OwnScaler(StandardScaler):  # type: ignore[misc]
    """A user's own class: what its base does says nothing of what it does."""

    def transform(self, X: Any) -> Any:
        return X * 2
