"""What becomes of a function's answer at each front."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_aws import answers
from local_aws.http import HttpAnswer


def rest(answer: Any, binary: tuple[str, ...] = (), accept: str = "*/*") -> HttpAnswer:
    payload = json.dumps(answer).encode()
    return answers.rest_api(payload, binary_media_types=binary, accept=accept)


def test_a_rest_answer() -> None:
    got = rest(
        {
            "statusCode": "201",
            "headers": {"X-A": "1", "X-B": True, "Content-Length": "5"},
            "multiValueHeaders": {"X-A": ["2", "3"], "Set-Cookie": ["a=1", "b=2"]},
            "body": "hé",
        }
    )
    assert got.status == 201
    assert got.body == "hé".encode()
    assert got.headers == [
        ("Content-Type", "application/json"),
        ("X-B", "true"),
        ("x-amzn-Remapped-Content-Length", "5"),
        ("X-A", "2"),
        ("X-A", "3"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        {"statusCode": 200, "body": {"not": "a string"}},
        {"statusCode": 200, "headers": {"X": 1}},
        {"statusCode": 200, "headers": []},
        {"statusCode": 200, "multiValueHeaders": {"X": "1"}},
        {"statusCode": "two hundred"},
        {"statusCode": 42},
        {"statusCode": 200, "cookies": []},
        {"errorMessage": "x", "errorType": "y"},
    ],
)
def test_malformed_rest_answers(answer: Any) -> None:
    got = rest(answer)
    assert (got.status, got.body) == (502, b'{"message":"Internal server error"}')


@pytest.mark.parametrize(
    ("binary", "accept", "decoded"),
    [
        ((), "*/*", False),
        (("*/*",), "*/*", True),
        (("*/*",), "", True),
        (("image/png",), "image/png, */*", True),
        (("image/png",), "*/*, image/png", False),
        (("image/*",), "image/webp", True),
    ],
)
def test_when_a_rest_api_decodes_a_body(
    binary: tuple[str, ...], accept: str, decoded: bool
) -> None:
    encoded = base64.b64encode(b"\xff").decode()
    got = rest({"body": encoded, "isBase64Encoded": True}, binary, accept)
    assert got.body == (b"\xff" if decoded else encoded.encode())


def test_an_http_api_infers_an_answer() -> None:
    got = answers.http_api(b'{"prediction": [1]}')
    assert got == HttpAnswer(200, [("Content-Type", "application/json")], b'{"prediction":[1]}')
    assert answers.http_api(b'"text"').body == b"text"


def test_format_2_has_cookies_and_always_decodes() -> None:
    answer = {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": "/w==", "isBase64Encoded": True}
    payload = json.dumps(answer).encode()
    got = answers.http_api(payload)
    assert got.body == b"\xff"
    assert got.headers == [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    assert answers.function_url(payload).headers[0] == ("Content-Type", "application/json")


@pytest.mark.parametrize(
    ("read", "status", "body"),
    [
        (answers.http_api, 500, b'{"message":"Internal Server Error"}'),
        (answers.http_api_v1, 500, b'{"message":"Internal Server Error"}'),
        (answers.function_url, 502, b"Internal Server Error"),
    ],
)
def test_malformed_answers_elsewhere(read: Any, status: int, body: bytes) -> None:
    got = read(b'{"statusCode": 200, "body": {}}')
    assert (got.status, got.body) == (status, body)


def test_compression() -> None:
    answer = HttpAnswer(200, [("Content-Type", "text/plain")], b"x" * 100)
    got = answers.compressed(answer, 100, "br, gzip")
    assert got.headers[-1] == ("Content-Encoding", "gzip")
    assert gzip.decompress(got.body) == answer.body
    for minimum, accepted in ((None, "gzip"), (101, "gzip"), (0, "br")):
        assert answers.compressed(answer, minimum, accepted) is answer


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded", "cookies"]
)


@settings(max_examples=60, deadline=None)
@example({"statusCode": 200, "body": "\ud800"})
@example("\ud800")
@given(st.dictionaries(FIELDS | st.text(), JSON) | JSON)
def test_whatever_a_function_answers_the_front_has_an_answer(answer: Any) -> None:
    payload = json.dumps(answer).encode()
    for got in (
        rest(answer, ("*/*",)),
        answers.http_api(payload),
        answers.http_api_v1(payload),
        answers.function_url(payload),
    ):
        assert 100 <= got.status <= 599
        assert isinstance(got.body, bytes)
