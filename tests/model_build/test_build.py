"""The whole build by its command line, in a copy of the project; the tests run in this order."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

CONFIG = """
[model]
name = "iris"
[data]
source = "sklearn:load_iris"
[training]
{training}
[engine]
kind = "{engine}"
"""
# A function of the user's own: no numpy form of this pipeline exists, and its module must ship.
OWN = """
from own_functions import squash
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def squashed():
    return make_pipeline(FunctionTransformer(squash), LogisticRegression())
"""
FUNCTIONS = """
from scipy.special import expit

def squash(X):
    return expit(X)
"""


def build(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "model_build", "build", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=500)


def configure(project: Path, engine: str = "auto", own: str | None = None) -> str:
    training = 'candidates = ["linear"]' if own is None else f'estimator = "{own}"'
    (project / "iris.toml").write_text(CONFIG.format(training=training, engine=engine))
    return "iris.toml"


def write_own_model(project: Path) -> None:
    (project / "own_model.py").write_text(OWN)
    (project / "own_functions.py").write_text(FUNCTIONS)


def report(project: Path) -> dict[str, Any]:
    return json.loads((project / "dist" / "report.json").read_text())  # type: ignore[no-any-return]


def test_builds_the_bundle_the_artifact_and_the_report(project_copy: Path) -> None:
    done = build(project_copy, configure(project_copy))
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (project_copy / "dist").iterdir()) == [
        "lambda.zip",
        "model",
        "report.json",
    ]
    told = report(project_copy)
    assert told["engine"] == "numpy"
    assert told["model"]["name"] == "iris"
    assert told["config"] == "iris.toml"
    assert told["parity"]["proven"] is True
    assert told["metrics"]["accuracy"] > 0.9
    assert told["replay"]["replayed"] is True
    assert told["sha256"] in done.stdout
    with zipfile.ZipFile(project_copy / "dist" / "lambda.zip") as archive:
        shipped = archive.read("model/manifest.json")
    assert shipped == (project_copy / "dist" / "model" / "manifest.json").read_bytes()


def test_nothing_is_done_twice(project_copy: Path) -> None:
    before = (project_copy / "dist" / "lambda.zip").stat().st_mtime_ns
    done = build(project_copy, "iris.toml")
    assert done.returncode == 0
    assert "is up to date" in done.stdout
    assert (project_copy / "dist" / "lambda.zip").stat().st_mtime_ns == before


def test_a_forced_build_makes_the_same_bytes(project_copy: Path) -> None:
    before = report(project_copy)["sha256"]
    done = build(project_copy, "iris.toml", "--force")
    assert done.returncode == 0
    assert "is up to date" not in done.stdout
    assert report(project_copy)["sha256"] == before


def test_a_damaged_bundle_is_built_again(project_copy: Path) -> None:
    bundle = project_copy / "dist" / "lambda.zip"
    intact = bundle.read_bytes()
    bundle.write_bytes(intact[:-1] + bytes([intact[-1] ^ 1]))
    assert build(project_copy, "iris.toml").returncode == 0
    assert bundle.read_bytes() == intact


@pytest.mark.parametrize(
    ("engine", "own", "told"),
    [
        ("numpy", "own_model:squashed", "FunctionTransformer"),
        ("auto", "own_model:missing", "missing"),
        ("abacus", None, "engine.kind"),
    ],
)
def test_a_failed_build_is_told_in_words_and_leaves_dist_alone(
    project_copy: Path, engine: str, own: str | None, told: str
) -> None:
    write_own_model(project_copy)
    before = report(project_copy)
    done = build(project_copy, configure(project_copy, engine, own))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert told in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert report(project_copy) == before


def test_what_has_no_numpy_form_is_served_by_scikit_learn_and_the_build_says_so(
    project_copy: Path,
) -> None:
    write_own_model(project_copy)
    done = build(project_copy, configure(project_copy, "auto", "own_model:squashed"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING: This model will be served by scikit-learn itself" in done.stdout
    assert "FunctionTransformer" in done.stdout
    told = report(project_copy)
    assert told["engine"] == "sklearn"
    assert told["parity"]["proven"] is True
    assert told["replay"]["replayed"] is True
    assert told["unzipped_bytes"] < 200e6  # Lambda's limit is 262,144,000
    assert {"scikit-learn", "scipy", "joblib", "pandas"} <= told["packages"].keys()
    # More than the smallest numpy bundle in every way, and that is told.
    assert told["cost"]["unzipped_bytes"] > 100e6
    assert told["cost"]["zip_bytes"] > 20e6
    assert told["cost"]["cold_ms"] > 200
    assert told["cost"]["memory_bytes"] > 50e6
    with zipfile.ZipFile(project_copy / "dist" / "lambda.zip") as archive:
        names = set(archive.namelist())
    assert {name for name in names if name.startswith("own_")} == {
        "own_functions.pyc",
        "own_model.pyc",
    }
    # Only what the requests touch.
    assert "sklearn/linear_model/_logistic.pyc" in names
    assert not [name for name in names if name.startswith(("sklearn/manifold", "traced_entry"))]
