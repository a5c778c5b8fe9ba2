"""Every estimator of scikit-learn's own registry, on shapes drawn at random."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.registry import Shape, UnfitData, answering
from benchmarks.sweep import sweep
from tests.engine.drawn import examples, seeds
from tests.engine.exceptions import ABOVE_1E12, SERVED_BY_SKLEARN

SHAPES = st.builds(
    Shape,
    seed=seeds,
    rows=st.integers(30, 90),
    width=st.integers(1, 12),
    classes=st.integers(2, 4),
    outputs=st.integers(1, 3),
    labels=st.sampled_from(["words", "numbers", "flags"]),
    missing=st.booleans(),
    uneven=st.booleans(),
)


def assert_served(name: str, shape: Shape) -> None:
    found = _swept(name, shape)
    assert found.told is None
    assert found.engine == ("sklearn" if name in SERVED_BY_SKLEARN else "numpy"), found.reason
    assert found.worst <= (1e-9 if name in ABOVE_1E12 else 1e-12)


def _swept(name: str, shape: Shape) -> Any:
    try:
        return sweep(name, shape)
    except UnfitData:
        assume(False)


@pytest.mark.parametrize("name", answering())
@examples(2)
@given(shape=SHAPES)
def test_on_a_few_shapes(name: str, shape: Shape) -> None:
    assert_served(name, shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", answering())
@examples(25)
@given(shape=SHAPES)
def test_on_many_shapes(name: str, shape: Shape) -> None:
    assert_served(name, shape)
