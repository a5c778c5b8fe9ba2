"""python -m handler.serve, as a user starts it."""

import json
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.handler.conftest import Served

SERVE = [sys.executable, "-m", "handler.serve"]


def test_serves_an_artifact(regression: "Served") -> None:
    command = [*SERVE, "--model", str(regression.folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1]
            with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
                health = json.load(answer)
        finally:
            server.terminate()
    assert url.startswith("http://127.0.0.1:")
    assert health["status"] == "ok"


def test_an_artifact_that_is_none(tmp_path: "Path") -> None:
    command = [*SERVE, "--model", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"serve: {tmp_path / 'manifest.json'} cannot be read: No such file or directory\n"
    )


def test_a_port_that_is_taken(regression: "Served") -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*SERVE, "--model", str(regression.folder), "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr
