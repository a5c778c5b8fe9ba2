"""build.sh by itself: which Python it finds, what it says, and that any folder will do."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("bash", "cat", "cmp", "dirname", "env", "grep", "rm", "sed")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder for PATH that has the tools which build.sh may expect, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return folder


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/usr/bin/env bash\n{body}\n")
    path.chmod(0o755)
    return path


def find_python(bare: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(bare / "bash"), "-c", f'source "{ROOT}/build.sh" && find_python'],
        env={"PATH": str(bare), "HOME": str(bare), **environment},
        capture_output=True,
        text=True,
    )


def test_takes_a_python_that_starts_over_a_shim_that_does_not(bare: Path) -> None:
    script(bare / "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    works = script(bare / "python3.12", f'exec "{sys.executable}" "$@"')
    assert find_python(bare).stdout.strip() == str(works)


def test_finds_the_versions_that_pyenv_keeps(bare: Path) -> None:
    kept = bare / ".pyenv" / "versions" / "3.13.5" / "bin"
    kept.mkdir(parents=True)
    works = script(kept / "python", f'exec "{sys.executable}" "$@"')
    assert find_python(bare).stdout.strip() == str(works)


def test_asks_uv(bare: Path) -> None:
    works = script(bare / "from-uv", f'exec "{sys.executable}" "$@"')
    script(bare / "uv", f'[ "$4" = 3.13 ] && echo "{works}"')
    assert find_python(bare).stdout.strip() == str(works)


def test_takes_python3_where_it_is_in_range(bare: Path) -> None:
    works = script(bare / "python3", f'exec "{sys.executable}" "$@"')
    assert find_python(bare).stdout.strip() == str(works)


def test_says_what_was_found_and_how_to_get_one(bare: Path) -> None:
    script(bare / "python3", "echo 3.11")
    script(bare / "python3.13", "exit 1")
    done = find_python(bare)
    assert done.returncode == 1
    assert f"{bare}/python3: 3.11" in done.stderr
    assert f"{bare}/python3.13: does not start" in done.stderr
    assert "apt install python3" in done.stderr


def test_a_python_that_was_named_is_taken_or_refused_by_name(bare: Path) -> None:
    named = script(bare / "mine", f'exec "{sys.executable}" "$@"')
    assert find_python(bare, PYTHON=str(named)).stdout.strip() == str(named)
    old = script(bare / "old", "echo 3.9")
    done = find_python(bare, PYTHON=str(old))
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"build.sh: PYTHON={old} is 3.9; expected Python 3.12, 3.13 or 3.14"
    )


def test_help_lists_every_command() -> None:
    done = subprocess.run([ROOT / "build.sh", "--help"], capture_output=True, text=True, check=True)
    commands = ("demo", "serve", "test", "lint", "bench", "lock", "setup", "--force", "PYTHON")
    assert all(command in done.stdout for command in commands)


@pytest.fixture(scope="module")
def installed(project_copy: Path) -> Path:
    """A copy of the project whose .venv is lent by this environment."""
    venv.create(project_copy / ".venv", with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = project_copy / ".venv" / "lib" / version / "site-packages"
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib"))
    command = ["bash", "-c", 'source "./build.sh" && stamp']
    stamp = subprocess.run(command, cwd=project_copy, capture_output=True, check=True).stdout
    (project_copy / ".venv" / "skzap-installed.txt").write_bytes(stamp)
    return project_copy


def test_builds_from_any_folder_and_installs_nothing_again(installed: Path, tmp_path: Path) -> None:
    config = tmp_path / "wine.toml"
    config.write_text('[data]\nsource = "sklearn:load_wine"\n[training]\ncandidates = ["linear"]\n')
    done = subprocess.run(
        [installed / "build.sh", "wine.toml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Install" not in done.stdout
    assert (installed / "dist" / "lambda.zip").exists()
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nonsense"], "'nonsense' is no command and no .toml file"),
        (["missing.toml"], "missing.toml: there is no such file"),
    ],
)
def test_a_slip_is_told_in_words(installed: Path, arguments: list[str], told: str) -> None:
    done = subprocess.run([installed / "build.sh", *arguments], capture_output=True, text=True)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr
