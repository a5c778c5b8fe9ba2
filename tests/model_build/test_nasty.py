from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from model_build.nasty import _cuts_of, nasty_rows


def _data(seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 3)) * [1.0, 100.0, 0.001]
    return X, (X[:, 0] + X[:, 1] / 100 > 0).astype(int)


def test_values_meet_each_threshold_of_a_tree() -> None:
    X, y = _data()
    tree = DecisionTreeRegressor(max_depth=4).fit(X, y)
    rows = nasty_rows(tree, X)
    for feature, threshold in zip(tree.tree_.feature, tree.tree_.threshold, strict=True):
        if feature >= 0:
            tried = set(rows[:, feature])
            around = {np.nextafter(threshold, side) for side in (-np.inf, np.inf)}
            assert {threshold} | around <= tried


@pytest.mark.parametrize(
    "final",
    [
        RandomForestClassifier(3, max_depth=3, random_state=0),
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
    ],
)
def test_thresholds_behind_transformers_are_met_from_both_sides(final: Any) -> None:
    """One step of the float64 grid at the input crosses each threshold behind the scaler."""
    X, y = _data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(d="u")
    prepare = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["d"]), (StandardScaler(), ["c", "a", "b"])
    )
    pipeline = make_pipeline(prepare, final).fit(frame, y)
    rows = nasty_rows(pipeline, frame)
    rows = rows[(rows[["a", "b", "c"]].abs() < 1e6).all(axis=1)]
    moved = prepare.transform(rows)
    cuts = list(_cuts_of(pipeline, ()))
    assert cuts
    for cut in cuts:
        for feature, threshold in zip(cut.features, cut.thresholds, strict=True):
            source = {1: "c", 2: "a", 3: "b"}[int(feature)]
            behind = moved[:, feature].astype(np.float32 if cut.single else np.float64)
            order = np.argsort(rows[source].to_numpy())
            values, sides = rows[source].to_numpy()[order], (behind <= threshold)[order]
            steps = np.nextafter(values[:-1], np.inf) == values[1:]
            assert (steps & sides[:-1] & ~sides[1:]).any()


def test_finds_the_trees_inside_other_estimators() -> None:
    X, y = _data()
    forest = RandomForestClassifier(3, max_depth=2, random_state=0)
    voting = VotingClassifier(
        [("forest", forest), ("scaled", make_pipeline(StandardScaler(), forest))]
    )
    fronts = [len(cuts.fronts) for cuts in _cuts_of(voting.fit(X, y), ())]
    assert fronts == [0, 0, 0, 1, 1, 1]


def test_special_numbers_reach_every_column() -> None:
    X, y = _data()
    rows = nasty_rows(DecisionTreeRegressor(max_depth=1).fit(X, y), X)
    for column in rows.T:
        assert {2.0**24 + 1, 1e300, np.inf, -np.inf, 5e-324} <= set(column)
        assert np.isnan(column).any()


def test_words_and_flags() -> None:
    frame = pd.DataFrame({"s": ["a", "b"] * 5, "f": [True, False] * 5})
    rows = nasty_rows(OneHotEncoder().fit(frame), frame)
    assert {"", "A", "a ", "b"} <= set(rows["s"].dropna())
    assert rows["s"].isna().any()
    assert set(rows["f"].dropna()) == {True, False}


def test_texts_stay_texts() -> None:
    rows = nasty_rows(None, ["a b", "c"])
    assert all(isinstance(text, str) for text in rows)
    assert "" in rows


def test_repeatable_by_seed() -> None:
    X, y = _data()
    tree = DecisionTreeRegressor().fit(X, y)
    np.testing.assert_array_equal(nasty_rows(tree, X, seed=1), nasty_rows(tree, X, seed=1))
