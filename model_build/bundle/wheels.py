"""The target's wheels: fetched once by pip into a cache, then installed into a folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from model_build.bundle.errors import WheelsUnavailable
from model_build.bundle.requirements import Pins
from model_build.bundle.target import Target

# A user's settings that would send the packages elsewhere than to our folder.
_ELSEWHERE = ("PIP_USER", "PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_NO_BINARY")


def install(pins: Pins, folder: Path, *, target: Target, cache: Path) -> bool:
    """Install the target's wheels into `folder`, whatever machine this is.

    Parameters
    ----------
    pins : requirements with hashes; exactly these are installed
    folder : does not exist yet
    target : Target
    cache : folder for wheels; a second call with the same pins and target downloads nothing

    Returns
    -------
    bool
        Whether the cache had all wheels.

    Raises
    ------
    WheelsUnavailable
        No network, a package without a wheel for the target, a wheel with another hash.
    """
    cached = cache / f"wheels-{_key(pins, target)}"
    if cached.is_dir():
        try:
            _install(pins, folder, cached, target)
        except WheelsUnavailable:  # a file in the cache was damaged or deleted
            shutil.rmtree(cached)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return True
    _download(pins, cached, target)
    _install(pins, folder, cached, target)
    return False


def _key(pins: Pins, target: Target) -> str:
    named = "\n".join([*target.platforms, target.python, *pins.values()])
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def _download(pins: Pins, cached: Path, target: Target) -> None:
    cached.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cached.parent) as scratch:
        wheels = Path(scratch) / "wheels"
        _pip(["download", "--dest", str(wheels)], pins, target)
        wheels.rename(cached)


def _install(pins: Pins, folder: Path, cached: Path, target: Target) -> None:
    offline = ["--no-index", "--find-links", str(cached)]
    _pip(["install", "--no-compile", "--target", str(folder), *offline], pins, target)


def _pip(command: list[str], pins: Pins, target: Target) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch) / "requirements.txt"
        lock.write_text("\n".join(pins.values()) + "\n")
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        options += ["--implementation=cp", f"--python-version={target.python}"]
        options += [f"--platform={tag}" for tag in target.platforms]
        done = subprocess.run(
            [sys.executable, "-m", "pip", *command, *options, "--requirement", str(lock)],
            capture_output=True,
            text=True,
            env={key: value for key, value in os.environ.items() if key not in _ELSEWHERE},
        )
    if done.returncode:
        raise WheelsUnavailable(_explain(done.stderr, target))


def _explain(stderr: str, target: Target) -> str:
    """Return one message for the errors of pip that a builder can do something about."""
    lines = [line.strip() for line in stderr.splitlines() if not line.startswith("WARNING: ")]
    said = " ".join(line.removeprefix("ERROR: ") for line in lines if line)
    place = f"{target.runtime} on {target.architecture}"
    if "DO NOT MATCH THE HASHES" in said:
        return f"a wheel for {place} is not the one whose hash the lock file has: {said}"
    if "connection broken by" in stderr:  # what pip warns of before each retry
        return f"no package index can be reached, and no wheels for {place} are cached: {said}"
    return f"no wheels for {place}: {said}"
