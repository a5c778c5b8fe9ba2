"""Runs tests of other projects with the numpy engine in the shadow of what they fit."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

type Report = dict[str, Any]


def shadowed(modules: Iterable[str], report: Path) -> Report:
    """Run modules of tests under the plugin, in one process; return what it found."""
    options = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:warnings"]
    plugin = ["-p", "tests.peers.shadow", "--shadow-report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugin, "--pyargs", *modules],
        cwd=report.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert report.exists(), f"exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return dict(json.loads(report.read_text()))


def assert_equal(report: Report, module: str, fewest: int, excepted: Mapping[str, str]) -> None:
    """Assert that all answers of a module were equal, and that there were enough of them.

    Tests that are excepted must show a difference: one that no longer does is to be taken off.
    """
    unequal = [found for found in report["unequal"] if found["test"].startswith(f"{module}::")]
    tests = {_name(found["test"], excepted): found for found in unequal}
    assert not {test: tests[test] for test in tests.keys() - excepted.keys()}
    assert {test for test in excepted if test.startswith(f"{module}::")} <= tests.keys()
    assert report["compared"].get(module, 0) >= fewest, report["left_out"]


def _name(test: str, excepted: Mapping[str, str]) -> str:
    """Return the test without its parameters, unless it is excepted with these alone."""
    return test if test in excepted else test.partition("[")[0]
