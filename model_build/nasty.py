"""Makes the rows on which two implementations of one model part ways, if they ever do.

Values at the thresholds of its trees and one step of the floating-point grid around them,
beyond 2**24 (where float32 skips integers) and 2**53, tiny, huge, infinite, missing, and
categories that training never saw.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.tree._tree import Tree

from handler.engine.table import Array, Floats
from model_build.export import lightgbm, xgboost
from model_build.export.signature import null_of
from model_build.nasty_objects import nasty_objects

_PER_COLUMN = 48  # thresholds tried a column; a forest has tens of thousands
_NUMBERS = [
    *(0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e-45, -1e-38, 0.5, -1.0, 1.0),
    *(2.0**24, 2.0**24 + 1, -(2.0**24) - 1, 2.0**31, 2.0**53 + 2, 1e15, -1e15),
    *(1e30, -1e30, 3.4e38, -3.4e38, 3.5e38, -3.5e38, 1e300, np.inf, -np.inf, np.nan),
]
_WORDS = ["", " ", "a category that training never saw", "Ж\u2603", "nan", "None", "0"]

Transform = Callable[[Any], Any]


def nasty_rows(estimator: Any, X: Any, *, seed: int = 0) -> Any:
    """Return rows of X's kind, made from held-out rows and from the fitted model.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    X : DataFrame, 2-D array, or list of texts or other objects, with one row at least
    seed : int
        Draws the rows that are changed and the thresholds that are tried.

    Returns
    -------
    DataFrame with float64 columns for numbers, float64 or object array, or list of objects
    """
    if not (isinstance(X, pd.DataFrame) or (isinstance(X, np.ndarray) and X.ndim == 2)):
        return _nasty_objects(list(X))
    frame = _loosened(pd.DataFrame(X))
    rows = _Rows(frame, np.random.default_rng(seed))
    for column in range(frame.shape[1]):
        rows.add(column, _special_values(frame.iloc[:, column]))
    rows.add_pairs(_threshold_values(estimator, X, rows.rng))
    rows.add_all_missing()
    made = rows.frame()
    return made if isinstance(X, pd.DataFrame) else made.to_numpy(dtype=_array_dtype(X))


def _nasty_objects(rows: Sequence[Any]) -> list[Any]:
    if not isinstance(rows[0], str):
        return nasty_objects(rows)
    texts = rows[:20]
    return [*_WORDS, *(text.upper() for text in texts), *(f"{text} \u2603" for text in texts)]


def _array_dtype(X: Array) -> Any:
    return object if X.dtype == object else np.float64


def _loosened(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with columns that can hold any value a request can."""
    return pd.DataFrame(
        {
            name: values.astype(np.float64) if _is_number(values) else values.astype(object)
            for name, values in frame.items()
        }
    )


def _is_number(values: "pd.Series[Any]") -> bool:
    dtype = values.dtype
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)


def _special_values(values: "pd.Series[Any]") -> list[Any]:
    if values.dtype == np.float64:
        known = values[np.isfinite(values)].to_numpy()[:3]
        return [*_NUMBERS, *np.nextafter(known, np.inf), *np.nextafter(known, -np.inf)]
    known, missing = values.dropna(), _missing(values)
    if len(known) and all(isinstance(value, bool | np.bool_) for value in known):
        return [True, False, missing]
    if len(known) and all(isinstance(value, int | float | np.number) for value in known):
        # Categories that are numbers: the signature's types keep words out of such a column.
        return [*known.unique()[:5], -1, 0.5, 1e15, missing]
    numbers = [item for item in known.unique()[:5] if not isinstance(item, str)]
    words = [str(item) for item in known.unique()[:5]]
    return [*_WORDS, *numbers, *(w.upper() for w in words), *(f"{w} " for w in words), missing]


def _missing(values: "pd.Series[Any]") -> Any:
    """Return the object that stands for a missing value among these."""
    return None if null_of(values) == "none" else np.nan


class _Rows:
    """Held-out rows with one field changed at a time."""

    def __init__(self, frame: pd.DataFrame, rng: np.random.Generator) -> None:
        self.base = frame
        self.rng = rng
        self.changes: list[tuple[int, Any]] = []
        self.extra: list[pd.DataFrame] = []

    def add(self, column: int, values: Sequence[Any]) -> None:
        self.changes += [(column, value) for value in values]

    def add_pairs(self, pairs: Iterator[tuple[int, float]]) -> None:
        self.changes += pairs

    def add_all_missing(self) -> None:
        row = self.base.iloc[[0]].copy()
        for column in range(row.shape[1]):
            missing = _missing(self.base.iloc[:, column])
            row.isetitem(
                column, pd.Series([missing], index=row.index, dtype=row.dtypes.iloc[column])
            )
        self.extra.append(row)

    def frame(self) -> pd.DataFrame:
        drawn = self.rng.integers(0, len(self.base), size=len(self.changes))
        made = self.base.iloc[drawn].reset_index(drop=True)
        for column in range(made.shape[1]):
            values = made.iloc[:, column].to_numpy(copy=True)
            for row, (changed, value) in enumerate(self.changes):
                if changed == column:
                    values[row] = value
            made.isetitem(
                column, pd.Series(values, index=made.index, dtype=made.dtypes.iloc[column])
            )
        return pd.concat([made, *self.extra], ignore_index=True)


class _Cuts(NamedTuple):
    """Thresholds of one tree (or many), in the space that ``fronts`` transform to."""

    fronts: tuple[Transform, ...]
    features: Array
    thresholds: Floats
    single: bool  # whether the tree compares in float32


def _threshold_values(
    estimator: Any, X: Any, rng: np.random.Generator
) -> Iterator[tuple[int, float]]:
    """Yield (input column, value) on both sides of tree thresholds, as close as floats get."""
    groups: dict[tuple[Any, ...], list[_Cuts]] = {}
    for cuts in _cuts_of(estimator, ()):
        groups.setdefault((*map(id, cuts.fronts), cuts.single), []).append(cuts)
    for members in groups.values():
        features = np.concatenate([cuts.features for cuts in members])
        thresholds = np.concatenate([cuts.thresholds for cuts in members])
        try:
            yield from _crossings(members[0], features, thresholds, X, rng)
        except (ValueError, TypeError):
            # What transforms the inputs takes no rows of loosened types: flags held as objects.
            continue


def _cuts_of(estimator: Any, fronts: tuple[Any, ...]) -> Iterator[_Cuts]:
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        yield from _cuts_of(steps[-1], (*fronts, *steps[:-1]))
    elif isinstance(getattr(estimator, "tree_", None), Tree):  # not the KD-tree of a density
        split = estimator.tree_.feature >= 0
        tree = estimator.tree_
        yield _Cuts(fronts, tree.feature[split], tree.threshold[split], single=True)
    elif hasattr(estimator, "_predictors"):
        yield from _histogram_cuts(estimator, fronts)
    elif hasattr(estimator, "get_booster"):
        for features, thresholds in xgboost.thresholds_of(estimator):
            yield _Cuts(fronts, features, thresholds.astype(np.float64), single=True)
    elif hasattr(estimator, "booster_"):
        for features, thresholds in lightgbm.thresholds_of(estimator):
            yield _Cuts(fronts, features, thresholds, single=False)
    elif hasattr(estimator, "get_borders"):
        for column, borders in estimator.get_borders().items():
            yield _Cuts(fronts, np.full(len(borders), column), np.array(borders), single=True)
    elif hasattr(estimator, "estimators_features_"):
        for member, columns in zip(
            estimator.estimators_, estimator.estimators_features_, strict=True
        ):
            for cuts in _own_cuts(member, fronts):
                yield cuts._replace(features=columns[cuts.features])
    elif hasattr(estimator, "order_"):  # a chain, which appends its answers to the columns
        for link in estimator.estimators_:
            yield from _own_cuts(link, fronts)
    else:
        for child in _children(estimator):
            yield from _cuts_of(child, fronts)


def _histogram_cuts(estimator: Any, fronts: tuple[Any, ...]) -> Iterator[_Cuts]:
    if getattr(estimator, "_preprocessor", None) is not None:
        fronts = (*fronts, estimator._preprocessor)
    for predictor in np.concatenate([np.ravel(row) for row in estimator._predictors]):
        nodes = predictor.nodes
        split = (nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)
        features = nodes["feature_idx"][split].astype(int)
        yield _Cuts(fronts, features, nodes["num_threshold"][split], single=False)


def _own_cuts(estimator: Any, fronts: tuple[Any, ...]) -> Iterator[_Cuts]:
    """Yield the cuts of what sees fewer or more columns; not those behind transformers of them."""
    yield from (cuts for cuts in _cuts_of(estimator, fronts) if cuts.fronts == fronts)


def _children(estimator: Any) -> Iterator[Any]:
    """Yield the fitted estimators that see the same inputs as this one."""
    if hasattr(estimator, "estimators_"):
        yield from _fitted(estimator.estimators_)
    for calibrated in getattr(estimator, "calibrated_classifiers_", ()):
        yield calibrated.estimator
    for name in ("estimator_", "regressor_", "best_estimator_"):
        if hasattr(estimator, name):
            yield getattr(estimator, name)


def _fitted(estimators: Any) -> Iterator[Any]:
    """Flatten lists and arrays of estimators; a forest has a length, but is none of them."""
    if isinstance(estimators, list | tuple | np.ndarray):
        for item in estimators:
            yield from _fitted(item)
    elif hasattr(estimators, "fit"):
        yield estimators


def _crossings(
    cuts: _Cuts, features: Array, thresholds: Floats, X: Any, rng: np.random.Generator
) -> Iterator[tuple[int, float]]:
    goals = _goals(_dependencies(cuts.fronts, X), features, thresholds, rng)
    if not goals:
        return
    columns, wanted, limits = (np.array(part) for part in zip(*goals, strict=True))
    below = _bisect(cuts, X, columns, wanted, limits)
    for column, value in zip(columns, below, strict=True):
        for near in (value, np.nextafter(value, np.inf), np.nextafter(value, -np.inf)):
            yield int(column), float(near)


def _goals(
    sources: dict[int, int], features: Array, thresholds: Floats, rng: np.random.Generator
) -> list[tuple[int, int, float]]:
    """Return (input column, feature, threshold), a sample of at most so many a column."""
    by_column: dict[int, list[tuple[int, float]]] = {}
    for feature, threshold in sorted(set(zip(features.tolist(), thresholds.tolist(), strict=True))):
        if feature in sources:
            by_column.setdefault(sources[feature], []).append((feature, threshold))
    goals = []
    for column, found in by_column.items():
        chosen = rng.permutation(len(found))[:_PER_COLUMN]
        goals += [(column, *found[i]) for i in chosen]
    return goals


def _dependencies(fronts: tuple[Any, ...], X: Any) -> dict[int, int]:
    """Return which numeric input column each transformed feature comes from (and no other)."""
    frame = _loosened(pd.DataFrame(X)).iloc[[0]]
    numeric = [j for j in range(frame.shape[1]) if frame.dtypes.iloc[j] == np.float64]
    if not fronts:
        return {j: j for j in numeric}
    if not numeric:
        return {}
    rows = pd.concat([frame] * (2 * len(numeric)), ignore_index=True)
    for i, column in enumerate(numeric):
        rows.isetitem(column, _with(rows.iloc[:, column], [2 * i, 2 * i + 1], [-1e6, 1e6]))
    moved = _apply(fronts, rows, X)
    sources: dict[int, int] = {}
    for i, column in enumerate(numeric):
        for feature in np.flatnonzero(moved[2 * i + 1] > moved[2 * i]):
            sources.setdefault(int(feature), column)
    return sources


def _with(values: "pd.Series[Any]", rows: list[int], new: list[float]) -> Floats:
    changed = values.to_numpy(dtype=np.float64, copy=True)
    changed[rows] = new
    return changed


def _bisect(cuts: _Cuts, X: Any, columns: Array, features: Array, limits: Floats) -> Floats:
    """Return the largest inputs whose transformed value is still at most the threshold.

    By halving the ordered grid of float64: exact for any monotone chain of transformers.
    """
    if not cuts.fronts:
        return limits
    base = _loosened(pd.DataFrame(X)).iloc[[0] * len(columns)].reset_index(drop=True)
    low, high = _ordinal(np.full(len(columns), -1e30)), _ordinal(np.full(len(columns), 1e30))
    # Halved before they are added: the two ends are further apart than int64 holds.
    while ((middle := (low >> 1) + (high >> 1) + (low & high & 1)) != low).any():
        at_most = _transformed(cuts, X, base, columns, features, _from_ordinal(middle)) <= limits
        low, high = np.where(at_most, middle, low), np.where(at_most, high, middle)
    return _from_ordinal(low)


def _transformed(
    cuts: _Cuts, X: Any, base: pd.DataFrame, columns: Array, features: Array, values: Floats
) -> Array:
    rows = base.copy()
    for column in np.unique(columns):
        mine = np.flatnonzero(columns == column)
        rows.isetitem(int(column), _with(rows.iloc[:, int(column)], list(mine), list(values[mine])))
    reached = _apply(cuts.fronts, rows, X)[np.arange(len(rows)), features]
    return reached.astype(np.float32).astype(np.float64) if cuts.single else reached


def _apply(fronts: tuple[Any, ...], rows: pd.DataFrame, X: Any) -> Floats:
    values: Any = rows if isinstance(X, pd.DataFrame) else rows.to_numpy(dtype=_array_dtype(X))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for front in fronts:
            values = front.transform(values)
    dense = values.toarray() if hasattr(values, "toarray") else values
    return np.asarray(dense, dtype=np.float64)


def _ordinal(values: Floats) -> Any:
    """Return the place of each float64 in their order, as int64 (IEEE 754's sign-magnitude)."""
    bits = values.view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _from_ordinal(ordinals: Any) -> Floats:
    bits = np.where(ordinals < 0, np.int64(-(2**63)) - ordinals, ordinals)
    floats: Floats = bits.astype(np.int64).view(np.float64)
    return floats
