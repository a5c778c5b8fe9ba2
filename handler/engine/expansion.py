"""Features made of features: products of powers, and splines."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite, as_finite_or_missing
from handler.engine.table import Array, Floats, Inputs, as_floating
from handler.errors import Refusal, RowsRefused

# Products overflow in scikit-learn too, and infinities then cancel into NaN.
_quiet = np.errstate(all="ignore")

# Rows whose splines are computed at a time: few enough that they stay in the processor's cache.
_CHUNK = 256


@dataclass(frozen=True, eq=False)
class PolynomialFeatures(Evaluator):
    """Products of inputs: the mirror of ``PolynomialFeatures``.

    Parameters
    ----------
    first : int
        The position of the first input among the outputs, 1 where a column of ones is before it.
    products : (start, end, j, at): outputs ``start:end`` times input j are those from ``at`` on
    computed, width : int
        How many outputs are computed, and how many of them, the last ones, are kept; the column
        of ones is kept in any case.
    order : {"C", "F"}
        The layout of the outputs, which later sums depend on.
    """

    first: int
    products: Sequence[tuple[int, int, int, int]]
    computed: int
    width: int
    order: Literal["C", "F"]

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the products, shape (n, width)."""
        values = as_floating(X)
        as_finite(values)
        if self.computed == self.width:
            return self._products(values)
        return self._kept(self._products(values))

    def _products(self, values: Array) -> Array:
        outputs = np.empty((len(values), self.computed), values.dtype, self.order)
        if self.first:
            outputs[:, 0] = 1
        if self.computed > self.first:
            outputs[:, self.first : self.first + values.shape[1]] = values
        for start, end, j, at in self.products:
            found = outputs[:, at : at + end - start]
            np.multiply(outputs[:, start:end], values[:, j : j + 1], out=found)
        return outputs

    def _kept(self, outputs: Array) -> Array:
        kept = np.empty((len(outputs), self.width), outputs.dtype, self.order)
        kept[:, : self.first] = 1
        kept[:, self.first :] = outputs[:, self.computed - self.width + self.first :]
        return kept


@dataclass(frozen=True, eq=False)
class SplineTransformer(Evaluator):
    """B-splines of each input: the mirror of ``SplineTransformer``.

    They are computed by de Boor's recurrence (C. de Boor, A Practical Guide to Splines, 1978),
    operation by operation as in scipy, but for all inputs at once.

    Parameters
    ----------
    knots : shape (d, n_knots)
    degree : int
    splines, kept : int
        The splines of an input, and how many of them, the first ones, are outputs.
    beyond : {"refused", "continued", "repeated", "extended"}
        What becomes of values beyond the outermost knots; "repeated" is periodic, "extended" by
        ``values`` and ``slopes``.
    limits : shape (2, d), the ends of the range within which splines are computed
    values, slopes : shape (2, d, splines), the splines and their derivatives at the two limits;
        no slopes where splines stay constant beyond them
    reach : shape (d,), how many splines, counted from its end, a value beyond a limit has
    missing : bool
        Whether inputs may be missing; all their splines are 0.
    sparse : bool
        Whether scikit-learn's output is sparse: it is of float64 then, and splines that are 0
        stay so beside infinite ones.
    """

    knots: Floats
    degree: int
    splines: int
    kept: int
    beyond: Literal["refused", "continued", "repeated", "extended"]
    limits: Floats
    values: Floats
    slopes: Floats | None
    reach: NDArray[np.int64]
    missing: bool
    sparse: bool

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the splines, shape (n, d * kept).

        Raises
        ------
        RowsRefused
            For values beyond the knots where they are errors.
        """
        values = as_floating(X)
        self._check(values)
        count, width = values.shape
        outputs = np.zeros((count, width, self.splines))
        for start in range(0, count, _CHUNK):
            rows = slice(start, start + _CHUNK)
            self._fill(outputs[rows], values[rows].astype(np.float64, copy=False))
        kept = outputs[:, :, : self.kept].reshape(count, width * self.kept)
        return kept if self.sparse else kept.astype(values.dtype, copy=False)

    def _check(self, values: Array) -> None:
        if not self.missing:
            as_finite(values)
        elif self.sparse and self.beyond != "extended":
            as_finite_or_missing(values)
        if self.beyond == "refused":
            self._refuse(np.argwhere((values < self.limits[0]) | (values > self.limits[1])))

    def _refuse(self, cells: NDArray[np.intp]) -> None:
        if len(cells):
            raise RowsRefused([Refusal(int(i), int(j), _BEYOND) for i, j in cells])

    def _fill(self, outputs: Array, values: Floats) -> None:
        if self.beyond == "repeated":
            self._place(outputs, self._within_period(values))
        elif self.beyond == "extended":
            inside = (self.limits[0] <= values) & (values <= self.limits[1])
            self._place(outputs, np.where(inside, values, self.limits[0]))
            if not inside.all():
                self._extend(outputs, values)
        else:
            self._place(outputs, values)
        if self.missing:
            outputs[np.isnan(values)] = 0

    def _within_period(self, values: Floats) -> Floats:
        low, high = self.limits
        period = high - low
        # Without a period, the input was constant in training.
        return np.where(period > 0, low + (values - low) % period, 0.0)

    def _place(self, outputs: Array, values: Floats) -> None:
        """Write the splines of values within the knots, shape (n, d), to (n, d, splines)."""
        intervals = self._intervals(values)
        found = self._nonzero(values, intervals)
        flat = outputs.reshape(-1)
        starts = np.arange(0, outputs.size, self.splines).reshape(values.shape)
        for shift, spline in enumerate(found):
            positions = intervals + (shift - self.degree)
            if self.beyond == "repeated":
                positions = np.where(positions < self.splines, positions, positions - self.splines)
            if shift == self.splines:  # the one that has gone round
                flat[starts + positions] += spline
            else:
                flat[starts + positions] = spline
        # Elsewhere values lie within finite knots.
        far = self.beyond == "continued" or (self.beyond == "repeated" and self.missing)
        if far and not self.sparse:
            self._spread(outputs, intervals, found)

    def _intervals(self, values: Floats) -> NDArray[np.intp]:
        """Return the last of the inner knots that is at most each value, shape (n, d)."""
        inner = self.knots[:, self.degree + 1 : -self.degree - 1]
        intervals = np.empty(values.shape, dtype=np.intp)
        for j, knots in enumerate(inner):
            intervals[:, j] = knots.searchsorted(values[:, j], "right")
        return intervals + self.degree

    def _nonzero(self, values: Floats, intervals: NDArray[np.intp]) -> list[Floats]:
        """Return the splines that are not 0 on each value's interval, degree + 1 of (n, d)."""
        places = intervals + np.arange(0, self.knots.size, self.knots.shape[1])
        shifts = range(1 - self.degree, self.degree + 1)
        knots = {shift: self.knots.take(places + shift) for shift in shifts}
        up = {shift: knots[shift] - values for shift in range(1, self.degree + 1)}
        down = {shift: values - knots[shift] for shift in range(1 - self.degree, 1)}
        found = [np.ones(values.shape)]
        for order in range(1, self.degree + 1):
            distances = [knots[n] - knots[n - order] for n in range(1, order + 1)]
            parts = [spline / gap for spline, gap in zip(found, distances, strict=True)]
            falling = [
                self._zeroed(part * up[n], distances[n - 1]) for n, part in enumerate(parts, 1)
            ]
            rising = [
                self._zeroed(part * down[n - order], distances[n - 1])
                for n, part in enumerate(parts, 1)
            ]
            inner = [rise + fall for rise, fall in zip(rising, falling[1:], strict=False)]
            found = [falling[0], *inner, rising[-1]]
        return found

    def _zeroed(self, products: Floats, distances: Floats) -> Floats:
        """Return 0 in the place of what was divided by the distance of two equal knots."""
        return products if self._distinct else np.where(distances == 0, 0.0, products)

    @cached_property
    def _distinct(self) -> bool:
        """Whether no two knots of an input are the same."""
        return bool((np.diff(self.knots) != 0).all())

    def _spread(self, outputs: Array, intervals: NDArray[np.intp], found: Sequence[Floats]) -> None:
        """Do as scipy, which multiplies the splines of far values, infinite, by zeros too."""
        far = np.nonzero(~np.isfinite(sum(found)))
        if not len(far[0]):
            return
        numbers = np.arange(self.splines)
        total = np.zeros((len(far[0]), self.splines))
        for shift, spline in enumerate(found):
            place = (intervals[far] + (shift - self.degree)) % self.splines
            total += spline[far][:, None] * (place[:, None] == numbers)
        outputs[far] = total

    def _extend(self, outputs: Array, values: Floats) -> None:
        """Write the splines of values beyond the limits; those of missing values become 0."""
        outputs[np.isnan(values)] = 0
        for end, beyond in enumerate((values < self.limits[0], values > self.limits[1])):
            rows, columns = np.nonzero(beyond)
            splines = self.values[end, columns]
            if self.slopes is not None:
                distances = values[rows, columns] - self.limits[end, columns]
                splines = splines + distances[:, None] * self.slopes[end, columns]
            outputs[rows, columns] = np.where(self._reached[end, columns], splines, 0.0)

    @cached_property
    def _reached(self) -> NDArray[np.bool_]:
        """Which splines a value beyond each limit has, shape (2, d, splines)."""
        numbers = np.arange(self.splines)
        counts = self.reach[:, None]
        return np.stack([numbers < counts, numbers >= self.splines - counts])


_BEYOND = "is beyond the limits of the knots"
