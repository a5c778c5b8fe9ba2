"""The last proof: the zip itself, unzipped and bare, answers under Lambda's own runtime client."""

from __future__ import annotations

import statistics
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_aws.instance import Instance, InstanceError, Invocation, TaskRootError
from local_aws.runtime_folder import RuntimeUnavailableError, find_python, runtime_folder
from local_aws.task_root import make_writable
from model_build.bundle.errors import ReplayFailed
from model_build.bundle.golden import Golden
from model_build.bundle.report import Replay
from model_build.bundle.target import Target
from model_build.console import Console

# A first start reads files that the disk has not seen yet; the median of three is a usual one.
_COLD_STARTS = 3
_WARM_REQUESTS = 20
# No limit of its own for the measurement: what a function is given is the deployment's to say.
_MEMORY_MB = 3008


def replay(zip_path: Path, golden: Sequence[Golden], *, target: Target, console: Console) -> Replay:
    """Unzip a bundle into an empty read-only folder, send it the golden requests, and measure.

    Parameters
    ----------
    zip_path : the bundle
    golden : at least one request; the first is the one that is timed
    target : Target
    console : Console

    Returns
    -------
    Replay
        With ``replayed`` False, and a warning on the console, where this machine cannot run it.

    Raises
    ------
    ReplayFailed
        The function does not start, fails, or answers otherwise than expected; names the first
        difference.
    """
    reason = unable_because(target)
    if reason:
        console.warn(f"The bundle was NOT run: {reason}. Its answers are unproven on the target.")
        return Replay(replayed=False, reason=reason)
    with unzipped(zip_path) as root, explained(zip_path.name):
        colds = [_cold(root, golden[0], target) for _ in range(_COLD_STARTS - 1)]
        with instance(root, target) as last:
            first = checked(last, golden[0])
            colds.append(last.init_ms + first.ms)
            answers = [checked(last, request) for request in golden[1:]]
            warm = [checked(last, golden[0]) for _ in range(_WARM_REQUESTS)]
    return Replay(
        replayed=True,
        requests=1 + len(answers),
        cold_ms=round(statistics.median(colds), 1),
        warm_ms=round(statistics.median(answer.ms for answer in warm), 2),
        memory_bytes=warm[-1].max_rss_bytes,
    )


def unable_because(target: Target) -> str | None:
    """Return why a bundle for `target` cannot be run on this machine; None where it can."""
    foreign = target.foreign_because()
    if foreign:
        return foreign
    try:
        runtime_folder(find_python(target.runtime))
    except RuntimeUnavailableError as error:
        return str(error)
    return None


def instance(
    root: Path,
    target: Target,
    handler: str = "handler.entry.lambda_handler",
    environment: Mapping[str, str] | None = None,
) -> Instance:
    """Return an instance of the function that is unzipped in `root`, not started yet."""
    return Instance(
        root,
        handler,
        environment=environment,
        python=find_python(target.runtime),
        memory_mb=_MEMORY_MB,
    )


@contextmanager
def unzipped(zip_path: Path) -> Iterator[Path]:
    """Unzip into a folder of its own, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="skzap-replay-") as scratch:
        root = Path(scratch) / "task"
        with zipfile.ZipFile(zip_path) as archive:
            archive.extractall(root)
        try:
            yield root
        finally:
            make_writable(root)  # an instance leaves it read-only, and so could not be removed


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what goes wrong with an instance of the bundle `name` into ReplayFailed."""
    try:
        yield
    except (InstanceError, TaskRootError) as error:
        raise ReplayFailed(f"{name}, unzipped: {error}") from None


def _cold(root: Path, request: Golden, target: Target) -> float:
    """Return the milliseconds from the start of a process to its first right answer."""
    with instance(root, target) as started:
        return checked(started, request).ms + started.init_ms


def checked(running: Instance, request: Golden) -> Invocation:
    """Send one request and check its answer."""
    answer = running.invoke(request.event())
    if answer.error:
        raise ReplayFailed(f"{request.path}: {answer.error}\n{answer.payload!r}\n{answer.log}")
    request.check(answer.payload)
    return answer
