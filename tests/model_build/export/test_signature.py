from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from handler.errors import InvalidInput
from handler.signature import Signature
from model_build.export import UnsupportedEstimator
from model_build.export.signature import signature_of


def test_array_of_numbers() -> None:
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    signature = signature_of(LinearRegression().fit(X, [0, 1, 2]), X)
    assert signature.kind == "array"
    assert signature.names == ("x0", "x1")
    assert [column.type for column in signature.columns] == ["number", "number"]
    assert [column.nullable for column in signature.columns] == [False, False]
    assert [column.example for column in signature.columns] == [3.0, 4.0]


@pytest.mark.parametrize(
    ("values", "column_type", "dtype"),
    [
        ([1, 2, 3], "integer", "int64"),
        ([1.0, 2.0, None], "number", "float64"),
        ([True, False, True], "boolean", "bool"),
        (["a", "b", "a"], "string", "str"),
        (pd.Series(["a", 1, "b"], dtype=object), "any", "object"),
        (pd.Series([True, None, False], dtype=object), "boolean", "object"),
        (pd.Series([1, 2, 2], dtype="category"), "integer", "category"),
    ],
)
def test_types_of_frame_columns(values: Any, column_type: str, dtype: str) -> None:
    frame = pd.DataFrame({"a": values})
    fitted = OneHotEncoder(handle_unknown="ignore").fit(frame.astype(object).astype(str))
    column = signature_of(fitted, frame).columns[0]
    assert (column.name, column.type, column.dtype) == ("a", column_type, dtype)


def test_categories_and_null_marker() -> None:
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["x", "y", "x"], categories=["y", "x", "z"]),
            "o": pd.Series(["p", None, "q"], dtype=object),
        }
    )
    signature = signature_of(OneHotEncoder().fit(frame), frame)
    assert signature.columns[0].categories == ("y", "x", "z")
    assert signature.columns[0].null == "nan"
    assert signature.columns[1].null == "none"


@given(
    imputed=st.lists(st.booleans(), min_size=1, max_size=9),
)
@settings(deadline=None, max_examples=20)
def test_nullable_is_what_the_estimator_takes(imputed: list[bool]) -> None:
    """A pipeline that imputes some columns takes a missing value in those, and nowhere else."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, len(imputed)))
    fill = [j for j, fills in enumerate(imputed) if fills]
    keep = [j for j, fills in enumerate(imputed) if not fills]
    prepare = make_column_transformer((SimpleImputer(), fill), ("passthrough", keep))
    fitted = make_pipeline(prepare, LogisticRegression()).fit(X, np.arange(20) % 2)
    assert [column.nullable for column in signature_of(fitted, X).columns] == imputed


def test_texts() -> None:
    texts = ["a b", "b c"]
    fitted = make_pipeline(CountVectorizer(token_pattern=r"\w"), LogisticRegression())
    assert signature_of(fitted.fit(texts, [0, 1]), texts) == Signature("text", ())


@pytest.mark.parametrize(("X", "told"), [([], "no rows"), ([1.0, 2.0], r"shape \(2,\)")])
def test_samples_that_are_none(X: Any, told: str) -> None:
    fitted = LinearRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(InvalidInput, match=told):
        signature_of(fitted, X)


def test_one_number_a_row_is_asked_for_in_one_column() -> None:
    fitted = IsotonicRegression().fit([1.0, 2.0], [0, 1])
    assert signature_of(fitted, np.array([[1.0], [2.0]])).names == ("x0",)
    with pytest.raises(InvalidInput, match=r"must be a 2-D array.* shape \(2,\)"):
        signature_of(fitted, np.array([1.0, 2.0]))


def test_columns_are_those_of_training_in_its_order() -> None:
    """A column transformer takes a sample in which columns stand elsewhere, are new or lack."""
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, 3.0], "c": [2, 1]})
    fitted = make_column_transformer(("drop", ["c"]), remainder="passthrough").fit(frame)
    mixed = frame[["c", "b", "a"]].assign(new=1)
    assert signature_of(fitted, mixed) == signature_of(fitted, frame)
    with pytest.raises(InvalidInput, match=r"lacks columns that training had: \['c'\]"):
        signature_of(fitted, frame[["a", "b"]])


def test_a_record_in_a_column_may_not_be_missing() -> None:
    frame = pd.DataFrame({"r": [{"x": 1}, {"y": 2}]})
    fitted = make_column_transformer((DictVectorizer(), "r")).fit(frame)
    assert not signature_of(fitted, frame).columns[0].nullable


def test_an_estimator_that_answers_for_no_new_rows_is_named() -> None:
    with pytest.raises(UnsupportedEstimator, match="DBSCAN has none of the methods"):
        signature_of(DBSCAN().fit([[0.0], [1.0]]), np.zeros((1, 1)))


def test_json_round_trip() -> None:
    frame = pd.DataFrame({"a b": [1, 2], "c": ["x", "y"], "d": pd.Categorical(["u", "v"])})
    fitted = OneHotEncoder().fit(frame)
    signature = signature_of(fitted, frame)
    assert Signature.from_dict(signature.to_dict()) == signature
