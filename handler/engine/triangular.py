"""Triangular systems of equations, solved by LAPACK as ``scipy.linalg`` does it.

numpy has no function for them, but its wheels bring the library with the routine, which is the
one that scipy calls too: the same bits, where any other order of operations would show in what
is left of variances that cancel. Where that library lacks it, blocks of rows are substituted.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from handler.engine.lapack import routine
from handler.engine.table import Floats

_BLOCK = 64


def solve_lower(triangle: Floats, right: Floats) -> Floats:
    """Return the solution of ``triangle @ solution = right``, F-contiguous.

    Parameters
    ----------
    triangle : lower triangular, shape (n, n), C- or F-contiguous; scipy's order of operations
        depends on which
    right : shape (n, m)
    """
    solve = _routine()
    solution = np.array(right, order="F")
    if solve is None:
        return _substituted(triangle, solution)
    solve(triangle, solution)
    return solution


@cache
def _routine() -> Callable[[Floats, Floats], None] | None:
    """Return numpy's own ``dtrtrs``, or None."""
    # Imported here: few models need it.
    import ctypes

    found = routine("dtrtrs")
    if found is None:
        return None

    def solve(triangle: Floats, solution: Floats) -> None:
        n, m = (ctypes.byref(ctypes.c_int64(size)) for size in solution.shape)
        # LAPACK reads memory by columns: rows of a lower triangle are those of an upper one.
        flags = (b"U", b"T") if triangle.flags.c_contiguous else (b"L", b"N")
        matrices = [ctypes.c_void_p(each.ctypes.data) for each in (triangle, solution)]
        status = ctypes.byref(ctypes.c_int64())
        lengths = [ctypes.c_size_t(1)] * 3  # of the flags, as Fortran passes them
        found(*flags, b"N", n, m, matrices[0], n, matrices[1], n, status, *lengths)

    return solve


def _substituted(triangle: Floats, solution: Floats) -> Floats:
    """Overwrite the right side with the solution, a block of rows after the other."""
    for start in range(0, len(triangle), _BLOCK):
        block = slice(start, start + _BLOCK)
        solution[block] -= triangle[block, :start] @ solution[:start]
        solution[block] = np.linalg.solve(triangle[block, block], solution[block])
    return solution
