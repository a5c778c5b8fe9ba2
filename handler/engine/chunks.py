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
    return joined([_chunk(compute, X, start, start + size) for start in range(0, count, size)])


def joined(answers: list[Any]) -> Any:
    """Return the answers for chunks as one: arrays, or lists of arrays, one below the other."""
    if isinstance(answers[0], list):
        return [np.concatenate(parts) for parts in zip(*answers, strict=True)]
    return np.concatenate(answers)


def _chunk(compute: Compute, X: Inputs, start: int, stop: int) -> Any:
    try:
        return compute(take_rows(X, slice(start, stop)))
    except RowsRefused as error:
        problems = [problem._replace(row=problem.row + start) for problem in error.problems]
        raise RowsRefused(problems) from None
