import io
from collections.abc import Callable
from pathlib import Path

import pytest

from model_build.config import Config, load_config
from model_build.console import Console


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
