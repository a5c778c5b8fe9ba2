"""What kernels are, and the models that answer from them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.chunks import in_chunks, of_whole_kernels
from handler.engine.products import finite_floats
from handler.engine.table import Array, Floats, Inputs
from handler.errors import Refusal, RowsRefused

# Of rows of shape (n, d), their kernel with the vectors at hand, shape (n, n_vectors).
type Similarities = Callable[[Array], Array]

# (x, v, out): adds up, over the first axis, a term of the values of rows x and of vectors v, both
# of shape (d, n, n_vectors), into ``out``, (n, n_vectors). It may overwrite x.
type Sum = Callable[[Floats, Floats, Floats], None]

# Makes of a tile of sums what is wanted of them, while it is in the cache. In place.
type Finish = Callable[[Floats], None]

# Numbers in a tile of terms, which stays in a core's cache (256 KiB).
_TILE = 2**15

# Numbers of a kernel matrix that are held at a time (8 MiB). Fewer would cost large products of
# matrices their speed.
_MATRIX = 2**20


class Kernel(Evaluator):
    """A measure of similarity of two rows."""

    def towards(self, vectors: Array) -> Similarities:
        """Return the function that gives rows' kernel with these vectors, (n_vectors, d)."""
        raise NotImplementedError(type(self).__name__)

    def diagonal(self, X: Array) -> Array:
        """Return each row's kernel with itself, shape (n,), or (1,) where all are equal."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True, eq=False)
class KernelModel(Evaluator):
    """What all models share that answer from a row's kernel with the vectors of training.

    Parameters
    ----------
    kernel : Kernel
    vectors : shape (n_vectors, d); of a precomputed kernel empty, (n_vectors, 0)
    """

    kernel: Kernel
    vectors: Array

    def from_kernel(self, X: Inputs, answer: Callable[[Array], Array]) -> Array:
        """Return what ``answer`` makes of the kernel matrix, in chunks of rows.

        Parameters
        ----------
        X : inputs of shape (n, d)
        answer : function of a kernel matrix, (rows, n_vectors), which it may overwrite
        """
        return in_row_chunks(lambda rows: answer(self._matrix(rows)), X, len(self.vectors))

    @cached_property
    def _matrix(self) -> Similarities:
        return matrix_with(self.kernel, self.vectors)


def matrix_with(kernel: Kernel, vectors: Array) -> Similarities:
    """Return the function that gives rows' kernel with these vectors, written out in full."""
    similarities, count = kernel.towards(vectors), len(vectors)

    def matrix(X: Array) -> Array:
        found, shape = similarities(X), (len(X), count)
        return found if found.shape == shape else np.broadcast_to(found, shape).copy()

    return matrix


def in_row_chunks(compute: Callable[[Array], Array], X: Inputs, n_vectors: int) -> Array:
    """Return ``compute(X)``, so many rows at a time that a kernel matrix stays bounded.

    Values far from those of training overflow as they do in scikit-learn.

    Parameters
    ----------
    compute : function of finite rows, float64 or float32
    X : inputs of shape (n, d)
    n_vectors : int

    Raises
    ------
    RowsRefused
        For NaN and infinities.
    """
    values = finite_floats(X)
    size = of_whole_kernels(_MATRIX // n_vectors)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return cast(Array, in_chunks(compute, values, size))  # type: ignore[arg-type]


def tiles(rows: int, width: int) -> Iterator[slice]:
    """Yield so many rows of a matrix at a time that they stay in the cache."""
    step = max(1, _TILE // max(1, width))
    return (slice(start, start + step) for start in range(0, rows, step))


def sums_over_columns(X: Array, columns: Floats, add: Sum, finish: Finish) -> Floats:
    """Return a function of the sums over columns, of each row and vector, (n, n_vectors).

    The terms are added from the first column to the last, as scipy's ``cdist`` does it.

    Parameters
    ----------
    X : shape (n, d)
    columns : shape (d, n_vectors), see ``columns_of``
    add : Sum
    finish : Finish
    """
    width, count = columns.shape
    side = min(count, max(1, _TILE // width))
    step = min(len(X), max(1, _TILE // (width * side)))
    rows = np.ascontiguousarray(X.T, dtype=np.float64)[:, :, None]
    # numpy is slow where it broadcasts, so there the vectors stand beside each row of a tile.
    vectors = columns[:, None] if step == 1 else np.repeat(columns[:, None], step, axis=1)
    tile, sums = np.empty((width, step, side)), np.empty((len(X), count))
    for start in range(0, len(X), step):
        for left in range(0, count, side):
            out = sums[start : start + step, left : left + side]
            values = tile[:, : out.shape[0], : out.shape[1]]
            values[...] = rows[:, start : start + step]
            add(values, vectors[:, : out.shape[0], left : left + side], out)
            finish(out)
    return sums


def columns_of(vectors: Array) -> Floats:
    """Return vectors (n_vectors, d) as ``sums_over_columns`` takes them."""
    return np.ascontiguousarray(vectors.T, dtype=np.float64)


def squared_distances(x: Floats, v: Floats, out: Floats) -> None:
    """Add up ``(x - v)^2``; see ``Sum``."""
    x -= v
    if out.size == 1:
        add_in_order(x * x, out)
    else:
        # One pass; of more than one sum, einsum adds each in order.
        np.einsum("dnv,dnv->nv", x, x, out=out)


def absolute_distances(x: Floats, v: Floats, out: Floats) -> None:
    """Add up ``|x - v|``; see ``Sum``."""
    x -= v
    add_in_order(np.abs(x, out=x), out)


def add_in_order(terms: Floats, out: Floats) -> None:
    """Add up terms, shape (d, n, n_vectors), from the first to the last."""
    if out.size == 1:
        # numpy sums a single column in blocks, but accumulates it in order.
        out[...] = np.add.accumulate(terms[:, 0, 0])[-1]
    else:
        np.add.reduce(terms, axis=0, out=out)


def refuse_negative(X: Array, why: str) -> None:
    """Refuse negative values, with this reason.

    Raises
    ------
    RowsRefused
        Names all of them.
    """
    if (negative := X < 0).any():
        raise RowsRefused([Refusal(int(i), int(j), why) for i, j in np.argwhere(negative)])
