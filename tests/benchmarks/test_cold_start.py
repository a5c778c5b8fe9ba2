import dataclasses
from pathlib import Path

import pytest

from benchmarks import cold_start
from model_build.build import DEFAULT_CONFIG, Built
from model_build.config import load_config
from model_build.console import Console
from model_build.training import train


def test_the_usual_stack_serves_the_same_model(tmp_path: Path) -> None:
    """It is fitted on an array, to spare it pandas; its predictions are the model's."""
    config = load_config(DEFAULT_CONFIG)
    quick = dataclasses.replace(config.training, candidates=("linear",))
    config = dataclasses.replace(config, training=quick)
    trained = train(config, console=Console(), cache=tmp_path)
    by_position = cold_start._by_position(Built(config, trained, {}))
    rows = trained.X_test
    expected = trained.estimator.predict_proba(rows)
    assert by_position.predict_proba(rows.to_numpy(dtype=object)) == pytest.approx(
        expected, rel=1e-9
    )


def test_the_usual_stack_takes_our_versions() -> None:
    pins = cold_start._pins()
    assert {"scikit-learn", "numpy", "flask", "zappa"} <= {pin.split("==")[0] for pin in pins}
    assert not any("hash" in pin or "\\" in pin for pin in pins)


@pytest.mark.slow
def test_the_benchmark_runs_from_nothing() -> None:
    ours, theirs = cold_start.run(Console()).values()
    assert theirs.zip_mb > ours.zip_mb
    assert theirs.memory_mb > ours.memory_mb
