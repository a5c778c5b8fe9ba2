"""Data frames of columns of all kinds through column transformers of drawn parts."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from handler.artifact import load_model
from handler.engine.table import Table
from tests.engine.drawn import assert_proven, examples, fitted, seeds

ROWS = 60

# What a column may hold, by kind; the last two kinds hold missing values.
COLUMNS: dict[str, Any] = {
    "float": lambda rng: rng.normal(size=ROWS) * 100,
    "integer": lambda rng: rng.integers(-5, 9, ROWS),
    "boolean": lambda rng: rng.random(ROWS) < 0.4,
    "string": lambda rng: pd.Series(_words(rng)),
    "object": lambda rng: pd.Series(_words(rng), dtype=object),
    "category": lambda rng: pd.Categorical(_words(rng)),
    "missing": lambda rng: np.where(rng.random(ROWS) < 0.2, np.nan, rng.normal(size=ROWS)),
    "missing string": lambda rng: pd.Series(
        [None if i % 7 == 3 else word for i, word in enumerate(_words(rng))], dtype="str"
    ),
}
NUMBERS = ("float", "integer", "boolean", "missing")


def _words(rng: np.random.Generator) -> list[str]:
    return [str(word) for word in rng.choice(["Rom", "Bonn", "Oslo", "é"], ROWS)]


def frame(seed: int, kinds: list[str]) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({f"c{j} {kind}": COLUMNS[kind](rng) for j, kind in enumerate(kinds)})


def of_numbers(table: pd.DataFrame) -> list[str]:
    return [name for name in map(str, table) if name.split(" ", 1)[1] in NUMBERS]


def of_words(table: pd.DataFrame) -> list[str]:
    return [name for name in map(str, table) if name.split(" ", 1)[1] not in NUMBERS]


CODES = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
)
FOR_NUMBERS: list[Any] = [
    "passthrough",
    SimpleImputer(),
    make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    make_pipeline(SimpleImputer(), KBinsDiscretizer(3, encode="onehot-dense")),
    RobustScaler(),
    MinMaxScaler(clip=True),
    QuantileTransformer(n_quantiles=9),
    FunctionTransformer(np.abs),
    FunctionTransformer(None),
    make_pipeline(FunctionTransformer(np.abs), FunctionTransformer(np.sqrt)),
    FeatureUnion([("same", "passthrough"), ("scaled", StandardScaler())]),
]
FOR_WORDS: list[Any] = [
    "drop",
    OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    CODES,
    make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    ),
    TargetEncoder(cv=2),
]
kinds_drawn = st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=6)


def selection(table: pd.DataFrame, names: list[str], form: str) -> Any:
    """Return one of the ways to say which columns a transformer takes."""
    places = [list(table).index(name) for name in names]
    ways: dict[str, Any] = {
        "names": names,
        "positions": places,
        "negative": [place - table.shape[1] for place in places],
        "mask": [name in names for name in table],
        "callable": lambda X: [name for name in X if name in names],
    }
    return ways[form]


forms = st.sampled_from(["names", "positions", "negative", "mask", "callable"])


@examples(15)
@given(
    seed=seeds,
    kinds=kinds_drawn,
    first=st.integers(0, len(FOR_NUMBERS) - 1),
    second=st.integers(0, len(FOR_WORDS) - 1),
    form=forms,
    remainder=st.sampled_from(["drop", "passthrough", CODES]),
    output=st.sampled_from(["default", "pandas"]),
    last=st.integers(0, 2),
)
def test_columns_of_all_kinds(
    seed: int,
    kinds: list[str],
    first: int,
    second: int,
    form: str,
    remainder: Any,
    output: Any,
    last: int,
    tmp_path: Path,
) -> None:
    table = frame(seed, kinds)
    numbers, words = of_numbers(table), of_words(table)
    kept = numbers[1:] if seed % 2 else numbers  # the remainder may get a column of numbers
    parts = [
        ("numbers", FOR_NUMBERS[first], selection(table, kept, form)),
        ("words", FOR_WORDS[second], selection(table, words[: 1 + seed % 3], form)),
    ]
    columns = ColumnTransformer(parts, remainder=remainder).set_output(transform=output)
    ends: list[Any] = [
        (),
        (CODES, HistGradientBoostingRegressor(max_iter=3)),
        (FunctionTransformer(None), OneHotEncoder(handle_unknown="ignore"), Ridge()),
    ]
    reference = make_pipeline(columns, *ends[last])
    y = np.random.default_rng(seed).normal(size=ROWS)
    try:
        reference = fitted(reference, table, y)
        width = fitted(columns, table, y).transform(table).shape[1]
    except (ValueError, TypeError):
        reject()  # scikit-learn itself does not take these columns there
    assume(width > 0)
    assert_proven(reference, table, tmp_path)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_columns_keep_their_types_in_a_frame(output: Any, tmp_path: Path) -> None:
    table = frame(0, ["integer", "string", "float", "boolean"])
    columns = ColumnTransformer(
        [("scaled", StandardScaler(), [2]), ("same", "passthrough", [0, 1, 3])]
    ).set_output(transform=output)
    assert_proven(fitted(columns, table), table, tmp_path)
    model = load_model(tmp_path / "model")
    inputs = model.signature.coerce({str(name): table[name].tolist() for name in table})
    inner = model._estimator.transform(inputs)
    assert isinstance(inner, Table) == (output == "pandas")
    if isinstance(inner, Table):
        assert [column.dtype.kind for column in inner.columns] == ["f", "i", "O", "b"]


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_frames_side_by_side(output: Any, tmp_path: Path) -> None:
    table = frame(0, ["integer", "string", "float"])
    numbers = ColumnTransformer([("scaled", StandardScaler(), [0, 2])])
    union = FeatureUnion([("same", FunctionTransformer(None)), ("numbers", numbers)])
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    reference = make_pipeline(union, encoder).set_output(transform=output)
    assert_proven(fitted(reference, table), table, tmp_path)


@pytest.mark.parametrize("selector", [VarianceThreshold(0.01), SelectKBest(k=2)])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_selections_of_frames(selector: Any, output: Any, tmp_path: Path) -> None:
    table = frame(0, ["integer", "float", "boolean", "float"])
    reference = make_pipeline(selector, LinearRegression()).set_output(transform=output)
    y = (np.arange(ROWS) % 3).astype(float)
    assert_proven(fitted(reference, table, y), table, tmp_path)


def test_selectors_by_type(tmp_path: Path) -> None:
    table = frame(0, sorted(COLUMNS))
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), make_column_selector(dtype_include="number")),
            ("words", CODES, make_column_selector(dtype_exclude="number")),
        ]
    )
    for output in ("default", "pandas"):
        reference = make_pipeline(columns, Ridge()).set_output(transform=output)
        assert_proven(fitted(reference, table, np.arange(ROWS)), table, tmp_path)


def test_estimators_on_the_remainder(tmp_path: Path) -> None:
    table = frame(3, ["float", "string", "integer", "missing string"])
    columns = ColumnTransformer([("scaled", StandardScaler(), slice(0, 1))], remainder=CODES)
    assert_proven(fitted(make_pipeline(columns, Ridge()), table, np.arange(ROWS)), table, tmp_path)


def test_trees_behind_a_function_that_takes_no_objects(tmp_path: Path) -> None:
    """Rows near thresholds cannot be made there: a missing flag makes objects of the others."""
    table = frame(0, ["integer", "boolean", "float"])
    roots = make_pipeline(FunctionTransformer(np.abs), FunctionTransformer(np.sqrt))
    reference = make_pipeline(roots, HistGradientBoostingRegressor(max_iter=3))
    y = table.iloc[:, 0].to_numpy() * 1.0
    assert_proven(fitted(reference, table, y), table, tmp_path)
