"""Cold start, size and memory: skzap's bundle against the usual stack packaged by Zappa.

Both serve the same algorithm, trained on the same rows, and answer the same request, under AWS's
own runtime client. Cold start is the time from the start of the process to the first right answer.
"""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import joblib
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from handler.errors import SkzapError
from local_aws import events
from local_aws.instance import Instance
from local_aws.runtime_folder import MANAGED
from local_aws.task_root import make_writable
from model_build.build import BUILD, DEFAULT_CONFIG, DIST, ROOT, Built, build
from model_build.console import Console
from model_build.golden import request_rows

ARTICLE = Path(__file__).parent / "article"
# Hidden: Zappa reads every other file below the project for traces of what it should set up.
WORK = BUILD / ".bench"
STARTS = 5  # of each, in turn
WARM = 20


class Bundle(NamedTuple):
    """A zip and how to start what it holds."""

    name: str
    path: Path
    handler: str


class Measured(NamedTuple):
    """Medians over the starts of one bundle."""

    cold_ms: float
    warm_ms: float
    memory_mb: float
    zip_mb: float
    unzipped_mb: float


def run(console: Console) -> dict[str, Measured]:
    """Build both bundles, start each in turn, print medians and ratios; return the medians.

    Raises
    ------
    SkzapError
        Where one of them cannot be built or answers otherwise than scikit-learn.
    """
    built = build(DEFAULT_CONFIG, console=console)
    bundles = [
        Bundle("skzap", DIST / "lambda.zip", "handler.entry.lambda_handler"),
        Bundle("usual stack", _article_zip(built, console), "handler.lambda_handler"),
    ]
    with console.step(f"Start each {STARTS} times, in turn"):
        measured = _measure(bundles, built)
    ours, theirs = (measured[bundle.name] for bundle in bundles)
    rows = [
        [label, f"{mine:.1f}", f"{other:.1f}", f"{other / mine:.1f}"]
        for label, mine, other in zip(_LABELS, ours, theirs, strict=True)
    ]
    header = ("median", "skzap", "usual stack", "times less")
    console.table("flask, flask-restful, joblib and scikit-learn by `zappa package`", rows, header)
    return measured


_LABELS = ("cold start ms", "warm request ms", "peak memory MB", "zip MB", "unzipped MB")


def _article_zip(built: Built, console: Console) -> Path:
    """Package the usual stack as its user would: an environment, an app, `zappa package`."""
    folder = WORK / "article"
    with console.step("Package the usual stack with Zappa"):
        python = _environment(folder)
        shutil.copy(ARTICLE / "app.py", folder)
        joblib.dump(_by_position(built), folder / "model.joblib")
        settings = {
            "dev": {"app_function": "app.app", "project_name": "usual", "runtime": _runtime()}
        }
        (folder / "zappa_settings.json").write_text(json.dumps(settings))
        (folder / "out.zip").unlink(missing_ok=True)
        # Zappa looks for the environment to package in VIRTUAL_ENV.
        environment = {**os.environ, "VIRTUAL_ENV": str(folder / "venv")}
        environment |= {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": ""}
        _call([python, "-m", "zappa.cli", "package", "dev", "-o", "out.zip"], folder, environment)
    return folder / "out.zip"


def _environment(folder: Path) -> str:
    """Return the Python of an environment with the usual stack, made once."""
    venv, done = folder / "venv", folder / "installed.txt"
    wanted = (ARTICLE / "requirements.txt").read_text() + "".join(_pins())
    python = str(venv / "bin" / "python")
    if done.exists() and done.read_text() == wanted:
        return python
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "constraints.txt").write_text("".join(_pins()))
    _call([sys.executable, "-m", "venv", "--clear", str(venv)], folder)
    install = [python, "-m", "pip", "install", "-qq", "-c", "constraints.txt"]
    _call([*install, "-r", str(ARTICLE / "requirements.txt")], folder)
    done.write_text(wanted)
    return python


def _pins() -> list[str]:
    """Return skzap's own pins, without hashes, as constraints."""
    files = (ROOT / "requirements.txt", ROOT / "handler" / "requirements.txt")
    lines = [line for file in files for line in file.read_text().splitlines()]
    return [line.split(" \\")[0] + "\n" for line in lines if line[:1].isalnum() and "==" in line]


def _by_position(built: Built) -> Any:
    """Return the same model, fitted on an array: so the usual stack need not import pandas.

    That is kinder to it than its user would be, who has the columns by name.
    """
    trained = built.trained
    estimator = clone(trained.estimator)
    names = list(trained.X_train.columns)
    for value in estimator.get_params().values():
        if isinstance(value, ColumnTransformer):
            value.transformers = [
                (name, transformer, [names.index(column) for column in columns])
                for name, transformer, columns in value.transformers
            ]
    return estimator.fit(trained.X_train.to_numpy(dtype=object), trained.y_train)


def _runtime() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _call(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SkzapError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _measure(bundles: list[Bundle], built: Built) -> dict[str, Measured]:
    roots = {bundle.name: _unzipped(bundle) for bundle in bundles}
    starts: dict[str, list[tuple[float, float, float]]] = {bundle.name: [] for bundle in bundles}
    for _ in range(STARTS):
        for bundle in bundles:
            starts[bundle.name].append(_start(roots[bundle.name], bundle, built))
    return {bundle.name: _medians(starts[bundle.name], bundle.path) for bundle in bundles}


def _medians(starts: list[tuple[float, float, float]], path: Path) -> Measured:
    cold, warm, memory = (median(figures) for figures in zip(*starts, strict=True))
    return Measured(cold, warm, memory, *_sizes(path))


def _unzipped(bundle: Bundle) -> Path:
    root = WORK / bundle.name.replace(" ", "_")
    if root.exists():
        make_writable(root)
        shutil.rmtree(root)
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(root)
    return root


def _start(root: Path, bundle: Bundle, built: Built) -> tuple[float, float, float]:
    """Start one instance; return cold ms, median warm ms and peak memory in MB."""
    row = built.trained.X_test.iloc[:1]
    expected = built.trained.estimator.predict(row).tolist()
    event = _event({"X": request_rows(row)})
    with Instance(root, bundle.handler, memory_mb=2048, packages=MANAGED) as instance:
        first = instance.invoke(event)
        _check(bundle, first.payload, expected)
        warm = [instance.invoke(event) for _ in range(WARM)]
    peak = warm[-1].max_rss_bytes / 1e6
    return first.init_ms + first.ms, median(answer.ms for answer in warm), peak


def _event(body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return events.rest_api(method="POST", path="/predict", headers=headers, body=json.dumps(body))


def _check(bundle: Bundle, payload: bytes, expected: list[Any]) -> None:
    try:
        answered = json.loads(json.loads(payload)["body"])["prediction"]
    except (ValueError, KeyError, TypeError):
        raise SkzapError(f"{bundle.name} answered {payload[:500]!r}") from None
    if answered != expected:
        raise SkzapError(f"{bundle.name} answered {answered}, scikit-learn {expected}")


def _sizes(path: Path) -> tuple[float, float]:
    with zipfile.ZipFile(path) as archive:
        unzipped = sum(entry.file_size for entry in archive.infolist())
    return path.stat().st_size / 1e6, unzipped / 1e6
