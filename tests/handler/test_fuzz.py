"""Whatever a client sends to /predict, the answer is below 500 and a whole document."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from tests.handler.conftest import Served

drawn = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, 2**64, 10**309, -1])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just(float("nan"))  # json writes NaN, which is no JSON
    | st.floats(min_value=1e38, max_value=1e40)
    | st.text(max_size=5)
)
# json writes a lone surrogate as an escape, so drawn texts hold them as well.
texts = st.text(st.characters(exclude_categories=[]), max_size=5)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)
COLUMNS = {
    "regression": ["x0", "x1", "x2"],
    "forest": ["x0", "x1", "x2", "x3"],
    "table": ["age", "monthly income", "class", "größe.cm", "_smoker"],
    "odd_names": ['the "first"', "back\\slash\n"],
    "text": [],
}


def bodies(columns: list[str]) -> st.SearchStrategy[Any]:
    """Return bodies that are nearly right: a member, a type or a value may be wrong."""
    width = len(columns)
    rows = st.lists(scalars, min_size=width, max_size=width) | values
    record = st.fixed_dictionaries(dict.fromkeys(columns, scalars)) | values
    return (
        values
        | st.fixed_dictionaries({"X": st.lists(rows, max_size=4) | values})
        | st.fixed_dictionaries({"records": st.lists(record, max_size=4) | values})
        | st.dictionaries(st.sampled_from(["X", "records", "x", ""]), values, max_size=3)
    )


MODELS = pytest.mark.parametrize("name", COLUMNS)


def assert_answered(answer: Any, body: Any) -> None:
    assert answer.status_code in (200, 400, 413, 422), answer.get_data()
    document = json.loads(answer.get_data(), parse_constant=pytest.fail)
    if answer.status_code == 200:
        assert answer.content_type == "application/json"
        assert len(document["prediction"]) == len(body.get("X") or body.get("records"))
    else:
        assert answer.content_type == MEDIA_TYPE
        assert document["status"] == answer.status_code
        assert_told_once_by_place(document)


def assert_told_once_by_place(document: dict[str, Any]) -> None:
    paths = [fault["path"] for fault in document.get("errors", [])]
    assert all(path.startswith("$") for path in paths)
    assert len(set(paths)) == len(paths)
    assert paths or document["status"] != 422


@MODELS
@drawn
@given(data=st.data())
def test_any_value(request: pytest.FixtureRequest, name: str, data: st.DataObject) -> None:
    served: Served = request.getfixturevalue(name)
    body = data.draw(bodies(COLUMNS[name]))
    flag = data.draw(st.booleans()) and "predict_proba" in served.model.methods
    answer = served.client.post(f"/predict?probabilities={str(flag).lower()}", json=body)
    assert_answered(answer, body)


@drawn
@given(body=st.binary(max_size=60))
def test_any_bytes(regression: "Served", body: bytes) -> None:
    answer = regression.client.post("/predict", data=body, content_type="application/json")
    assert_answered(answer, {"X": [[]]})


GOOD = b'{"X": [[1.5, -2e3, 0]], "records": [{"x0": "\\u00e9", "x1": null, "x2": true}]}'


@drawn
@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 8),
    new=st.binary(max_size=4) | st.just(b""),
)
def test_good_bytes_with_a_change(
    regression: "Served", start: int, length: int, new: bytes
) -> None:
    body = GOOD[:start] + new + GOOD[start + length :]
    answer = regression.client.post("/predict", data=body, content_type="application/json")
    assert_answered(answer, {"X": [[]]})
