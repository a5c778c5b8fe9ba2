"""The tests of skops, which stores any fitted estimator, under the numpy engine's shadow."""

from pathlib import Path

import pytest

from tests.peers.exceptions import EXCEPTED
from tests.peers.runner import assert_equal, shadowed


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_answer_is_equal(tmp_path: Path) -> None:
    module = "skops.io.tests.test_persist"
    assert_equal(shadowed([module], tmp_path / "report.json"), module, 560, EXCEPTED)
