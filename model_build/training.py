"""From a configuration to a fitted, measured model; what is up to date is not trained again."""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import json
import platform
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from handler.errors import SkzapError
from model_build import data, evaluation, features, own_estimator, selection
from model_build.config import Config
from model_build.console import Console
from model_build.data import Dataset
from model_build.own_estimator import Inputs

CACHE = Path(__file__).parent.parent / "build" / "trained"
# A change in any of these may change the model: they are part of its fingerprint.
SOURCES = (
    "data.py",
    "evaluation.py",
    "features.py",
    "own_estimator.py",
    "selection.py",
    "training.py",
)


class TrainingError(SkzapError):
    """The estimator cannot be fitted on, or does not go with, the data."""


@dataclass(frozen=True)
class Trained:
    """A fitted model and what it was measured on.

    Attributes
    ----------
    estimator : fitted estimator
        Fitted on the training rows only: it is the model that `metrics` describe.
    task : {"classification", "regression"}
    X_train, X_test : DataFrame, or array of shape (n, d), or list of n str
        The rows as the estimator takes them; `X_test` was held out.
    y_train, y_test : (n,) array
    metrics : dict
        What `evaluation.evaluate` tells, the task, and how the model was chosen; as JSON holds it.
    fingerprint : str
        SHA-256 (hex) of all that the model depends on.
    reused : bool
        Whether the model is an earlier build's, of the same fingerprint.
    notes : list of str
        What a reader of the report should know.
    """

    estimator: Any
    task: str
    X_train: Inputs
    X_test: Inputs
    y_train: NDArray[Any]
    y_test: NDArray[Any]
    metrics: dict[str, Any]
    fingerprint: str
    reused: bool
    notes: list[str]


@dataclass(frozen=True)
class _Model:
    """What the cache keeps."""

    estimator: Any
    metrics: dict[str, Any]
    notes: list[str]


@dataclass(frozen=True)
class _Split:
    X_train: Inputs
    X_test: Inputs
    y_train: NDArray[Any]
    y_test: NDArray[Any]


@dataclass(frozen=True)
class _Job:
    """What training needs to know; `own` is the user's estimator, or None."""

    config: Config
    task: str
    own: Any
    plan: features.Plan
    rows: _Split
    console: Console


def train(config: Config, *, console: Console, force: bool = False, cache: Path = CACHE) -> Trained:
    """Train the configured model, or take the earlier one where nothing has changed.

    Parameters
    ----------
    config : Config
    console : Console
        Shows the steps, their time and the outcome.
    force : bool
        Train even where the cache has the model.
    cache : Path
        The folder of the last trained model: estimator.joblib and training.json.

    Raises
    ------
    SkzapError
        DataError, EstimatorError, SelectionError or TrainingError; each names what to change.
    """
    own, config = _own_estimator(config, console)
    with console.step(f"Read {config.data.source}"):
        dataset = data.load(config)
        console.note(_size(dataset))
    job = _job(config, dataset, own, console)
    fingerprint = _fingerprint(config, dataset.sha256)
    stored = None if force else _stored(cache, fingerprint)
    model = stored or _trained(job, dataset.notes)
    if stored is None:
        _store(model, cache, fingerprint)
    _show(model, job, reused=stored is not None)
    return Trained(
        estimator=model.estimator,
        task=job.task,
        **vars(job.rows),
        metrics=model.metrics,
        fingerprint=fingerprint,
        reused=stored is not None,
        notes=[*_cautions(job), *model.notes],
    )


def _own_estimator(config: Config, console: Console) -> tuple[Any, Config]:
    """Return the user's estimator, if one is configured, and the configuration with its task."""
    reference = config.training.estimator
    if reference is None:
        return None, config
    with console.step(f"Load {reference}"):
        own = own_estimator.load(reference, config.root, console=console)
    task = own_estimator.task_of(own)
    if config.data.task not in ("auto", task):
        raise TrainingError(f"data.task is {config.data.task}, but {reference} is for {task}")
    return own, dataclasses.replace(config, data=dataclasses.replace(config.data, task=task))


def _size(dataset: Dataset) -> str:
    rows, columns = dataset.X.shape
    return f"{rows} rows, {columns} columns beside the target; the task is {dataset.task}"


def _job(config: Config, dataset: Dataset, own: Any, console: Console) -> _Job:
    """Hold rows out; everything after this, the plan of the columns too, sees the rest only."""
    X_train, X_test, y_train, y_test = train_test_split(
        dataset.X,
        dataset.y,
        test_size=config.data.test_size,
        random_state=config.data.seed,
        stratify=dataset.y if dataset.task == "classification" else None,
    )
    plan = features.plan(X_train, config.data.categorical)
    X_train, X_test = (_inputs(X, plan, own) for X in (X_train, X_test))
    rows = _Split(X_train, X_test, y_train, y_test)
    return _Job(config, dataset.task, own, plan, rows, console)


def _inputs(X: pd.DataFrame, plan: features.Plan, own: Any) -> Inputs:
    if own is None:
        return X[[name for name in X.columns if name in plan.columns]]
    return own_estimator.inputs(own, X, fitted=own_estimator.is_fitted(own))


def _trained(job: _Job, data_notes: Iterable[str]) -> _Model:
    notes = [*data_notes, *_column_notes(job)]
    estimator, origin = _chosen(job, notes) if job.own is None else _own(job, notes)
    with job.console.step(f"Measure on the {len(job.rows.y_test)} held-out rows"):
        metrics = {"task": job.task, **_measured(estimator, job), **origin}
    return _Model(estimator, metrics, notes)


def _column_notes(job: _Job) -> list[str]:
    """Report the columns of no use; an estimator of the user's own gets them all the same."""
    if job.own is not None and own_estimator.takes_text(job.own):
        return []
    fate = "is left out" if job.own is None else "may be of no use"
    left_out = [f"column {name!r} {fate}: {reason}" for name, reason in job.plan.left_out.items()]
    return left_out + [f"column {name!r}: {reason}" for name, reason in job.plan.doubtful.items()]


def _chosen(job: _Job, notes: list[str]) -> tuple[Any, dict[str, Any]]:
    if not job.plan.columns:
        raise TrainingError("\n".join(["no column is left to learn from:", *notes]))
    settings = job.config.training
    with job.console.step(f"Choose a model by {settings.folds}-fold cross-validation"):
        outcome = selection.select(
            job.rows.X_train,
            job.rows.y_train,
            job.task,
            settings,
            plan=job.plan,
            seed=job.config.data.seed,
            console=job.console,
        )
        job.console.table(f"mean {outcome.scoring} of the folds", _ranking(outcome))
    notes.extend(outcome.notes)
    name = outcome.chosen.variant.candidate
    return _fit(outcome.estimator, name, job, notes), {"selection": outcome.report()}


def _ranking(outcome: selection.Selection) -> list[list[str]]:
    return [
        [
            result.variant.candidate,
            f"{result.mean:.4f}",
            ", ".join(f"{name} = {value}" for name, value in result.variant.parameters.items()),
            "chosen" if result is outcome.chosen else "",
        ]
        for result in outcome.best
    ]


def _own(job: _Job, notes: list[str]) -> tuple[Any, dict[str, Any]]:
    reference = str(job.config.training.estimator)
    fitted = own_estimator.is_fitted(job.own)
    estimator = job.own if fitted else _fit(job.own, reference, job, notes)
    return estimator, {"estimator": reference}


def _cautions(job: _Job) -> list[str]:
    if job.own is None or not own_estimator.is_fitted(job.own):
        return []
    return [
        f"{job.config.training.estimator} came fitted and is shipped as it is: the held-out rows "
        "may be among those that it learned from, which would make the metrics too good"
    ]


def _fit(estimator: Any, name: str, job: _Job, notes: list[str]) -> Any:
    with (
        job.console.step(f"Fit {name} on {len(job.rows.y_train)} rows"),
        _warnings_to(notes, name),
        _as_training_error(f"{name} cannot be fitted"),
        # One thread: sums in one order, so that the same inputs make the same model.
        threadpool_limits(limits=1),
    ):
        return clone(estimator).fit(job.rows.X_train, job.rows.y_train)


def _measured(estimator: Any, job: _Job) -> dict[str, Any]:
    rows = job.rows
    with _as_training_error("the model cannot predict the held-out rows"):
        if job.task == "classification":
            _check_labels(estimator, rows.y_test)
        return evaluation.evaluate(
            estimator, rows.X_test, rows.y_test, y_train=rows.y_train, task=job.task
        )


def _check_labels(estimator: Any, y: NDArray[Any]) -> None:
    """Refuse a fitted estimator of other classes than the target's."""
    known = [evaluation.plain(label) for label in estimator.classes_]
    unknown = [label for label in map(evaluation.plain, np.unique(y)) if label not in known]
    if unknown:
        raise TrainingError(
            f"the target holds classes that the fitted estimator does not know: {unknown} "
            f"(it knows {known})"
        )


@contextlib.contextmanager
def _as_training_error(what: str) -> Iterator[None]:
    try:
        yield
    except SkzapError:
        raise
    except Exception as error:
        # An estimator of the user's own may raise anything; its words are the explanation.
        text = " ".join(str(error).split())
        raise TrainingError(f"{what}: {type(error).__name__}: {text}") from None


@contextlib.contextmanager
def _warnings_to(notes: list[str], name: str) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    told = (f"{name}: {item.category.__name__}: {item.message}" for item in caught)
    notes.extend(dict.fromkeys(" ".join(text.split()) for text in told))


def _fingerprint(config: Config, data_sha256: str) -> str:
    reference = config.training.estimator
    parts = {
        "data": data_sha256,
        "config": [dataclasses.asdict(config.data), dataclasses.asdict(config.training)],
        "estimator": reference and own_estimator.sources_sha256(reference, config.root),
        "code": [_sha256(Path(__file__).with_name(name)) for name in SOURCES],
        "versions": {
            "python": platform.python_version(),
            **{module.__name__: module.__version__ for module in (np, scipy, sklearn, pd)},
            # A user's own estimator may be made of any package, such as LightGBM.
            **(_installed() if reference else {}),
        },
        "machine": platform.machine(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _installed() -> dict[str, str]:
    """Return the versions of all distributions that are installed, by name."""
    return {each.name: each.version for each in importlib.metadata.distributions()}


def _stored(cache: Path, fingerprint: str) -> _Model | None:
    """Return the cache's model, unless it is another's or the files were changed."""
    estimator = cache / "estimator.joblib"
    try:
        record = json.loads((cache / "training.json").read_text(encoding="utf-8"))
        if (record["fingerprint"], record["sha256"]) != (fingerprint, _sha256(estimator)):
            return None
        return _Model(joblib.load(estimator), record["metrics"], record["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # no cache, or one that was tampered with or cut short


def _store(model: _Model, cache: Path, fingerprint: str) -> None:
    """Write the record last: it makes the estimator valid."""
    cache.mkdir(parents=True, exist_ok=True)
    estimator = cache / "estimator.joblib"
    partial = estimator.with_suffix(".partial")
    joblib.dump(model.estimator, partial)
    partial.replace(estimator)
    record = {
        "fingerprint": fingerprint,
        "sha256": _sha256(estimator),
        "metrics": model.metrics,
        "notes": model.notes,
    }
    partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    partial.replace(cache / "training.json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _show(model: _Model, job: _Job, *, reused: bool) -> None:
    if reused:
        job.console.note(
            "the trained model is reused: data, configuration, code and versions have not changed "
            "(--force trains it again)"
        )
    for caution in _cautions(job):
        job.console.warn(caution)
    for note in model.notes:
        job.console.note(note)
    job.console.table("on the held-out rows", *_comparison(model.metrics))


def _comparison(metrics: dict[str, Any]) -> tuple[list[list[str]], list[str]]:
    """Return the rows and the header of the table of measures."""
    baseline = metrics["baseline"]
    names = [name for name in baseline if name != "strategy"]
    rows = [[name, _figure(metrics[name]), _figure(baseline[name])] for name in names]
    return rows, ["", "model", f"baseline: {baseline['strategy']}"]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
