"""The tests of skops, which stores any fitted estimator, under the numpy engine's shadow."""

from pathlib import Path

from tests.peers.exceptions import EXCEPTED
from tests.peers.runner import assert_equal, shadowed


def test_every_answer_is_equal(tmp_path: Path) -> None:
    report = shadowed(["skops.io.tests.test_persist"], tmp_path / "report.json")
    assert_equal(report, "test_persist", 780, EXCEPTED)
