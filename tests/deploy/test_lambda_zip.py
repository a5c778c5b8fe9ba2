"""The bundle in the place of Zappa's zip: only when it is whole and fits the stage."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.lambda_zip import Stage, replace

STAGE = Stage("dev", "python3.13", "x86_64")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    folder.mkdir()
    with zipfile.ZipFile(folder / "lambda.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("handler/entry.py", "def lambda_handler(event, context): ...")
    digest = hashlib.sha256((folder / "lambda.zip").read_bytes()).hexdigest()
    report = {"sha256": digest, "runtime": STAGE.runtime, "architecture": STAGE.architecture}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


@pytest.fixture
def zappa_zip(tmp_path: Path) -> Path:
    path = tmp_path / "skzap-dev-1.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("zappa_settings.py", "API_STAGE='dev'\n")
        made.writestr("package_info.json", '{"build_user": "somebody"}')
        made.writestr("handler.py", "raise SystemExit")
    return path


def test_only_zappas_settings_are_added(zappa_zip: Path, dist: Path) -> None:
    replace(zappa_zip, dist, STAGE)
    with zipfile.ZipFile(zappa_zip) as archive:
        assert archive.namelist() == ["handler/entry.py", "zappa_settings.py"]
        assert archive.read("zappa_settings.py") == b"API_STAGE='dev'\n"
        assert archive.getinfo("zappa_settings.py").date_time == (1980, 1, 1, 0, 0, 0)
    assert [path.name for path in zappa_zip.parent.glob("*.part")] == []


@pytest.mark.parametrize(
    ("stage", "found"),
    [
        (Stage("dev", "python3.12", "x86_64"), "python3.12 on x86_64"),
        (Stage("dev", "python3.13", "arm64"), "python3.13 on arm64"),
    ],
)
def test_another_target_is_refused(zappa_zip: Path, dist: Path, stage: Stage, found: str) -> None:
    with pytest.raises(DeployError, match=f'built for python3.13 on x86_64, .* "dev" has {found}'):
        replace(zappa_zip, dist, stage)
    assert not zappa_zip.exists()


def test_a_changed_bundle_is_refused(zappa_zip: Path, dist: Path) -> None:
    with (dist / "lambda.zip").open("ab") as bundle:
        bundle.write(b"x")
    with pytest.raises(DeployError, match="changed after it was built"):
        replace(zappa_zip, dist, STAGE)
    assert not zappa_zip.exists()


@pytest.mark.parametrize("name", ["lambda.zip", "report.json"])
def test_a_missing_part_is_named(zappa_zip: Path, dist: Path, name: str) -> None:
    (dist / name).unlink()
    with pytest.raises(DeployError, match=f"{name}: missing; ./build.sh writes it"):
        replace(zappa_zip, dist, STAGE)


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "not JSON"), ('{"sha256": "0"}', "lacks architecture, runtime")]
)
def test_a_damaged_report_is_named(zappa_zip: Path, dist: Path, text: str, reason: str) -> None:
    (dist / "report.json").write_text(text)
    with pytest.raises(DeployError, match=f"report.json: {reason}"):
        replace(zappa_zip, dist, STAGE)
