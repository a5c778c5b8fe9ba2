import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from model_build.config import Config, load_config
from model_build.console import Console

ROOT = Path(__file__).parents[2]

# A first import of scikit-learn, or a busy machine, is no failure.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def copy_project(target: Path) -> Path:
    """Copy the files that git knows, or would take in, as a clone has them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in a folder whose path has a space."""
    return copy_project(tmp_path_factory.mktemp("a folder") / "skzap")


@pytest.fixture
def log() -> io.StringIO:
    """What the console of a test shows."""
    return io.StringIO()


@pytest.fixture
def console(log: io.StringIO) -> Console:
    return Console(log)


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., Config]:
    """Write a model.toml with a [data] and a [training] table, and read it."""

    def write(data: str, training: str = "") -> Config:
        path = tmp_path / "model.toml"
        path.write_text(f"[data]\n{data}\n[training]\n{training}\n", encoding="utf-8")
        return load_config(path)

    return write
