from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local_aws.runtime_folder import (
    CLIENT,
    MANAGED,
    RuntimeUnavailableError,
    find_python,
    runtime_folder,
)

HERE = f"python3.{sys.version_info.minor}"


def packages(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.iterdir() if path.suffix != ".dist-info"}


def test_the_folder_has_the_client_and_what_it_needs() -> None:
    folder = runtime_folder(sys.executable, CLIENT)
    expected = {"awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"}
    assert packages(folder) - {"__pycache__"} == expected
    assert folder.name.startswith(f"{HERE}-")
    assert list(folder.rglob("*.cpython-*.pyc")), "compiled, as Lambda's own is"


def test_the_managed_runtime_has_boto3_too() -> None:
    found = packages(runtime_folder(sys.executable, MANAGED))
    assert {"awslambdaric", "boto3", "botocore", "s3transfer", "urllib3", "dateutil"} <= found
    assert not {"moto", "pytest", "requests"} & found


def test_a_package_that_is_not_installed() -> None:
    with pytest.raises(RuntimeUnavailableError, match="no-such-package: not installed here"):
        runtime_folder(sys.executable, ("no-such-package",))


def test_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailableError, match="does not start"):
        runtime_folder(str(tmp_path / "python"), CLIENT)


def test_this_interpreter_is_found_first() -> None:
    assert find_python(HERE) == sys.executable


def test_a_shim_that_does_not_start_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, versions = tmp_path / "shims", tmp_path / "pyenv"
    broken = shims / "python3.99"
    works = versions / "versions" / "3.99.1" / "bin" / "python"
    for path, script in ((broken, "exit 127"), (works, "echo 3.99")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(versions))
    assert find_python("python3.99") == str(works)


def test_no_such_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    with pytest.raises(RuntimeUnavailableError, match=r"no Python 3\.98 starts on this machine"):
        find_python("python3.98")


@pytest.mark.parametrize("runtime", ["nodejs22.x", "python2.7", "", "python3"])
def test_runtimes_that_are_not_run_here(runtime: str) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"python3\.x functions only"):
        find_python(runtime)
