"""Inputs made to follow a normal or uniform distribution, column by column.

The ways back, for transformed targets, are in ``handler.engine.target``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite_or_missing
from handler.engine.special import ndtri
from handler.engine.table import Array, Floats, Inputs, as_floating
from handler.errors import Refusal, RowsRefused

# Values far from training's overflow in scikit-learn too.
_quiet = np.errstate(all="ignore")

# This near to the least or largest quantile is the end, for a normal distribution.
_MARGIN = 1e-7


@dataclass(frozen=True, eq=False)
class YeoJohnson(Evaluator):
    """The mirror of ``PowerTransformer(method="yeo-johnson", standardize=False)``.

    I.-K. Yeo and R. A. Johnson, A new family of power transformations, Biometrika 87 (2000).

    Parameters
    ----------
    lambdas : shape (d,)
    """

    lambdas: Array

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the transformed inputs, shape (n, d); a missing value stays missing."""
        values = as_floating(X)
        as_finite_or_missing(values)
        logarithms = np.log1p(np.abs(values))
        negative = values < 0
        powers = np.where(negative, 2 - self.lambdas, self.lambdas)
        made = np.expm1(powers * logarithms) / powers
        if self._has_poles:
            poles = np.abs(powers) <= np.finfo(made.dtype).eps
            made = np.where(poles, logarithms, made)
        np.negative(made, out=made, where=negative)
        return made.astype(values.dtype, copy=False)

    @cached_property
    def _has_poles(self) -> bool:
        """Whether a power may be so near to 0 that the logarithm is what is left."""
        nearest = np.minimum(np.abs(self.lambdas), np.abs(2 - self.lambdas))
        return bool((nearest <= np.finfo(self.lambdas.dtype).eps).any())


@dataclass(frozen=True, eq=False)
class BoxCox(Evaluator):
    """The mirror of ``PowerTransformer(method="box-cox", standardize=False)``.

    As ``scipy.special.boxcox`` computes it.

    Parameters
    ----------
    lambdas : shape (d,)
    """

    lambdas: Floats

    @_quiet
    def transform(self, X: Inputs) -> Array:
        """Return the transformed inputs, shape (n, d); a missing value stays missing.

        Raises
        ------
        RowsRefused
            For numbers that are not positive.
        """
        values = as_floating(X)
        as_finite_or_missing(values)
        refused = np.argwhere(values <= 0)
        if len(refused):
            raise RowsRefused([Refusal(int(i), int(j), _NOT_POSITIVE) for i, j in refused])
        logarithms = np.log(values.astype(np.float64, copy=False))
        exponents = self.lambdas * logarithms
        made = np.expm1(exponents) / self.lambdas
        if (exponents >= _LARGEST_EXPONENT).any():
            made = np.where(exponents < _LARGEST_EXPONENT, made, self._far(exponents))
        made[:, self._logarithmic] = logarithms[:, self._logarithmic]
        return made.astype(values.dtype, copy=False)

    def _far(self, exponents: Floats) -> Floats:
        """Return what does not overflow where ``exp(exponents)`` alone would."""
        sizes = np.exp(exponents - np.log(np.abs(self.lambdas)))
        return np.copysign(1.0, self.lambdas) * sizes - 1 / self.lambdas

    @cached_property
    def _logarithmic(self) -> NDArray[np.intp]:
        """The inputs whose power is so small that their logarithms are what is left."""
        return np.flatnonzero(np.abs(self.lambdas) < 1e-19)


@dataclass(frozen=True, eq=False)
class QuantileTransformer(Evaluator):
    """The mirror of ``QuantileTransformer``.

    Parameters
    ----------
    quantiles : shape (n_quantiles, d)
    references : shape (n_quantiles,)
    limits : the least and the largest probability whose normal quantile is an output, or None
        for a uniform distribution
    """

    quantiles: Floats
    references: Floats
    limits: Sequence[float] | None

    def transform(self, X: Inputs) -> Array:
        """Return the transformed inputs, shape (n, d); a missing value stays missing."""
        values = as_floating(X)
        as_finite_or_missing(values)
        for j, quantiles in enumerate(self._columns):
            values[:, j] = self._ranks(np.ascontiguousarray(values[:, j]), quantiles)
        return values if self.limits is None else _normal(values, self.limits)

    def _ranks(self, column: Array, quantiles: Floats) -> Floats:
        """Return the ranks from 0 to 1; among equal quantiles the middle one counts."""
        up = np.interp(column, quantiles, self.references)
        down = np.interp(-column, -quantiles[::-1], self._falling)
        ranks: Floats = 0.5 * (up - down)
        if self.limits is None:
            lowest, highest = column == quantiles[0], column == quantiles[-1]
        else:
            lowest = column - _MARGIN < quantiles[0]
            highest = column + _MARGIN > quantiles[-1]
        ranks[highest] = 1
        ranks[lowest] = 0
        ranks[np.isnan(column)] = np.nan  # which a single quantile alone would not keep
        return ranks

    @cached_property
    def _columns(self) -> list[Floats]:
        return [np.ascontiguousarray(column) for column in self.quantiles.T]

    @cached_property
    def _falling(self) -> Floats:
        return -self.references[::-1]


def _normal(ranks: Array, limits: Sequence[float]) -> Array:
    within = np.clip(ranks.astype(np.float64), limits[0], limits[1])
    return ndtri(within.ravel()).reshape(ranks.shape).astype(ranks.dtype, copy=False)


_NOT_POSITIVE = "is not positive, as this model's Box-Cox transformation needs it"
_LARGEST_EXPONENT = 709.78  # of e, within float64
