"""Embeddings of the training rows, into which new rows are placed by their neighbours."""

from dataclasses import dataclass

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.distances import row_blocks
from handler.engine.heaps import Positions
from handler.engine.lapack import solve_positive
from handler.engine.search import Search
from handler.engine.table import Array, Floats, Inputs
from handler.errors import Refusal, RowsRefused

_ALONE = "has no neighbours within the model's radius"
_FAR = "is so far from its neighbours that they tell no weights"


@dataclass(frozen=True, eq=False)
class IsometricMap(Evaluator):
    """Shortest ways through the training rows, in a kernel's components: ``Isomap``.

    Parameters
    ----------
    search : Search
    n_neighbors : int or None
    radius : float or None
        Asked where there is no ``n_neighbors``.
    ways : shape (n_train, n_train), the lengths of the shortest ways
    components : Evaluator
        Kernel principal components of a given kernel.
    """

    search: Search
    n_neighbors: int | None
    radius: float | None
    ways: Array
    components: Evaluator

    @property
    def takes_sparse(self) -> bool:
        """As the search does: in a graph of distances, what is not there is not 0."""
        return self.search.takes_sparse

    def transform(self, X: Inputs) -> Array:
        """Return the embedded rows, shape (n, n_components)."""
        values = self.search.checked(X, missing=False)
        blocks = row_blocks(values.shape[0], len(self.ways), 256)
        with np.errstate(over="ignore", invalid="ignore"):
            kernels = [self._kernel(values[rows]) for rows in blocks]
        kernel = kernels[0] if len(kernels) == 1 else np.concatenate(kernels)
        return np.asarray(self.components.transform(kernel))

    def _kernel(self, X: Array) -> Array:
        lengths = self._lengths(X)
        if X.dtype == np.float32:
            lengths = lengths.astype(np.float32)
        lengths **= 2
        lengths *= -0.5
        return lengths

    def _lengths(self, X: Array) -> Floats:
        """Return the shortest ways to all training rows, shape (n, n_train)."""
        if self.n_neighbors is None:
            return self._lengths_within(X)
        distances, indices = self.search.nearest(X, self.n_neighbors)
        shortest = self.ways[indices[:, 0]] + distances[:, :1]
        for k in range(1, self.n_neighbors):
            np.minimum(shortest, self.ways[indices[:, k]] + distances[:, k, None], out=shortest)
        return np.asarray(shortest)

    def _lengths_within(self, X: Array) -> Floats:
        found = self.search.within(X, self.radius or 0.0)
        alone = np.flatnonzero(found.counts == 0)
        if alone.size:
            raise RowsRefused([Refusal(int(row), None, _ALONE) for row in alone])
        ends = np.cumsum(found.counts)
        parts = [slice(end - n, end) for end, n in zip(ends, found.counts, strict=True)]
        return np.stack(
            [
                np.min(self.ways[found.indices[part]] + found.distances[part, None], axis=0)
                for part in parts
            ]
        )


@dataclass(frozen=True, eq=False)
class LocallyLinearEmbedding(Evaluator):
    """The neighbours' embedding, mixed as the row is mixed of them: ``LocallyLinearEmbedding``.

    Parameters
    ----------
    search : Search
    points : shape (n_train, d)
    embedding : shape (n_train, n_components)
    n_neighbors : int
    regularization : float
        What is added to the diagonal of the neighbours' products, as a part of their trace.
    """

    search: Search
    points: Array
    embedding: Array
    n_neighbors: int
    regularization: float

    def transform(self, X: Inputs) -> Floats:
        """Return the embedded rows, shape (n, n_components)."""
        values = self.search.checked(X, missing=False)
        width = self.n_neighbors * (self.points.shape[1] + self.n_neighbors)
        embedded = np.empty((len(values), self.embedding.shape[1]))
        for rows in row_blocks(len(values), width, 1024):
            indices = self.search.nearest(values[rows], self.n_neighbors, ordered=True)[1]
            embedded[rows] = self._embedded(values[rows], indices, rows.start)
        return embedded

    def _embedded(self, X: Array, indices: Positions, start: int) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            products = self._products(X, indices)
        bad = np.flatnonzero(~np.isfinite(products).all(axis=(1, 2)))
        if bad.size:
            raise RowsRefused([Refusal(start + int(row), None, _FAR) for row in bad])
        weights = solve_positive(products)
        weights /= weights.sum(axis=1)[:, None]
        return np.asarray((weights[:, None, :] @ self.embedding[indices])[:, 0])

    def _products(self, X: Array, indices: Positions) -> Floats:
        """Return the products of the ways to the neighbours, regularized, shape (n, k, k)."""
        ways = self.points[indices] - X[:, None, :]
        products: Floats = ways @ ways.transpose(0, 2, 1)
        trace = np.trace(products, axis1=1, axis2=2)
        added = self.regularization * np.where(trace > 0, trace, 1.0)
        diagonal = np.arange(self.n_neighbors)
        products[:, diagonal, diagonal] += added[:, None]
        return products
