"""The Sparse container against scipy's, and the evaluators that are handed it."""

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from handler.artifact import load_model
from handler.engine.base import Evaluator
from handler.engine.checks import finite_numbers, floating
from handler.engine.chunks import in_chunks
from handler.engine.compose import FeatureUnion, Identity, Pipeline
from handler.engine.sparse import Sparse, hstack
from handler.engine.table import Array, Inputs, as_array, as_float, columns_of, take_columns
from handler.errors import RowsRefused
from model_build.export import export_model
from tests.engine.drawn import assert_identical, assert_proven, examples, fitted, seeds

if TYPE_CHECKING:
    from pathlib import Path

DTYPES = [np.float64, np.float32, np.int64, np.int32, np.uint8, np.bool_]


def matrix(seed: int, dtype: Any = np.float64, density: float = 0.3) -> Any:
    """Draw a CSR matrix of scipy, with rows and columns that are empty, and stored zeros."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 9, 2)
    full = np.where(rng.random(shape) < density, rng.normal(size=shape) * 9, 0)
    drawn = sparse.csr_array(full)
    drawn.data[rng.random(drawn.nnz) < 0.1] = 0
    return drawn.astype(dtype)


def ours(theirs: Any) -> Sparse:
    indices, indptr = theirs.indices.astype(np.intp), theirs.indptr.astype(np.intp)
    return Sparse(theirs.data.copy(), indices, indptr, theirs.shape)


def assert_same(got: Sparse, expected: Any) -> None:
    """All parts are equal: values, their types, places and order."""
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(got, part), getattr(expected, part))


@pytest.mark.parametrize("dtype", DTYPES)
@examples(20)
@given(seed=seeds)
def test_products_are_equal_to_the_last_bit(dtype: Any, seed: int) -> None:
    theirs = matrix(seed, dtype)
    rng = np.random.default_rng(seed)
    for other_dtype in (np.float64, np.float32, np.int64):
        for shape in (theirs.shape[1], (theirs.shape[1], 1), (theirs.shape[1], 5)):
            other = (rng.normal(size=shape) * 100).astype(other_dtype)
            got, expected = ours(theirs) @ other, theirs @ other
            assert got.dtype == expected.dtype
            np.testing.assert_array_equal(got, expected)
            assert got.flags.c_contiguous


def test_a_large_product_goes_through_in_groups_of_columns() -> None:
    theirs = sparse.random_array((300, 2000), density=0.5, rng=0).tocsr()
    other = np.random.default_rng(0).normal(size=(2000, 7))
    np.testing.assert_array_equal(ours(theirs) @ other, theirs @ other)
    np.testing.assert_array_equal(ours(theirs) @ other[:, 0], theirs @ other[:, 0])


@examples(50)
@given(seed=seeds)
def test_selections_of_rows_and_columns(seed: int) -> None:
    theirs = matrix(seed)
    rng = np.random.default_rng(seed)
    count, width = theirs.shape
    selections: list[Any] = [slice(1, 4), slice(None, None, 2), rng.integers(0, count, 5), []]
    for rows in selections:
        assert_same(ours(theirs)[rows], theirs[rows])
    mask = rng.random(count) < 0.5
    assert_same(ours(theirs)[mask], theirs[mask])
    columns = np.flatnonzero(rng.random(width) < 0.5)
    assert_same(ours(theirs).take_columns(columns), theirs[:, columns])


@examples(50)
@given(seed=seeds)
def test_blocks_side_by_side(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = matrix(seed)
    rows = first.shape[0]
    dense = np.round(rng.normal(size=(rows, 3)))
    dense[rng.random(dense.shape) < 0.3] = np.nan
    counts = sparse.random_array((rows, 4), density=0.5, rng=seed).tocsr().astype(np.int64)
    expected = sparse.hstack([first, dense, counts, np.zeros((rows, 0))]).tocsr()
    assert_same(hstack([ours(first), dense, ours(counts), np.zeros((rows, 0))]), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@examples(10)
@given(seed=seeds)
def test_other_forms_and_scaling(dtype: Any, seed: int) -> None:
    theirs = matrix(seed, dtype)
    X = ours(theirs)
    np.testing.assert_array_equal(X.toarray(), theirs.toarray())
    assert X.toarray().dtype == dtype
    assert_same(Sparse.from_array(theirs.toarray()), sparse.csr_array(theirs.toarray()))
    assert_same(X * 2.5, theirs * 2.5)
    np.testing.assert_array_equal(as_array(X), theirs.toarray())
    np.testing.assert_array_equal(as_float(X), theirs.toarray().astype(np.float64))
    np.testing.assert_array_equal(take_columns(X, [0]), theirs.toarray()[:, [0]])
    np.testing.assert_array_equal(np.transpose(columns_of(X)), theirs.toarray())


@examples(20)
@given(seed=seeds)
def test_places_that_are_named_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(0, 4, 30), rng.integers(0, 5, 30)
    negative = rng.integers(0, 2, 30)
    theirs = sparse.coo_array((1 - 2 * negative, (rows, columns)), shape=(4, 5)).tocsr()
    assert_same(Sparse.counted(rows, columns, (4, 5), negative), theirs)
    counts = sparse.coo_array((np.ones(30, dtype=np.intp), (rows, columns)), shape=(4, 5)).tocsr()
    assert_same(Sparse.counted(rows, columns, (4, 5)), counts)
    none = np.zeros(0, dtype=np.intp)
    assert_same(Sparse.counted(none, none, (4, 5)), sparse.csr_array((4, 5), dtype=np.intp))


@examples(20)
@given(seed=seeds)
def test_some_of_the_stored_values(seed: int) -> None:
    theirs = matrix(seed)
    kept = ours(theirs).kept(theirs.data != 0)
    theirs.eliminate_zeros()
    assert_same(kept, theirs)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_stored_values_are_checked_and_told_by_their_places(value: float) -> None:
    X = Sparse.from_array(np.array([[0.0, 1.0], [0.0, 0.0], [2.0, value]]))
    with pytest.raises(RowsRefused) as refused:
        finite_numbers(X)
    assert [problem[:2] for problem in refused.value.problems] == [(2, 1)]
    with pytest.raises(RowsRefused):
        floating(X, missing=False)
    if np.isnan(value):
        np.testing.assert_array_equal(floating(X, missing=True).data, X.data)


def test_what_is_checked_keeps_its_type() -> None:
    counts = Sparse.from_array(np.array([[0, 2], [1, 0]]))
    assert finite_numbers(counts) is counts
    assert floating(counts, missing=False).dtype == np.float64
    single = counts.with_data(counts.data.astype(np.float32))
    copied = floating(single, missing=False)
    assert copied.dtype == np.float32
    assert not np.shares_memory(copied.data, single.data)


class _Dense(Evaluator):
    """Takes arrays only, and notes how many rows it was handed at a time."""

    def __init__(self) -> None:
        self.handed: list[int] = []

    def transform(self, X: Inputs) -> Array:
        assert isinstance(X, np.ndarray)
        self.handed.append(len(X))
        return X[:, :3] * 2

    def predict(self, X: Inputs) -> Array:
        return self.transform(X).sum(axis=1)


class _WholeBatch(_Dense):
    by_row = False


WIDE = Sparse.from_array(np.eye(300, 40_000))


@pytest.mark.parametrize("taker", [_Dense, _WholeBatch])
def test_a_pipeline_makes_rows_dense_for_what_takes_no_sparse(taker: Any) -> None:
    step, final = taker(), taker()
    answer = Pipeline([step], Identity(validate=False)).transform(WIDE)
    np.testing.assert_array_equal(answer, np.eye(300, 3) * 2)
    np.testing.assert_array_equal(Pipeline([], final).predict(WIDE), np.eye(300, 3).sum(axis=1) * 2)
    assert step.handed == final.handed
    assert sum(final.handed) == 300
    assert (max(final.handed) * 40_000 * 8 <= 2**26) == final.by_row


def test_what_takes_a_sparse_is_handed_it() -> None:
    assert Pipeline([Identity(validate=True)], Identity(validate=False)).transform(WIDE) is WIDE
    union = FeatureUnion([Identity(validate=True), Identity(validate=False)], [None, 2.0])
    assert union.takes_sparse
    both = Pipeline([], union).transform(WIDE)
    assert isinstance(both, Sparse)
    np.testing.assert_array_equal(both.toarray(), np.hstack([WIDE.toarray(), WIDE.toarray() * 2]))
    assert not FeatureUnion([Identity(validate=True), _Dense()], [None, None]).takes_sparse


def test_a_refusal_in_a_later_chunk_names_its_row() -> None:
    bad = WIDE.with_data(np.where(np.arange(300) == 290, np.nan, WIDE.data))
    with pytest.raises(RowsRefused) as refused:
        in_chunks(lambda rows: as_array(finite_numbers(rows)), bad, 100)
    assert [problem[:2] for problem in refused.value.problems] == [(290, 290)]


def wide_frame(seed: int, rows: int = 400) -> pd.DataFrame:
    """Columns of hundreds of categories, of which a seed draws some that another does not."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "item": [f"item {i}" for i in rng.integers(0, 300, rows)],
            "price": rng.normal(size=rows),
            "place": rng.integers(0, 40, rows),
        }
    )


@pytest.mark.parametrize(
    ("threshold", "drop", "dtype"),
    [
        (0, "first", np.float64),
        (0.3, None, np.float64),
        (0.3, "first", np.float32),
        (1.0, None, np.int8),
    ],
)
def test_many_categories_are_kept_sparse(
    threshold: float, drop: Any, dtype: Any, tmp_path: "Path"
) -> None:
    encoder = OneHotEncoder(handle_unknown="ignore", drop=drop, dtype=dtype)
    columns = ColumnTransformer(
        [("coded", encoder, ["item", "place"]), ("kept", "passthrough", ["price"])],
        sparse_threshold=threshold,
        transformer_weights={"coded": 0.5},
    )
    y = np.where(wide_frame(0)["price"] > 0, "up", "down")
    for final in (LogisticRegression(), DecisionTreeClassifier(random_state=0)):
        pipeline = fitted(make_pipeline(columns, final), wide_frame(0), y)
        assert_proven(pipeline, wide_frame(1), tmp_path)
    scaled = make_pipeline(columns, MaxAbsScaler(), LogisticRegression())
    assert_proven(fitted(scaled, wide_frame(0), y), wide_frame(1), tmp_path)


def test_linear_models_of_many_categories_are_equal_to_the_last_bit(tmp_path: "Path") -> None:
    coded = OneHotEncoder(handle_unknown="ignore", min_frequency=2)
    columns = ColumnTransformer([("coded", coded, ["item", "place"])], remainder=StandardScaler())
    y = np.arange(400) % 3
    pipeline = fitted(make_pipeline(columns, LogisticRegression()), wide_frame(0), y)
    assert_identical(pipeline, wide_frame(1), tmp_path)
    union = make_union(coded, OneHotEncoder(handle_unknown="ignore"))
    pipeline = fitted(make_pipeline(union, LogisticRegression()), wide_frame(0), y)
    assert_identical(pipeline, wide_frame(1), tmp_path)


def test_many_categories_cost_memory_by_the_rows(tmp_path: "Path") -> None:
    """4,000 rows of 20,000 outputs: dense, they would take 640 MB."""
    table = pd.DataFrame({"item": np.arange(20_000)})
    pipeline = make_pipeline(OneHotEncoder(), SGDClassifier(max_iter=1, tol=None, random_state=0))
    pipeline = pipeline.fit(table, table["item"] % 2)
    export_model(pipeline, table, tmp_path / "model")
    model = load_model(tmp_path / "model")
    batch = {"item": np.arange(4000)}
    tracemalloc.start()
    model.predict(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
