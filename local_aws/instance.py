"""One instance of a Lambda function: a process under awslambdaric, AWS's own runtime client.

The process gets what Lambda gives it and nothing else: a read-only folder as task root, an
environment of its own, one request at a time, a time limit and a memory limit. It is measured from
its start.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local_aws.runtime_api import Message, Request, RuntimeApi
from local_aws.runtime_folder import CLIENT, runtime_folder
from local_aws.task_root import changes, make_read_only, obedient_prefix, snapshot

# Lambda gives init 10 s; what runs longer is started anew within the first request's time.
INIT_SECONDS = 10.0
# How often death and memory are looked at while a request runs; an answer is noticed at once.
WATCH_SECONDS = 0.01
MIB = 1 << 20


@dataclass(frozen=True)
class Identity:
    """What a function is called: its name, version, region and account."""

    name: str = "function"
    version: str = "$LATEST"
    region: str = "us-east-1"
    account: str = "123456789012"

    @property
    def arn(self) -> str:
        """The function's ARN, with the version where it is not the latest."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
        return arn if self.version == "$LATEST" else f"{arn}:{self.version}"


@dataclass(frozen=True)
class Invocation:
    """What came of one request.

    Attributes
    ----------
    payload : bytes
        The function's answer, or the JSON that Lambda returns for an error.
    error : str or None
        None, or the type of the error, for example "ValueError" or "Sandbox.Timedout".
    ms : float
        From handing over the event to the answer, in milliseconds.
    init_ms : float
        From the start of the process until it asked for its first request, in milliseconds.
    log : str
        What the function wrote to stdout and stderr meanwhile, between Lambda's own lines; for the
        first request what it wrote while starting, too.
    max_rss_bytes : int
        The most memory that the process has used since it started.
    request_id : str
        As the function saw it in its context.
    cold : bool
        Whether this was the instance's first request.
    """

    payload: bytes
    error: str | None
    ms: float
    init_ms: float
    log: str
    max_rss_bytes: int
    request_id: str
    cold: bool


class InstanceError(Exception):
    """An instance did not start; `invocation` is what a caller of the function gets to see."""

    def __init__(self, message: str, invocation: Invocation) -> None:
        super().__init__(message)
        self.invocation = invocation


class TaskRootError(Exception):
    """A function changed files below its task root, which Lambda would have refused."""


class Instance:
    """One function instance; a context manager that starts it and stops it.

    Parameters
    ----------
    task_root : Path
        The unzipped function; made read-only, and left so: `task_root.make_writable` undoes it.
    handler : str
        "module.function", as in the function's configuration.
    environment : mapping
        The function's own variables.
    memory_mb : int
        Limit of the process's resident memory. Lambda's limit is one on memory in use, too; a limit
        of the address space would refuse what OpenBLAS reserves and never touches.
    timeout_s : float
        Limit of one request.
    python : str
        The interpreter; its own site-packages are not seen by the function.
    identity : Identity
        Name, version, region and account, as the function sees them.
    packages : sequence of str
        Distributions in the runtime's folder, with their dependencies.
    """

    def __init__(
        self,
        task_root: Path,
        handler: str = "handler.entry.lambda_handler",
        *,
        environment: Mapping[str, str] | None = None,
        memory_mb: int = 512,
        timeout_s: float = 30,
        python: str = sys.executable,
        identity: Identity | None = None,
        packages: Sequence[str] = CLIENT,
    ) -> None:
        self.task_root = Path(task_root).resolve()
        self.handler = handler
        self.environment = dict(environment or {})
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.python = python
        self.identity = identity or Identity()
        self.packages = tuple(packages)
        self.init_ms = 0.0
        self._requests = 0
        self._max_rss = 0
        self._log_read = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process runs, so that it can take a request."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process and wait until it asks for its first request.

        Raises
        ------
        InstanceError
            The function could not be imported, died, or took too much time or memory to start.
        RuntimeUnavailableError
            There is no runtime client for this interpreter.
        """
        runtime = runtime_folder(self.python, self.packages)
        prefix = obedient_prefix(self.python)
        make_read_only(self.task_root)
        self._before = snapshot(self.task_root)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the instance)
        self._api = RuntimeApi()
        self._api.start()
        started = time.perf_counter()
        self._process = self._spawn(prefix, runtime)
        message = self._watch(max(INIT_SECONDS, self.timeout_s), request_id="")
        self.init_ms = _ms_since(started)
        if message.kind != "ready":
            self._fail(message)

    def invoke(self, event: Mapping[str, Any] | bytes) -> Invocation:
        """Send one event and wait for its answer.

        Parameters
        ----------
        event : mapping or bytes
            The event, or its JSON.

        Returns
        -------
        Invocation
            With an error where the function raised, died, or ran out of time or memory; in the last
            three cases the instance is gone (`alive` is False).
        """
        if not self.alive:
            raise RuntimeError("this instance does not run: start() it, or make another")
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        request = self._request(body)
        started = time.perf_counter()
        self._api.send(request)
        message = self._watch(self.timeout_s, request.request_id)
        return self._invocation(message, _ms_since(started), request.request_id)

    def kill(self) -> None:
        """Kill the process; a request under way in another thread ends with an error."""
        if self._process is not None:
            self._kill()

    def stop(self) -> None:
        """Kill the process with all that it started, and close the runtime API.

        Raises
        ------
        TaskRootError
            The function wrote below its task root (possible for root where setpriv is missing).
        """
        if self._process is None:
            return
        self._kill()
        self._process = None
        self._api.stop()
        self._log.close()
        changed = changes(self.task_root, self._before)
        if changed:
            raise TaskRootError(
                f"{self.task_root}: read-only on Lambda, but this changed: {', '.join(changed)}"
            )

    def _spawn(self, prefix: Sequence[str], runtime: Path) -> subprocess.Popen[bytes]:
        # -S: no site-packages; -B: no bytecode written, as on a read-only disk; -m puts the working
        # folder, the task root, first on sys.path.
        command = [self.python, "-S", "-B", "-m", "awslambdaric", self.handler]
        return subprocess.Popen(
            [*prefix, *command],
            cwd=self.task_root,
            env=self._environment(runtime),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _environment(self, runtime: Path) -> dict[str, str]:
        """Return Lambda's defaults, then the function's own, then what a function cannot set."""
        replaceable = {
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "PYTHONPATH": str(runtime),
            "TZ": ":UTC",
        }
        return replaceable | self.environment | self._reserved(runtime)

    def _reserved(self, runtime: Path) -> dict[str, str]:
        version = runtime.name.partition("-")[0]
        return {
            "_HANDLER": self.handler,
            "AWS_DEFAULT_REGION": self.identity.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{version}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "AWS_LAMBDA_FUNCTION_NAME": self.identity.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.identity.version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.identity.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log_stream(),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_REGION": self.identity.region,
            "LAMBDA_RUNTIME_DIR": str(runtime),
            "LAMBDA_TASK_ROOT": str(self.task_root),
        }

    def _log_stream(self) -> str:
        day = datetime.now(UTC).strftime("%Y/%m/%d")
        return f"{day}/[{self.identity.version}]{secrets.token_hex(16)}"

    def _request(self, body: bytes) -> Request:
        trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        return Request(
            request_id=str(uuid.uuid4()),
            event=body,
            # Rounded down, so that no client ever sees more time left than the limit.
            deadline_ms=int(time.time() * 1000) + int(self.timeout_s * 1000),
            function_arn=self.identity.arn,
            trace_id=f"{trace};Parent={secrets.token_hex(8)};Sampled=0",
        )

    def _watch(self, limit_s: float, request_id: str) -> Message:
        """Return the message about a request, or about init (no id); kill what breaks a limit."""
        deadline = time.monotonic() + limit_s
        while True:
            # First the death, then the queue: who posts and exits is heard before it is dead.
            alive = self.alive
            message = self._api.hear(WATCH_SECONDS if alive else 0)
            self._max_rss = max(self._max_rss, _max_rss_bytes(self._pid))
            if message is not None and message.request_id == request_id:
                return message
            if message is None and (verdict := self._verdict(alive, deadline, limit_s, request_id)):
                self._kill()
                return verdict

    def _verdict(
        self, alive: bool, deadline: float, limit_s: float, request_id: str
    ) -> Message | None:
        prefix = f"RequestId: {request_id} Error: "
        if self._max_rss > self.memory_mb * MIB:
            return _error(
                "Runtime.OutOfMemory", f"{prefix}Runtime exited with error: signal: killed"
            )
        if not alive:
            return _error("Runtime.ExitError", prefix + self._last_words())
        if time.monotonic() > deadline:
            return _error("Sandbox.Timedout", f"{prefix}Task timed out after {limit_s:.2f} seconds")
        return None

    def _last_words(self) -> str:
        code = self._running.returncode
        if code == 0:
            return "Runtime exited without providing a reason"
        if code < 0:
            return f"Runtime exited with error: signal: {(signal.strsignal(-code) or '?').lower()}"
        return f"Runtime exited with error: exit status {code}"

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("this instance was not started, or was stopped")
        return self._process

    @property
    def _pid(self) -> int:
        return self._running.pid

    def _fail(self, message: Message) -> None:
        """Raise for an init that failed, with what the caller of the function would get."""
        invocation = self._invocation(message, self.init_ms, request_id=str(uuid.uuid4()))
        self.stop()
        what = json.loads(message.body).get("errorMessage", "")
        raise InstanceError(
            f"{self.task_root}: {self.handler} did not start: {what}\n{invocation.log}", invocation
        )

    def _invocation(self, message: Message, ms: float, request_id: str) -> Invocation:
        cold, self._requests = self._requests == 0, self._requests + 1
        error = None if message.kind == "response" else _error_type(message)
        return Invocation(
            payload=message.body,
            error=error,
            ms=ms,
            init_ms=self.init_ms,
            log=self._report(request_id, ms, cold, error),
            max_rss_bytes=self._max_rss,
            request_id=request_id,
            cold=cold,
        )

    def _report(self, request_id: str, ms: float, cold: bool, error: str | None) -> str:
        """Return the request's log with the lines that Lambda writes around it."""
        fields = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {ms:.2f} ms",
            f"Memory Size: {self.memory_mb} MB",
            f"Max Memory Used: {self._max_rss // MIB} MB",
        ]
        fields += [f"Init Duration: {self.init_ms:.2f} ms"] if cold else []
        fields += ["Status: error", f"Error Type: {error}"] if error else []
        start = f"START RequestId: {request_id} Version: {self.identity.version}\n"
        return f"{start}{self._new_log()}END RequestId: {request_id}\n" + "\t".join(fields) + "\n"

    def _new_log(self) -> str:
        """Return what was written since the last look: a file has it before the answer is sent."""
        size = os.fstat(self._log.fileno()).st_size
        # pread: the child shares this file's offset, which must stay where it writes
        new = os.pread(self._log.fileno(), size - self._log_read, self._log_read)
        self._log_read = size
        text = new.decode("utf-8", "replace").replace("\r", "\n")
        return text if not text or text.endswith("\n") else f"{text}\n"

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        self._running.wait()


def _error(error_type: str, message: str) -> Message:
    body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return Message("error", body, error_type=error_type)


def _error_type(message: Message) -> str:
    """Return the type that the error's JSON tells: the client's header says only "unhandled"."""
    try:
        return str(json.loads(message.body)["errorType"]) or "Unhandled"
    except (ValueError, KeyError, TypeError):
        return message.error_type or "Unhandled"


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _max_rss_bytes(pid: int) -> int:
    """Return the peak resident memory of a process; where there is no /proc, what it has now."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return _rss_by_ps(pid)
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return int(lines.get("VmHWM", "0 kB").split()[0]) * 1024  # a zombie has no such line


def _rss_by_ps(pid: int) -> int:
    command = ["ps", "-o", "rss=", "-p", str(pid)]
    done = subprocess.run(command, capture_output=True, text=True)
    return int(done.stdout.strip() or 0) * 1024
