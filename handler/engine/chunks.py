"""Large batches in chunks of rows, so that memory stays bounded."""

import os
import time
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from math import inf
from typing import Any

import numpy as np

from handler.engine.table import Inputs, n_rows, take_rows
from handler.errors import RowsRefused

type Compute = Callable[[Inputs], Any]

# OpenBLAS's kernels take 4 to 24 rows at a time, by machine and type: blocks of a multiple differ
# in no bit from the whole.
KERNEL_ROWS = 48

_ENOUGH = 4096  # rows that one thread computes at once
_FIRST = 1008  # rows of the chunk that is timed
_WORTH_THREADS = 0.004  # seconds of work left that pay for starting threads


class Pace:
    """How many seconds a row takes, as it was measured last; at first nobody knows."""

    def __init__(self) -> None:
        self._seconds = inf

    def expected(self, rows: int) -> float:
        """Return how many seconds so many rows will take."""
        return rows * self._seconds

    def timed(self, compute: Callable[[], Any], rows: int) -> Any:
        """Return what is computed for so many rows."""
        started = time.perf_counter()
        answer = compute()
        self._seconds = (time.perf_counter() - started) / rows
        return answer


def in_chunks(
    compute: Compute, X: Inputs, size: int, *, threads: int = 1, pace: Pace | None = None
) -> Any:
    """Return ``compute(X)``, computed for so many rows at a time.

    Parameters
    ----------
    compute : function of inputs, whose answer for a row depends on no other row
    X : inputs of n rows
    size : int
        The most rows of a chunk.
    threads : int
        The most chunks that are computed at once. A first, small one tells whether that pays,
        unless it is known that it does not.
    pace : of this computation, to learn from and to add to

    Returns
    -------
    array of n rows, or a list of such arrays where ``compute`` returns lists

    Raises
    ------
    RowsRefused
        As ``compute`` does, with the rows numbered as in X; of the first chunk that is refused.
    """
    count = n_rows(X)
    if count <= (size if threads == 1 else min(size, _ENOUGH)):
        return compute(X)
    pace = pace or Pace()
    if count <= size and pace.expected(count) <= _WORTH_THREADS:
        return pace.timed(partial(compute, X), count)
    first = size if threads == 1 else min(size, _FIRST)
    whole = _Whole(pace.timed(partial(_chunk, compute, X, 0, first), first), count)
    if threads > 1 and pace.expected(count - first) > _WORTH_THREADS:
        share = -(-(count - first) // threads)
        size = min(size, of_whole_kernels(share + KERNEL_ROWS - 1))
        _in_threads(compute, X, range(first, count, size), whole, threads)
    else:
        _one_by_one(compute, X, range(first, count, size), whole)
    return whole.answer


def of_whole_kernels(rows: int) -> int:
    """Return so many rows, or less, that a matrix product treats each alike in a block of them."""
    return max(KERNEL_ROWS, rows - rows % KERNEL_ROWS)


def cores() -> int:
    """Return the number of cores that this process may use."""
    # Python 3.12 has no count of them that knows of affinities.
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", os.cpu_count)
    return count() or 1


def _one_by_one(compute: Compute, X: Inputs, starts: range, whole: "_Whole") -> None:
    answer = None
    for start in starts:
        del answer  # its memory is the next one's: new memory is dearer than most computations
        answer = _chunk(compute, X, start, start + starts.step)
        whole.add(answer)


def _in_threads(compute: Compute, X: Inputs, starts: range, whole: "_Whole", threads: int) -> None:
    # Imported here: few requests are so large.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        # Each in a copy of this context, which holds what numpy is to do about overflows.
        futures = [
            pool.submit(copy_context().run, _chunk, compute, X, start, start + starts.step)
            for start in starts
        ]
        for future in futures:
            whole.add(future.result())


class _Whole:
    """The answers for chunks as one: arrays, or lists of arrays, one below the other."""

    def __init__(self, first: Any, count: int) -> None:
        parts = first if isinstance(first, list) else [first]
        self._parts = [np.empty((count, *part.shape[1:]), part.dtype) for part in parts]
        self._is_list = isinstance(first, list)
        self._filled = 0
        self.add(first)

    def add(self, answer: Any) -> None:
        start = self._filled
        for i, part in enumerate(answer if self._is_list else [answer]):
            # Chunks may differ in type, as where only one of them has a missing value.
            dtype = np.result_type(self._parts[i], part)
            self._parts[i] = self._parts[i].astype(dtype, copy=False)
            self._parts[i][start : start + len(part)] = part
            self._filled = start + len(part)

    @property
    def answer(self) -> Any:
        return self._parts if self._is_list else self._parts[0]


def _chunk(compute: Compute, X: Inputs, start: int, stop: int) -> Any:
    try:
        return compute(take_rows(X, slice(start, stop)))
    except RowsRefused as error:
        problems = [problem._replace(row=problem.row + start) for problem in error.problems]
        raise RowsRefused(problems) from None
