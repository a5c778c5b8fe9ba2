"""One instance under the real runtime client: what /var/task's rules let a function see and do."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_aws import task_root as rules
from local_aws.instance import Identity, Instance, InstanceError, Invocation, TaskRootError
from local_aws.runtime_api import MAX_RESPONSE_BYTES

MakeRoot = Callable[[str], Path]


def answer(invocation: Invocation) -> Any:
    assert invocation.error is None, invocation.payload
    return json.loads(invocation.payload)


def test_an_answer_with_its_measurements(task_root: MakeRoot) -> None:
    root = task_root("""
        print("starting")
        def handler(event, context):
            print("working")
            return {"event": event, "id": context.aws_request_id,
                    "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
                    "left": context.get_remaining_time_in_millis()}
    """)
    identity = Identity(name="mine", version="7", region="eu-west-1")
    with Instance(root, "app.handler", timeout_s=9, identity=identity) as instance:
        first = instance.invoke({"a": [1, None]})
        second = instance.invoke(b'{"raw": "json"}')

    got = answer(first)
    assert got["event"] == {"a": [1, None]}
    assert got["id"] == first.request_id
    assert got["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:mine:7"
    assert got["memory"] == "512"
    assert 8000 < got["left"] <= 9000
    assert answer(second)["event"] == {"raw": "json"}
    assert first.request_id != second.request_id
    assert (first.cold, second.cold) == (True, False)
    assert first.init_ms == second.init_ms > 1
    assert 0 < second.ms < first.init_ms + 1000
    assert 5 << 20 < first.max_rss_bytes <= second.max_rss_bytes < 100 << 20
    assert first.log.splitlines()[:3] == [
        f"START RequestId: {first.request_id} Version: 7",
        "starting",
        "working",
    ]
    assert "Init Duration" in first.log
    assert "starting" not in second.log
    assert "Init Duration" not in second.log


def test_nothing_of_the_host_is_seen(task_root: MakeRoot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    monkeypatch.setenv("AWS_PROFILE", "production")
    root = task_root("""
        import importlib.util, os, sys
        def handler(event, context):
            names = ["pytest", "moto", "requests", "boto3", "numpy", "simplejson", "awslambdaric"]
            found = [name for name in names if importlib.util.find_spec(name)]
            return {"environment": dict(os.environ), "path": sys.path, "found": found,
                    "cwd": os.getcwd()}
    """)
    own = {"MINE": "1", "TZ": "Europe/Paris", "AWS_REGION": "not mine to set"}
    with Instance(root, "app.handler", environment=own) as instance:
        got = answer(instance.invoke({}))

    environment = got["environment"]
    assert environment["MINE"] == "1"
    assert environment["TZ"] == "Europe/Paris"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["LAMBDA_TASK_ROOT"] == got["cwd"] == got["path"][0] == str(root)
    assert environment["_HANDLER"] == "app.handler"
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert environment.keys() <= LAMBDA_SETS | {"MINE"}
    assert got["found"] == ["simplejson", "awslambdaric"]
    assert got["path"][1] == environment["LAMBDA_RUNTIME_DIR"]
    assert not [part for part in got["path"] if "site-packages" in part]


# AWS Lambda Developer Guide, "Defined runtime environment variables"; LC_CTYPE is set by Python
# itself where the host lacks Lambda's locale.
LAMBDA_SETS = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "LC_CTYPE",
    "PATH",
    "PYTHONPATH",
    "TZ",
}


def test_the_task_root_cannot_be_written_to(task_root: MakeRoot) -> None:
    root = task_root("""
        import pathlib, tempfile
        def handler(event, context):
            pathlib.Path(tempfile.mkdtemp(), "f").write_text("/tmp can be written to")
            pathlib.Path(event["path"]).write_text("x")
    """)
    if os.geteuid() == 0 and not rules.obedient_prefix(sys.executable):
        pytest.skip("root without setpriv: see the next test")
    before = rules.snapshot(root)
    with Instance(root, "app.handler") as instance:
        for path in ("new", "app.py"):
            invocation = instance.invoke({"path": path})
            assert invocation.error == "PermissionError"
            assert path in json.loads(invocation.payload)["errorMessage"]
    assert rules.changes(root, before) == []


def test_what_was_written_in_spite_of_permissions_is_told(task_root: MakeRoot) -> None:
    root = task_root("""
        import os, pathlib
        def handler(event, context):
            here = pathlib.Path(os.getcwd())
            here.chmod(0o755)
            (here / "new").write_text("x")
    """)
    instance = Instance(root, "app.handler")
    instance.start()
    instance.invoke({})
    with pytest.raises(TaskRootError, match=r"task root: read-only on Lambda.*new"):
        instance.stop()


def test_an_error_of_the_function_leaves_the_instance_alive(task_root: MakeRoot) -> None:
    root = task_root("""
        def handler(event, context):
            return 1 / event["by"]
    """)
    with Instance(root, "app.handler") as instance:
        failed = instance.invoke({"by": 0})
        assert failed.error == "ZeroDivisionError"
        assert json.loads(failed.payload)["errorMessage"] == "division by zero"
        assert "ZeroDivisionError" in failed.log
        assert answer(instance.invoke({"by": 2})) == 0.5


def test_time_is_limited(task_root: MakeRoot) -> None:
    root = task_root("""
        import time
        def handler(event, context):
            time.sleep(60)
    """)
    with Instance(root, "app.handler", timeout_s=0.3) as instance:
        invocation = instance.invoke({})
        assert not instance.alive
        with pytest.raises(RuntimeError, match="does not run"):
            instance.invoke({})
    assert invocation.error == "Sandbox.Timedout"
    message = f"RequestId: {invocation.request_id} Error: Task timed out after 0.30 seconds"
    expected = {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert json.loads(invocation.payload) == expected
    assert 300 <= invocation.ms < 5000


def test_memory_is_limited(task_root: MakeRoot) -> None:
    root = task_root("""
        def handler(event, context):
            return len(bytearray(b"1") * (event["mb"] << 20))
    """)
    with Instance(root, "app.handler", memory_mb=128) as instance:
        assert answer(instance.invoke({"mb": 50})) == 50 << 20
        invocation = instance.invoke({"mb": 400})
        assert not instance.alive
    assert invocation.error == "Runtime.OutOfMemory"
    assert invocation.max_rss_bytes > 128 << 20
    assert b"signal: killed" in invocation.payload


def test_reserved_memory_that_is_not_touched_does_not_count(task_root: MakeRoot) -> None:
    root = task_root("""
        import mmap
        reserved = mmap.mmap(-1, 4 << 30)
        def handler(event, context):
            return len(reserved)
    """)
    with Instance(root, "app.handler", memory_mb=64) as instance:
        assert answer(instance.invoke({})) == 4 << 30


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 11)", "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_death(task_root: MakeRoot, code: str, words: str) -> None:
    root = task_root(f"""
        import os
        def handler(event, context):
            {code}
    """)
    with Instance(root, "app.handler") as instance:
        invocation = instance.invoke({})
        assert not instance.alive
    assert invocation.error == "Runtime.ExitError"
    assert json.loads(invocation.payload)["errorMessage"].endswith(words)


def test_an_answer_over_lambdas_limit(task_root: MakeRoot) -> None:
    root = task_root("""
        def handler(event, context):
            return "x" * event["n"]
    """)
    quotes = 2
    with Instance(root, "app.handler") as instance:
        largest = instance.invoke({"n": MAX_RESPONSE_BYTES - quotes})
        assert len(largest.payload) == MAX_RESPONSE_BYTES
        invocation = instance.invoke({"n": MAX_RESPONSE_BYTES - quotes + 1})
    assert invocation.error == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("code", "handler", "error_type", "message"),
    [
        ("import nothing_such", "app.handler", "Runtime.ImportModuleError", "nothing_such"),
        ("x =", "app.handler", "Runtime.UserCodeSyntaxError", "invalid syntax"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound", "'handler' missing"),
        ("import os; os._exit(1)", "app.handler", "Runtime.ExitError", "exit status 1"),
        ("x = bytearray(b'1') * (300 << 20)", "app.x", "Runtime.OutOfMemory", "killed"),
    ],
)
def test_a_function_that_cannot_start(
    task_root: MakeRoot, code: str, handler: str, error_type: str, message: str
) -> None:
    root = task_root(code)
    with pytest.raises(InstanceError, match=r"task root: app.*did not start") as failure:
        Instance(root, handler, memory_mb=128).start()
    invocation = failure.value.invocation
    assert invocation.error == error_type
    assert message in json.loads(invocation.payload)["errorMessage"]


def test_what_a_function_started_ends_with_it(task_root: MakeRoot) -> None:
    root = task_root("""
        import subprocess
        child = subprocess.Popen(["sleep", "1000"])
        def handler(event, context):
            return child.pid
    """)
    with Instance(root, "app.handler") as instance:
        pid = answer(instance.invoke({}))
        os.kill(pid, 0)
    deadline = time.monotonic() + 5
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Tell whether a process is there and no zombie that nobody has buried yet."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_the_interpreter_is_the_one_asked_for(task_root: MakeRoot) -> None:
    root = task_root("""
        import sys
        def handler(event, context):
            return list(sys.version_info[:2])
    """)
    with Instance(root, "app.handler", python=sys.executable) as instance:
        assert answer(instance.invoke({})) == list(sys.version_info[:2])
