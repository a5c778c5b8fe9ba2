import json
from typing import Any

import numpy as np
import pytest

from model_build.golden import golden_requests
from model_build.nasty import nasty_rows
from model_build.nasty_objects import nasty_objects


def test_records_lack_names_and_have_others() -> None:
    rows = nasty_objects([{"a": 1, "b": "x"}])
    assert {} in rows
    assert {"b": "x"} in rows
    assert {"a": None, "b": "x"} in rows
    assert any(set(row) > {"a", "b"} for row in rows)


@pytest.mark.parametrize("row", [["a", "b"], [["a", 1.0], ["b", "x"]], ("a", "b"), {"a"}])
def test_lists_are_empty_doubled_and_have_other_members(row: Any) -> None:
    rows = nasty_objects([row])
    assert [] in rows
    assert list(row) * 2 in rows
    assert all(isinstance(made, list) for made in rows)


def test_labels_are_of_their_kind() -> None:
    assert set(nasty_objects([True, False])) == {True, False}
    assert all(not isinstance(label, str) for label in nasty_objects([1, 2]))


@pytest.mark.parametrize("X", [[{"a": 1}], [["a"]], [1, 2], np.zeros((2, 3, 3)), ["text"]])
def test_rows_of_objects_are_made_from_objects(X: Any) -> None:
    made = nasty_rows(None, X)
    assert len(made) > 1
    assert isinstance(made[0], type(X[0]))


class Constant:
    def predict(self, X: Any) -> Any:
        return [0] * len(X)


def test_golden_requests_of_objects_are_json() -> None:
    rows = [{"a": 1.5}, {"a": [1, "x"]}, {}]
    nasty = [{"a": float("inf")}, {"a": float("nan")}, {"b": 1}]
    requests = golden_requests(Constant(), rows, nasty)
    sent = json.dumps([request.body for request in requests], allow_nan=False)
    assert "Infinity" not in sent
    assert requests[-1].body == {"X": [{"a": None}, {"b": 1}]}
