"""Every estimator of scikit-learn's own registry, on the shapes of docs/coverage.md."""

import pytest

from benchmarks.coverage import PAGE, page, read, row
from benchmarks.registry import WITHOUT_ANSWER, answering, without_methods
from benchmarks.sweep import SHAPES, sweep
from tests.engine.exceptions import ABOVE_1E12, SERVED_BY_SKLEARN

WRITTEN = read()


def test_each_estimator_is_swept_or_has_no_method_that_answers() -> None:
    """Fails when a release of scikit-learn brings an estimator that answers no new rows."""
    assert without_methods() == set(WITHOUT_ANSWER)


def test_the_page_lists_the_registry() -> None:
    assert list(WRITTEN) == list(answering())


def test_the_page_is_as_it_was_generated() -> None:
    assert PAGE.read_text() == page(list(WRITTEN.values()))


def test_the_numpy_engine_serves_95_percent() -> None:
    engines = [line.engine for line in WRITTEN.values()]
    assert engines.count("numpy") >= 0.95 * len(engines)
    assert {name for name, line in WRITTEN.items() if line.engine == "sklearn"} == set(
        SERVED_BY_SKLEARN
    )


def test_what_is_above_1e_12_has_its_reason() -> None:
    assert {name for name, line in WRITTEN.items() if line.bound > 1e-12} <= set(ABOVE_1E12)


@pytest.mark.parametrize("name", answering())
def test_the_page_is_true(name: str) -> None:
    found = row(name, [sweep(name, shape) for shape in SHAPES])
    written = WRITTEN[name]
    assert found[:4] == written[:4]
    # Other processors add up in another order, and round otherwise.
    assert found.bound <= max(100 * written.bound, 1e-14)
