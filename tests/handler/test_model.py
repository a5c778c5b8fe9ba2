"""The model: refusals in the caller's terms, all of them, and in time that is bounded."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from handler.engine.checks import INFINITE, MISSING, TOO_LARGE
from handler.errors import InvalidInput, Refusal, RowsRefused
from handler.model import Model

if TYPE_CHECKING:
    from tests.handler.conftest import Serve, Served


def refusals(model: Model, X: Any, method: str = "predict") -> list[Refusal]:
    with pytest.raises(RowsRefused) as caught:
        getattr(model, method)(X)
    return caught.value.problems


@pytest.fixture(scope="module")
def scaled_forest(serve: "Serve") -> "Served":
    """Refuses infinities in one step and what overflows float32 in the next."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    return serve(make_pipeline(StandardScaler(), forest).fit(X, X[:, 0] > 0), X)


@pytest.fixture(scope="module", params=["numpy", "sklearn"])
def either_engine(request: pytest.FixtureRequest, serve: "Serve") -> "Served":
    X = np.random.default_rng(0).normal(size=(60, 3))
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    return serve(forest.fit(X, X[:, 0] > 0), X, engine=request.param)


def test_methods_are_the_estimators(forest: "Served", regression: "Served") -> None:
    assert forest.model.methods == ("predict", "predict_proba", "predict_log_proba")
    with pytest.raises(AttributeError, match="the model 'test' has no 'predict_proba'"):
        regression.model.predict_proba([[1, 2, 3]])
    assert not hasattr(forest.model, "transform")


def test_fields_are_named_in_the_order_of_rows(regression: "Served") -> None:
    X = [[np.nan, 1, np.nan], [1, 2, 3], [1, np.nan, 2]]
    assert refusals(regression.model, X) == [
        Refusal(0, 0, MISSING),
        Refusal(0, 2, MISSING),
        Refusal(2, 1, MISSING),
    ]


def test_missing_values_do_not_hide_others(regression: "Served") -> None:
    X = [[1, np.inf, 2], [np.nan, 1, 2], [1, 2, -np.inf]]
    assert refusals(regression.model, X) == [
        Refusal(0, 1, INFINITE),
        Refusal(1, 0, MISSING),
        Refusal(2, 2, INFINITE),
    ]


def test_one_step_does_not_hide_the_next(scaled_forest: "Served") -> None:
    X = [[1, 2, 1e300], [np.inf, 0, 0], [0, 0, 0], [0, 1e300, np.inf]]
    assert refusals(scaled_forest.model, X) == [
        Refusal(0, 2, TOO_LARGE),
        Refusal(1, 0, INFINITE),
        Refusal(3, 1, TOO_LARGE),
        Refusal(3, 2, INFINITE),
    ]


def test_both_engines_refuse_the_same_fields(either_engine: "Served") -> None:
    X = np.zeros((7, 3))
    X[2, 1], X[5, 0], X[5, 2] = np.inf, 1e39, -1e39
    found = refusals(either_engine.model, X, "predict_proba")
    assert [(row, column) for row, column, _ in found] == [(2, 1), (5, 0), (5, 2)]


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_row_is_refused_in_a_batch_if_it_is_refused_alone(
    scaled_forest: "Served", data: st.DataObject
) -> None:
    values = st.sampled_from([0.0, 1.5, np.inf, -np.inf, 1e300, 1e38, np.nan])
    X = np.array(data.draw(st.lists(st.lists(values, min_size=3, max_size=3), min_size=1)))
    alone = set()
    for i, row in enumerate(X):
        try:
            scaled_forest.model.predict([row])
        except RowsRefused:
            alone.add(i)
    try:
        scaled_forest.model.predict(X)
        together = set()
    except RowsRefused as refused:
        together = {row for row, _, _ in refused.problems}
    assert together == alone


def test_a_batch_of_bad_rows_costs_few_computations(
    forest: "Served", monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluator = type(forest.model._estimator)
    predict, calls = evaluator.predict, []

    def counted(self: Any, X: Any) -> Any:
        calls.append(len(X))
        return predict(self, X)

    monkeypatch.setattr(evaluator, "predict", counted)
    X = np.full((5000, 4), 1e300)
    found = refusals(forest.model, X)
    assert [refusal.row for refusal in found if refusal.column in (None, 0)] == list(range(5000))
    assert {refusal.column for refusal in found if refusal.row < 100} == {0, 1, 2, 3}
    assert {refusal.column for refusal in found if refusal.row >= 100} == {None}
    assert len(calls) < 20


def test_the_sklearn_engine_names_all_rows_of_a_bad_value(serve: "Serve") -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    forest = RandomForestClassifier(n_estimators=1, random_state=0).fit(X, X[:, 0] > 0)
    served = serve(forest, X, engine="sklearn")
    bad = np.zeros((900, 2))
    bad[::3, 0] = np.inf
    bad[1::3, 1] = -1e300
    found = refusals(served.model, bad)
    assert [(row, column) for row, column, _ in found] == sorted(
        [(row, 0) for row in range(0, 900, 3)] + [(row, 1) for row in range(1, 900, 3)]
    )


def test_the_sklearn_engine_names_a_bounded_number_of_bad_values(serve: "Serve") -> None:
    X = np.random.default_rng(0).normal(size=(20, 1))
    forest = RandomForestClassifier(n_estimators=1, random_state=0).fit(X, X[:, 0] > 0)
    served = serve(forest, X, engine="sklearn")
    found = refusals(served.model, np.linspace(1e300, 2e300, 300)[:, np.newaxis])
    assert [row for row, _, _ in found] == list(range(120))
    assert {column for row, column, _ in found if row < 20} == {0}


def test_texts_are_refused_by_their_place(text: "Served") -> None:
    with pytest.raises(InvalidInput, match=r"X\[1\]"):
        text.model.predict(["a", None])


@pytest.mark.parametrize("X", [np.empty((0, 3)), [], pd.DataFrame(columns=["x0", "x1", "x2"])])
def test_no_rows(regression: "Served", X: Any) -> None:
    given = X if not isinstance(X, pd.DataFrame) else {name: [] for name in X}
    with pytest.raises(InvalidInput, match="at least one row was expected, got none"):
        regression.model.predict(given)
