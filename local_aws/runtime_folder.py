"""Interpreters for Lambda's runtimes, and the folder that stands for /var/runtime.

A function must see its own packages, the standard library and the runtime client, and nothing of
the environment that happens to run local_aws. So the interpreter starts without site-packages, and
the runtime client is copied, file by file as its distribution lists them, to a folder of its own.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

CLIENT = ("awslambdaric",)
# What the managed Python runtimes bring along beside the client: functions may import it unbundled.
MANAGED = ("awslambdaric", "boto3")


class RuntimeUnavailableError(Exception):
    """No interpreter, or no runtime client, for the runtime that a function asks for."""


@functools.cache
def runtime_folder(python: str = sys.executable, packages: Sequence[str] = CLIENT) -> Path:
    """Return a folder with `packages` and their dependencies, and nothing else, for `python`.

    The folder is made once per set of versions and kept in the system's folder for temporary files.

    Parameters
    ----------
    python : str
        The interpreter that will import from the folder.
    packages : sequence of str
        Distribution names; all must be installed in this environment.

    Raises
    ------
    RuntimeUnavailableError
        A package is not installed here, or cannot be had for the interpreter's version.
    """
    wanted = _with_dependencies(packages)
    tag = _tag(python)
    home = Path(tempfile.gettempdir()) / f"skzap-local-aws-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.stat().st_uid != os.getuid():  # another user could plant code there
        raise RuntimeUnavailableError(
            f"{home}: belongs to another user; set TMPDIR to a folder of yours"
        )
    names = " ".join(f"{name}=={dist.version}" for name, dist in sorted(wanted.items()))
    folder = home / f"{tag}-{hashlib.sha256(names.encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        _make(folder, python, tag, wanted)
    return folder


def find_python(runtime: str) -> str:
    """Return an interpreter for a Lambda runtime such as "python3.13".

    This interpreter where its version fits; else ``pythonX.Y`` from PATH, from pyenv or from uv,
    whichever really starts (a pyenv shim may exist without a version behind it).

    Raises
    ------
    RuntimeUnavailableError
        `runtime` is no Python runtime, or no such interpreter starts on this machine.
    """
    version = runtime.removeprefix("python")
    if not re.fullmatch(r"python3\.\d+", runtime):
        raise RuntimeUnavailableError(
            f"runtime {runtime!r}: local_aws runs python3.x functions only"
        )
    tried = list(_candidates(version))
    for candidate in tried:
        if _version_of(candidate) == version:
            return candidate
    raise RuntimeUnavailableError(
        f"runtime {runtime!r}: no Python {version} starts on this machine (this is "
        f"{sys.version.split()[0]}; tried {', '.join(tried[1:]) or 'PATH, pyenv, uv'}); "
        f"install one, for example with `uv python install {version}`"
    )


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from map(str, sorted(pyenv.glob(f"{version}*/bin/python")))
    yield from _found_by_uv(version)


def _found_by_uv(version: str) -> Iterator[str]:
    uv = shutil.which("uv")
    if uv:
        command = [uv, "python", "find", "--no-python-downloads", version]
        done = subprocess.run(command, capture_output=True, text=True)
        yield from done.stdout.split("\n")[:1] if done.returncode == 0 else ()


@functools.cache
def _version_of(python: str) -> str | None:
    """Return "3.13" for an interpreter that starts, None for one that does not."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-Sc", code], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _tag(python: str) -> str:
    version = _version_of(python)
    if version is None:
        raise RuntimeUnavailableError(f"{python}: does not start; expected a Python interpreter")
    return f"python{version}"


def _with_dependencies(packages: Sequence[str]) -> dict[str, metadata.Distribution]:
    found = {name: _installed(name) for name in packages}
    unread = list(found.values())
    while unread:
        for name, needed in _requires(unread.pop()):
            if name not in found:
                found[name] = needed
                unread.append(needed)
    return found


def _installed(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise RuntimeUnavailableError(
            f"{name}: not installed here, and a function's runtime needs it"
        ) from None


def _requires(distribution: metadata.Distribution) -> Iterator[tuple[str, metadata.Distribution]]:
    for line in distribution.requires or []:
        requirement, _, condition = line.partition(";")
        name = re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower()
        if "extra" in condition:
            continue
        try:
            yield name, metadata.distribution(name)
        except metadata.PackageNotFoundError:
            # "only on Windows" and the like: pip did not install it, so it is not needed here
            if not condition:
                raise RuntimeUnavailableError(f"{name}: {distribution.name} needs it") from None


def _make(folder: Path, python: str, tag: str, wanted: dict[str, metadata.Distribution]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / "runtime"
        made.mkdir()
        if tag == f"python{sys.version_info.major}.{sys.version_info.minor}":
            _copy(made, wanted)
        else:
            _download(made, tag, wanted)
        # Lambda's runtime folder is compiled; without this each cold start would compile it.
        compile_all = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        subprocess.run([*compile_all, str(made)], check=True, capture_output=True)
        try:
            made.rename(folder)
        except OSError:  # another process was faster; its folder holds the same
            if not folder.is_dir():
                raise


def _copy(folder: Path, wanted: dict[str, metadata.Distribution]) -> None:
    for distribution in wanted.values():
        for file in distribution.files or []:
            # ".." leads to scripts in bin/; bytecode is made anew
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(str(distribution.locate_file(file))), target)


def _download(folder: Path, tag: str, wanted: dict[str, metadata.Distribution]) -> None:
    """Install the same versions for another Python: the client has a C extension."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--only-binary=:all:", f"--python-version={tag.removeprefix('python')}"]
    command += [f"--target={folder}"]
    command += [f"{name}=={distribution.version}" for name, distribution in wanted.items()]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise RuntimeUnavailableError(f"no runtime client for {tag} could be installed: {last}")
