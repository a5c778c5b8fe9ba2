"""LAPACK's routines that numpy has no function for, as scipy calls them: for the same bits."""

from functools import cache
from typing import Any

import numpy as np

from handler.engine.table import Array


@cache
def routine(name: str) -> Any:
    """Return a routine of the library that numpy's wheels bring, of 64-bit integers, or None.

    Parameters
    ----------
    name : such as "dtrtrs"
    """
    # Imported here: few models need it.
    import ctypes

    from numpy.linalg import _umath_linalg

    library = ctypes.CDLL(_umath_linalg.__file__)
    return getattr(library, f"scipy_{name}_64_", getattr(library, f"scipy_{name}64_", None))


def solve_positive(matrices: Array) -> Array:
    """Return the solutions of ``matrix @ solution = 1``, shape (n, k).

    As ``scipy.linalg.solve(assume_a="pos")`` does it; where numpy's library lacks that routine,
    by the one for any matrix, which rounds otherwise.

    Parameters
    ----------
    matrices : shape (n, k, k), symmetric and positive definite, float64 or float32
    """
    solve = routine("sposv" if matrices.dtype == np.float32 else "dposv")
    solutions = np.ones(matrices.shape[:2], dtype=matrices.dtype)
    if matrices.shape[1] == 1:
        return solutions / matrices[:, 0]
    if solve is None:
        return np.asarray(np.linalg.solve(matrices, solutions[:, :, None])[:, :, 0])
    for matrix, solution in zip(matrices, solutions, strict=True):
        _solve(solve, matrix.copy(), solution)
    return solutions


def _solve(solve: Any, matrix: Array, solution: Array) -> None:
    """Overwrite the right side with the solution."""
    import ctypes

    size, one = ctypes.byref(ctypes.c_int64(len(matrix))), ctypes.byref(ctypes.c_int64(1))
    places = [ctypes.c_void_p(each.ctypes.data) for each in (matrix, solution)]
    status = ctypes.byref(ctypes.c_int64())
    # The length of the flag, as Fortran passes it, comes last.
    solve(b"U", size, one, places[0], size, places[1], size, status, ctypes.c_size_t(1))
