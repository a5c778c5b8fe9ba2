"""Invoke and the other operations that stand in front of moto, by boto3."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from local_aws.cloud import LocalAws

Create = Callable[..., str]


@pytest.fixture(scope="module")
def echo(create: Create) -> str:
    return create("echo")


def invoke(aws: LocalAws, function: str, event: Any, **more: Any) -> Any:
    return aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode(), **more
    )


def test_invoke_runs_the_function(aws: LocalAws, echo: str) -> None:
    for name in ("echo", echo, "function:echo", "echo:$LATEST"):
        answer = invoke(aws, name, {"a": 1})
        assert answer["StatusCode"] == 200
        assert answer["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in answer
        body = json.loads(json.loads(answer["Payload"].read())["body"])
        assert body["event"] == {"a": 1}


def test_the_tail_of_the_log(aws: LocalAws, create: Create) -> None:
    create("talking", "def handler(event, context): print('said', event)")
    answer = invoke(aws, "talking", 5, LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "said 5\n" in log
    assert f"REPORT RequestId: {answer['ResponseMetadata']['RequestId']}" in log
    assert "LogResult" not in invoke(aws, "talking", 5)
    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/talking")["events"]
    assert "said 5" in [event["message"] for event in events]


def test_a_function_that_fails(aws: LocalAws, echo: str) -> None:
    answer = invoke(aws, "echo", {"queryStringParameters": {"raise": "1"}})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "as asked")


def test_a_function_that_cannot_start(aws: LocalAws, create: Create) -> None:
    create("broken", "import nothing_such")
    for _ in range(2):  # Lambda tries again with each request
        answer = invoke(aws, "broken", {})
        assert answer["FunctionError"] == "Unhandled"
        assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ImportModuleError"


def test_an_asynchronous_invocation(aws: LocalAws, create: Create) -> None:
    create("later", "def handler(event, context): print('done', event)")
    count = len(aws.functions.invocations)
    assert invoke(aws, "later", 1, InvocationType="Event")["StatusCode"] == 202
    deadline = time.monotonic() + 10
    while len(aws.functions.invocations) == count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "done 1" in aws.functions.invocations[-1].log


def test_a_dry_run_runs_nothing(aws: LocalAws, echo: str) -> None:
    count = len(aws.functions.invocations)
    assert invoke(aws, "echo", {}, InvocationType="DryRun")["StatusCode"] == 204
    assert len(aws.functions.invocations) == count


def test_errors_of_invoke(aws: LocalAws, create: Create, echo: str) -> None:
    client = aws.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="function:nosuch"):
        client.invoke(FunctionName="nosuch")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="echo:7"):
        client.invoke(FunctionName="echo", Qualifier="7")
    with pytest.raises(client.exceptions.RequestTooLargeException, match="6291456 bytes"):
        client.invoke(FunctionName="echo", Payload=json.dumps("x" * (6 << 20)))
    with pytest.raises(client.exceptions.InvalidRequestContentException, match="parse request"):
        client.invoke(FunctionName="echo", Payload=b"{")
    create("node", Runtime="nodejs22.x")
    with pytest.raises(client.exceptions.InvalidRuntimeException, match=r"python3\.x functions"):
        client.invoke(FunctionName="node", Payload=b"{}")


def test_a_throttled_invocation(aws: LocalAws, create: Create) -> None:
    create("closed")
    aws.client("lambda").put_function_concurrency(
        FunctionName="closed", ReservedConcurrentExecutions=0
    )
    once = _without_retries(aws)
    with pytest.raises(once.exceptions.TooManyRequestsException, match="Rate Exceeded") as error:
        once.invoke(FunctionName="closed")
    expected = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error.value.response["Reason"] == expected


def _without_retries(aws: LocalAws) -> Any:
    session: Any = boto3.session.Session("x", "y", region_name=aws.region)
    config = Config(retries={"max_attempts": 0})
    return session.client("lambda", endpoint_url=aws.endpoint_url, config=config)


def test_the_code_can_be_fetched_by_version(
    aws: LocalAws, create: Create, zipped: Callable[..., bytes]
) -> None:
    first, second = "def handler(*_): return 1", "def handler(*_): return 2"
    create("fetched", first)
    client = aws.client("lambda")
    client.publish_version(FunctionName="fetched")
    client.update_function_code(FunctionName="fetched", ZipFile=zipped(second))
    for name, code in (("function:fetched:1", first), ("fetched", second)):
        location = client.get_function(FunctionName=name)["Code"]["Location"]
        assert requests.get(location, timeout=10).content == zipped(code)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="function:fetched:9")


def test_a_functions_urls_are_listed(aws: LocalAws, create: Create) -> None:
    create("listed")
    client = aws.client("lambda")
    assert client.list_function_url_configs(FunctionName="listed")["FunctionUrlConfigs"] == []
    made = client.create_function_url_config(FunctionName="listed", AuthType="NONE")
    (found,) = client.list_function_url_configs(FunctionName="listed")["FunctionUrlConfigs"]
    assert found["FunctionUrl"] == made["FunctionUrl"]


def test_the_accounts_limits(aws: LocalAws, create: Create) -> None:
    create("reserved")
    client = aws.client("lambda")
    before = client.get_account_settings()["AccountLimit"]
    client.put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=3)
    after = client.get_account_settings()["AccountLimit"]
    assert before["CodeSizeUnzipped"] == 262_144_000
    assert before["ConcurrentExecutions"] == after["ConcurrentExecutions"] == 10
    keys = "UnreservedConcurrentExecutions"
    assert before[keys] - after[keys] == 3


def test_permissions_are_created(aws: LocalAws, echo: str) -> None:
    answer = aws.client("lambda").add_permission(
        FunctionName="echo", StatementId="s", Action="lambda:InvokeFunction", Principal="*"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201


def test_media_types_are_patched_by_path(aws: LocalAws) -> None:
    client = aws.client("apigateway")
    api = client.create_rest_api(name="patched", binaryMediaTypes=["image/png"])["id"]

    def patch(operation: str) -> list[str]:
        change = {"op": operation, "path": "/binaryMediaTypes/*~1*"}
        client.update_rest_api(restApiId=api, patchOperations=[change])
        return list(client.get_rest_api(restApiId=api)["binaryMediaTypes"])

    assert patch("add") == ["image/png", "*/*"]
    assert patch("remove") == ["image/png"]


def test_a_function_calls_aws_from_inside(aws: LocalAws, create: Create) -> None:
    aws.client("s3").create_bucket(Bucket="inside")
    create(
        "writing",
        """
        import boto3
        def handler(event, context):
            boto3.client("s3").put_object(Bucket="inside", Key="k", Body=event["body"])
        """,
        Timeout=20,
        MemorySize=256,
    )
    assert "FunctionError" not in invoke(aws, "writing", {"body": "from inside"})
    body = aws.client("s3").get_object(Bucket="inside", Key="k")["Body"].read()
    assert body == b"from inside"


def test_an_s3_notification_runs_a_function(aws: LocalAws, create: Create) -> None:
    arn = create("notified", "def handler(event, context): print(event)")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="watched")
    notify = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="watched", NotificationConfiguration={"LambdaFunctionConfigurations": notify}
    )
    s3.put_object(Bucket="watched", Key="in/a file.csv", Body=b"x")
    assert "'in%2Fa+file.csv'" in aws.functions.invocations[-1].log


def test_clients_ignore_the_users_configuration(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert aws.session().get("https://x.lambda-url.us-east-1.on.aws").status_code == 403


def test_processes_get_no_real_account(aws: LocalAws) -> None:
    base = {"AWS_PROFILE": "production", "AWS_ROLE_ARN": "x", "HOME": "/h"}
    environment = aws.environment(base)
    assert environment["HOME"] == "/h"
    assert environment["AWS_ENDPOINT_URL"] == aws.endpoint_url
    assert not {"AWS_PROFILE", "AWS_ROLE_ARN"} & environment.keys()
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["AWS_CONFIG_FILE"]
