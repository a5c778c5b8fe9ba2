"""A cloud's life: it starts clean and leaves nothing; its command; Zappa's round trip."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws.cloud import LocalAws

PROJECT = Path(__file__).parents[2]


def test_a_cloud_starts_empty_and_leaves_nothing(zipped: Callable[..., bytes]) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    for _ in range(2):
        with LocalAws() as aws:
            assert aws.client("lambda").list_functions()["Functions"] == []
            role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
            aws.client("lambda").create_function(
                FunctionName="f",
                Runtime=f"python3.{sys.version_info.minor}",
                Role=role["Role"]["Arn"],
                Handler="app.handler",
                Code={"ZipFile": zipped("def handler(event, context): return event")},
            )
            answer = aws.client("lambda").invoke(FunctionName="f", Payload=b"[1]")
            assert answer["Payload"].read() == b"[1]"
    left = {path.name for path in set(Path(tempfile.gettempdir()).iterdir()) - before}
    assert not [name for name in left if name.startswith("skzap-functions-")]


def test_the_command_prints_what_to_export_and_ends_cleanly() -> None:
    command = [sys.executable, "-W", "error", "-m", "local_aws"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout
            lines = [process.stdout.readline()]
            while "Ctrl-C" not in lines[-1]:
                assert lines[-1], "ended early"
                lines.append(process.stdout.readline())
            shell = "".join(lines) + f"{shlex.quote(sys.executable)} -c '{LIST_BUCKETS}'"
            done = subprocess.run(
                ["sh", "-c", shell], capture_output=True, text=True, timeout=60, check=True
            )
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert done.stdout == "[]\n"
    (ca_file, port) = re.findall(r"--cacert (\S+) --connect-to ::127.0.0.1:(\d+)", "".join(lines))[
        0
    ]
    assert not Path(ca_file).exists()
    assert int(port)


LIST_BUCKETS = 'import boto3; print(boto3.client("s3").list_buckets()["Buckets"])'


def test_the_commands_help_and_a_port_in_use() -> None:
    command = [sys.executable, "-m", "local_aws"]
    done = subprocess.run([*command, "--help"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "--port" in done.stdout
    with LocalAws() as aws:
        port = aws.endpoint_url.rpartition(":")[2]
        done = subprocess.run(
            [*command, "--port", port], cwd=PROJECT, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"port {port}: Address already in use")
    assert "Traceback" not in done.stderr


APP = """
import json
def handler(event, context):
    if "httpMethod" not in event:
        return {{"got": event}}
    return {{"statusCode": 200, "body": "{} " + event["path"]}}
"""
SETTINGS = {
    "local": {
        "apigateway_enabled": True,
        "app_function": "app.handler",
        "aws_region": "us-east-1",
        "binary_support": True,
        "keep_warm": True,
        "lambda_handler": "app.handler",
        "manage_roles": False,  # with --zip, Zappa expects the role to be there
        "project_name": "trip",
        "role_name": "trip",
        "runtime": f"python3.{sys.version_info.minor}",
        "s3_bucket": "zappa-trip",
        "touch": False,
    }
}


@pytest.mark.skipif(not shutil.which("zappa", path=Path(sys.executable).parent), reason="no zappa")
def test_zappas_round_trip(tmp_path: Path, zipped: Callable[..., bytes]) -> None:
    (tmp_path / "zappa_settings.json").write_text(json.dumps(SETTINGS))
    with LocalAws() as aws:
        aws.client("iam").create_role(RoleName="trip", AssumeRolePolicyDocument="{}")
        zappa = _Zappa(aws, tmp_path, zipped)
        url = re.findall(r"https://\S+", zappa.ships("deploy", "one"))[-1]
        session = aws.session()
        assert session.get(f"{url}/a").text == "one /a"
        assert url in zappa("status", "local")
        assert zappa("invoke", "local", "anything", "--raw")
        zappa.ships("update", "two")
        assert session.get(f"{url}/a").text == "two /a"
        zappa("rollback", "local", "-n", "1")
        assert session.get(f"{url}/a").text == "one /a"
        zappa("undeploy", "local", "--yes")
        assert session.get(f"{url}/a").status_code == 403
        assert aws.client("lambda").list_functions()["Functions"] == []


class _Zappa:
    """Zappa's own command in a project's folder, against a local AWS."""

    def __init__(self, aws: LocalAws, folder: Path, zipped: Callable[..., bytes]) -> None:
        # Zappa looks for the virtual environment that it runs in, which these tests may not be in
        venv = {"VIRTUAL_ENV": sys.prefix, "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}"}
        self._environment = aws.environment() | venv
        self._folder = folder
        self._zipped = zipped

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "zappa"), *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ships(self, command: str, word: str) -> str:
        package = self._folder / f"{word}.zip"
        package.write_bytes(self._zipped(APP.format(word)))
        return self(command, "local", "--zip", package.name)
