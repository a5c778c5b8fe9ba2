"""Puts the built bundle, byte for byte, where Zappa has put a zip of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.errors import DeployError

BUNDLE = "lambda.zip"
REPORT = "report.json"
# All that is kept of Zappa's zip. Not package_info.json, which nothing reads: it holds the
# builder's user name and the time, and a package should depend on neither.
SETTINGS = "zappa_settings.py"
# The first moment that a zip can express: the same input gives the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3


@dataclass(frozen=True)
class Stage:
    """A stage's name, and the runtime ("python3.13") and architecture that it deploys to."""

    name: str
    runtime: str
    architecture: str


def replace(zappa_zip: Path, dist: Path, stage: Stage) -> None:
    """Replace Zappa's zip by the built bundle plus Zappa's settings.

    Parameters
    ----------
    zappa_zip : Path
        The zip that Zappa made; it is removed where this function raises.
    dist : Path
        The folder with lambda.zip and the report.json that describes it.
    stage : Stage
        What the bundle is to run on.

    Raises
    ------
    DeployError
        The bundle or its report is missing or damaged, or they do not fit each other or the stage.
    """
    try:
        report = read_report(dist / REPORT)
        check_target(report, stage)
        check_bytes(dist / BUNDLE, report)
        _replace(zappa_zip, dist / BUNDLE)
    except BaseException:
        zappa_zip.unlink(missing_ok=True)
        raise


def read_report(path: Path) -> dict[str, Any]:
    """Return the build's report.

    Raises
    ------
    DeployError
        It is missing, no JSON, or lacks what a deployment needs.
    """
    try:
        report = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DeployError(f"{path}: missing; ./build.sh writes it") from None
    except ValueError as error:
        raise DeployError(f"{path}: not JSON ({error}); ./build.sh writes it anew") from error
    missing = {"runtime", "architecture", "sha256"} - set(report)
    if missing:
        raise DeployError(f"{path}: lacks {', '.join(sorted(missing))}; ./build.sh writes it anew")
    return dict(report)


def check_target(report: Mapping[str, Any], stage: Stage) -> None:
    """Raise DeployError where the bundle was built for another runtime than the stage's."""
    built = (report["runtime"], report["architecture"])
    if built != (stage.runtime, stage.architecture):
        raise DeployError(
            f"the bundle is built for {built[0]} on {built[1]}, and stage "
            f'"{stage.name}" has {stage.runtime} on {stage.architecture}: make [bundle] in '
            'model.toml and "runtime" and "architecture" in zappa_settings.json agree'
        )


def check_bytes(bundle: Path, report: Mapping[str, Any]) -> None:
    """Raise DeployError where the bundle is not the one that the report describes."""
    if not bundle.is_file():
        raise DeployError(f"{bundle}: missing; ./build.sh writes it")
    with bundle.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != report["sha256"]:
        raise DeployError(
            f"{bundle}: SHA-256 {found}, but {REPORT} says {report['sha256']}: changed after it "
            "was built; ./build.sh --force builds it anew"
        )


def _replace(zappa_zip: Path, bundle: Path) -> None:
    with zipfile.ZipFile(zappa_zip) as made:
        settings = made.read(SETTINGS)
    part = zappa_zip.with_name(f"{zappa_zip.name}.part")
    try:
        shutil.copyfile(bundle, part)
        _append(part, settings)
        part.replace(zappa_zip)
    finally:
        part.unlink(missing_ok=True)


def _append(path: Path, settings: bytes) -> None:
    """Add Zappa's settings behind the bundle's members, whose bytes stay as they are."""
    member = zipfile.ZipInfo(SETTINGS, EPOCH)
    member.create_system = UNIX
    member.external_attr = 0o644 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, settings, zipfile.ZIP_DEFLATED)
