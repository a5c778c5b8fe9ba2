"""The handler with what ships and nothing else, in a Python of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import handler

if TYPE_CHECKING:
    from tests.handler.conftest import Served

SOURCE = Path(handler.__file__).parent
ABSENT = ["sklearn", "scipy", "pandas", "joblib", "model_build", "local_aws", "boto3", "zappa"]
# Measured with Flask 3.1 and numpy 2.5: 430 on Python 3.13, 432 on 3.12; 268 of them are Flask's.
# What raises the number raises the time of a cold start.
MOST_MODULES = 450

SCRIPT = """
import importlib.util, json, sys
from handler.entry import lambda_handler

event = json.loads(sys.argv[1])
answer = lambda_handler(event, None)
absent = json.loads(sys.argv[2])
print(json.dumps({
    "answer": answer,
    "found": [name for name in absent if importlib.util.find_spec(name)],
    "imported": sorted(sys.modules),
}))
"""


@pytest.fixture(scope="session")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the handler and its requirements, as Lambda has it in /var/task."""
    folder = tmp_path_factory.mktemp("task")
    install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--no-compile"]
    requirements = ["--only-binary=:all:", "-r", str(SOURCE / "requirements.txt")]
    subprocess.run(
        [sys.executable, *install, *requirements, "--target", str(folder)], check=True, timeout=300
    )
    ignored = shutil.ignore_patterns("__pycache__", "requirements.*")
    shutil.copytree(SOURCE, folder / "handler", ignore=ignored)
    return folder


def run(task_root: Path, script: str, *arguments: str, **environment: str) -> Any:
    # -I and -S: neither this environment's packages nor the current folder are seen.
    path = f"import sys; sys.path.insert(0, {str(task_root)!r})\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "-c", path + script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
        | environment,
    )


@pytest.fixture(scope="session")
def ran(task_root: Path, table: "Served") -> dict[str, Any]:
    """What an instance answers and imports."""
    record = json.loads(table.X[:1].to_json(orient="records"))[0]
    event = {
        "httpMethod": "POST",
        "path": "/predict",
        "queryStringParameters": {"probabilities": "true"},
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"records": [record]}),
    }
    arguments = (json.dumps(event), json.dumps(ABSENT))
    done = run(task_root, SCRIPT, *arguments, SKZAP_MODEL=str(table.folder))
    assert done.returncode == 0, done.stderr
    log, report = done.stdout.splitlines()
    return {"log": json.loads(log), **json.loads(report)}


def test_it_answers_as_scikit_learn_does(ran: dict[str, Any], table: "Served") -> None:
    assert ran["answer"]["statusCode"] == 200
    body = json.loads(ran["answer"]["body"])
    assert body["prediction"] == table.estimator.predict(table.X[:1]).tolist()
    expected = table.estimator.predict_proba(table.X[:1])[0].tolist()
    assert body["probabilities"][0] == pytest.approx(expected, rel=1e-9)


def test_it_logs_its_cold_start(ran: dict[str, Any]) -> None:
    assert ran["log"]["cold_start"] is True
    assert ran["log"]["status"] == 200


def test_nothing_of_the_builder_can_be_imported(ran: dict[str, Any]) -> None:
    assert ran["found"] == []


def test_it_imports_no_more_than_it_did(ran: dict[str, Any]) -> None:
    assert len(ran["imported"]) <= MOST_MODULES
    assert "handler.serve" not in ran["imported"]
    assert "handler.engine.sklearn_engine" not in ran["imported"]


def test_a_bad_artifact_fails_the_start(task_root: Path, table: "Served", tmp_path: Path) -> None:
    folder = Path(shutil.copytree(table.folder, tmp_path / "model"))
    (folder / "arrays.bin").write_bytes(b"")
    done = run(task_root, "import handler.entry", SKZAP_MODEL=str(folder))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "handler.errors.ArtifactError: "
        f"{folder / 'arrays.bin'} is corrupt: it does not match the manifest's SHA-256"
    )
    # Of the way to the error only the entry is told.
    assert "artifact.py" not in done.stderr


def test_the_model_beside_the_handler_is_the_default(task_root: Path) -> None:
    done = run(task_root, "import handler.entry")
    assert done.returncode == 1
    assert f"{task_root.resolve() / 'model' / 'manifest.json'} cannot be read" in done.stderr


def test_a_bad_setting_fails_the_start(task_root: Path, table: "Served") -> None:
    environment = {"SKZAP_MODEL": str(table.folder), "SKZAP_MAX_ROWS": "all"}
    done = run(task_root, "import handler.entry", **environment)
    assert done.returncode == 1
    assert "SKZAP_MAX_ROWS must be a positive whole number, got 'all'" in done.stderr


def test_numpy_is_told_to_use_one_thread_unless_it_was_told_otherwise(
    task_root: Path, table: "Served"
) -> None:
    script = "import handler.entry, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    default = run(task_root, script, SKZAP_MODEL=str(table.folder))
    chosen = run(task_root, script, SKZAP_MODEL=str(table.folder), OPENBLAS_NUM_THREADS="2")
    assert (default.stdout, chosen.stdout) == ("1\n", "2\n")
