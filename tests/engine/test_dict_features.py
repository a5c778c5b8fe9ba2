from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_selection import VarianceThreshold
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from handler.artifact import load_model
from handler.engine.sparse import Sparse
from handler.errors import InvalidInput, RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_identical, assert_proven, examples, fitted, seeds

NAMES = ["age", "größe", "town", "a=b", "x", "word count"]
TEXTS = ["", "Rom", "é", "b", "a rather long one"]


def records(seed: int, count: int = 40) -> list[dict[str, Any]]:
    """Records with some of the names, of numbers, flags, texts, lists and missing values."""
    rng = np.random.default_rng(seed)
    return [
        {str(name): _value(rng, str(name)) for name in rng.permutation(NAMES)[: rng.integers(7)]}
        for _ in range(count)
    ]


def _value(rng: np.random.Generator, name: str) -> Any:
    if name == "town":
        return TEXTS[rng.integers(len(TEXTS))]
    if name == "word count":
        return [0, 7, -3][rng.integers(3)]
    return [rng.normal(), True, 1e300, 0.0, TEXTS[rng.integers(len(TEXTS))]][rng.integers(5)]


def with_lists(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add names with several texts, some of them twice, and missing values."""
    return [
        row | {"tags": TEXTS[i % 5 : i % 5 + 2] * (1 + i % 2), "x": None} if i % 3 else row
        for i, row in enumerate(rows)
    ]


@examples(20)
@given(
    seed=seeds,
    sort=st.booleans(),
    separator=st.sampled_from(["=", "", " is "]),
    sparse=st.booleans(),
    lists=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_records(seed: int, lists: bool, tmp_path: Path, **options: Any) -> None:
    X = with_lists(records(seed)) if lists else records(seed)
    reference = fitted(DictVectorizer(**options), X)
    assert_identical(reference, X, tmp_path)
    assert_identical(reference, records(seed + 1)[:1], tmp_path)
    model = load_model(tmp_path / "model")
    assert model.transform(X).dtype == options["dtype"]
    answer = model._estimator.transform(model.signature.coerce(X))
    assert isinstance(answer, Sparse) == options["sparse"]


@pytest.mark.parametrize(
    "steps",
    [
        (LogisticRegression(),),
        (MaxAbsScaler(), Ridge()),
        (VarianceThreshold(), StandardScaler(with_mean=False), Ridge()),
    ],
)
@pytest.mark.parametrize("vectorizer", [DictVectorizer(), DictVectorizer(sparse=False)])
def test_records_before_a_model(vectorizer: Any, steps: Any, tmp_path: Path) -> None:
    X = [{name: v for name, v in row.items() if v != 1e300} for row in records(0, 60)]
    y = np.arange(60) % 3
    assert_proven(fitted(make_pipeline(vectorizer, *steps), X, y), X, tmp_path)


@pytest.mark.parametrize(
    ("record", "why"),
    [({"x": {"a": 1}}, "'x' is a dict"), ({"x": ["a", 2]}, "'x' is a int"), ({"x": b"a"}, "int")],
)
def test_values_that_are_refused(record: Any, why: str, tmp_path: Path) -> None:
    X = records(0)
    export_model(fitted(DictVectorizer(), X), X, tmp_path / "model")
    with pytest.raises(TypeError):
        fitted(DictVectorizer(), X).transform([record])
    with pytest.raises(RowsRefused, match=rf"row 1: .*{why}"):
        load_model(tmp_path / "model").transform([X[0], record, {}])


def test_other_kinds_of_rows_are_refused(tmp_path: Path) -> None:
    X = records(0)
    export_model(fitted(DictVectorizer(), X), X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    with pytest.raises(InvalidInput, match=r"X\[1\]: a mapping of names to values was expected"):
        model.transform([{}, [1, 2]])
    with pytest.raises(InvalidInput, match="numbers were expected"):
        model.transform([{"age": 10**400}])


def lists(form: str, seed: int, count: int = 40) -> list[Any]:
    """Lists of names, some of them twice, or of pairs of names and values."""
    rng = np.random.default_rng(seed)
    names = [[str(n) for n in rng.choice(NAMES, rng.integers(7))] for _ in range(count)]
    if form == "string":
        return names
    return [[(name, _value(rng, name)) for name in row] for row in names]


@pytest.mark.parametrize("form", ["dict", "pair", "string"])
@examples(10)
@given(
    seed=seeds,
    n_features=st.sampled_from([1, 7, 1000, 2**20]),
    alternate_sign=st.booleans(),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_hashes(form: Any, seed: int, tmp_path: Path, **options: Any) -> None:
    X = records(seed) if form == "dict" else lists(form, seed)
    if options["n_features"] > 1000:  # the comparison makes both sides dense
        X = X[:3]
    reference = fitted(FeatureHasher(input_type=form, **options), X)
    assert_proven(reference, X, tmp_path)
    assert load_model(tmp_path / "model").transform(X).dtype == options["dtype"]


@pytest.mark.parametrize("form", ["dict", "pair", "string"])
def test_hashes_before_a_model(form: Any, tmp_path: Path) -> None:
    X = records(0, 60) if form == "dict" else lists(form, 0, 60)
    reference = make_pipeline(FeatureHasher(50, input_type=form), LogisticRegression())
    y = np.array(["yes", "no", "perhaps"])[np.arange(60) % 3]
    assert_proven(fitted(reference, X, y), X, tmp_path)


@pytest.mark.parametrize(
    ("form", "row"),
    [("dict", {"a": None}), ("dict", {"a": ["x"]}), ("pair", [("a",)]), ("string", [3])],
)
def test_rows_that_are_not_hashed(form: Any, row: Any, tmp_path: Path) -> None:
    X = records(0) if form == "dict" else lists(form, 0)
    reference = fitted(FeatureHasher(9, input_type=form), X)
    export_model(reference, X, tmp_path / "model")
    with pytest.raises((TypeError, ValueError)):
        reference.transform([row])
    with pytest.raises(RowsRefused, match="row 1: "):
        load_model(tmp_path / "model").transform([X[0], row])


@pytest.mark.parametrize(
    "estimator", [DictVectorizer(dtype=np.int64), FeatureHasher(9, dtype=np.int32)]
)
def test_outputs_that_are_no_floats_are_unsupported(estimator: Any, tmp_path: Path) -> None:
    X = [{"a": 1, "b": "x"}, {"a": 2}]
    with pytest.raises(UnsupportedEstimator, match="no floats"):
        export_model(fitted(estimator, X), X, tmp_path / "model")


def test_names_that_are_no_texts_are_unsupported(tmp_path: Path) -> None:
    X = [{1: 2.0}, {2: 3.0}]
    with pytest.raises(UnsupportedEstimator, match="the name 1 is no text"):
        export_model(fitted(DictVectorizer(), X), X, tmp_path / "model")
