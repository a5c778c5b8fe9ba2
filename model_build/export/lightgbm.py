"""Exports LightGBM's estimators; the mirror of ``handler.engine.lightgbm``.

From the text that LightGBM saves its models as, in which every number has all of its digits.
LightGBM itself is not imported: who has such an estimator has done so.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array
from model_build.export.coded import encoder_of
from model_build.export.forest_walk import Layout, Tree, lay_out, with_categories
from model_build.export.node import Context, Exporter, Node

# The bits of ``decision_type``.
_BY_CATEGORY, _MISSING_LEFT = 1, 2
_MISSING_TYPE, _ZERO, _NAN = 0b1100, 0b0100, 0b1000

_LINKS = {
    "binary": "logistic",
    "cross_entropy": "logistic",
    "cross_entropy_lambda": "log1p_exp",
    "gamma": "exp",
    "multiclass": "softmax",
    "multiclassova": "logistic",
    "poisson": "exp",
    "tweedie": "exp",
    **dict.fromkeys(
        ["fair", "huber", "mape", "quantile", "regression", "regression_l1"], "identity"
    ),
    **dict.fromkeys(["lambdarank", "rank_xendcg"], "identity"),
}


class _Column(NamedTuple):
    """A column as trees see it: one of the inputs, and what missing values mean there."""

    source: int
    missing: int
    by_category: bool


class _Saved(NamedTuple):
    """A tree as LightGBM saves it: splits, and leaves, which children name by -1 - number."""

    feature: Array
    threshold: Array
    decision: Array
    left: Array
    right: Array
    values: Array
    boundaries: Array
    bitsets: Array

    @property
    def columns(self) -> list[_Column]:
        """The column of each split."""
        kinds = zip(self.feature.tolist(), self.decision.tolist(), strict=True)
        return [_Column(j, kind & _MISSING_TYPE, bool(kind & _BY_CATEGORY)) for j, kind in kinds]

    def categories(self, split: int) -> Array:
        """Return the categories that a split sends left."""
        number = int(self.threshold[split])
        words = self.bitsets[self.boundaries[number] : self.boundaries[number + 1]]
        octets = words.astype("<u4").view(np.uint8)
        return np.flatnonzero(np.unpackbits(octets, bitorder="little"))


def thresholds_of(estimator: Any) -> Iterator[tuple[Array, Array]]:
    """Yield for each tree the columns and the thresholds of its splits by number."""
    for tree in _trees(_header_and_trees(estimator)[1]):
        numeric = tree.decision & _BY_CATEGORY == 0
        yield tree.feature[numeric], tree.threshold[numeric]


def _regressor(estimator: Any, context: Context) -> Node:
    return {"kind": "lightgbm.LightGBMRegressor", **_fields(estimator, context)}


def _classifier(estimator: Any, context: Context) -> Node:
    return {
        "kind": "lightgbm.LightGBMClassifier",
        **_fields(estimator, context),
        "classes": estimator.classes_,
    }


def _fields(estimator: Any, context: Context) -> dict[str, Any]:
    header, saved = _header_and_trees(estimator)
    link, scale = _link(estimator, header, context)
    scores = _scores(estimator, header, saved, context)
    iterations = len(saved) // scores["n_outputs"]
    return {
        "scores": scores,
        "divisor": iterations if "average_output" in header else 1,
        "link": link,
        "scale": scale,
    }


def _link(estimator: Any, header: Mapping[str, str], context: Context) -> tuple[str, float]:
    objective, *settings = header.get("objective", "none").split()
    scale = [float(each.removeprefix("sigmoid:")) for each in settings if each[:8] == "sigmoid:"]
    if objective not in _LINKS:
        raise context.unsupported(estimator, f"the objective {objective!r} is not LightGBM's own")
    if "sqrt" in settings:
        return "signed_square", 1.0
    return _LINKS[objective], scale[0] if scale else 1.0


def _scores(
    estimator: Any, header: Mapping[str, str], saved: Sequence[Mapping[str, str]], context: Context
) -> Node:
    if any(tree.get("is_linear") == "1" for tree in saved):
        raise context.unsupported(estimator, "linear_tree: its leaves are linear models")
    trees = list(_trees(saved))
    columns = list(dict.fromkeys(column for tree in trees for column in tree.columns))
    known = _known_categories(trees, columns)
    layout = _layout(trees, columns, known)
    # At least one column is kept, whose rows then are counted.
    kept = columns or [_Column(0, 0, False)]
    return {
        "kind": "lightgbm.LightGBMScores",
        "forest": layout.fields,
        "values": layout.values,
        "n_outputs": int(header["num_tree_per_iteration"]),
        "columns": np.array([column.source for column in kept]),
        "zero_missing": np.array([column.missing == _ZERO for column in kept]),
        "missing_zero": np.array([_missing_is_zero(column) for column in kept]),
        "coded": np.array(list(known), dtype=np.intp),
        "categories": list(known.values()),
        **_encoding(estimator, context),
    }


def _missing_is_zero(column: _Column) -> bool:
    return column.missing == 0 and not column.by_category


def _known_categories(trees: Sequence[_Saved], columns: Sequence[_Column]) -> dict[int, Array]:
    """Return for each column of categories, by its number, those that any split sends left."""
    found: dict[int, list[Array]] = {j: [] for j, each in enumerate(columns) if each.by_category}
    for tree in trees:
        for split, column in enumerate(tree.columns):
            if column.by_category:
                found[columns.index(column)].append(tree.categories(split))
    return {j: np.unique(np.concatenate(parts)) for j, parts in found.items()}


def _layout(
    trees: Sequence[_Saved], columns: Sequence[_Column], known: Mapping[int, Array]
) -> Layout:
    numbers = {column: j for j, column in enumerate(columns)}
    most = max((len(categories) for categories in known.values()), default=0)
    width = 8 * (most // 8 + 1)  # the last bit is that of missing values, which go right

    def left_of(tree: int, split: int) -> NDArray[np.bool_]:
        left = np.zeros(width, dtype=bool)
        column = numbers[trees[tree].columns[split]]
        left[np.searchsorted(known[column], trees[tree].categories(split))] = True
        return left

    return with_categories(lay_out([_tree(tree, numbers) for tree in trees]), left_of)


def _tree(saved: _Saved, numbers: Mapping[_Column, int]) -> Tree:
    """Return a saved tree with its leaves behind its splits."""
    splits, leaves = len(saved.feature), len(saved.values)
    by_category = (saved.decision & _BY_CATEGORY) > 0
    none = np.full(leaves, -1)
    return Tree(
        left=np.concatenate((_positions(saved.left, splits), none)),
        right=np.concatenate((_positions(saved.right, splits), none)),
        feature=np.concatenate(([numbers[column] for column in saved.columns], none)).astype(int),
        threshold=np.concatenate(
            (np.where(by_category, np.nan, saved.threshold), np.full(leaves, np.nan))
        ),
        missing_left=np.concatenate(
            (((saved.decision & _MISSING_LEFT) > 0) & ~by_category, np.zeros(leaves, dtype=bool))
        ),
        values=np.concatenate((np.zeros(splits), saved.values)),
    )


def _positions(children: Array, splits: int) -> Array:
    return np.where(children < 0, splits - 1 - children, children)


def _encoding(estimator: Any, context: Context) -> dict[str, Any]:
    """Return how the categories of pandas' columns are numbered."""
    categories = estimator.booster_.pandas_categorical
    if not categories:
        return {"encoder": None, "encoded": np.zeros(0, dtype=np.intp)}
    columns = estimator.booster_.params.get("categorical_column") or []
    if len(columns) != len(categories):
        raise context.unsupported(
            estimator, "ordered categories, or some that are named: it is not told which they are"
        )
    return {"encoder": encoder_of(categories, context), "encoded": np.array(columns)}


def _header_and_trees(estimator: Any) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the saved model's header and trees: those up to the best iteration."""
    text = estimator.booster_.model_to_string()
    header, *trees = text.partition("end of trees")[0].split("\nTree=")
    return _entries(header), [_entries(tree) for tree in trees]


def _entries(text: str) -> dict[str, str]:
    lines = (line.partition("=") for line in text.splitlines())
    return {key: value for key, _, value in lines}


def _trees(saved: Sequence[Mapping[str, str]]) -> Iterator[_Saved]:
    for tree in saved:
        yield _Saved(
            feature=_numbers(tree, "split_feature", np.intp),
            threshold=_numbers(tree, "threshold", np.float64),
            decision=_numbers(tree, "decision_type", np.intp),
            left=_numbers(tree, "left_child", np.intp),
            right=_numbers(tree, "right_child", np.intp),
            values=_numbers(tree, "leaf_value", np.float64),
            boundaries=_numbers(tree, "cat_boundaries", np.intp),
            bitsets=_numbers(tree, "cat_threshold", np.uint32),
        )


def _numbers(tree: Mapping[str, str], key: str, dtype: Any) -> Array:
    return np.array(tree.get(key, "").split()).astype(dtype)


# By name: LightGBM is no requirement.
EXPORTERS: Mapping[str, Exporter] = {
    "lightgbm.sklearn.LGBMClassifier": _classifier,
    "lightgbm.sklearn.LGBMRanker": _regressor,
    "lightgbm.sklearn.LGBMRegressor": _regressor,
}
