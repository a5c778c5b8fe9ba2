import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_build import features

N = 40


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns)


def test_columns_are_used_by_type() -> None:
    X = table(
        amount=np.linspace(0, 1, N),
        count=[3, 1, 2, 0] * 10,
        code=[101, 102] * 20,
        city=["a", "b", None, "c"] * 10,
        member=[True, False] * 20,
        maybe=[True, False, None, True] * 10,
    )
    plan = features.plan(X, ("code",))
    assert plan.numbers == ("amount", "count")
    assert plan.codes == ("code",)
    assert plan.strings == ("city", "maybe")
    assert plan.booleans == ("member",)
    assert plan.columns == frozenset(X.columns)
    assert not plan.sparse
    assert (plan.left_out, plan.doubtful) == ({}, {})


def test_the_preparation_is_what_it_says() -> None:
    X = table(
        amount=[1.0, 3.0, np.nan, 8.0] * 10,
        code=[7, 9] * 20,
        city=["a", "b", None, "b"] * 10,
        member=[True, False] * 20,
    )
    prepared = features.preparation(features.plan(X, ("code",))).fit(X).transform(X)
    amounts = np.array([1.0, 3.0, 3.0, 8.0] * 10)
    np.testing.assert_allclose(prepared[:, 0], (amounts - amounts.mean()) / amounts.std())
    np.testing.assert_array_equal(prepared[:, 1:3], [[1, 0], [0, 1]] * 20)
    np.testing.assert_array_equal(prepared[:, 3:5], [[1, 0], [0, 1], [0, 1], [0, 1]] * 10)
    np.testing.assert_array_equal(prepared[:, 5:7], [[0, 1], [1, 0]] * 20)


def test_an_unknown_category_is_all_zeros_and_order_does_not_matter() -> None:
    X = table(city=["a", "b"] * 20, size=[1, 2, 3, 4] * 10)
    transformer = features.preparation(features.plan(X, ())).fit(X)
    row = transformer.transform(pd.DataFrame({"size": [2.5], "city": ["z"]}))
    np.testing.assert_array_equal(row, [[0, 0, 0]])


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ([3] * N, "it is 3 in every row"),
        (["x"] * N, "it is 'x' in every row"),
        ([2.5, None] * 20, "it is, or is missing, 2.5 in every row"),
        ([None] * N, "it is empty"),
        (
            [f"user-{i}" for i in range(N)],
            "it looks like an identifier or free text (40 different strings in 40 rows); if it is "
            "a category, name it in data.categorical",
        ),
    ],
)
def test_useless_columns_are_left_out(column: list[object], reason: str) -> None:
    plan = features.plan(table(x=column, size=[1, 2] * 20), ())
    assert plan.left_out == {"x": reason}
    assert plan.columns == {"size"}


def test_a_column_named_as_a_category_is_kept() -> None:
    X = table(name=[f"user-{i}" for i in range(N)], constant=[1] * N)
    plan = features.plan(X, ("name", "constant"))
    assert plan.strings == ("name",)
    assert list(plan.left_out) == ["constant"]


@given(st.randoms(use_true_random=False), st.integers(-1000, 1000), st.sampled_from([-3, -1, 1, 2]))
def test_row_numbers_are_pointed_out_and_kept(random: object, start: int, step: int) -> None:
    X = table(number=[start + i * step for i in range(N)], size=[1, 2] * 20)
    shuffled = X.sample(frac=0.8, random_state=abs(start))
    plan = features.plan(shuffled, ())
    assert list(plan.doubtful) == ["number"]
    assert plan.numbers == ("number", "size")
    assert features.plan(shuffled, ("number",)).doubtful == {}


def test_many_categories_make_a_sparse_table(monkeypatch: pytest.MonkeyPatch) -> None:
    X = table(city=[f"c{i % 20}" for i in range(N)], size=[1, 2] * 20)
    dense = features.preparation(features.plan(X, ())).fit_transform(X)
    monkeypatch.setattr(features, "MOST_DENSE_CELLS", 20 * N - 1)
    plan = features.plan(X, ())
    assert plan.sparse
    sparse = features.preparation(plan).fit_transform(X)
    np.testing.assert_array_equal(sparse.toarray(), dense)
