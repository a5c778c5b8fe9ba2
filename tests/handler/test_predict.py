"""Good requests: /predict answers what scikit-learn answers."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

if TYPE_CHECKING:
    from tests.handler.conftest import Serve, Served


def assert_close(actual: Any, expected: Any) -> None:
    """Assert that two float64 sums differ in their order at most."""
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


def rows_of(frame: pd.DataFrame) -> list[list[Any]]:
    return [list(record.values()) for record in records_of(frame)]


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records", double_precision=15))  # type: ignore[no-any-return]


def test_the_articles_contract(regression: "Served") -> None:
    answer = regression.client.post("/predict", json={"X": [[1.0, 2.0, 3.0], [4, 5, 6]]})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert list(answer.get_json()) == ["prediction"]
    assert_close(
        answer.get_json()["prediction"], regression.estimator.predict([[1.0, 2.0, 3.0], [4, 5, 6]])
    )


def test_arrays_take_records_of_numbered_columns(regression: "Served") -> None:
    answer = regression.client.post("/predict", json={"records": [{"x2": 3, "x0": 1, "x1": 2}]})
    expected = regression.client.post("/predict", json={"X": [[1, 2, 3]]})
    assert answer.get_json() == expected.get_json()


def test_several_outputs(multi_output: "Served") -> None:
    answer = multi_output.client.post("/predict", json={"X": [[1, 2], [3, 4]]})
    expected = multi_output.estimator.predict([[1, 2], [3, 4]])
    assert_close(answer.get_json()["prediction"], expected)


@pytest.mark.parametrize("field", ["X", "records"])
def test_tables(table: "Served", field: str) -> None:
    rows = rows_of(table.X) if field == "X" else records_of(table.X)
    body = {field: rows[:20]}
    answer = table.client.post("/predict?probabilities=true", json=body).get_json()
    assert answer["prediction"] == table.estimator.predict(table.X[:20]).tolist()
    assert answer["classes"] == ["a", "b", "c"]
    assert_close(answer["probabilities"], table.estimator.predict_proba(table.X[:20]))


def test_null_is_a_missing_value(table: "Served") -> None:
    row = table.X[:1].assign(**{"monthly income": np.nan})
    record = records_of(table.X)[0] | {"monthly income": None}
    answer = table.client.post("/predict?probabilities=1", json={"records": [record]}).get_json()
    assert_close(answer["probabilities"], table.estimator.predict_proba(row))


def test_a_forest_of_numbered_labels(forest: "Served") -> None:
    answer = forest.client.post("/predict?probabilities=true", json={"X": forest.X[:9].tolist()})
    assert answer.get_json()["prediction"] == forest.estimator.predict(forest.X[:9]).tolist()
    assert answer.get_json()["classes"] == [-1, 7]
    assert_close(answer.get_json()["probabilities"], forest.estimator.predict_proba(forest.X[:9]))


@pytest.mark.parametrize("flag", ["false", "0", "FALSE"])
def test_probabilities_can_be_declined(forest: "Served", flag: str) -> None:
    answer = forest.client.post(f"/predict?probabilities={flag}", json={"X": [[0, 0, 0, 0]]})
    assert list(answer.get_json()) == ["prediction"]


def test_texts(text: "Served") -> None:
    answer = text.client.post(
        "/predict?probabilities=true", json={"X": ["good", "bad", ""]}
    ).get_json()
    assert answer["prediction"] == text.estimator.predict(["good", "bad", ""]).tolist()
    assert answer["classes"] == [False, True]


@pytest.mark.parametrize("field", ["X", "records"])
def test_names_that_no_struct_can_have(odd_names: "Served", field: str) -> None:
    rows = odd_names.X[:3].to_numpy().tolist()
    names = list(odd_names.X.columns)
    given = rows if field == "X" else [dict(zip(names, row, strict=True)) for row in rows]
    answer = odd_names.client.post("/predict", json={field: given})
    expected = odd_names.estimator.predict(odd_names.X[:3])
    assert_close(answer.get_json()["prediction"], expected)


def test_an_integer_column_takes_any_number(wide_integers: "Served") -> None:
    numbers = [3, 2.5, 2**53 + 1, 10**20, 1e300]
    answer = wide_integers.client.post("/predict", json={"X": [[n] for n in numbers]})
    expected = wide_integers.estimator.predict(pd.DataFrame({"n": [float(n) for n in numbers]}))
    assert_close(answer.get_json()["prediction"], expected)


def test_hundreds_of_columns(serve: "Serve") -> None:
    rng = np.random.default_rng(0)
    names = [f"a column, the {j}th" for j in range(400)]
    frame = pd.DataFrame(rng.normal(size=(500, 400)), columns=names)
    model = make_pipeline(SimpleImputer(), LinearRegression())
    served = serve(model.fit(frame, frame.sum(axis=1)), frame)
    row = frame.iloc[0]
    answer = served.client.post("/predict", json={"records": [row.to_dict()]})
    assert_close(answer.get_json()["prediction"], served.estimator.predict(frame[:1]))


def test_of_a_member_that_comes_twice_the_last_counts(regression: "Served") -> None:
    body = (
        b'{"X": [[0, 0, 0]], "records": [{"x0": 9, "x1": 2, "x2": 3, "x0": 1}], "X": [[1, 2, 3]]}'
    )
    one = b'{"records": [{"x0": 9, "x1": 2, "x2": 3, "x0": 1}]}'
    both = regression.client.post("/predict", data=body, content_type="application/json")
    answer = regression.client.post("/predict", data=one, content_type="application/json")
    expected = regression.client.post("/predict", json={"X": [[1, 2, 3]]})
    assert both.status_code == 422
    assert answer.get_json() == expected.get_json()


def test_what_is_not_finite_leaves_as_null(regression: "Served") -> None:
    # -2 times -1.7e308 is beyond float64.
    answer = regression.client.post("/predict", json={"X": [[0, -1.7e308, 0], [1, 2, 3]]})
    assert answer.status_code == 200
    assert [value is None for value in answer.get_json()["prediction"]] == [True, False]


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON; charset="UTF-8"',
        "application/vnd.rows+json",
        None,
    ],
)
def test_media_types_that_are_json(regression: "Served", media_type: str | None) -> None:
    answer = regression.client.post("/predict", data=b'{"X": [[1, 2, 3]]}', content_type=media_type)
    assert answer.status_code == 200
