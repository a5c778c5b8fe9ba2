"""Exports XGBoost's estimators; the mirror of ``handler.engine.xgboost``.

From the JSON that XGBoost saves its models as, in which every number has all of its digits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.table import Array
from model_build.export.coded import encoder_of
from model_build.export.forest_walk import Layout, Tree, lay_out, with_categories
from model_build.export.node import Context, Exporter, Node

_IDENTITY = [
    *("binary:logitraw", "reg:absoluteerror", "reg:expectileerror", "reg:pseudohubererror"),
    *("reg:quantileerror", "reg:squarederror", "reg:squaredlogerror"),
    *("rank:map", "rank:ndcg", "rank:pairwise"),
]
_EXP = ["count:poisson", "reg:gamma", "reg:tweedie", "survival:aft", "survival:cox"]
_LINKS = {
    **dict.fromkeys(_IDENTITY, "identity"),
    **dict.fromkeys(_EXP, "exp"),
    "binary:hinge": "hinge",
    "binary:logistic": "logistic",
    "multi:softmax": "argmax",
    "multi:softprob": "softmax",
    "reg:logistic": "logistic",
}


def thresholds_of(estimator: Any) -> Iterator[tuple[Array, Array]]:
    """Yield for each tree the columns and the thresholds of its splits by number."""
    booster = _saved(estimator)["learner"]["gradient_booster"]
    for tree in booster["model"].get("trees", ()):
        numeric = (_leaf_numbers(tree) < 0) & (np.array(tree["split_type"]) == 0)
        features = np.array(tree["split_indices"], dtype=np.intp)
        yield features[numeric], _singles(tree["split_conditions"])[numeric]


def _regressor(estimator: Any, context: Context) -> Node:
    return {"kind": "xgboost.XGBoostRegressor", **_fields(estimator, context)}


def _classifier(estimator: Any, context: Context) -> Node:
    return {
        "kind": "xgboost.XGBoostClassifier",
        **_fields(estimator, context),
        "n_classes": int(estimator.n_classes_),
    }


def _fields(estimator: Any, context: Context) -> dict[str, Any]:
    saved = _saved(estimator)
    objective = saved["learner"]["objective"]["name"]
    if objective not in _LINKS or callable(estimator.objective):
        raise context.unsupported(estimator, f"the objective {objective!r} is not XGBoost's own")
    linear = saved["learner"]["gradient_booster"]["name"] == "gblinear"
    margins = _linear(estimator, saved) if linear else _trees(estimator, saved, context)
    link = _LINKS[objective]
    if len(margins["start"]) > 1 and objective == "reg:quantileerror":
        link = "sorted"  # so that quantiles do not cross
    if len(margins["start"]) > 1 and objective == "reg:expectileerror":
        raise context.unsupported(estimator, "several expectiles have a link that is not known")
    return {"margins": margins, "link": link}


def _linear(estimator: Any, saved: Mapping[str, Any]) -> Node:
    start = _start(saved)
    weights = _singles(saved["learner"]["gradient_booster"]["model"]["weights"])
    weights = weights.reshape(-1, len(start))
    return {
        "kind": "xgboost.XGBoostLinear",
        "start": start + weights[-1],
        "weights": weights[:-1],
        "missing": float(estimator.missing),
    }


def _trees(estimator: Any, saved: Mapping[str, Any], context: Context) -> Node:
    model = saved["learner"]["gradient_booster"]["model"]
    numbers = _numbers_of_trees(estimator, model)
    trees = [model["trees"][number] for number in numbers]
    known = _known_categories(trees)
    layout = _layout(trees, known)
    return {
        "kind": "xgboost.XGBoostTrees",
        "forest": layout.fields,
        "values": layout.values * _weights(model, trees, numbers, layout),
        "start": _start(saved),
        "missing": float(estimator.missing),
        "coded": np.array(list(known), dtype=np.intp),
        "categories": list(known.values()),
        **_encoding(model, context),
    }


def _numbers_of_trees(estimator: Any, model: Mapping[str, Any]) -> list[int]:
    """Return the trees that predictions use, so that tree t adds to output t modulo n_outputs."""
    first, stop = estimator._get_iteration_range(None)
    bounds = model["iteration_indptr"]
    used = range(bounds[first], bounds[stop] if stop else bounds[-1])
    outputs = [[t for t in used if model["tree_info"][t] == k] for k in set(model["tree_info"])]
    return [number for each in zip(*outputs, strict=True) for number in each]


def _weights(
    model: Mapping[str, Any], trees: Sequence[Any], numbers: Sequence[int], layout: Layout
) -> Array:
    """Return the weight of each leaf's tree, which only booster "dart" has."""
    dropped = model.get("weight_drop")
    if not dropped:
        return np.ones((), dtype=np.float32)
    leaves = [np.count_nonzero(_leaf_numbers(tree) >= 0) for tree in trees]
    weights = np.repeat(_singles([dropped[number] for number in numbers]), leaves)
    return weights if layout.values.ndim == 1 else weights[:, None]


def _known_categories(trees: Sequence[Any]) -> dict[int, Array]:
    """Return for each column of categories those that any split names."""
    found: dict[int, list[Array]] = {}
    for tree in trees:
        for number in tree["categories_nodes"]:
            column = tree["split_indices"][number]
            found.setdefault(column, []).append(_categories(tree, number))
    return {column: np.unique(np.concatenate(found[column])) for column in sorted(found)}


def _categories(tree: Mapping[str, Any], number: int) -> Array:
    """Return the categories that a split sends right."""
    place = tree["categories_nodes"].index(number)
    first, count = tree["categories_segments"][place], tree["categories_sizes"][place]
    return np.array(tree["categories"][first : first + count], dtype=np.int64)


def _layout(trees: Sequence[Any], known: Mapping[int, Array]) -> Layout:
    most = max((len(categories) for categories in known.values()), default=0)
    width = 8 * ((most + 1) // 8 + 1)  # one for all other categories; missing ones are last

    def left_of(number: int, split: int) -> NDArray[np.bool_]:
        left = np.ones(width, dtype=bool)
        column = trees[number]["split_indices"][split]
        left[np.searchsorted(known[column], _categories(trees[number], split))] = False
        left[-1] = trees[number]["default_left"][split]
        return left

    return with_categories(lay_out([_tree(tree) for tree in trees]), left_of)


def _tree(saved: Mapping[str, Any]) -> Tree:
    """Return a saved tree; its splits send left what is less than their thresholds."""
    leaf = _leaf_numbers(saved)
    by_category = np.array(saved["split_type"]) == 1
    limits = _singles(saved["split_conditions"])
    at_most = np.nextafter(limits, np.float32(-np.inf))
    return Tree(
        left=np.array(saved["left_children"]),
        right=np.where(leaf < 0, saved["right_children"], -1),
        feature=np.array(saved["split_indices"]),
        threshold=np.where(by_category, np.float32(np.nan), at_most),
        missing_left=(np.array(saved["default_left"]) == 1) & ~by_category,
        values=_leaf_values(saved, limits, leaf),
    )


def _leaf_numbers(saved: Mapping[str, Any]) -> Array:
    """Return -1 for splits; for leaves 0 or, where these hold vectors, the vector's number."""
    left, right = np.array(saved["left_children"]), np.array(saved["right_children"])
    return np.where(left >= 0, -1, np.maximum(right, 0))


def _leaf_values(saved: Mapping[str, Any], limits: Array, leaf: Array) -> Array:
    width = int(saved["tree_param"]["size_leaf_vector"])
    if width <= 1:
        return limits
    return _singles(saved["leaf_weights"]).reshape(-1, width)[leaf]


def _start(saved: Mapping[str, Any]) -> Array:
    """Return the margins without any tree or weight, shape (n_outputs,).

    XGBoost is asked, for its link of the base score rounds in its own way.
    """
    from xgboost import Booster, DMatrix

    empty: Any = deepcopy(saved)
    model = empty["learner"]["gradient_booster"]["model"]
    for part in (model, *model.get("trees", ())):
        for key in ("weights", "split_conditions", "leaf_weights"):
            part.update({key: [0.0] * len(part[key])} if key in part else {})
    booster = Booster({"verbosity": 0})  # what it warns of, it did at fitting
    booster.load_model(bytearray(json.dumps(empty), "utf-8"))
    width = int(saved["learner"]["learner_model_param"]["num_feature"])
    row = DMatrix(np.zeros((1, width)), feature_types=saved["learner"]["feature_types"] or None)
    row.feature_names = saved["learner"]["feature_names"] or None
    margins: Array = booster.predict(row, output_margin=True)
    return margins.ravel()


def _encoding(model: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return how the categories of pandas' columns are numbered."""
    columns = [j for j, each in enumerate(model["cats"]["enc"]) if each["values"]]
    if not columns:
        return {"encoder": None, "encoded": np.zeros(0, dtype=np.intp)}
    names = [_names(model["cats"]["enc"][j]) for j in columns]
    return {
        "encoder": encoder_of(names, context, refuses=True),
        "encoded": np.array(columns),
    }


def _names(saved: Mapping[str, Any]) -> list[Any]:
    """Return the saved categories of a column: numbers, or texts one after the other."""
    if "offsets" not in saved:
        return list(saved["values"])
    octets, ends = bytes(value % 256 for value in saved["values"]), saved["offsets"]
    return [octets[a:b].decode() for a, b in pairwise(ends)]


def _saved(estimator: Any) -> dict[str, Any]:
    saved: dict[str, Any] = json.loads(estimator.get_booster().save_raw("json"))
    return saved


def _singles(numbers: Any) -> Array:
    return np.array(numbers, dtype=np.float32)


# By name: XGBoost is no requirement.
EXPORTERS: Mapping[str, Exporter] = {
    "xgboost.sklearn.XGBClassifier": _classifier,
    "xgboost.sklearn.XGBRFClassifier": _classifier,
    "xgboost.sklearn.XGBRFRegressor": _regressor,
    "xgboost.sklearn.XGBRanker": _regressor,
    "xgboost.sklearn.XGBRegressor": _regressor,
}
