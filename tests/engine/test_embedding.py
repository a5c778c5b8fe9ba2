from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    assert_both_refuse,
    assert_identical,
    examples,
    fitted,
    seeds,
    unlike_columns,
    unlike_scales,
    yes_or_no,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair


@examples(12)
@given(
    seed=seeds,
    width=st.integers(1, 5),
    trees=st.sampled_from([1, 3, 20]),
    depth=st.sampled_from([1, 3, 5, None]),
    sparse=st.booleans(),
)
def test_embedding(
    seed: int, width: int, trees: int, depth: int | None, sparse: bool, tmp_path: "Path"
) -> None:
    X = unlike_columns(seed, width)
    estimator = RandomTreesEmbedding(trees, max_depth=depth, sparse_output=sparse, random_state=0)
    assert_identical(fitted(estimator, X), X, tmp_path)


@pytest.mark.parametrize("sparse", [True, False])
def test_inside_a_pipeline(sparse: bool, assert_pair: "AssertPair") -> None:
    X, y = yes_or_no(0)
    embedding = RandomTreesEmbedding(10, sparse_output=sparse, random_state=0)
    both = make_union(StandardScaler(), embedding)
    for front in (embedding, both):
        assert_pair(make_pipeline(front, LogisticRegression()).fit(X, y), X, np.vstack([X, 9 * X]))


def test_a_constant_column_grows_no_tree(tmp_path: "Path") -> None:
    X = np.ones((20, 1))
    assert_identical(RandomTreesEmbedding(3, random_state=0).fit(X), X, tmp_path)


def test_refusals(tmp_path: "Path") -> None:
    X = unlike_scales(0, 2)
    reference = RandomTreesEmbedding(3, random_state=0).fit(X)
    export_model(reference, X, tmp_path / "model")
    X[1, 1] = np.inf
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(1, 1)], "transform")
