"""A copy of the project in a folder with a space, and the real zappa, run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_aws.fixtures import aws  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]
FOLDERS = ("deploy", "handler", "local_aws", "model_build")
FILES = ("LICENSE", "requirements.txt", "zappa_settings.json")
CONFIG = """
[model]
name = "{name}"
[data]
source = "sklearn:load_breast_cancer"
[training]
candidates = ["{candidate}"]
folds = 2
"""


@dataclass(frozen=True)
class Project:
    """A copy of the project, with a model.toml for each of two models."""

    root: Path

    def config(self, name: str) -> str:
        """Return the environment's value that chooses a model: "first" or "second"."""
        return str(self.root / f"{name}.toml")

    def zappa(
        self, *arguments: str, environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run zappa in the project's root, as in an activated .venv."""
        activated = {
            "VIRTUAL_ENV": sys.prefix,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run(
            ["zappa", *arguments],
            cwd=self.root,
            env=dict(environment) | activated,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("folder") / "a project"
    root.mkdir()
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copyfile(ROOT / file, root / file)
    for name, candidate in (("first", "linear"), ("second", "decision_tree")):
        (root / f"{name}.toml").write_text(CONFIG.format(name=name, candidate=candidate))
    # Anywhere below the project, Zappa takes this for a wish to have a WebSocket API as well.
    (root / "stray.py").write_text("import zappa.websocket\n")
    if (ROOT / "build" / "cache").is_dir():  # wheels that were fetched already
        shutil.copytree(ROOT / "build" / "cache", root / "build" / "cache")
    return Project(root)


@pytest.fixture
def offline() -> dict[str, str]:
    """Return an environment without credentials, region or anything else of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
