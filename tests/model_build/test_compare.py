from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from handler.artifact import load_model
from handler.model import Model
from model_build.compare import RELATIVE, compare, difference
from model_build.export import export_model


@pytest.fixture(scope="module")
def fitted() -> Any:
    return LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])


@pytest.fixture
def model(fitted: Any, tmp_path: Any) -> Model:
    export_model(fitted, np.zeros((1, 1)), tmp_path / "model")
    return load_model(tmp_path / "model")


def test_equal_answers(fitted: Any, model: Model) -> None:
    (difference,) = compare(fitted, model, np.array([[3.0], [-0.5], [1e300]]))
    assert difference.equal
    assert difference.relative <= RELATIVE


def test_names_the_worst_row(fitted: Any, model: Model) -> None:
    other = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.1])
    (difference,) = compare(other, model, np.array([[0.0], [1.0], [10.0], [2.0]]))
    assert not difference.equal
    assert difference.row == 2
    assert difference.expected == pytest.approx(22.0)
    assert difference.got == pytest.approx(21.0)


@given(st.floats(2e-9, 1.0), st.sampled_from([1.0, 1e-5, 1e9, 1e300]))
def test_numbers_further_apart_than_the_tolerance_differ(apart: float, size: float) -> None:
    from model_build.compare import _differences

    wrong, relative = _differences(np.array([size]), np.array([size * (1 + apart)]))
    assert wrong.all()
    assert relative[0] == pytest.approx(apart, rel=1e-6)


@pytest.mark.parametrize(
    ("expected", "got", "equal"),
    [
        ([np.nan], [np.nan], True),
        ([np.nan], [0.0], False),
        ([np.inf], [np.inf], True),
        ([np.inf], [-np.inf], False),
        ([1.0], [np.inf], False),
        ([0.0, 1.0, 1.0], [1e-13, 1.0, 1.0], True),
        ([0.0, 1.0, 1.0], [1e-11, 1.0, 1.0], False),
        ([0.0, 1e-9, 1e-9], [1e-13, 1e-9, 1e-9], False),
        ([[0.0, 1.0]], [[1e-13, 1.0]], True),
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        ([1], [1.0], True),
        ([True], [False], False),
    ],
)
def test_special_values(expected: list[Any], got: list[Any], equal: bool) -> None:
    from model_build.compare import _differences

    wrong, _ = _differences(np.array(expected), np.array(got))
    assert (not wrong.any()) is equal


def test_missing_values_of_pandas_are_missing() -> None:
    expected = pd.DataFrame({"a": pd.array(["x", None], dtype="string")})
    got = np.array([["x"], [np.nan]], dtype=object)
    assert difference("transform", expected, got).equal
    assert not difference("transform", expected, got[::-1]).equal
