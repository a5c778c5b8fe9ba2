"""Every kind of event through the function that Lambda calls."""

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.dispatch import create_handler
from local_aws.events import (
    Event,
    function_url,
    http_api,
    http_api_v1,
    load_balancer,
    rest_api,
    s3_notification,
    scheduled,
    zappa_keep_warm,
)

if TYPE_CHECKING:
    from tests.handler.conftest import Served

type Call = Callable[[Any], dict[str, Any]]

JSON = {"Content-Type": "application/json"}
BODY = '{"X": [[1, 2, 3]]}'
REFUSED = {"refused": "this function answers HTTP requests and schedules, nothing else"}


class Context:
    """The one member of Lambda's context that is read."""

    aws_request_id = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def call(regression: "Served") -> Call:
    handler = create_handler(regression.app)
    return lambda event: handler(event, Context())


def rest(**fields: Any) -> Event:
    return rest_api(path_parameters={"proxy": fields["path"].strip("/")}, **fields)


FRONTS: dict[str, Callable[..., Event]] = {
    "REST": rest,
    "HTTP": http_api,
    "HTTP with a stage": lambda **fields: http_api(stage="dev", **fields),
    "HTTP 1.0": http_api_v1,
    "function URL": function_url,
    "load balancer": load_balancer,
    "load balancer, many values": lambda **fields: load_balancer(multi_value=True, **fields),
}


def headers_of(answer: dict[str, Any]) -> dict[str, str]:
    several = answer.get("multiValueHeaders", {})
    single = answer.get("headers", {})
    headers = {**single, **{name: values[-1] for name, values in several.items()}}
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize("front", FRONTS)
def test_predict(call: Call, regression: "Served", front: str) -> None:
    answer = call(FRONTS[front](method="POST", path="/predict", headers=JSON, body=BODY))
    expected = regression.client.post("/predict", data=BODY, content_type="application/json")
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    assert answer["body"] == expected.get_data(as_text=True)
    assert headers_of(answer) == {
        "content-type": "application/json",
        "content-length": str(len(answer["body"])),
    }


@pytest.mark.parametrize("front", FRONTS)
def test_a_query(call: Call, front: str) -> None:
    query = "a=1&probabilities=true"
    answer = call(
        FRONTS[front](method="POST", path="/predict", query=query, headers=JSON, body=BODY)
    )
    assert answer["statusCode"] == 422
    assert "no probabilities" in json.loads(answer["body"])["detail"]
    assert headers_of(answer)["content-type"] == "application/problem+json"


@pytest.mark.parametrize("front", FRONTS)
def test_a_body_in_base64(call: Call, front: str) -> None:
    event = FRONTS[front](method="POST", path="/predict", headers=JSON, body=BODY)
    encoded = base64.b64encode(BODY.encode()).decode()
    answer = call(event | {"body": encoded, "isBase64Encoded": True})
    assert answer["statusCode"] == 200


@pytest.mark.parametrize("front", FRONTS)
def test_an_unknown_path(call: Call, front: str) -> None:
    answer = call(FRONTS[front](method="GET", path="/no/thing"))
    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["title"] == "Not Found"


def test_links_lead_back_through_the_stage(call: Call) -> None:
    answer = call(rest_api(path="/", resource="/", stage="production"))
    assert json.loads(answer["body"])["links"]["predict"] == "/production/predict"


def test_a_problem_names_the_path_that_the_client_sees(call: Call) -> None:
    answer = call(rest(path="/gr%C3%B6%C3%9Fe", stage="dev"))
    assert json.loads(answer["body"])["instance"] == "/dev/gr%C3%B6%C3%9Fe"


def test_a_base_path_that_is_set_by_hand(regression: "Served") -> None:
    handler = create_handler(regression.app, "/churn")
    answer = handler(load_balancer(path="/churn/health"), None)
    assert answer["statusCode"] == 200


@pytest.mark.parametrize("event", [scheduled(), zappa_keep_warm()])
def test_schedules_are_answered_at_once(call: Call, event: Event) -> None:
    assert call(event) == {"status": "warm"}


REFUSALS: dict[str, Any] = {
    "none": None,
    "list": [1, 2],
    "text": "x",
    "command": {"command": "os.abort"},
    "raw command": {"raw_command": "import os; os.abort()"},
    "manage": {"manage": "shell"},
    "S3": s3_notification(bucket="b", key="k"),
    "SNS": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": '{"command": "os.abort"}'}}]},
    "scheduled function": {"command": "os.abort", "detail-type": "Scheduled"},
    "no base64": {"httpMethod": "POST", "path": "/", "body": "a", "isBase64Encoded": True},
    "no Unicode": {"httpMethod": "POST", "path": "/predict", "body": "\ud800"},
    "no ASCII in base64": {"httpMethod": "POST", "path": "/", "body": "é", "isBase64Encoded": True},
}


@pytest.mark.parametrize("case", REFUSALS)
def test_all_else_is_refused_and_not_executed(call: Call, case: str) -> None:
    assert call(REFUSALS[case]) == REFUSED


def test_a_schedule_that_names_a_function_does_not_run_it(call: Call) -> None:
    # Zappa's own handler imports and calls what the rule's name ends with.
    assert call(scheduled(rule="skzap-os.abort")) == {"status": "warm"}


def test_an_http_event_with_a_command_is_an_http_event(call: Call) -> None:
    answer = call(rest(path="/health") | {"raw_command": "import os; os.abort()"})
    assert answer["statusCode"] == 200


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(event=anything)
def test_any_other_value_is_refused(regression: "Served", event: Any) -> None:
    assert create_handler(regression.app)(event, None) == REFUSED


@pytest.mark.parametrize("front", FRONTS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_events_with_one_member_changed(
    regression: "Served", front: str, data: st.DataObject
) -> None:
    """No event at all raises an exception, whatever stands where in it."""
    event = FRONTS[front](method="POST", path="/predict", headers=JSON, body=BODY)
    name = data.draw(st.sampled_from(sorted(event)))
    event[name] = data.draw(anything)
    answer = create_handler(regression.app)(event, None)
    assert answer == REFUSED or answer["statusCode"] < 500
