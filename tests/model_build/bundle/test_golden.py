import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_build.bundle import Golden, ReplayFailed

labels = st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
numbers = st.floats(-1e6, 1e6).filter(lambda number: abs(number) > 1e-3)
predictions = st.lists(labels | st.none(), min_size=1) | st.lists(numbers, min_size=1)


@given(prediction=predictions)
def test_the_expected_answer_passes_whatever_else_is_in_it(prediction: list[Any]) -> None:
    golden = Golden("/predict", body={"X": [[1]]}, expected={"prediction": prediction})
    golden.check(_payload({"prediction": prediction, "model": "credit"}))


@given(prediction=st.lists(labels, min_size=1), data=st.data())
def test_another_label_is_told_with_its_place(prediction: list[Any], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(prediction) - 1))
    changed = list(prediction)
    changed[row] = f"not {prediction[row]}"
    golden = Golden("/predict", expected={"prediction": prediction})
    with pytest.raises(ReplayFailed) as caught:
        golden.check(_payload({"prediction": changed}))
    got, expected = json.dumps(changed[row]), json.dumps(prediction[row])
    assert str(caught.value) == f"/predict: $.prediction[{row}] is {got}, expected {expected}"


@given(rows=st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1), data=st.data())
def test_numbers_may_differ_by_a_billionth_of_themselves(
    rows: list[list[float]], data: st.DataObject
) -> None:
    golden = Golden("/predict", expected={"probabilities": rows})
    nearly = [[number * (1 + 5e-10) for number in row] for row in rows]
    golden.check(_payload({"probabilities": nearly}))
    row = data.draw(st.integers(0, len(rows) - 1))
    size = max(map(abs, (number for each in rows for number in each)))
    wrong = [list(each) for each in rows]
    wrong[row][1] += 3e-9 * size
    with pytest.raises(ReplayFailed, match=rf"\$\.probabilities\[{row}\]\[1\] is "):
        golden.check(_payload({"probabilities": wrong}))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.5, None),
        (None, 0.0),
        (True, 1),
        (1, True),
        (1, "1"),
        ([1.0, 2.0], [1.0]),
        ([1.0], 1.0),
        (1, 2),
    ],
)
def test_other_kinds_of_values_are_not_the_same(expected: Any, got: Any) -> None:
    golden = Golden("/predict", expected={"prediction": [expected]})
    with pytest.raises(ReplayFailed, match=r"\$\.prediction\[0\] is "):
        golden.check(_payload({"prediction": [got]}))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "no JSON answer but b''"),
        (b'{"errorMessage": "x"}', "no JSON answer but"),
        (b'{"statusCode": 200, "body": "<html>"}', "no JSON answer but"),
        (b'{"statusCode": 422, "body": "{\\"title\\": \\"wrong\\"}"}', 'status 422, .*"wrong"'),
        (b'{"statusCode": 200, "body": "[1]"}', "status 200, expected 200: .1."),
        (b'{"statusCode": 200, "body": "{\\"a\\": 1}"}', r"no prediction in the answer, .*'a'"),
    ],
)
def test_what_is_no_answer_is_told(payload: bytes, message: str) -> None:
    golden = Golden("/predict", expected={"prediction": [1]})
    with pytest.raises(ReplayFailed, match=message):
        golden.check(payload)


def test_it_is_sent_as_api_gateway_sends_it() -> None:
    event = Golden("/predict", {"probabilities": "true"}, {"X": [[1, None]]}).event()
    assert event["httpMethod"] == "POST"
    assert event["path"] == "/predict"
    assert event["queryStringParameters"] == {"probabilities": "true"}
    assert event["headers"]["Content-Type"] == "application/json"
    assert json.loads(event["body"]) == {"X": [[1, None]]}
    assert Golden("/health").event()["httpMethod"] == "GET"


def _payload(body: Any) -> bytes:
    return json.dumps({"statusCode": 200, "headers": {}, "body": json.dumps(body)}).encode()
