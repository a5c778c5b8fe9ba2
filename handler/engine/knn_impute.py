"""Filling in of missing values from the nearest training rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import check_values
from handler.engine.chunks import KERNEL_ROWS
from handler.engine.distances import nan_euclidean, row_blocks
from handler.engine.heaps import Positions
from handler.engine.table import Array, Floats, Inputs, as_floating

type Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class NeighborsImputer(Evaluator):
    """The mean of the nearest training rows that have a value: the mirror of ``KNNImputer``.

    Parameters
    ----------
    points : shape (n_train, d), 0 where a value is missing
    absent : shape (n_train, d)
        Whether training's values are missing.
    means : shape (d,), what fills a column where no training row shares a value with the row
    n_neighbors : int
    weighted : bool
        Whether neighbours count by the inverse of their distance.
    missing : the value that counts as missing (NaN: NaN only)
    kept : shape (d_kept,) of int, the columns that had a value in training
    zeros : bool
        Whether the other columns are kept, too, as zeros.
    indicator : shape (d_marked,) of int, or None
        The columns whose missingness is added as outputs.
    """

    points: Array
    absent: Mask
    means: Floats
    n_neighbors: int
    weighted: bool
    missing: Any
    kept: Positions
    zeros: bool
    indicator: Positions | None

    def transform(self, X: Inputs) -> Array:
        """Return the inputs with their missing values filled in, shape (n, d_outputs)."""
        values = as_floating(X)
        check_values(values, missing=self.missing != self.missing)
        absent = self._is_missing(values)
        if absent.any():
            self._fill(values, absent)
        filled = self._kept_columns(values)
        if self.indicator is None:
            return filled
        return np.concatenate([filled, absent[:, self.indicator]], axis=1)

    def _is_missing(self, values: Array) -> Mask:
        missing = values != values if self.missing != self.missing else values == self.missing
        return np.asarray(missing)

    def _kept_columns(self, values: Array) -> Array:
        if len(self.kept) == values.shape[1]:
            return values
        if not self.zeros:
            return values[:, self.kept]
        others = np.ones(values.shape[1], dtype=bool)
        others[self.kept] = False
        values[:, others] = 0
        return values

    def _fill(self, values: Array, absent: Mask) -> None:
        holes = np.zeros_like(absent)
        holes[:, self.kept] = absent[:, self.kept]
        rows = np.flatnonzero(holes.any(axis=1))
        # Values far from training's overflow in scikit-learn too.
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.where(absent[rows], values.dtype.type(0), values[rows])
            lacking = absent[rows]
            for block in row_blocks(len(rows), len(self.points), 480):
                distances = self._distances(found[block], lacking[block])
                self._fill_rows(values, rows[block], holes[rows[block]], distances)

    def _distances(self, values: Array, absent: Mask) -> Floats:
        """Return the distances to the training rows, shape (n, n_train)."""
        # So few rows at a time that threads do not share the products, nor lose by it.
        blocks = row_blocks(len(values), len(self.points), KERNEL_ROWS)
        found = [nan_euclidean(values[b], self.points, absent[b], self.absent) for b in blocks]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _fill_rows(self, values: Array, rows: Positions, holes: Mask, distances: Floats) -> None:
        """Fill in rows of values, given their distances to the training rows."""
        for column in np.flatnonzero(holes.any(axis=0)):
            donors = np.flatnonzero(~self.absent[:, column])
            receivers = np.flatnonzero(holes[:, column])
            to_donors = distances[receivers][:, donors]
            alone = np.isnan(to_donors).all(axis=1)
            values[rows[receivers[alone]], column] = self.means[column]
            if not alone.all():
                filling = self._averages(to_donors[~alone], self.points[donors, column])
                values[rows[receivers[~alone]], column] = filling

    def _averages(self, distances: Floats, values: Array) -> Array:
        """Return the averages of the nearest donors' values, shape (n,).

        Parameters
        ----------
        distances : shape (n, n_donors), NaN where a row and a donor share no value
        values : shape (n_donors,)
        """
        k = min(self.n_neighbors, len(values))
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        weights = self._weights(np.take_along_axis(distances, nearest, axis=1))
        total = weights.sum(axis=1)
        sums = (values[nearest] * weights).sum(axis=1)
        with np.errstate(divide="ignore"):
            averages = sums / total
        # A masked array leaves the sum where it does not divide.
        undivided = ~np.isfinite(averages) | (np.abs(sums) * np.finfo(float).tiny >= np.abs(total))
        return np.asarray(np.where(undivided, sums, averages))

    def _weights(self, distances: Floats) -> Floats:
        """Return the donors' weights, shape (n, k), 0 where the distance is none."""
        if not self.weighted:
            return np.where(np.isnan(distances), 0.0, np.ones_like(distances))
        with np.errstate(divide="ignore"):
            weights = 1.0 / distances
        infinite = np.isinf(weights)
        at_once = infinite.any(axis=1)
        weights[at_once] = infinite[at_once]
        weights[np.isnan(weights)] = 0.0
        return weights
