from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from handler.engine.table import Array
from handler.errors import RowsRefused
from model_build.compare import dense
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_both_refuse, examples, seeds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

drawn = examples(8)

SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-2, 3), clip=True),
    MaxAbsScaler(),
    MaxAbsScaler(clip=True),
    RobustScaler(),
    RobustScaler(with_centering=False, unit_variance=True),
    RobustScaler(with_scaling=False, quantile_range=(10, 80)),
]
ROWS = [Normalizer("l1"), Normalizer("l2"), Normalizer("max"), Binarizer(threshold=0.3)]
NASTY = [0.0, -0.0, 1e-300, -1e-300, 5e-324, 1e300, -1.7e308, 2.0**24 + 1, 1e16]


def numbers(seed: int, width: int, *, missing: bool) -> Array:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, width)) * 10.0 ** rng.integers(-6, 6, width)
    X[:, width // 2] = 7.25  # a constant column
    X[0] = 0.0
    if missing:
        X[rng.random(X.shape) < 0.15] = np.nan
    return X


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@drawn
@given(seed=seeds, width=st.integers(1, 6), missing=st.booleans())
def test_scalers(
    scaler: Any, seed: int, width: int, missing: bool, assert_pair: "AssertPair"
) -> None:
    X = numbers(seed, width, missing=missing)
    nasty = np.resize(np.array(NASTY), (len(NASTY), width))
    with np.errstate(all="ignore"):
        model = assert_pair(scaler.fit(X), X, np.vstack([X, nasty]))
        expected = scaler.transform(nasty)
    # The operations are the same, so the answers are the same to the last bit.
    assert np.array_equal(model.transform(nasty), expected, equal_nan=True)


@pytest.mark.parametrize("scaler", ROWS, ids=repr)
@drawn
@given(seed=seeds, width=st.integers(1, 6))
def test_by_row(scaler: Any, seed: int, width: int, assert_pair: "AssertPair") -> None:
    X = numbers(seed, width, missing=False)
    nasty = np.resize(np.array(NASTY), (len(NASTY), width))
    with np.errstate(all="ignore"):
        assert_pair(scaler.fit(X), X, np.vstack([X, nasty]))


@pytest.mark.parametrize("scaler", [*SCALERS, *ROWS], ids=repr)
def test_float32_stays_float32(scaler: Any, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).integers(0, 9, (50, 3))
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False, handle_unknown="ignore")
    pipeline = make_pipeline(encoder, scaler).fit(X)
    model = assert_pair(pipeline, X, X)
    expected = pipeline.transform(X)
    assert expected.dtype == np.float32
    assert np.array_equal(model.transform(X), expected)
    assert model.transform(X).dtype == np.float32


@pytest.mark.parametrize("scaler", [*SCALERS, *ROWS], ids=repr)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_what_scikit_learn_refuses(
    scaler: Any, value: float, assert_pair: "AssertPair"
) -> None:
    X = numbers(3, 3, missing=False)
    model = assert_pair(scaler.fit(X), X, X)
    bad = X.copy()
    bad[4, 2] = value
    if np.isnan(value) and scaler.__sklearn_tags__().input_tags.allow_nan:
        assert np.array_equal(model.transform(bad), scaler.transform(bad), equal_nan=True)
        return
    assert_both_refuse(scaler, model, bad, [(4, 2)], "transform")


# Columns of categories of each kind; the last value of each is seen in serving only.
KINDS: dict[str, list[Any]] = {
    "text": ["a", "bb", "ccc", "dd", "e", "a rather long new one"],
    "integer": [3, 1, -2, 2**40, 0, 9],
    "float": [0.5, -1.5, 2.0**24 + 1, 0.1, 1e300, 0.25],
    "boolean": [True, False, True, False, True, False],
    "mixed": ["a", "é", "", "1", "z", "1.0"],
}


def categories(seed: int, kinds: list[str], *, missing: list[Any], unknown: bool) -> pd.DataFrame:
    """A frame with a column of each kind: some values are rare, some missing or unknown."""
    rng = np.random.default_rng(seed)
    columns = {}
    for j, kind in enumerate(kinds):
        known = KINDS[kind][:5]
        picked = rng.choice(5, 60, p=[0.5, 0.3, 0.15, 0.03, 0.02])
        picked[:5] = range(5)
        values = [known[i] for i in picked]
        if unknown:
            values[::8] = [KINDS[kind][5]] * len(values[::8])
        if missing:
            values[5::11] = [missing[j % len(missing)]] * len(values[5::11])
        dtype = None if kind in ("integer", "float", "boolean") else object
        columns[f"c{j}"] = pd.Series(values, dtype=dtype if not missing else _holding(kind))
    return pd.DataFrame(columns)


def _holding(kind: str) -> Any:
    return np.float64 if kind in ("integer", "float") else object


one_hot_options = st.fixed_dictionaries(
    {
        "handle_unknown": st.sampled_from(["error", "ignore", "infrequent_if_exist", "warn"]),
        "drop": st.sampled_from([None, "first", "if_binary"]),
        "min_frequency": st.sampled_from([None, 3, 0.2]),
        "max_categories": st.sampled_from([None, 1, 2, 3]),
        "sparse_output": st.booleans(),
        "dtype": st.sampled_from([np.float64, np.float32, np.int8]),
    }
)
ordinal_options = st.fixed_dictionaries(
    {
        "unknown": st.sampled_from([None, -1, np.nan, 99]),
        "encoded_missing_value": st.sampled_from([np.nan, -2]),
        "min_frequency": st.sampled_from([None, 3, 0.2]),
        "max_categories": st.sampled_from([None, 1, 3]),
        "dtype": st.sampled_from([np.float64, np.float32]),
    }
)
kinds_drawn = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4)
missing_drawn = st.sampled_from([[], [np.nan], [None], [np.nan, None]])


@settings(drawn, max_examples=40)
@given(seed=seeds, kinds=kinds_drawn, missing=missing_drawn, options=one_hot_options)
def test_one_hot(
    seed: int,
    kinds: list[str],
    missing: list[Any],
    options: dict[str, Any],
    assert_pair: "AssertPair",
) -> None:
    encoder = OneHotEncoder(**options)
    _check_encoder(encoder, seed, kinds, missing, assert_pair)


@settings(drawn, max_examples=40)
@given(seed=seeds, kinds=kinds_drawn, missing=missing_drawn, options=ordinal_options)
def test_ordinal(
    seed: int,
    kinds: list[str],
    missing: list[Any],
    options: dict[str, Any],
    assert_pair: "AssertPair",
) -> None:
    unknown = options.pop("unknown")
    refuses = unknown is None
    encoder = OrdinalEncoder(
        handle_unknown="error" if refuses else "use_encoded_value", unknown_value=unknown, **options
    )
    _check_encoder(encoder, seed, kinds, missing, assert_pair)


def _check_encoder(
    encoder: Any, seed: int, kinds: list[str], missing: list[Any], assert_pair: "AssertPair"
) -> None:
    train = categories(seed, kinds, missing=missing, unknown=False)
    encoder.fit(train)
    refuses = encoder.handle_unknown == "error"
    new = categories(seed + 1, kinds, missing=missing, unknown=not refuses)
    assert_pair(encoder, train, new)
    assert_pair(encoder, train, new.iloc[:1])


@pytest.mark.parametrize("encoder", [OneHotEncoder(), OrdinalEncoder()], ids=repr)
@pytest.mark.parametrize("kind", ["text", "integer", "float"])
def test_unknown_categories_are_refused_by_row_and_column(
    encoder: Any, kind: str, assert_pair: "AssertPair"
) -> None:
    train = categories(0, [kind, kind], missing=[], unknown=False)
    model = assert_pair(encoder.fit(train), train, train)
    bad = train.copy()
    bad.loc[[2, 7], "c1"] = KINDS[kind][5]
    with pytest.raises(ValueError, match="unknown categories"):
        encoder.transform(bad)
    with pytest.raises(RowsRefused) as caught:
        model.transform({name: bad[name].tolist() for name in bad})
    assert [problem[:2] for problem in caught.value.problems] == [(2, 1), (7, 1)]
    assert repr(KINDS[kind][5]) in caught.value.problems[0].reason


@pytest.mark.parametrize("encoder", [OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder()])
def test_infinities_are_refused_in_columns_of_floats(
    encoder: Any, assert_pair: "AssertPair"
) -> None:
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    model = assert_pair(encoder.fit(X), X, X)
    bad = np.array([[1.0, np.inf]])
    with pytest.raises(ValueError, match="infinity"):
        encoder.transform(bad)
    with pytest.raises(RowsRefused) as caught:
        model.transform(bad)
    assert caught.value.problems[0][:2] == (0, 1)


@pytest.mark.parametrize("dtype", [object, np.str_])
def test_arrays_of_text(dtype: Any, assert_pair: "AssertPair") -> None:
    X = np.array([["a", "long one"], ["b", "x"], ["a", "x"]], dtype=dtype)
    new = np.array([["a rather long unknown", "x"], ["b", "long one"]], dtype=object)
    assert_pair(OneHotEncoder(handle_unknown="ignore").fit(X), X, new)


def test_categories_and_drops_that_the_user_gives(assert_pair: "AssertPair") -> None:
    X = np.array([["a", 1], ["b", 2], ["b", 3]], dtype=object)
    encoder = OneHotEncoder(categories=[["c", "b", "a"], [1, 2, 3]], drop=["b", 3]).fit(X)
    assert_pair(encoder, X, X)


def test_a_dropped_missing_value(assert_pair: "AssertPair") -> None:
    X = np.array([["a"], ["b"], [np.nan]], dtype=object)
    assert_pair(OneHotEncoder(drop=[np.nan]).fit(X), X, X)


def test_none_and_nan_are_two_categories(assert_pair: "AssertPair") -> None:
    X = np.array([["a"], [None], [np.nan]], dtype=object)
    model = assert_pair(OneHotEncoder().fit(X), X, X[:1])
    # The signature makes one of the two, so the evaluator itself is asked here.
    expected = OneHotEncoder(sparse_output=False).fit(X).transform(X)
    assert np.array_equal(dense(model._estimator.transform(X)), expected)


def test_a_whole_number_of_more_than_64_bits_is_unsupported(tmp_path: "Path") -> None:
    X = np.array([[2**63], [2**70]], dtype=object)
    with pytest.raises(UnsupportedEstimator, match=r"OrdinalEncoder.*64 bits"):
        export_model(OrdinalEncoder().fit(X), X, tmp_path / "model")


def test_a_category_that_json_cannot_hold_is_unsupported(tmp_path: "Path") -> None:
    X = np.array([[pd.Timestamp("2020-01-01")], [pd.Timestamp("2021-01-01")]], dtype=object)
    with pytest.raises(UnsupportedEstimator, match=r"OneHotEncoder.*Timestamp"):
        export_model(OneHotEncoder().fit(X), X, tmp_path / "model")
