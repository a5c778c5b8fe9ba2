import functools
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from model_build.bundle import Target, requirements, wheels

Install = Callable[[str], Path]


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a path with spaces")


@pytest.fixture(scope="session")
def cache(work: Path) -> Path:
    """The wheels that this session downloads, once."""
    return work / "wheel cache"


@pytest.fixture(scope="session")
def here() -> Target:
    """This machine, as Lambda would name it."""
    architecture = "arm64" if platform.machine() == "aarch64" else "x86_64"
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", architecture)


@pytest.fixture(scope="session")
def foreign(here: Target) -> Target:
    """The processor that this machine does not have."""
    return Target(here.python, "x86_64" if here.architecture == "arm64" else "arm64")


@pytest.fixture(scope="session")
def install(work: Path, cache: Path, here: Target) -> Install:
    """Installs the numpy engine's wheels for an architecture, as they are."""

    @functools.cache
    def for_architecture(architecture: str) -> Path:
        site = work / f"site {architecture}"
        target = Target(here.python, architecture)
        wheels.install(requirements.for_numpy(), site, target=target, cache=cache)
        return site

    return for_architecture
