"""Lambda's data plane: the functions that moto's control plane knows about, really run.

moto keeps what CreateFunction and UpdateFunctionCode brought (code, handler, environment, limits)
and runs nothing. Here each request for a function gets an instance of its own: an idle one, or a
new one up to the concurrency limit. New code or a new configuration means new instances.
"""

from __future__ import annotations

import contextlib
import io
import logging
import platform
import shutil
import tempfile
import threading
import time
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
from moto.awslambda.models import lambda_backends

from local_aws.instance import Identity, Instance, InstanceError, Invocation, TaskRootError
from local_aws.runtime_folder import MANAGED, RuntimeUnavailableError, find_python
from local_aws.task_root import make_writable

LOG = logging.getLogger("local_aws")
MAX_REQUEST_BYTES = 6 * 1024 * 1024
ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


class FunctionMissingError(Exception):
    """No function, version or alias has that ARN."""


class ThrottledError(Exception):
    """More requests at once than the function may have (Lambda: TooManyRequestsException)."""


class RequestTooLargeError(Exception):
    """An event over Lambda's 6 MB."""


@dataclass(frozen=True)
class Configuration:
    """What an instance is started from; two equal ones may share their instances."""

    identity: Identity
    code_sha256: str
    handler: str
    runtime: str
    architecture: str
    timeout_s: float
    memory_mb: int
    variables: tuple[tuple[str, str], ...]


@dataclass
class _Deployment:
    """The unzipped code of one configuration and its instances."""

    configuration: Configuration
    root: Path
    idle: list[Instance] = field(default_factory=list)
    busy: list[Instance] = field(default_factory=list)
    retired: bool = False


class Functions:
    """Runs the functions of moto's Lambda backend.

    Parameters
    ----------
    environment : mapping
        Variables that every function gets beside its own: credentials, the endpoint.
    concurrency : int
        How many requests a function without reserved concurrency may have at once. AWS starts new
        accounts with 10.
    """

    def __init__(self, environment: Mapping[str, str], concurrency: int = 10) -> None:
        self._environment = dict(environment)
        self.concurrency = concurrency
        self._home = Path(tempfile.mkdtemp(prefix="skzap-functions-"))
        self._deployments: dict[str, _Deployment] = {}
        self._running: dict[str, int] = {}
        self._lock = threading.Condition()
        self._closed = False
        self.invocations: deque[Invocation] = deque(maxlen=10_000)

    def invoke(self, arn: str, event: bytes) -> Invocation:
        """Run a function once.

        Parameters
        ----------
        arn : str
            Of the function, with or without a version or an alias.
        event : bytes
            The event's JSON.

        Raises
        ------
        FunctionMissingError, ThrottledError, RequestTooLargeError
            As the Lambda API would; see there.
        RuntimeUnavailableError
            This machine cannot run the function's runtime or architecture.
        """
        function = self.find(arn)
        if len(event) > MAX_REQUEST_BYTES:
            raise RequestTooLargeError(
                f"Request must be smaller than {MAX_REQUEST_BYTES} bytes for the InvokeFunction "
                "operation"
            )
        with self._slot(function):
            invocation = self._run(_configuration(function), function.code_bytes, event)
        self._record(function, invocation)
        return invocation

    def configuration(self, arn: str) -> Configuration:
        """Return what instances of a function are started from (raises as `find` does)."""
        return _configuration(self.find(arn))

    def find(self, arn: str) -> Any:
        """Return moto's function for an ARN.

        Raises
        ------
        FunctionMissingError
            There is none.
        """
        _, _, _, region, account, _, name, *qualifier = arn.split(":")
        try:
            return lambda_backends[account][region].get_function(
                name, qualifier[0] if qualifier else None
            )
        except (UnknownFunctionException, UnknownAliasException):
            raise FunctionMissingError(f"Function not found: {arn}") from None

    def close(self) -> None:
        """Kill all instances and remove the unzipped code."""
        with self._lock:
            self._closed = True
            for deployment in self._deployments.values():
                self._retire(deployment)
                for instance in deployment.busy:
                    instance.kill()
            self._lock.wait_for(lambda: not any(self._running.values()), timeout=10)
        make_writable(self._home)
        shutil.rmtree(self._home)

    @contextlib.contextmanager
    def _slot(self, function: Any) -> Iterator[None]:
        """Count the request against the function's concurrency, whatever its version."""
        key = f"{function.region}/{function.function_name}"
        reserved = function.reserved_concurrency
        limit = self.concurrency if reserved is None else int(reserved)
        with self._lock:
            if self._closed or self._running.get(key, 0) >= limit:
                raise ThrottledError("Rate Exceeded.")
            self._running[key] = self._running.get(key, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1
                self._lock.notify_all()

    def _run(self, configuration: Configuration, code: bytes, event: bytes) -> Invocation:
        deployment, instance = self._take(configuration, code)
        try:
            if not instance.alive:
                instance.start()
            return instance.invoke(event)
        except InstanceError as error:
            return error.invocation
        finally:
            self._give_back(deployment, instance)

    def _take(self, configuration: Configuration, code: bytes) -> tuple[_Deployment, Instance]:
        """Choose an instance, idle or new and yet to be started, and mark it as busy."""
        with self._lock:
            deployment = self._deployment(configuration, code)
            instance = _pop_alive(deployment.idle) or self._new_instance(deployment)
            deployment.busy.append(instance)
            return deployment, instance

    def _deployment(self, configuration: Configuration, code: bytes) -> _Deployment:
        key = configuration.identity.arn
        current = self._deployments.get(key)
        if current and current.configuration == configuration:
            return current
        made = _Deployment(configuration, unpack(code, self._home / f"{time.monotonic_ns()}"))
        if current:
            self._retire(current)
        self._deployments[key] = made
        self._retire_deleted()
        return made

    def _give_back(self, deployment: _Deployment, instance: Instance) -> None:
        with self._lock:
            deployment.busy.remove(instance)
            if instance.alive and not deployment.retired:
                deployment.idle.append(instance)
                return
            _stop(instance)
            if deployment.retired:
                self._retire(deployment)

    def _retire(self, deployment: _Deployment) -> None:
        """Stop what is idle; what is busy is stopped when it is done, and the code removed then."""
        deployment.retired = True
        while deployment.idle:
            _stop(deployment.idle.pop())
        if not deployment.busy and deployment.root.exists():
            make_writable(deployment.root)
            shutil.rmtree(deployment.root)

    def _retire_deleted(self) -> None:
        for arn in list(self._deployments):
            try:
                self.find(arn)
            except FunctionMissingError:
                self._retire(self._deployments.pop(arn))

    def _new_instance(self, deployment: _Deployment) -> Instance:
        configuration = deployment.configuration
        _check_architecture(configuration)
        return Instance(
            deployment.root,
            configuration.handler,
            environment=self._environment | dict(configuration.variables),
            memory_mb=configuration.memory_mb,
            timeout_s=configuration.timeout_s,
            python=find_python(configuration.runtime),
            identity=configuration.identity,
            packages=MANAGED,
        )

    def _record(self, function: Any, invocation: Invocation) -> None:
        """Keep the measurements, and the log where CloudWatch (and `zappa tail`) has it."""
        self.invocations.append(invocation)
        LOG.info("%s\n%s", function.function_name, invocation.log.rstrip())
        function.logs_backend.ensure_log_group(function.logs_group_name)
        function.save_logs(invocation.log)


def unpack(code: bytes, folder: Path) -> Path:
    """Unzip a function's code with the permissions that the function has on Lambda.

    There the files belong to somebody else, so that only the permissions for others count: a zip
    whose files are private to their owner cannot be imported, here as there.
    """
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            mode = entry.external_attr >> 16
            if mode:
                (folder / entry.filename).chmod((mode & 0o007) * 0o111)
    return folder


def _configuration(function: Any) -> Configuration:
    identity = Identity(
        function.function_name, _version(function), function.region, function.account_id
    )
    return Configuration(
        identity=identity,
        code_sha256=function.code_sha_256,
        handler=function.handler,
        runtime=function.run_time,
        architecture=function.architectures[0],
        timeout_s=float(function.timeout),
        memory_mb=int(function.memory_size),
        variables=tuple(sorted(function.environment_vars.items())),
    )


def _version(function: Any) -> str:
    """Return the version; moto counts the unpublished one, too, but gives it an ARN without."""
    published = function.function_arn.endswith(f":{function.version}")
    return str(function.version) if published else "$LATEST"


def _check_architecture(configuration: Configuration) -> None:
    here = ARCHITECTURES.get(platform.machine(), platform.machine())
    if configuration.architecture != here:
        raise RuntimeUnavailableError(
            f"{configuration.identity.name}: built for {configuration.architecture}, and this "
            f"machine is {here}; deploy it for {here} to run it here"
        )


def _pop_alive(idle: list[Instance]) -> Instance | None:
    while idle:
        instance = idle.pop()
        if instance.alive:
            return instance
        _stop(instance)
    return None


def _stop(instance: Instance) -> None:
    try:
        instance.stop()
    except TaskRootError as error:
        LOG.error("%s", error)
