"""One JSON line a request, with nothing of the request's data in it."""

import json
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import pytest

from handler import access_log
from handler.dispatch import create_handler
from local_aws.events import rest_api, scheduled

if TYPE_CHECKING:
    from tests.handler.conftest import Served

SECRET = "Mrs. Dalloway"


class Context:
    aws_request_id = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "_cold", chain([True], repeat(False)))


def only_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)  # type: ignore[no-any-return]


def event(body: Any, **fields: Any) -> dict[str, Any]:
    return rest_api(
        method="POST",
        path="/predict",
        path_parameters={"proxy": "predict"},
        headers={"Content-Type": "application/json"},
        body=json.dumps(body),
        request_id="gateway-id",
        **fields,
    )


def test_a_good_request(regression: "Served", capsys: pytest.CaptureFixture[str]) -> None:
    create_handler(regression.app)(event({"X": [[1, 2, 3], [4, 5, 6]]}), Context())
    line = only_line(capsys)
    assert line.pop("ms") > 0
    assert line == {
        "id": Context.aws_request_id,
        "gateway_id": "gateway-id",
        "method": "POST",
        "route": "/predict",
        "rows": 2,
        "status": 200,
        "cold_start": True,
    }


def test_only_the_first_request_is_a_cold_start(
    regression: "Served", capsys: pytest.CaptureFixture[str]
) -> None:
    handler = create_handler(regression.app)
    for any_event in (scheduled(), event({"X": [[1, 2, 3]]}), None):
        handler(any_event, Context())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["cold_start"] for line in lines] == [True, False, False]
    assert [line.get("event") for line in lines] == ["scheduled", None, "refused"]
    assert {line["id"] for line in lines} == {Context.aws_request_id}


@pytest.mark.parametrize(
    ("body", "status", "rows"),
    [
        ({"X": [[SECRET, 2, 3]]}, 422, 1),
        ({"records": [{SECRET: 1}, {"x0": SECRET}]}, 422, 2),
        ({SECRET: [[1, 2, 3]]}, 422, 0),
        (SECRET, 422, 0),
    ],
)
def test_a_refused_request_leaves_no_data(
    regression: "Served",
    capsys: pytest.CaptureFixture[str],
    body: Any,
    status: int,
    rows: int,
) -> None:
    create_handler(regression.app)(event(body), Context())
    output = capsys.readouterr()
    line = json.loads(output.out)
    assert (line["status"], line["rows"]) == (status, rows)
    assert SECRET not in output.out + output.err


def test_an_unknown_path_leaves_no_data(
    regression: "Served", capsys: pytest.CaptureFixture[str]
) -> None:
    regression.client.get("/customers/Dalloway?name=Clarissa")
    output = capsys.readouterr()
    assert json.loads(output.out)["route"] is None
    assert "Dalloway" not in output.out + output.err
    assert "Clarissa" not in output.out + output.err


def test_a_bug_leaves_its_place_and_no_data(
    regression: "Served",
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(X: Any) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(regression.model, "predict", fail, raising=False)
    create_handler(regression.app)(event({"X": [[1, 2, 3]]}), Context())
    output = capsys.readouterr()
    line = json.loads(output.out)
    assert (line["status"], line["error"]) == (500, "KeyError")
    assert any(frame.startswith("predict.py:") for frame in line["traceback"])
    assert line["traceback"][-1].endswith(" fail")
    assert SECRET not in output.out + output.err


def test_outside_lambda_an_id_is_drawn(
    regression: "Served", capsys: pytest.CaptureFixture[str]
) -> None:
    regression.client.get("/health")
    regression.client.get("/health")
    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert len(set(ids)) == 2
    assert all(len(bytes.fromhex(request_id)) == 16 for request_id in ids)
