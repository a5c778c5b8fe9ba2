import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, SplineTransformer

from handler.artifact import load_model
from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    assert_both_refuse,
    assert_identical,
    assert_proven,
    examples,
    extreme_rows,
    fitted,
    seeds,
    unlike_columns,
    unlike_scales,
    with_missing,
)

degrees = st.one_of(
    st.integers(0, 4), st.tuples(st.integers(0, 3), st.integers(0, 4)).map(lambda t: (t[0], sum(t)))
)


@examples(60)
@given(
    seed=seeds,
    width=st.integers(1, 5),
    degree=degrees,
    interaction_only=st.booleans(),
    include_bias=st.booleans(),
    order=st.sampled_from("CF"),
)
def test_polynomials(seed: int, width: int, degree: Any, tmp_path: Path, **options: Any) -> None:
    assume(degree not in (0, (0, 0)) or options["include_bias"])
    expansion = PolynomialFeatures(degree, **options)
    X = unlike_columns(seed, width, 300)
    if (X.shape[1] ** np.max(degree)) > 200:
        X = X[:40]
    reference = fitted(expansion, X)
    assert_identical(reference, X, tmp_path)
    # The layout, too, is the same: sums that follow are then computed in the same order.
    assert load_model(tmp_path / "model").transform(X).strides == reference.transform(X).strides


def test_products_that_overflow(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    export_model(PolynomialFeatures(3).fit(X), X, tmp_path / "model")
    rows = extreme_rows(3)
    with np.errstate(all="ignore"):
        expected = PolynomialFeatures(3).fit(X).transform(rows)
    answer = load_model(tmp_path / "model").transform(rows)
    np.testing.assert_array_equal(answer, expected)


OTHERS: list[dict[str, Any]] = [
    {},
    {"include_bias": False, "order": "F"},
    {"knots": "quantile"},
    {"sparse_output": True},
]
SPLINES: list[dict[str, Any]] = [
    {"n_knots": n_knots, "degree": degree, "extrapolation": extrapolation, **others}
    for (n_knots, degree), extrapolation, others in zip(
        itertools.cycle([(2, 1), (5, 3), (7, 2), (3, 0), (9, 5), (4, 1)]),
        ["error", "constant", "linear", "continue", "periodic"] * 6,
        itertools.cycle(OTHERS),
        strict=False,
    )
    if not (degree == 0 and extrapolation == "constant")
    if not (extrapolation == "periodic" and n_knots <= degree)
    if not (degree == 0 and "sparse_output" in others)
]
# The splines of these overlap themselves: the first and the last of a value are one.
SPLINES += [{"n_knots": k + 1, "degree": k, "extrapolation": "periodic"} for k in (1, 2, 3)]


@pytest.mark.parametrize("options", SPLINES, ids=str)
@examples(3)
@given(seed=seeds, width=st.integers(1, 5), missing=st.booleans())
def test_splines(
    options: dict[str, Any], seed: int, width: int, missing: bool, tmp_path: Path
) -> None:
    X = unlike_columns(seed, width, 300)
    missing = missing and not (
        "sparse_output" in options and options["extrapolation"] not in ("constant", "linear")
    )
    if missing:
        X, options = with_missing(X, seed), {**options, "handle_missing": "zeros"}
    assert_identical(fitted(SplineTransformer(**options), X), X, tmp_path)


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("handle_missing", ["error", "zeros"])
def test_splines_of_extreme_values(extrapolation: Any, handle_missing: Any, tmp_path: Path) -> None:
    X = unlike_scales(0, 3)
    options = {"extrapolation": extrapolation, "handle_missing": handle_missing}
    reference = fitted(SplineTransformer(**options), X)
    export_model(reference, X, tmp_path / "model")
    rows = extreme_rows(3)
    if handle_missing == "zeros":  # which lets infinities pass, too
        rows = np.vstack([rows, [[np.inf] * 3, [-np.inf, 1.0, np.nan]]])
    with np.errstate(all="ignore"):
        expected = reference.transform(rows)
    np.testing.assert_array_equal(load_model(tmp_path / "model").transform(rows), expected)


def test_splines_on_knots_of_the_user(tmp_path: Path) -> None:
    X = np.array([[0.0, 3.0], [0.5, 4.0], [1.0, 5.0], [2.0, 9.0]])
    knots = [[0.0, 3.0], [0.4, 3.5], [2.0, 9.0]]
    assert_identical(fitted(SplineTransformer(knots=knots, degree=2), X), X, tmp_path)


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("values", [np.full(9, 7.5), np.zeros(9)])
def test_splines_of_a_constant(extrapolation: Any, values: Any, tmp_path: Path) -> None:
    X = np.column_stack([values, np.arange(9.0)])
    assert_proven(fitted(SplineTransformer(extrapolation=extrapolation), X), X, tmp_path)


def test_values_beyond_the_knots_are_refused_where_they_are_errors(tmp_path: Path) -> None:
    X = np.linspace(0, 1, 20).reshape(10, 2)
    reference = SplineTransformer(extrapolation="error").fit(X)
    export_model(reference, X, tmp_path / "model")
    rows = np.array([[0.5, 0.5], [0.5, 1.5], [-0.5, 0.5]])
    with pytest.raises(ValueError, match="beyond the limits"):
        reference.transform(rows)
    with pytest.raises(RowsRefused, match="beyond the limits") as refused:
        load_model(tmp_path / "model").transform(rows)
    assert [problem[:2] for problem in refused.value.problems] == [(1, 1), (2, 0)]


@pytest.mark.parametrize(
    "expansion", [PolynomialFeatures(3), SplineTransformer(), SplineTransformer(sparse_output=True)]
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_refuses_what_scikit_learn_refuses(expansion: Any, value: float, tmp_path: Path) -> None:
    X = unlike_scales(1, 3)
    reference = fitted(expansion, X)
    export_model(reference, X, tmp_path / "model")
    rows = X.copy()
    rows[4, 2] = value
    assert_both_refuse(reference, load_model(tmp_path / "model"), rows, [(4, 2)], "transform")


@pytest.mark.parametrize(
    "expansion",
    [PolynomialFeatures(3), SplineTransformer(), SplineTransformer(extrapolation="periodic")],
)
def test_float32_stays_float32(expansion: Any, tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 3, (50, 2))
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    reference = make_pipeline(encoder, expansion).fit(X)
    assert_identical(reference, X, tmp_path)
    assert load_model(tmp_path / "model").transform(X).dtype == np.float32


@pytest.mark.parametrize("expansion", [PolynomialFeatures(2), SplineTransformer(order="F")])
def test_before_a_linear_model(expansion: Any, tmp_path: Path) -> None:
    X = unlike_scales(0, 4)
    assert_proven(fitted(make_pipeline(expansion, Ridge()), X, X[:, 0]), X, tmp_path)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"degree": 0}, "degree 0"),
        (
            {"sparse_output": True, "handle_missing": "zeros", "extrapolation": "continue"},
            "the batch",
        ),
    ],
)
def test_unsupported(options: dict[str, Any], why: str, tmp_path: Path) -> None:
    X = unlike_scales(0, 2)
    reference = fitted(SplineTransformer(**options), X)
    with pytest.raises(UnsupportedEstimator, match=f"SplineTransformer.*{why}"):
        export_model(reference, X, tmp_path / "model")
