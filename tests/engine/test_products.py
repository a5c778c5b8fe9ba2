"""Products by blocks are those of one call, and close to those of OpenBLAS's threads."""

import numpy as np
import pytest

from handler.engine.products import ONE_THREAD, times
from handler.engine.sparse import Sparse
from handler.engine.table import Array


def drawn(*shape: int) -> Array:
    return np.random.default_rng(0).normal(size=shape)


# A block has 26,208 rows; the last one never has a single row.
@pytest.mark.parametrize("rows", [1, 2, 3000, 26_208, 26_209, 60_000])
def test_rows_are_multiplied_by_blocks(rows: int) -> None:
    X, matrix = drawn(rows, 2), drawn(2, 5)
    expected = [np.sum(X * column, axis=1) for column in matrix.T]
    np.testing.assert_allclose(times(X, matrix), np.transpose(expected), rtol=1e-9, atol=1e-15)


def test_a_block_is_as_a_call_of_its_own() -> None:
    X, matrix = drawn(9000, 10), drawn(10, 10)
    size = ONE_THREAD // 100 // 48 * 48
    np.testing.assert_array_equal(times(X, matrix)[size : 2 * size], X[size : 2 * size] @ matrix)
    np.testing.assert_array_equal(times(X[: size + 1], matrix), X[: size + 1] @ matrix)


def test_the_smallest_block_is_of_whole_kernels() -> None:
    X, matrix = drawn(1000, 100), drawn(100, 100)
    np.testing.assert_array_equal(times(X, matrix)[48:96], X[48:96] @ matrix)


@pytest.mark.parametrize("shape", [(10, 1), (110, 100)])
def test_single_columns_and_large_matrices_are_multiplied_at_once(shape: tuple[int, int]) -> None:
    X, matrix = drawn(30_000, shape[0]), drawn(*shape)
    np.testing.assert_array_equal(times(X, matrix), X @ matrix)


def test_types_are_those_of_one_call() -> None:
    X, matrix = drawn(9000, 10), drawn(10, 10)
    single = X.astype(np.float32)
    assert times(single, matrix.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(times(single, matrix), times(single.astype(np.float64), matrix))
    np.testing.assert_array_equal(times(X.astype(int), matrix), times(np.trunc(X), matrix))


def test_sparse_rows_are_multiplied_as_such() -> None:
    X, matrix = np.trunc(drawn(9000, 10)), drawn(10, 10)
    np.testing.assert_allclose(times(Sparse.from_array(X), matrix), X @ matrix, atol=1e-14)
