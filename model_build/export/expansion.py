"""Exports polynomials and splines; the mirror of ``handler.engine.expansion``."""

from collections.abc import Iterator, Mapping

import numpy as np
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer

from handler.engine.table import Array, Floats
from model_build.export.node import Context, Exporter, Node

_BEYOND = {"error": "refused", "continue": "continued", "periodic": "repeated"}


def _polynomial(estimator: PolynomialFeatures, _: Context) -> Node:
    # The products are those of degree 0 and above; the estimator cuts off the lower ones last.
    cuts = estimator._min_degree > 1
    return {
        "kind": "expansion.PolynomialFeatures",
        "first": int(estimator.include_bias),
        "products": list(_products(estimator)),
        "computed": int(estimator._n_out_full),
        "width": int(estimator.n_output_features_ if cuts else estimator._n_out_full),
        "order": estimator.order,
    }


def _products(estimator: PolynomialFeatures) -> Iterator[list[int]]:
    """Yield what is multiplied: (start, end, j, at), degree by degree.

    Input j is multiplied by the terms of one degree less in which no input before it is a factor
    (nor j itself, where only interactions count): so each product is made once.
    """
    width, first = estimator.n_features_in_, int(estimator.include_bias)
    at = first + width
    starts = list(range(first, at + 1))
    for _ in range(2, estimator._max_degree + 1):
        end, following = starts[-1], []
        for j in range(len(starts) - 1):
            start = starts[j + 1 if estimator.interaction_only else j]
            following.append(at)
            if start < end:
                yield [start, end, j, at]
            at += end - start
        starts = [*following, at]


def _spline(estimator: SplineTransformer, context: Context) -> Node:
    _check_spline(estimator, context)
    knots = np.array([spline.t for spline in estimator.bsplines_])
    splines = estimator.bsplines_[0].c.shape[1]
    return {
        "kind": "expansion.SplineTransformer",
        "knots": knots,
        "degree": estimator.degree,
        "splines": splines,
        "kept": splines if estimator.include_bias else splines - 1,
        "beyond": _BEYOND.get(estimator.extrapolation, "extended"),
        **_ends(estimator, knots),
        "missing": estimator.handle_missing == "zeros",
        "sparse": bool(estimator.sparse_output),
    }


def _check_spline(estimator: SplineTransformer, context: Context) -> None:
    extended = estimator.extrapolation in ("constant", "linear")
    if estimator.degree == 0 and estimator.extrapolation == "constant":
        raise context.unsupported(estimator, "of degree 0 it fails beyond its last knot")
    if estimator.degree == 0 and estimator.sparse_output:
        raise context.unsupported(estimator, "its sparse outputs of degree 0 have no numpy form")
    if estimator.handle_missing == "zeros" and estimator.sparse_output and not extended:
        raise context.unsupported(
            estimator, "its sparse outputs for a missing value depend on the batch"
        )


def _ends(estimator: SplineTransformer, knots: Floats) -> dict[str, Array | None]:
    """Return the limits of each input and the splines there."""
    degrees = _degrees(estimator)
    limits = np.array([[t[k], t[-k - 1]] for t, k in zip(knots, degrees, strict=True)]).T
    return {
        "limits": limits,
        "values": _at(estimator, limits, 0),
        "slopes": _at(estimator, limits, 1) if estimator.extrapolation == "linear" else None,
        "reach": np.array(list(_reaches(estimator))),
    }


def _degrees(estimator: SplineTransformer) -> list[int]:
    """Return the degree by which each input's limits are found.

    Where a linear extrapolation needs one spline more than the degree, scikit-learn counts up
    the degree itself, so that all further inputs are limited as those of that degree are.
    """
    reaches = list(_reaches(estimator))
    if estimator.extrapolation != "linear":
        return [estimator.degree] * len(reaches)
    return [estimator.degree, *reaches[:-1]]


def _reaches(estimator: SplineTransformer) -> Iterator[int]:
    """Yield how many splines a value beyond the limits has, input by input."""
    reach = estimator.degree
    for _ in estimator.bsplines_:
        if estimator.extrapolation == "linear" and reach <= 1:
            reach += 1
        yield reach


def _at(estimator: SplineTransformer, limits: Floats, derivative: int) -> Array:
    """Return the splines (or their derivatives) at both limits, shape (2, d, splines)."""
    splines = estimator.bsplines_
    return np.array(
        [
            [spline(limit, nu=derivative) for spline, limit in zip(splines, end, strict=True)]
            for end in limits
        ]
    )


EXPORTERS: Mapping[type, Exporter] = {
    PolynomialFeatures: _polynomial,
    SplineTransformer: _spline,
}
