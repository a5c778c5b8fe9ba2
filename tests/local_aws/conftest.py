from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from local_aws.cloud import LocalAws
from local_aws.fixtures import aws  # noqa: F401 (a fixture)
from local_aws.task_root import make_writable

# What a test function answers is up to its request, so that one function serves many tests.
ECHO = """
    import base64, json, os, time
    count = 0
    def handler(event, context):
        global count
        count += 1
        query = event.get("queryStringParameters") or {}
        if "sleep" in query:
            time.sleep(float(query["sleep"]))
        if "raise" in query:
            raise ValueError("as asked")
        if "exit" in query:
            os._exit(1)
        if "answer" in query:
            return json.loads(query["answer"])
        told = {"event": event, "count": count, "pid": os.getpid()}
        return {"statusCode": 200, "body": json.dumps(told)}
"""
RUNTIME = f"python3.{sys.version_info.minor}"


@pytest.fixture
def task_root(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Make a function's folder with one module, app.py."""
    root = tmp_path / "task root"  # with a space, as users have them

    def make(code: str) -> Path:
        root.mkdir()
        (root / "app.py").write_text(dedent(code))
        return root

    yield make
    if root.exists():
        make_writable(root)


@pytest.fixture(scope="session")
def zipped() -> Callable[..., bytes]:
    """Zip one module, app.py, as a deployment package."""

    def make(code: str, mode: int = 0o644) -> bytes:
        entry = zipfile.ZipInfo("app.py")
        entry.external_attr = mode << 16
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(entry, dedent(code))
        return buffer.getvalue()

    return make


@pytest.fixture(scope="module")
def create(aws: LocalAws, zipped: Callable[..., bytes]) -> Callable[..., str]:  # noqa: F811
    """Create a function by Lambda's API; return its ARN."""
    role = aws.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")

    def make(name: str, code: str = ECHO, **more: Any) -> str:
        created = aws.client("lambda").create_function(
            FunctionName=name,
            Role=role["Role"]["Arn"],
            Handler="app.handler",
            Code={"ZipFile": zipped(code)},
            **{"Runtime": RUNTIME, **more},
        )
        return str(created["FunctionArn"])

    return make


@pytest.fixture(scope="module")
def rest_api(aws: LocalAws) -> Callable[..., str]:  # noqa: F811
    """Put a REST API with one proxy resource in front of a function; return its URL."""

    def make(
        arn: str,
        *,
        path: str = "{proxy+}",
        method: str = "ANY",
        timeout_ms: int = 0,
        api_key: bool = False,
        **more: Any,
    ) -> str:
        client = aws.client("apigateway")
        api = client.create_rest_api(name="api", **more)
        root = client.get_resources(restApiId=api["id"])["items"][0]["id"]
        child = client.create_resource(restApiId=api["id"], parentId=root, pathPart=path)["id"]
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        where = {"restApiId": api["id"], "resourceId": child, "httpMethod": method}
        client.put_method(**where, authorizationType="NONE", apiKeyRequired=api_key)
        limit = {"timeoutInMillis": timeout_ms} if timeout_ms else {}
        client.put_integration(
            **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri, **limit
        )
        client.create_deployment(restApiId=api["id"], stageName="prod")
        return f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/prod"

    return make
