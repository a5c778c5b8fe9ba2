from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    StandardScaler,
)

from handler.engine.table import Array

if TYPE_CHECKING:

    from conftest import AssertPair


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
