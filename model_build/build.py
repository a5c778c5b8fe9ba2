"""The build: train, export, prove, bundle, replay, report; nothing twice that did not change."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from handler.artifact import load_model
from handler.errors import SkzapError
from handler.model import Model
from model_build.bundle import BundleReport, Target, build_bundle
from model_build.bundle.report import sha256
from model_build.config import Config, load_config
from model_build.console import Console
from model_build.export import UnsupportedEstimator, export_model
from model_build.golden import golden_requests
from model_build.own_estimator import modules_of
from model_build.proof import Parity, prove
from model_build.report import print_report
from model_build.training import Trained, train

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
BUILD = ROOT / "build"
DEFAULT_CONFIG = ROOT / "model.toml"


class NotProven(SkzapError):
    """``engine = "numpy"`` was asked for, and the numpy copy is not proven equal."""


class Built(NamedTuple):
    """A finished build: what is in ``dist/``, and what it was trained from."""

    config: Config
    trained: Trained
    report: dict[str, Any]


def build(config_path: Path, *, console: Console, force: bool = False) -> Built:
    """Bring ``dist/`` up to date with a configuration.

    Parameters
    ----------
    config_path : path of a model.toml
    console : Console
    force : bool
        Train and bundle even if nothing changed.

    Returns
    -------
    Built

    Raises
    ------
    SkzapError
        For everything that the user can mend, with what was given and what was expected.
    """
    config = load_config(config_path)
    trained = train(config, console=console, force=force)
    fingerprint = _fingerprint(config, trained)
    report = None if force else _current_report(fingerprint)
    if report is None:
        report = _make(config, trained, fingerprint, console)
    else:
        console.note("dist/ is up to date: nothing changed since it was built (--force rebuilds)")
    print_report(report, console)
    return Built(config, trained, report)


def build_if_stale(console: Console | None = None) -> Built:
    """Bring ``dist/`` up to date with the configuration that is to be deployed.

    That is the one that SKZAP_CONFIG names, else the one of the last build, else model.toml.
    """
    return build(config_to_deploy(), console=console or Console())


def config_to_deploy() -> Path:
    """Return the configuration that a deployment ships."""
    if named := os.environ.get("SKZAP_CONFIG"):
        return Path(named)
    last = read_report()
    return ROOT / last["config"] if last else DEFAULT_CONFIG


def read_report() -> dict[str, Any] | None:
    """Return ``dist/report.json``, None where there is none that can be read."""
    try:
        report = json.loads((DIST / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def _fingerprint(config: Config, trained: Trained) -> str:
    """Return a digest of all that decides what the zip holds."""
    digest = hashlib.sha256(trained.fingerprint.encode())
    digest.update(repr((config.model, config.engine, config.bundle)).encode())
    for path in _sources():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for package in ("handler", "model_build", "local_aws"):
        yield from sorted((ROOT / package).rglob("*.py"))
    yield from (ROOT / "handler" / "requirements.txt", ROOT / "requirements.txt")


def _current_report(fingerprint: str) -> dict[str, Any] | None:
    report = read_report()
    if report is None or report.get("fingerprint") != fingerprint:
        return None
    try:
        intact = sha256(DIST / "lambda.zip") == report["sha256"]
        load_model(DIST / "model")
    except (OSError, SkzapError):
        return None
    return report if intact else None


def _make(config: Config, trained: Trained, fingerprint: str, console: Console) -> dict[str, Any]:
    staging = BUILD / "dist"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    model, parity = _export(config, trained, staging / "model", console)
    bundle = build_bundle(
        staging / "model",
        staging / "lambda.zip",
        target=Target(config.bundle.python, config.bundle.architecture),
        golden=golden_requests(trained.estimator, trained.X_test, parity.accepted),
        console=console,
        cache=BUILD / "cache",
        upload=config.bundle.upload,
        modules=modules_of(trained.estimator, config.root) if model.engine == "sklearn" else (),
    )
    report = _report(config, trained, model, parity, bundle) | {"fingerprint": fingerprint}
    (staging / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    _publish(staging)
    return report


def _export(config: Config, trained: Trained, path: Path, console: Console) -> tuple[Model, Parity]:
    """Write the artifact of the engine that serves this model, proven."""
    if config.engine.kind != "sklearn":
        with console.step("Export to numpy and prove it equal to scikit-learn"):
            try:
                model, parity = _proven(config, trained, path, "numpy")
            except UnsupportedEstimator as error:
                _not_numpy(config, str(error), console)
            else:
                if parity.proven:
                    console.note(_proof_sentence(parity))
                    return model, parity
                _not_numpy(config, f"it is not equal: {parity.told()}", console)
    with console.step("Export for the scikit-learn engine"):
        model, parity = _proven(config, trained, path, "sklearn")
        if not parity.proven:
            raise NotProven(
                f"even scikit-learn answers otherwise than in training: {parity.told()}"
            )
        return model, parity


def _proven(config: Config, trained: Trained, path: Path, engine: str) -> tuple[Model, Parity]:
    parity = prove(trained.estimator, _written(config, trained, path, engine), trained.X_test)
    described = {"parity": parity.to_dict(), "task": trained.task, "metrics": trained.metrics}
    return _written(config, trained, path, engine, described), parity


def _written(
    config: Config,
    trained: Trained,
    path: Path,
    engine: str,
    metadata: dict[str, Any] | None = None,
) -> Model:
    export_model(
        trained.estimator,
        trained.X_train,
        path,
        name=config.model.name,
        version=config.model.version,
        engine=engine,
        metadata=metadata,
    )
    return load_model(path)


def _not_numpy(config: Config, why: str, console: Console) -> None:
    if config.engine.kind == "numpy":
        raise NotProven(f'engine.kind = "numpy", but this model has no proven numpy form: {why}')
    console.warn(
        f"This model will be served by scikit-learn itself, not by the small numpy engine.\n{why}\n"
        "The bundle will be several times larger and start several times slower."
    )


def _proof_sentence(parity: Parity) -> str:
    return (
        f"equal on {parity.held_out} held-out and {parity.nasty} nasty rows "
        f"({parity.refused} of them refused by both)"
    )


def _report(
    config: Config, trained: Trained, model: Model, parity: Parity, bundle: BundleReport
) -> dict[str, Any]:
    return {
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "config": os.path.relpath(config.path.resolve(), ROOT),
        "task": trained.task,
        "parity": parity.to_dict(),
        "metrics": trained.metrics,
        "notes": trained.notes,
        **bundle.to_dict(),
        "engine": model.engine,
    }


def _publish(staging: Path) -> None:
    """Move a finished build into ``dist/``; the report goes last, as it vouches for the rest."""
    DIST.mkdir(exist_ok=True)
    (DIST / "report.json").unlink(missing_ok=True)
    shutil.rmtree(DIST / "model", ignore_errors=True)
    for name in ("model", "lambda.zip", "report.json"):
        (staging / name).replace(DIST / name)
