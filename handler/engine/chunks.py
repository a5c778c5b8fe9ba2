"""Large batches in chunks of rows, so that memory stays bounded."""

from collections.abc import Callable
from typing import Any

import numpy as np

from handler.engine.table import Inputs, n_rows, take_rows
from handler.errors import RowsRefused

type Compute = Callable[[Inputs], Any]


def in_chunks(compute: Compute, X: Inputs, size: int) -> Any:
    """Return ``compute(X)``, computed for so many rows at a time.

    Parameters
    ----------
    compute : function of inputs, whose answer for a row depends on no other row
    X : inputs of n rows
    size : int
        The most rows of a chunk.

    Returns
    -------
    array of n rows, or a list of such arrays where ``compute`` returns lists

    Raises
    ------
    RowsRefused
        As ``compute`` does, with the rows numbered as in X; of the first chunk that is refused.
    """
    count = n_rows(X)
    if count <= size:
        return compute(X)
    answer = _chunk(compute, X, 0, size)
    whole = _Whole(answer, count)
    for start in range(size, count, size):
        del answer  # its memory is the next one's: new memory is dearer than most computations
        answer = _chunk(compute, X, start, start + size)
        whole.add(answer)
    return whole.answer


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
