from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import TargetEncoder
from sklearn.tree import DecisionTreeClassifier

from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import assert_identical, assert_proven, examples, fitted, seeds

KNOWN: list[list[Any]] = [
    ["a", "bb", "ccc", "é", "a rather long one"],
    [3, 1, -2, 2**40, 0],
    [0.5, -1.5, 2.0**24 + 1, 0.1, 1e300],
    [True, False, True, False, True],
]


def frame(seed: int, width: int, *, missing: Any = None, kind: int = 0) -> pd.DataFrame:
    """Columns of unlike kinds, beginning with one of them."""
    rng = np.random.default_rng(seed)
    columns = {}
    for j in range(width):
        known = KNOWN[(kind + j) % len(KNOWN)]
        values = [known[i] for i in rng.choice(5, 60, p=[0.4, 0.3, 0.2, 0.05, 0.05])]
        if missing is not None:
            values[3::9] = [None if missing == "none" else np.nan] * len(values[3::9])
        columns[f"c{j}"] = pd.Series(values, dtype=object if missing == "none" else None)
    return pd.DataFrame(columns)


TARGETS: dict[str, Any] = {
    "continuous": lambda rng: rng.normal(size=60),
    "binary": lambda rng: rng.integers(0, 2, 60),
    "words": lambda rng: np.array(["no", "yes"])[rng.integers(0, 2, 60)],
    "multiclass": lambda rng: np.array(["a", "b", "c"])[rng.integers(0, 3, 60)],
}


@pytest.mark.parametrize("target", TARGETS)
@examples(8)
@given(
    seed=seeds,
    width=st.integers(1, 4),
    kind=st.integers(0, len(KNOWN) - 1),
    smooth=st.sampled_from(["auto", 0.0, 2.5, 1000.0]),
    missing=st.sampled_from([None, "nan", "none"]),
)
def test_targets(
    target: str, seed: int, width: int, kind: int, smooth: Any, missing: Any, tmp_path: Path
) -> None:
    X = frame(seed, width, missing=missing, kind=kind)
    y = TARGETS[target](np.random.default_rng(seed))
    y[:3] = np.unique(y)[:3] if len(np.unique(y)) >= 3 else y[:3]
    reference = fitted(TargetEncoder(smooth=smooth), X, y)
    assert_identical(reference, X, tmp_path)
    others = frame(seed + 1, width, missing=missing, kind=kind)
    assert_identical(reference, others.iloc[:1], tmp_path)


@pytest.mark.parametrize("target", ["continuous", "multiclass"])
def test_categories_that_the_user_gives(target: str, tmp_path: Path) -> None:
    X = np.array([["a", "x"], ["b", "y"], ["b", "x"]] * 20, dtype=object)
    y = TARGETS[target](np.random.default_rng(0))
    encoder = TargetEncoder(categories=[["c", "b", "a"], ["x", "z", "y"]])
    assert_identical(fitted(encoder, X, y), X, tmp_path)


@pytest.mark.parametrize("target", ["binary", "multiclass"])
def test_before_a_classifier(target: str, tmp_path: Path) -> None:
    X = frame(0, 3)
    y = TARGETS[target](np.random.default_rng(0))
    reference = make_pipeline(TargetEncoder(), DecisionTreeClassifier(random_state=0))
    assert_proven(fitted(reference, X, y), X, tmp_path)


@pytest.mark.parametrize("target", ["binary", "multiclass"])
def test_a_category_that_json_cannot_hold_is_unsupported(target: str, tmp_path: Path) -> None:
    X = np.array([[pd.Timestamp("2020-01-01")], [pd.Timestamp("2021-01-01")]] * 30, dtype=object)
    y = TARGETS[target](np.random.default_rng(0))
    with pytest.raises(UnsupportedEstimator, match=r"TargetEncoder.*Timestamp"):
        export_model(fitted(TargetEncoder(), X, y), X, tmp_path / "model")
