"""Models whose rows are one object each, over HTTP: records, lists and labels."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelBinarizer, MultiLabelBinarizer

if TYPE_CHECKING:
    from tests.handler.conftest import Serve, Served

RECORDS: list[dict[str, Any]] = [
    {"town": "Rom", "age": 31, "tags": ["a", "b"]},
    {"town": "Bonn", "age": 5.5, "member": True},
    {"town": "Oslo", "tags": []},
    {},
] * 4
LISTS = [["a", "b"], ["b"], [], ["c", "a", "a"]] * 4


@pytest.fixture(scope="module", params=["numpy", "sklearn"])
def records(serve: "Serve", request: pytest.FixtureRequest) -> "Served":
    estimator = make_pipeline(DictVectorizer(), LogisticRegression())
    return serve(estimator.fit(RECORDS, ["x", "y", "y", "x"] * 4), RECORDS, engine=request.param)


@pytest.fixture(scope="module", params=["numpy", "sklearn"])
def lists(serve: "Serve", request: pytest.FixtureRequest) -> "Served":
    estimator = make_pipeline(FeatureHasher(8, input_type="string"), LogisticRegression())
    return serve(estimator.fit(LISTS, [0, 1, 1, 0] * 4), LISTS, engine=request.param)


@pytest.fixture(scope="module", params=["numpy", "sklearn"])
def labels(serve: "Serve", request: pytest.FixtureRequest) -> "Served":
    return serve(LabelBinarizer().fit([1, 2, 5]), [1, 2, 5], engine=request.param)


def faults(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.get_json()
    return [(error["path"], error["detail"]) for error in answer.get_json()["errors"]]


@pytest.mark.parametrize("field", ["X", "records"])
def test_records(records: "Served", field: str) -> None:
    answer = records.client.post("/predict?probabilities=true", json={field: RECORDS[:4]})
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["prediction"] == records.estimator.predict(RECORDS[:4]).tolist()
    expected = records.estimator.predict_proba(RECORDS[:4])
    np.testing.assert_allclose(answer.get_json()["probabilities"], expected, rtol=1e-9)


@pytest.mark.parametrize("field", ["X", "records"])
def test_records_with_faults(records: "Served", field: str) -> None:
    rows = [{}, [1], {"age": {"years": 3}, "tags": ["a", 1]}, 7, {"town": None}]
    why = "expected string or number or boolean or null or an array of strings, got"
    assert faults(records.client.post("/predict", json={field: rows})) == [
        (f"$.{field}[1]", "expected object, got array"),
        (f"$.{field}[2].age", f"{why} object"),
        (f"$.{field}[2].tags", f"{why} array"),
        (f"$.{field}[3]", "expected object, got number"),
    ]


def test_a_number_that_no_float_holds(records: "Served") -> None:
    body = '{"X": [{}, {"age": 1' + "0" * 400 + "}]}"
    answer = records.client.post("/predict", data=body, content_type="application/json")
    assert answer.status_code == 422, answer.get_json()


def test_lists(lists: "Served") -> None:
    answer = lists.client.post("/predict", json={"X": LISTS[:4]})
    assert answer.get_json()["prediction"] == lists.estimator.predict(LISTS[:4]).tolist()


def test_lists_with_faults(lists: "Served") -> None:
    assert faults(lists.client.post("/predict", json={"X": [["a"], "a", None, {}]})) == [
        ("$.X[1]", "expected array, got string"),
        ("$.X[2]", "expected array, got null"),
        ("$.X[3]", "expected array, got object"),
    ]
    [(path, _)] = faults(lists.client.post("/predict", json={"X": [["a"], ["a", 3]]}))
    assert path == "$.X[1]"
    [(path, detail)] = faults(lists.client.post("/predict", json={"records": [{"a": 1}]}))
    assert (path, detail) == ("$.records", 'this model takes lists: {"X": [[…]]}')


def test_what_only_transforms_answers_under_the_name_of_its_method(labels: "Served") -> None:
    answer = labels.client.post("/predict", json={"X": [5, 1, 3]})
    assert answer.get_json() == {"transform": [[0, 0, 1], [1, 0, 0], [0, 0, 0]]}


def test_labels_with_faults(labels: "Served") -> None:
    assert faults(labels.client.post("/predict", json={"X": [1, None, [2]]})) == [
        ("$.X[1]", "expected string or number or boolean, got null"),
        ("$.X[2]", "expected string or number or boolean, got array"),
    ]
    assert [path for path, _ in faults(labels.client.post("/predict", json={"X": [1, 2.5]}))] == [
        "$.X[1]"
    ]


def test_the_descriptions(records: "Served", lists: "Served", labels: "Served") -> None:
    for served, kind in ((records, "records"), (lists, "lists"), (labels, "labels")):
        assert served.client.get("/model").get_json()["signature"] == {"kind": kind, "columns": []}
        assert served.client.get("/health").get_json()["status"] == "ok"


def test_several_labels_of_one_row(serve: "Serve") -> None:
    served = serve(MultiLabelBinarizer().fit(LISTS), LISTS)
    assert served.client.post("/predict", json={"X": [["c"], ["z"]]}).get_json() == {
        "transform": [[0, 0, 1], [0, 0, 0]]
    }
    assert faults(served.client.post("/predict", json={"X": [["c"], [["c"]]]})) == [
        ("$.X[1]", "holds what is neither text nor number")
    ]
