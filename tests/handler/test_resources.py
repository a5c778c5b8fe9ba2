"""The resources beside /predict."""

from typing import TYPE_CHECKING

import pytest

from handler.artifact import read_manifest
from tests.handler.conftest import METRICS

if TYPE_CHECKING:
    from tests.handler.conftest import Served


def test_health(regression: "Served") -> None:
    answer = regression.client.get("/health")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok", "model": "test", "version": "1"}


def test_index(regression: "Served") -> None:
    answer = regression.client.get("/").get_json()
    assert answer == {
        "name": "test",
        "version": "1",
        "links": {"predict": "/predict", "model": "/model", "health": "/health"},
    }
    assert regression.client.get(answer["links"]["model"]).status_code == 200


def test_model_of_an_array(regression: "Served") -> None:
    answer = regression.client.get("/model").get_json()
    assert answer.pop("versions").keys() == {"numpy", "scikit-learn"}
    number = {"type": "number", "nullable": False, "categories": None}
    assert answer == {
        "name": "test",
        "version": "1",
        "engine": "numpy",
        "sha256": read_manifest(regression.folder)["digest"],
        "methods": ["predict"],
        "classes": None,
        "signature": {
            "kind": "array",
            "columns": [{"name": f"x{j}", **number} for j in range(3)],
        },
        "metrics": METRICS,
    }


def test_model_of_a_table(table: "Served") -> None:
    answer = table.client.get("/model").get_json()
    assert answer["classes"] == ["a", "b", "c"]
    assert "predict_proba" in answer["methods"]
    columns = {column["name"]: column for column in answer["signature"]["columns"]}
    assert list(columns) == list(table.X.columns)
    assert [column["type"] for column in columns.values()] == [
        "integer", "number", "string", "string", "boolean",
    ]  # fmt: skip
    assert columns["monthly income"]["nullable"] is True
    assert columns["_smoker"]["nullable"] is False


def test_model_tells_no_row_of_the_training_data(table: "Served") -> None:
    """The signature's examples are of the training data, and stay inside."""
    text = table.client.get("/model").get_data(as_text=True)
    examples = [column.example for column in table.model.signature.columns if column.numeric]
    assert all(str(example) not in text for example in examples)


@pytest.mark.parametrize("path", ["/", "/health", "/model"])
def test_head(regression: "Served", path: str) -> None:
    get, head = regression.client.get(path), regression.client.head(path)
    assert head.status_code == 200
    assert head.get_data() == b""
    assert head.headers == get.headers


@pytest.mark.parametrize("path", ["/", "/health", "/model", "/predict"])
def test_options(regression: "Served", path: str) -> None:
    answer = regression.client.options(path)
    assert answer.status_code == 200
    assert "OPTIONS" in answer.headers["Allow"]
