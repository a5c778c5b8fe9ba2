"""Whole events, compared with what AWS documents (and, for paths, was seen to send)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws import events

NOON = datetime(2026, 3, 4, 12, 0, 0, 250_000, tzinfo=UTC)
SENT = [
    ("User-Agent", "curl/8"),
    ("Content-Type", "application/json"),
    ("Content-Length", "2"),
    ("Connection", "keep-alive"),
    ("X-Twice", "1"),
    ("X-Twice", "2"),
    ("Cookie", "a=1; b=2"),
    ("X-Amzn-Trace-Id", "Root=1-x"),
]


def test_rest_api() -> None:
    event = events.rest_api(
        method="POST",
        path="/a%20b",
        query="x=1&x=2&y=%2F&z=",
        headers=SENT,
        body="{}",
        path_parameters={"proxy": "a b"},
        stage="prod",
        stage_variables={"v": "1"},
        request_id="r-1",
        received=NOON,
        source_ip="1.2.3.4",
    )
    context = event["requestContext"]
    assert context.pop("extendedRequestId").endswith("=")
    headers = {
        "User-Agent": "curl/8",
        "Content-Type": "application/json",
        "X-Twice": "2",
        "Cookie": "a=1; b=2",
        "Host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
        "X-Amzn-Trace-Id": "Root=1-x",
        "X-Forwarded-For": "1.2.3.4",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    assert event == {
        "resource": "/{proxy+}",
        "path": "/a%20b",
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {
            name: ["1", "2"] if name == "X-Twice" else [value] for name, value in headers.items()
        },
        "queryStringParameters": {"x": "2", "y": "/", "z": ""},
        "multiValueQueryStringParameters": {"x": ["1", "2"], "y": ["/"], "z": [""]},
        "pathParameters": {"proxy": "a b"},
        "stageVariables": {"v": "1"},
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "httpMethod": "POST",
            "requestTime": "04/Mar/2026:12:00:00 +0000",
            "path": "/prod/a%20b",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "a1b2c3d4e5",
            "requestTimeEpoch": 1772625600250,
            "requestId": "r-1",
            "identity": {
                "cognitoIdentityPoolId": None,
                "accountId": None,
                "cognitoIdentityId": None,
                "caller": None,
                "sourceIp": "1.2.3.4",
                "principalOrgId": None,
                "accessKey": None,
                "cognitoAuthenticationType": None,
                "cognitoAuthenticationProvider": None,
                "userArn": None,
                "userAgent": "curl/8",
                "user": None,
            },
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "deploymentId": "def456",
            "apiId": "a1b2c3d4e5",
        },
        "body": "{}",
        "isBase64Encoded": False,
    }


def test_an_empty_rest_request_has_nulls() -> None:
    event = events.rest_api()
    empty = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert all(event[name] is None for name in (*empty, "stageVariables", "body"))


@pytest.mark.parametrize(
    ("content_type", "binary_media_types", "is_binary"),
    [
        ("application/json", (), False),
        ("application/json", ("*/*",), True),
        ("", ("*/*",), True),
        ("", ("application/json",), False),
        ("image/png", ("image/*",), True),
        ("Image/PNG; q=1", ("image/png",), True),
        ("text/plain", ("image/*",), False),
    ],
)
def test_what_a_rest_api_takes_for_binary(
    content_type: str, binary_media_types: tuple[str, ...], is_binary: bool
) -> None:
    event = events.rest_api(
        method="POST",
        body=b"\xffx",
        headers={"Content-Type": content_type},
        binary_media_types=binary_media_types,
    )
    assert event["isBase64Encoded"] is is_binary
    assert event["body"] == ("/3g=" if is_binary else "\ufffdx")


def test_http_api() -> None:
    event = events.http_api(
        method="POST",
        path="/a%20b",
        query="x=1&x=2&y=%2F",
        headers=SENT,
        body="{}",
        stage="prod",
        route_key="ANY /{proxy+}",
        path_parameters={"proxy": "a b"},
        stage_variables={"v": "1"},
        request_id="r-1",
        received=NOON,
        source_ip="1.2.3.4",
    )
    assert event == {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": "/prod/a b",
        "rawQueryString": "x=1&x=2&y=%2F",
        "cookies": ["a=1", "b=2"],
        "headers": {
            "user-agent": "curl/8",
            "content-type": "application/json",
            "content-length": "2",
            "x-twice": "1,2",
            "host": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "x-amzn-trace-id": "Root=1-x",
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"x": "1,2", "y": "/"},
        "pathParameters": {"proxy": "a b"},
        "stageVariables": {"v": "1"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": "POST",
                "path": "/prod/a b",
                "protocol": "HTTP/1.1",
                "sourceIp": "1.2.3.4",
                "userAgent": "curl/8",
            },
            "requestId": "r-1",
            "routeKey": "ANY /{proxy+}",
            "stage": "prod",
            "time": "04/Mar/2026:12:00:00 +0000",
            "timeEpoch": 1772625600250,
        },
        "body": "{}",
        "isBase64Encoded": False,
    }


def test_function_url() -> None:
    event = events.function_url(
        path="/a%20b", headers=SENT[-1:], request_id="r-1", received=NOON, url_id="u1"
    )
    assert event == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/a%20b",
        "rawQueryString": "",
        "headers": {
            "host": "u1.lambda-url.us-east-1.on.aws",
            "x-amzn-trace-id": "Root=1-x",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "x-amzn-tls-version": "TLSv1.3",
            "x-amzn-tls-cipher-suite": "TLS_AES_128_GCM_SHA256",
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "u1",
            "domainName": "u1.lambda-url.us-east-1.on.aws",
            "domainPrefix": "u1",
            "http": {
                "method": "GET",
                "path": "/a%20b",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "",
            },
            "requestId": "r-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2026:12:00:00 +0000",
            "timeEpoch": 1772625600250,
        },
        "isBase64Encoded": False,
    }


def test_http_api_of_format_1() -> None:
    event = events.http_api_v1(path="/a%20b", stage="prod", body="a=1", method="POST")
    assert event["version"] == "1.0"
    assert event["path"] == event["requestContext"]["path"] == "/prod/a b"
    assert event["resource"] == "$default"
    assert (event["body"], event["isBase64Encoded"]) == ("YT0x", True)


@pytest.mark.parametrize("build", [events.http_api, events.function_url])
@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json; charset=utf-8", True),
        ("text/csv", True),
        ("application/x-www-form-urlencoded", False),
        ("", False),
    ],
)
def test_what_format_2_takes_for_text(build: Any, content_type: str, is_text: bool) -> None:
    event = build(method="POST", body="a=1", headers={"content-type": content_type})
    assert event["isBase64Encoded"] is not is_text
    assert event["body"] == ("a=1" if is_text else "YT0x")


def test_load_balancer() -> None:
    event = events.load_balancer(path="/a%20b", query="x=1&x=%2F", headers=SENT)
    assert event["path"] == "/a%20b"
    assert event["queryStringParameters"] == {"x": "%2F"}
    assert event["headers"]["x-twice"] == "2"
    assert event["requestContext"]["elb"]["targetGroupArn"].startswith("arn:aws:elastic")
    assert (event["body"], event["isBase64Encoded"]) == ("", False)
    assert "multiValueHeaders" not in event


def test_load_balancer_with_multi_value_headers() -> None:
    event = events.load_balancer(query="x=1&x=2", headers=SENT, multi_value=True)
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["multiValueHeaders"]["x-twice"] == ["1", "2"]
    assert not {"headers", "queryStringParameters"} & event.keys()


def test_a_proxy_in_front_is_kept() -> None:
    event = events.rest_api(headers={"X-Forwarded-For": "9.9.9.9"}, source_ip="1.2.3.4")
    assert event["headers"]["X-Forwarded-For"] == "9.9.9.9, 1.2.3.4"


def test_zappas_keep_warm_is_a_scheduled_event() -> None:
    event = events.zappa_keep_warm(function_name="f-dev")
    rule = event["resources"][0].rpartition("/")[2]
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert rule == "f-dev-zappa-keep-warm-handler.keep_warm_callback"
    assert event["kwargs"] == {}
    assert event.keys() - {"kwargs"} == events.scheduled().keys()


def test_s3_notification() -> None:
    (record,) = events.s3_notification(bucket="b", key="in/a file.csv")["Records"]
    assert record["eventSource"] == "aws:s3"
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["arn"] == "arn:aws:s3:::b"
    assert record["s3"]["object"]["key"] == "in/a+file.csv"


@given(body=st.binary(min_size=1), content_type=st.sampled_from(["application/json", "a/b", ""]))
def test_no_byte_of_a_binary_body_is_lost(body: bytes, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    for event in (
        events.rest_api(body=body, headers=headers, binary_media_types=("*/*",)),
        events.http_api(body=body, headers={"Content-Type": "application/octet-stream"}),
        events.function_url(body=body),
    ):
        json.dumps(event)
        assert base64.b64decode(event["body"]) == body
