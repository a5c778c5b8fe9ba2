"""Exports CatBoost's estimators; the mirror of ``handler.engine.catboost``.

From the JSON that CatBoost saves its models as, in which every number has all of its digits.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model_build.export.forest_walk import Tree, lay_out
from model_build.export.node import Context, Exporter, Node

_IDENTITY = frozenset(
    ["Expectile", "Huber", "LogCosh", "Lq", "MAE", "MAPE", "MultiRMSE", "Quantile", "RMSE"]
)
_LOGARITHMS = frozenset(["Poisson", "Tweedie"])
_CLASSES = frozenset(["CrossEntropy", "Logloss", "MultiClass", "MultiClassOneVsAll"])


def _regressor(estimator: Any, context: Context) -> Node:
    loss = _loss(estimator, context, _IDENTITY | _LOGARITHMS)
    return {
        "kind": "catboost.CatBoostRegressor",
        "scores": _scores(estimator, context),
        "log": loss in _LOGARITHMS,
    }


def _ranker(estimator: Any, context: Context) -> Node:
    scores = _scores(estimator, context)
    return {"kind": "catboost.CatBoostRegressor", "scores": scores, "log": False}


def _classifier(estimator: Any, context: Context) -> Node:
    loss = _loss(estimator, context, _CLASSES)
    return {
        "kind": "catboost.CatBoostClassifier",
        "scores": _scores(estimator, context),
        "classes": estimator.classes_,
        "apart": loss == "MultiClassOneVsAll",
    }


def _loss(estimator: Any, context: Context, known: frozenset[str]) -> str:
    loss = str(estimator.get_all_params().get("loss_function", "")).partition(":")[0]
    if loss not in known:
        raise context.unsupported(estimator, f"the link of the loss {loss!r} is not known")
    return loss


def _scores(estimator: Any, context: Context) -> Node:
    saved = _saved(estimator)
    _check(estimator, saved, context)
    scale, bias = saved["scale_and_bias"]
    layout = lay_out(list(_trees(saved, len(bias))))
    return {
        "kind": "catboost.CatBoostScores",
        "forest": layout.fields,
        "values": layout.values,
        "scale": float(scale),
        "bias": np.array(bias, dtype=np.float64),
    }


def _check(estimator: Any, saved: Mapping[str, Any], context: Context) -> None:
    others = [key for key in saved["features_info"] if key != "float_features"]
    if any(saved["features_info"][key] for key in others):
        raise context.unsupported(
            estimator, "categories, texts and embeddings become numbers in ways of its own"
        )
    if "binclass_probability_threshold" in saved["model_info"]:
        raise context.unsupported(estimator, "it has a threshold of its own for its classes")


def _trees(saved: Mapping[str, Any], width: int) -> Iterator[Tree]:
    missing_right = {
        j: each["nan_value_treatment"] == "AsTrue"
        for j, each in enumerate(saved["features_info"]["float_features"])
    }
    for tree in saved.get("oblivious_trees", ()):
        yield _tree(_unfolded(tree, width), missing_right)
    for tree in saved.get("trees", ()):
        yield _tree(tree, missing_right)


def _unfolded(tree: Mapping[str, Any], width: int) -> dict[str, Any]:
    """Return an oblivious tree, all of whose splits on a level are the same, node by node.

    The first split is the lowest bit of a leaf's number.
    """
    values = np.array(tree["leaf_values"]).reshape(-1, width)
    nodes: list[dict[str, Any]] = [{"value": value} for value in values]
    for split in tree["splits"] or ():
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [{"split": split, "left": left, "right": right} for left, right in pairs]
    return nodes[0]


def _tree(root: Mapping[str, Any], missing_right: Mapping[int, bool]) -> Tree:
    """Return a tree of nested nodes; they send right what is greater than their borders."""
    nodes = list(_nodes(root))
    places = {id(node): place for place, node in enumerate(nodes)}
    splits = [node.get("split") for node in nodes]
    columns = [split["float_feature_index"] if split else -1 for split in splits]
    leaf_values = [np.ravel(node.get("value", np.nan)) for node in nodes]
    width = max(len(value) for value in leaf_values)
    return Tree(
        left=_children(nodes, places, "left"),
        right=_children(nodes, places, "right"),
        feature=np.array(columns),
        threshold=np.array([split["border"] if split else np.nan for split in splits], np.float32),
        missing_left=np.array([j >= 0 and not missing_right[j] for j in columns]),
        values=np.array([np.broadcast_to(value, width) for value in leaf_values]),
    )


def _nodes(root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield root
    if "split" in root:
        yield from _nodes(root["left"])
        yield from _nodes(root["right"])


def _children(
    nodes: Sequence[Mapping[str, Any]], places: Mapping[int, int], side: str
) -> np.ndarray[Any, Any]:
    return np.array([places[id(node[side])] if side in node else -1 for node in nodes])


def _saved(estimator: Any) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        estimator.save_model(str(path), format="json")
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return saved


# By name: CatBoost is no requirement.
EXPORTERS: Mapping[str, Exporter] = {
    "catboost.core.CatBoostClassifier": _classifier,
    "catboost.core.CatBoostRanker": _ranker,
    "catboost.core.CatBoostRegressor": _regressor,
}
