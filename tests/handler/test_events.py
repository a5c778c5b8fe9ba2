"""Which events are HTTP requests, and what path they ask for wherever the API is mounted."""

from typing import Any

import pytest

from handler.events import is_http, is_scheduled, mount_of
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

PROXY = {"proxy": "predict"}


def on_custom_domain(event: Event, path: str) -> Event:
    """Return a REST API's event as a custom domain's base path changes it."""
    return event | {"path": path, "requestContext": event["requestContext"] | {"path": path}}


def rest(path: str = "/predict", **fields: Any) -> Event:
    return rest_api(path=path, path_parameters=PROXY, **fields)


MOUNTS = {
    "REST": (rest(stage="dev"), ("/dev", "/predict")),
    "REST, the stage's root": (rest_api(path="/", resource="/", stage="dev"), ("/dev", "/")),
    "REST, base path": (on_custom_domain(rest(), "/base/predict"), ("/base", "/predict")),
    "REST, base path and stage": (
        on_custom_domain(rest(stage="dev"), "/base/dev/predict"),
        ("/base/dev", "/predict"),
    ),
    "REST, no base path": (on_custom_domain(rest(), "/predict"), ("", "/predict")),
    "REST, root of a base path": (
        on_custom_domain(rest_api(path="/", resource="/"), "/base"),
        ("/base", "/"),
    ),
    "REST, stage named like a route": (rest(stage="predict"), ("/predict", "/predict")),
    "REST, a route of its own": (
        rest_api(path="/predict", resource="/predict", stage="dev"),
        ("/dev", "/predict"),
    ),
    "REST, encoded": (
        rest_api(path="/a%20b%2Fc", path_parameters={"proxy": "a%20b%2Fc"}, stage="dev"),
        ("/dev", "/a b/c"),
    ),
    "HTTP": (http_api(path="/predict"), ("", "/predict")),
    "HTTP, stage": (http_api(path="/predict", stage="dev"), ("/dev", "/predict")),
    "HTTP, the stage's root": (http_api(path="", stage="dev"), ("/dev", "/")),
    "HTTP, another path that starts as the stage": (
        http_api(path="/device", stage="$default") | {"rawPath": "/device"},
        ("", "/device"),
    ),
    "HTTP, stage and route": (
        http_api(path="/predict", stage="dev", route_key="ANY /{proxy+}", path_parameters=PROXY),
        ("/dev", "/predict"),
    ),
    "HTTP, mapped stage and route": (
        http_api(
            path="/mapped/predict", stage="dev", route_key="ANY /{proxy+}", path_parameters=PROXY
        )
        | {"rawPath": "/mapped/predict"},
        ("/mapped", "/predict"),
    ),
    "HTTP 1.0": (http_api_v1(path="/predict"), ("", "/predict")),
    "HTTP 1.0, stage": (http_api_v1(path="/predict", stage="dev"), ("/dev", "/predict")),
    "function URL": (function_url(path="/predict"), ("", "/predict")),
    "load balancer": (load_balancer(path="/predict"), ("", "/predict")),
    "load balancer, many values": (
        load_balancer(path="/predict", multi_value=True),
        ("", "/predict"),
    ),
}


@pytest.mark.parametrize("case", MOUNTS)
def test_the_mount_is_no_part_of_the_path(case: str) -> None:
    event, expected = MOUNTS[case]
    assert is_http(event)
    assert not is_scheduled(event)
    assert mount_of(event) == expected


@pytest.mark.parametrize("path", ["/models/churn/predict", "/predict"])
def test_a_base_path_that_is_set_by_hand(path: str) -> None:
    assert mount_of(load_balancer(path=path), "/models/churn")[1] == "/predict"


def test_a_base_path_is_one_of_whole_segments() -> None:
    assert mount_of(load_balancer(path="/apiary/x"), "/api") == ("", "/apiary/x")


OTHERS: dict[str, Any] = {
    "none": None,
    "number": 3,
    "text": "GET /",
    "list": [{"httpMethod": "GET", "path": "/"}],
    "empty": {},
    "command": {"command": "os.getcwd"},
    "raw command": {"raw_command": "raise SystemExit(3)"},
    "manage": {"manage": "check"},
    "S3": s3_notification(bucket="b", key="k"),
    "SNS": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": '{"command": "os.abort"}'}}]},
    "SQS": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    "DynamoDB": {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {}}]},
    "authorizer": {"type": "TOKEN", "authorizationToken": "t", "methodArn": "arn"},
    "WebSocket": {"requestContext": {"eventType": "CONNECT", "connectionId": "c"}},
    "Cognito": {"triggerSource": "PreSignUp_SignUp"},
    "path of another type": {"httpMethod": "GET", "path": 1},
    "headers of another type": {"httpMethod": "GET", "path": "/", "headers": ["a"]},
    "body of another type": {"httpMethod": "POST", "path": "/", "body": {"X": []}},
    "version 2.0 without a method": {"version": "2.0", "rawPath": "/", "rawQueryString": ""},
    "schedule of another kind": {"detail-type": "EC2 Instance State-change Notification"},
    "detail of another type": {"detail-type": ["Scheduled Event"]},
}


@pytest.mark.parametrize("case", OTHERS)
def test_all_else_is_neither(case: str) -> None:
    assert not is_http(OTHERS[case])
    assert not is_scheduled(OTHERS[case])


@pytest.mark.parametrize("event", [scheduled(), zappa_keep_warm()])
def test_schedules(event: Event) -> None:
    assert is_scheduled(event)
    assert not is_http(event)
