"""The fronts over real HTTPS, set up by real AWS API calls, in front of functions that run."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from local_aws.cloud import LocalAws
from local_aws.routing import match_path
from local_aws.session import make_session

Create = Callable[..., str]


@pytest.fixture(scope="module")
def url(create: Create, rest_api: Create) -> str:
    return rest_api(create("echo", Timeout=2, MemorySize=128))


@pytest.fixture(scope="module")
def http(aws: LocalAws) -> requests.Session:
    return aws.session()


def asking(answer: Any) -> dict[str, str]:
    return {"answer": json.dumps(answer)}


def test_a_rest_api_sends_the_event_and_returns_the_answer(
    url: str, http: requests.Session
) -> None:
    response = http.post(
        f"{url}/a%20b/c?x=1&x=2", json={"q": [None]}, headers={"X-Mine": "1", "Cookie": "a=1"}
    )
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    event = response.json()["event"]
    host = url.split("/")[2]
    assert (event["path"], event["resource"], event["httpMethod"]) == (
        "/a%20b/c",
        "/{proxy+}",
        "POST",
    )
    assert event["pathParameters"] == {"proxy": "a b/c"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    assert event["headers"]["X-Mine"] == "1"
    assert event["requestContext"]["requestId"] == response.headers["x-amzn-RequestId"]
    assert event["headers"]["Host"] == host == event["requestContext"]["domainName"]
    assert event["requestContext"]["path"] == "/prod/a%20b/c"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"q": [None]}, False)


def test_status_headers_and_body_of_a_rest_answer(url: str, http: requests.Session) -> None:
    answer = {
        "statusCode": 418,
        "headers": {"Content-Type": "text/plain; charset=utf-8"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "tée",
    }
    response = http.get(f"{url}/x", params=asking(answer))
    assert (response.status_code, response.text) == (418, "tée")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.cookies.get_dict() == {"a": "1", "b": "2"}
    head = http.head(f"{url}/x", params=asking(answer))
    assert (head.status_code, head.content) == (418, b"")


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/x?raise=1", 502, {"message": "Internal server error"}),
        ("/x?exit=1", 502, {"message": "Internal server error"}),
        ("/x?sleep=9", 502, {"message": "Internal server error"}),
        ("/x?answer=7", 502, {"message": "Internal server error"}),
        ("/", 403, {"message": "Missing Authentication Token"}),
        ("/../other/x", 403, {"message": "Forbidden"}),
    ],
)
def test_how_a_rest_api_fails(
    url: str, http: requests.Session, path: str, status: int, body: dict[str, str]
) -> None:
    response = http.get(f"{url}{path}")
    assert (response.status_code, response.json()) == (status, body)


def test_an_instance_that_dies_is_replaced(url: str, http: requests.Session) -> None:
    before = http.get(f"{url}/x").json()
    assert http.get(f"{url}/x?exit=1").status_code == 502
    after = http.get(f"{url}/x").json()
    assert after["pid"] != before["pid"]
    assert after["count"] == 1


def test_requests_at_once_get_an_instance_each(url: str, http: requests.Session) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: http.get(f"{url}/x?sleep=0.6").json(), range(3)))
    assert len({answer["pid"] for answer in answers}) == 3
    reused = http.get(f"{url}/x").json()["pid"]
    assert reused in {answer["pid"] for answer in answers}


def test_more_requests_than_reserved_concurrency_are_throttled(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("narrow"))
    aws.client("lambda").put_function_concurrency(
        FunctionName="narrow", ReservedConcurrentExecutions=1
    )
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: http.get(f"{url}/x?sleep=0.7").status_code, range(2)))
    assert sorted(both) == [200, 500]
    assert http.get(f"{url}/x").status_code == 200


def test_new_code_and_new_configuration_mean_new_instances(
    aws: LocalAws,
    create: Create,
    rest_api: Create,
    http: requests.Session,
    zipped: Callable[..., bytes],
) -> None:
    code = """
        import json, os
        def handler(event, context):
            told = ["{}", os.environ.get("MINE", "-"), os.getpid(), os.getcwd()]
            return {{"statusCode": 200, "body": json.dumps(told)}}
    """
    url = rest_api(create("changing", code.format("old")))
    client = aws.client("lambda")
    *told, pid, root = http.get(f"{url}/x").json()
    assert told == ["old", "-"]
    client.update_function_code(FunctionName="changing", ZipFile=zipped(code.format("new")))
    assert http.get(f"{url}/x").json()[:2] == ["new", "-"]
    assert not Path(root).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    client.update_function_configuration(
        FunctionName="changing", Environment={"Variables": {"MINE": "1"}}
    )
    assert http.get(f"{url}/x").json()[:2] == ["new", "1"]


def test_versions_and_aliases(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session, zipped: Any
) -> None:
    code = "def handler(event, context): return {{'statusCode': 200, 'body': '{}'}}"
    arn = create("versioned", code.format(1))
    client = aws.client("lambda")
    version = client.publish_version(FunctionName="versioned")["Version"]
    client.create_alias(FunctionName="versioned", Name="live", FunctionVersion=version)
    by_alias, latest = rest_api(f"{arn}:live"), rest_api(arn)
    client.update_function_code(FunctionName="versioned", ZipFile=zipped(code.format(2)))
    assert http.get(f"{by_alias}/x").text == "1"
    assert http.get(f"{latest}/x").text == "2"


def test_files_that_are_private_to_their_owner_cannot_be_read(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session, zipped: Any
) -> None:
    url = rest_api(create("private", "def handler(*_): return {'body': 'read'}"))
    assert http.get(f"{url}/x").text == "read"
    aws.client("lambda").update_function_code(
        FunctionName="private",
        ZipFile=zipped("def handler(*_): return {'body': 'read'}", 0o600),
    )
    assert http.get(f"{url}/x").status_code == 502
    assert "Permission denied" in aws.functions.invocations[-1].log


def test_binary_bodies_of_a_rest_api(
    create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("binary"), binaryMediaTypes=["*/*"])
    event = http.post(f"{url}/x", data=b"\xff\x00").json()["event"]
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)
    encoded = base64.b64encode(bytes(range(256))).decode()
    answer = {"body": encoded, "isBase64Encoded": True}
    assert http.get(f"{url}/x", params=asking(answer)).content == bytes(range(256))


def test_compression_of_a_rest_api(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("large"))
    api = url.split("/")[2].partition(".")[0]
    aws.client("apigateway").update_rest_api(
        restApiId=api,
        patchOperations=[{"op": "replace", "path": "/minimumCompressionSize", "value": "100"}],
    )
    large, small = asking({"body": "x" * 100}), asking({"body": "x"})
    response = http.get(f"{url}/x", params=large)
    assert (response.text, response.headers["Content-Encoding"]) == ("x" * 100, "gzip")
    assert "Content-Encoding" not in http.get(f"{url}/x", params=small).headers
    identity = http.get(f"{url}/x", params=large, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in identity.headers


def test_limits_of_a_rest_api(url: str, http: requests.Session) -> None:
    mb = 1 << 20
    response = http.post(f"{url}/x", data=b"x" * (10 * mb + 1))
    assert response.status_code == 413
    assert response.text == "HTTP content length exceeded 10485760 bytes."
    response = http.post(f"{url}/x", data=b"x" * (7 * mb))
    assert (response.status_code, response.json()) == (413, {"message": "Request Too Long"})
    chunks = (b"x" * mb for _ in range(11))
    assert http.post(f"{url}/x", data=chunks).status_code == 413


def test_a_client_that_asks_before_it_sends(aws: LocalAws, url: str) -> None:
    context = ssl.create_default_context(cafile=str(aws.ca_file))
    host = url.split("/")[2]
    lines = ["POST /prod/x HTTP/1.1", f"Host: {host}", "Content-Length: 3", "Expect: 100-continue"]
    with (
        socket.create_connection(("127.0.0.1", aws.gateway_port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host) as tls,
    ):
        tls.sendall("\r\n".join([*lines, "", ""]).encode())
        assert tls.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        tls.sendall(b"abc")
        assert tls.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_chunked_requests(url: str, http: requests.Session) -> None:
    event = http.post(f"{url}/x", data=iter([b"ab", b"c"])).json()["event"]
    assert event["body"] == "abc"
    assert "Transfer-Encoding" not in event["headers"]


def test_methods_and_resources_of_a_rest_api(
    create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("narrow-api"), path="predict", method="POST")
    assert http.post(f"{url}/predict").status_code == 200
    assert http.post(f"{url}/predict/").status_code == 200
    for response in (http.get(f"{url}/predict"), http.post(f"{url}/predict/x")):
        assert response.status_code == 403
        assert response.json() == {"message": "Missing Authentication Token"}
        assert response.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_a_rest_api_waits_no_longer_than_its_integration_says(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("slow"), timeout_ms=300)
    response = http.get(f"{url}/x?sleep=1")
    assert (response.status_code, response.json()) == (
        504,
        {"message": "Endpoint request timed out"},
    )


def test_api_keys_of_a_rest_api(
    aws: LocalAws, create: Create, rest_api: Create, http: requests.Session
) -> None:
    url = rest_api(create("keyed"), api_key=True)
    client = aws.client("apigateway")
    key = client.create_api_key(name="k", enabled=True, value="v" * 20)["value"]
    for headers, status in (({}, 403), ({"x-api-key": "w" * 20}, 403), ({"x-api-key": key}, 200)):
        assert http.get(f"{url}/x", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("/", "/", {}),
        ("/a", "/b", None),
        ("/a.c", "/abc", None),
        ("/{id}", "/x%2Fy", {"id": "x/y"}),
        ("/{id}", "/x/y", None),
        ("/a/{id}/b", "/a/1/b", {"id": "1"}),
        ("/{proxy+}", "/x/y", {"proxy": "x/y"}),
        ("/{proxy+}", "/", None),
        ("/{a}/{b+}", "/1/2/3", {"a": "1", "b": "2/3"}),
    ],
)
def test_paths(template: str, path: str, parameters: dict[str, str] | None) -> None:
    assert match_path(template, path) == parameters


@pytest.fixture(scope="module")
def http_api(aws: LocalAws, create: Create) -> Callable[..., str]:
    """Put an HTTP API in front of a function; return its endpoint."""

    def make(
        name: str,
        routes: list[str],
        stage: str = "$default",
        version: str = "2.0",
        ms: int = 30_000,
    ) -> str:
        arn = create(name)
        client = aws.client("apigatewayv2")
        api = client.create_api(Name=name, ProtocolType="HTTP")
        integration = client.create_integration(
            ApiId=api["ApiId"],
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn,
            PayloadFormatVersion=version,
            TimeoutInMillis=ms,
        )
        target = f"integrations/{integration['IntegrationId']}"
        for route in routes:
            client.create_route(ApiId=api["ApiId"], RouteKey=route, Target=target)
        client.create_stage(ApiId=api["ApiId"], StageName=stage, AutoDeploy=True)
        return str(api["ApiEndpoint"])

    return make


def test_an_http_api(http_api: Callable[..., str], http: requests.Session) -> None:
    url = http_api("v2", ["$default", "GET /a/{id}", "ANY /{proxy+}", "GET /a/b"])
    routes = {
        ("GET", "/a/b"): "GET /a/b",
        ("GET", "/a/1%202"): "GET /a/{id}",
        ("POST", "/a/b"): "ANY /{proxy+}",
        ("GET", "/"): "$default",
    }
    for (method, path), route in routes.items():
        event = http.request(method, f"{url}{path}?x=1&x=2", cookies={"c": "1"}).json()["event"]
        assert event["routeKey"] == event["requestContext"]["routeKey"] == route
        assert event["cookies"] == ["c=1"]
        assert event["queryStringParameters"] == {"x": "1,2"}
        assert event["requestContext"]["http"]["method"] == method
        if route == "GET /a/{id}":
            assert event["rawPath"] == "/a/1 2"
            assert event["pathParameters"] == {"id": "1 2"}


def test_a_stage_of_an_http_api_is_in_the_path(
    http_api: Callable[..., str], http: requests.Session
) -> None:
    url = http_api("staged", ["GET /x"], stage="prod")
    event = http.get(f"{url}/prod/x").json()["event"]
    assert event["rawPath"] == "/prod/x"
    assert event["requestContext"]["stage"] == "prod"
    for path in ("/x", "/prod/y", "/prod"):
        response = http.get(f"{url}{path}")
        assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


def test_how_an_http_api_fails(http_api: Callable[..., str], http: requests.Session) -> None:
    url = http_api("failing", ["$default"])
    response = http.get(f"{url}/x?raise=1")
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    response = http.post(f"{url}/x", data=b"x" * ((10 << 20) + 1))
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})
    assert http.get(f"{url}/x", params=asking({"inferred": 1})).json() == {"inferred": 1}


def test_an_http_api_waits_no_longer_than_its_integration_says(
    http_api: Callable[..., str], http: requests.Session
) -> None:
    url = http_api("slow-v2", ["$default"], ms=300)
    response = http.get(f"{url}/x?sleep=1")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_an_http_api_with_payload_format_1(
    http_api: Callable[..., str], http: requests.Session
) -> None:
    url = http_api("v1", ["ANY /{proxy+}"], version="1.0")
    event = http.get(f"{url}/a%20b").json()["event"]
    assert (event["version"], event["path"], event["resource"]) == ("1.0", "/a b", "/{proxy+}")


def test_a_function_url(aws: LocalAws, create: Create, http: requests.Session) -> None:
    create("by-url")
    client = aws.client("lambda")
    made = client.create_function_url_config(FunctionName="by-url", AuthType="NONE")
    url = made["FunctionUrl"].rstrip("/")
    event = http.post(f"{url}/a%20b?x=1", json={}).json()["event"]
    assert (event["rawPath"], event["version"]) == ("/a%20b", "2.0")
    assert event["requestContext"]["accountId"] == "anonymous"
    assert event["requestContext"]["domainName"] == url.removeprefix("https://")
    assert http.get(f"{url}/x?raise=1").status_code == 502
    client.update_function_url_config(FunctionName="by-url", AuthType="AWS_IAM")
    response = http.get(url)
    assert (response.status_code, response.json()) == (403, {"Message": "Forbidden"})


@pytest.mark.parametrize(
    "host", ["nosuchapi.execute-api.us-east-1.amazonaws.com", "nosuch.lambda-url.eu-west-1.on.aws"]
)
def test_hosts_that_nothing_was_deployed_to(http: requests.Session, host: str) -> None:
    assert http.get(f"https://{host}/prod/x").status_code == 403


def test_a_runtime_that_this_machine_lacks(
    create: Create, rest_api: Create, http: requests.Session, caplog: pytest.LogCaptureFixture
) -> None:
    url = rest_api(create("node", Runtime="nodejs22.x"))
    assert http.get(f"{url}/x").status_code == 502
    assert "'nodejs22.x': local_aws runs python3.x functions only" in caplog.text


def test_the_certificate_is_verified(aws: LocalAws, url: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        make_session(aws.gateway_port, other).get(f"{url}/x")


def test_the_certificate_has_the_hosts_name(aws: LocalAws, url: str) -> None:
    context = ssl.create_default_context(cafile=str(aws.ca_file))
    host = url.split("/")[2]

    def names(server_name: str) -> set[str]:
        address = ("127.0.0.1", aws.gateway_port)
        with (
            socket.create_connection(address) as plain,
            context.wrap_socket(plain, server_hostname=server_name) as tls,
        ):
            certificate: Any = tls.getpeercert()
            return {name for _, name in certificate["subjectAltName"]}

    assert names(host) == {"*.execute-api.us-east-1.amazonaws.com"}
    assert names("x.lambda-url.eu-west-3.on.aws") == {"*.lambda-url.eu-west-3.on.aws"}
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        names("example.com")
