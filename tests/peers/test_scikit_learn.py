"""scikit-learn's own tests, with the numpy engine in the shadow of every estimator they fit.

The cases are its developers': settings, data and corner cases that nobody here thought of.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# Modules of tests, with about as many answers as are compared in each.
QUICK: Mapping[str, int] = {
    "sklearn.compose": 40,
    "sklearn.svm": 900,
}
SLOW: Mapping[str, int] = {
    "sklearn.preprocessing": 1000,
    "sklearn.tree": 1300,
}

# Differences that are none of the engine's, by the test that shows them.
EXCEPTED: Mapping[str, str] = {
    "test_transform_target_regressor_ensure_y_array": "its estimator asserts that inputs are lists",
}


def assert_equal_in_all_tests_of(module: str, fewest: int, folder: Path) -> None:
    report = shadowed(module, folder / "report.json")
    unequal = [u for u in report["unequal"] if not any(name in u["test"] for name in EXCEPTED)]
    assert not unequal
    assert sum(report["compared"].values()) >= fewest, report["left_out"]


def shadowed(module: str, report: Path) -> Any:
    """Run a module's tests under the plugin; return its report."""
    options = ["-q", "-c", os.devnull, "-p", "no:cacheprovider", "-p", "no:warnings"]
    plugin = ["-p", "tests.peers.shadow", "--shadow-report", str(report)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *plugin, "--pyargs", module],
        cwd=report.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert report.exists(), done.stdout + done.stderr
    return json.loads(report.read_text())


@pytest.mark.parametrize(("module", "fewest"), QUICK.items())
def test_quick_modules(module: str, fewest: int, tmp_path: Path) -> None:
    assert_equal_in_all_tests_of(module, fewest, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("module", "fewest"), SLOW.items())
def test_slow_modules(module: str, fewest: int, tmp_path: Path) -> None:
    assert_equal_in_all_tests_of(module, fewest, tmp_path)
