"""zappa_settings.json agrees with the rest of the project, and docs/deploy.md explains it."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from deploy import zappa_hooks
from model_build.config import load_config

ROOT = Path(__file__).parents[2]
STAGES = json.loads((ROOT / "zappa_settings.json").read_bytes())


def _stage(name: str) -> dict[str, Any]:
    own: dict[str, Any] = STAGES[name]
    return (_stage(own["extends"]) if "extends" in own else {}) | own


@pytest.mark.parametrize("name", STAGES)
def test_each_stage_runs_what_the_default_model_is_built_for(name: str) -> None:
    bundle = load_config(ROOT / "model.toml").bundle
    assert _stage(name)["runtime"] == f"python{bundle.python}"
    assert _stage(name)["architecture"] == bundle.architecture


@pytest.mark.parametrize("name", STAGES)
def test_each_hook_exists(name: str) -> None:
    stage = _stage(name)
    for dotted in (stage["prebuild_script"], *stage["callbacks"].values()):
        module, function = dotted.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", STAGES)
def test_each_setting_has_its_reason(name: str) -> None:
    reasons = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert [key for key in STAGES[name] if f"`{key}`" not in reasons] == []


def test_no_stage_is_open_to_tracebacks_or_tied_to_a_person() -> None:
    for name in STAGES:
        assert _stage(name)["debug"] is False
        assert not {"profile_name", "s3_bucket", "role_arn"} & set(_stage(name))
    assert not re.search(r"AKIA|secret|/home/", json.dumps(STAGES), re.IGNORECASE)


@pytest.mark.parametrize("setting", zappa_hooks.DEAD_SETTINGS)
def test_a_setting_without_effect_is_refused_by_name(setting: str) -> None:
    cli = SimpleNamespace(api_stage="dev", command="package", stage_config={setting: {"A": "b"}})
    with pytest.raises(
        click.ClickException, match=f'stage "dev": "{setting}" would have no effect'
    ):
        zappa_hooks.settings(cli)
