from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handler.artifact import load_model
from handler.model import Model
from model_build.compare import Difference, compare
from model_build.export import export_model

# Its asserts tell what they compared, as those of a test module do.
pytest.register_assert_rewrite("tests.engine.drawn")

# (fitted estimator, sample of its inputs, inputs to compare on) -> the loaded model
AssertPair = Callable[[Any, Any, Any], Model]


@pytest.fixture
def assert_pair(tmp_path: Path) -> AssertPair:
    """Exports, loads and compares all methods: labels equal, numbers within 1e-9 relative."""

    def check(estimator: Any, sample: Any, X: Any) -> Model:
        export_model(estimator, sample, tmp_path / "model")
        model = load_model(tmp_path / "model")
        unequal = [
            difference for difference in compare(estimator, model, X) if not difference.equal
        ]
        assert not unequal, _told(estimator, unequal)
        return model

    return check


def _told(estimator: Any, differences: list[Difference]) -> str:
    return f"{estimator}: " + "; ".join(str(difference) for difference in differences)
