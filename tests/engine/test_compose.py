from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from handler.engine.table import Array
from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair


def frame(seed: int = 0, rows: int = 60) -> pd.DataFrame:
    """Columns of each kind, some with missing values."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 80, rows),
            "town": rng.choice(["Aarhus", "Bern", "Cork"], rows),
            "income": rng.normal(40_000, 9_000, rows),
            "member": rng.random(rows) < 0.5,
            "plan": pd.Categorical(rng.choice(["basic", "full"], rows)),
            "score": rng.normal(size=rows),
        }
    )
    table.loc[::7, "score"] = np.nan
    table.loc[1::9, "town"] = np.nan
    return table


def target(rows: int = 60) -> Array:
    return np.random.default_rng(9).normal(size=rows)


def test_a_pipeline_over_columns_of_all_kinds(assert_pair: "AssertPair") -> None:
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    columns = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include="number")),
            ("texts", texts, ["town", "plan"]),
        ],
        remainder="passthrough",
    )
    pipeline = make_pipeline(columns, LinearRegression()).fit(frame(), target())
    unseen = frame(seed=1)
    unseen.loc[3, "town"] = "Delft"
    assert_pair(pipeline, frame(), unseen)
    assert_pair(pipeline, frame(), unseen.iloc[[3]])


SELECTIONS: dict[str, Any] = {
    "names": ["age", "income"],
    "names in another order": ["score", "age"],
    "a slice of names": slice("age", "income"),
    "an array of names": np.array(["income", "age"]),
    "positions": [2, 0],
    "negative positions": [-1, 2],
    "a slice of positions": slice(2, None, 3),
    "a mask": [True, False, True, False, False, False],
    "a mask array": np.array([True, False, True, False, False, True]),
    "a callable": lambda X: [c for c in X if X[c].dtype.kind == "f"],
    "a selector by pattern": make_column_selector(pattern="^age$|^score$"),
    "no column": [],
    "an empty mask": [False] * 6,
}
REMAINDERS: dict[str, Any] = {
    "drop": "drop",
    "passthrough": "passthrough",
    "estimator": OneHotEncoder(handle_unknown="ignore"),
}


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=list(SELECTIONS))
@pytest.mark.parametrize("remainder", REMAINDERS.values(), ids=list(REMAINDERS))
def test_selections_of_columns(selection: Any, remainder: Any, assert_pair: "AssertPair") -> None:
    if isinstance(selection, slice) and isinstance(selection.start, str):
        table = frame()[["age", "income", "town", "member", "plan", "score"]]
    else:
        table = frame()
    columns = ColumnTransformer([("chosen", MinMaxScaler(), selection)], remainder=remainder)
    assert_pair(columns.fit(table), table, table)
    assert_pair(columns, table, table.iloc[:1])


@pytest.mark.parametrize("selection", [[0, 2], slice(1, 3), [True, False, False, True], [-1]])
@pytest.mark.parametrize("remainder", ["drop", "passthrough", RobustScaler()])
def test_selections_from_an_array(
    selection: Any, remainder: Any, assert_pair: "AssertPair"
) -> None:
    X = np.random.default_rng(0).normal(size=(20, 4))
    columns = ColumnTransformer([("chosen", StandardScaler(), selection)], remainder=remainder)
    assert_pair(columns.fit(X), X, X)


def test_an_array_of_objects(assert_pair: "AssertPair") -> None:
    X = np.array([["a", 1, 2.5], ["b", 2, 3.5], ["a", 3, np.nan]], dtype=object)
    columns = ColumnTransformer(
        [("code", OneHotEncoder(), [0]), ("number", StandardScaler(), [1])],
        remainder="passthrough",
        sparse_threshold=0,
    )
    assert_pair(columns.fit(X), X, X)


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_weights_drops_and_repeated_columns(threshold: float, assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["age", "income"]),
            ("gone", "drop", ["member"]),
            ("again", MinMaxScaler(), ["income"]),
            ("kept", "passthrough", ["age"]),
            ("coded", OneHotEncoder(), ["town", "plan"]),
            ("nothing", OrdinalEncoder(), []),
        ],
        transformer_weights={"scaled": 0.1, "kept": 3, "coded": 2.5, "gone": 7},
        sparse_threshold=threshold,
    )
    assert_pair(columns.fit(frame()), frame(), frame(1))


def test_everything_dropped(assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer([("gone", "drop", ["age"])])
    assert_pair(columns.fit(frame()), frame(), frame())


def test_texts_beside_numbers_stay_texts(assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer([("kept", "passthrough", ["town", "age"])])
    model = assert_pair(columns.fit(frame()), frame(), frame())
    answer = model.transform({name: frame()[name].tolist() for name in frame()})
    assert answer.dtype == object
    assert answer[0].tolist() == ["Cork", int(frame()["age"][0])]


def test_columns_may_come_in_another_order(assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer([("scaled", StandardScaler(), ["score", "age"])])
    model = assert_pair(columns.fit(frame()), frame(), frame())
    turned = frame()[frame().columns[::-1]]
    answer = model.transform({name: turned[name].tolist() for name in turned})
    assert np.array_equal(answer, columns.transform(turned), equal_nan=True)


def test_a_frame_handed_on_to_a_selection_by_name(assert_pair: "AssertPair") -> None:
    first = ColumnTransformer(
        [("coded", OrdinalEncoder(), ["town", "plan"]), ("kept", "passthrough", ["income", "age"])],
        verbose_feature_names_out=False,
    )
    second = ColumnTransformer(
        [("scaled", StandardScaler(), ["age", "plan"])], remainder="passthrough"
    )
    pipeline = make_pipeline(first, SimpleImputer(), second, LinearRegression())
    pipeline.set_output(transform="pandas").fit(frame(), target())
    assert_pair(pipeline, frame(), frame(1))
    assert_pair(pipeline[:-1], frame(), frame(1))


@pytest.mark.parametrize("nothing", ["passthrough", None])
def test_steps_that_do_nothing(nothing: Any, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    steps = [("first", nothing), ("scale", StandardScaler()), ("second", nothing)]
    assert_pair(Pipeline([*steps, ("last", nothing)]).fit(X), X, X)
    assert_pair(Pipeline([*steps, ("last", LinearRegression())]).fit(X, X[:, 0]), X, X)
    assert_pair(Pipeline([("only", nothing)]).fit(frame()), frame(), frame())


def test_a_pipeline_offers_what_its_last_step_offers(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    labels = np.where(X[:, 0] > 0, "up", "down")
    inner = make_pipeline(StandardScaler(), SelectKBest(k=2))
    classifier = make_pipeline(inner, make_pipeline(LogisticRegression())).fit(X, labels)
    model = assert_pair(classifier, X, X)
    assert model.methods == (
        "predict",
        "predict_proba",
        "predict_log_proba",
        "decision_function",
    )
    assert model.classes == ["down", "up"]
    assert assert_pair(inner, X, X).methods == ("transform",)


@pytest.mark.parametrize("weights", [None, {"scaled": 2.0, "kept": 0.5}])
def test_feature_unions(weights: Any, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    union = FeatureUnion(
        [
            ("scaled", StandardScaler()),
            ("gone", "drop"),
            ("kept", "passthrough"),
            ("best", SelectKBest(k=1)),
        ],
        transformer_weights=weights,
    )
    assert_pair(union.fit(X, X[:, 0] > 0), X, X)
    assert_pair(FeatureUnion([("gone", "drop")]).fit(X), X, X)


def test_a_union_inside_columns_inside_a_pipeline(assert_pair: "AssertPair") -> None:
    union = make_union(OneHotEncoder(handle_unknown="ignore"), OneHotEncoder(drop="first"))
    columns = ColumnTransformer([("coded", union, ["plan", "member"])], remainder="drop")
    pipeline = make_pipeline(columns, LinearRegression()).fit(frame(), target())
    assert_pair(pipeline, frame(), frame(1))


@pytest.mark.parametrize("validate", [False, True])
def test_a_function_that_is_none(validate: bool, assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(10, 2))
    transformer = FunctionTransformer(validate=validate).fit(X)
    model = assert_pair(transformer, X, X)
    bad = np.array([[1.0, np.nan]])
    if not validate:
        assert np.array_equal(model.transform(bad), transformer.transform(bad), equal_nan=True)
        return
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(bad)
    with pytest.raises(RowsRefused):
        model.transform(bad)


def test_what_is_code_is_unsupported_and_its_step_is_named(tmp_path: "Path") -> None:
    columns = ColumnTransformer([("log", FunctionTransformer(_logarithm), ["age"])])
    pipeline = make_pipeline(columns, LinearRegression()).fit(frame(), target())
    with pytest.raises(UnsupportedEstimator, match=r"columntransformer > log.*_logarithm"):
        export_model(pipeline, frame(), tmp_path / "model")


def _logarithm(X: Any) -> Any:
    return np.log1p(X)


def test_a_subclass_is_unsupported(tmp_path: "Path") -> None:
    class Custom(StandardScaler):  # type: ignore[misc]
        pass

    X = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(UnsupportedEstimator, match=r"Custom \(step custom\)"):
        export_model(make_pipeline(Custom(), LinearRegression()).fit(X, X[:, 0]), X, tmp_path / "m")


def test_refusals_name_the_callers_columns(assert_pair: "AssertPair") -> None:
    columns = ColumnTransformer(
        [("coded", OneHotEncoder(), ["plan"]), ("scaled", StandardScaler(), ["score", "income"])]
    )
    pipeline = make_pipeline(columns, SimpleImputer(), LinearRegression()).fit(frame(), target())
    model = assert_pair(pipeline, frame(), frame(1))
    bad = {name: frame()[name].tolist() for name in frame()}
    bad["plan"][4] = "gold"
    bad["income"][2] = np.inf
    bad["income"][4] = np.inf
    with pytest.raises(RowsRefused) as caught:
        model.predict(bad)
    assert [problem[:2] for problem in caught.value.problems] == [(2, 2), (4, 2), (4, 4)]
    assert "'gold'" in caught.value.problems[2].reason
