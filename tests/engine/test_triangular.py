import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_triangular

from handler.engine import triangular
from model_build.compare import on_one_thread
from tests.engine.drawn import Matrix, examples, seeds


def system(seed: int, size: int, columns: int) -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(size, size))
    return np.linalg.cholesky(square @ square.T + 1e-6 * np.eye(size)), rng.normal(
        size=(size, columns)
    )


@examples(25)
@given(
    seed=seeds,
    size=st.sampled_from([1, 2, 7, 63, 64, 65, 200]),
    columns=st.sampled_from([1, 2, 5, 300]),
    order=st.sampled_from(["C", "F"]),
)
def test_as_scipy_solves(seed: int, size: int, columns: int, order: str) -> None:
    triangle, right = system(seed, size, columns)
    before = right.copy()
    triangle = np.asfortranarray(triangle) if order == "F" else triangle
    with on_one_thread():
        solution = triangular.solve_lower(triangle, right)
        expected = solve_triangular(triangle, right, lower=True)
    np.testing.assert_array_equal(solution, expected)
    np.testing.assert_array_equal(right, before)
    assert solution.flags.f_contiguous


@pytest.mark.parametrize("size", [1, 64, 65, 200])
def test_without_the_routine_blocks_are_substituted(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triangular, "_routine", lambda: None)
    triangle, right = system(0, size, 3)
    solution = triangular.solve_lower(triangle, right)
    # Backward stable: what is left over is a rounding error of the right side.
    scale = np.abs(triangle) @ np.abs(solution)
    assert (np.abs(triangle @ solution - right) <= 1e-14 * scale).all()


def test_numpy_brings_the_routine() -> None:
    assert triangular._routine() is not None
