"""The demonstration, run as a user runs it, and what it says of a wrong answer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import demo
from model_build.bundle import Golden, ReplayFailed


def test_it_ends_with_scikit_learns_answer_over_https(project: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.demo", project.config("first")],
        cwd=project.root,
        env=os.environ | {"PYTHONPATH": str(project.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    url = re.search(r"Deployment complete!: (https://\S+)", done.stdout)
    assert url
    assert f"POST {url[1]}/predict?probabilities=true" in done.stdout
    assert "answer: 200 application/json" in done.stdout
    for command in ("zappa deploy production", "curl ", "./build.sh "):
        assert f"\n      {command}" in done.stdout
    assert not list(project.root.glob("*-template-*.json"))


def test_an_interrupted_zappa_leaves_nothing_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    names = ("skzap-local-1.zip", "skzap-local-1.zip.part", "skzap-local-template-1.json")
    for name in (*names, "mine-local.json", "out.zip"):
        (tmp_path / name).touch()
    with pytest.raises(KeyboardInterrupt), demo.no_leftovers():
        raise KeyboardInterrupt
    assert {path.name for path in tmp_path.iterdir()} == {"mine-local.json", "out.zip"}


def test_a_wrong_answer_is_an_error_that_names_the_difference() -> None:
    request = Golden("/predict", body={"X": [[1]]}, expected={"prediction": ["good"]})
    answer = demo.Exchange(200, {}, '{"prediction": ["bad"]}', 1.0)
    with pytest.raises(ReplayFailed, match=r'\$.prediction\[0\] is "bad", expected "good"'):
        demo.check(request, answer)


def test_a_missing_configuration_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main([str(tmp_path / "missing.toml")]) == 1
    assert "missing.toml" in capsys.readouterr().err
