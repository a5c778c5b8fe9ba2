"""Exports gradient boosting; the mirror of ``handler.engine.boosting``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import dummy, ensemble
from sklearn._loss import link as links
from sklearn.base import is_classifier

from handler.engine.sklearn_engine import ask
from handler.engine.table import Array, Floats
from model_build.export.forest_walk import Tree, lay_out, with_categories
from model_build.export.node import Context, Exporter, Node
from model_build.export.trees import fitted_tree

type _CategoriesLeft = Callable[[int, int], NDArray[np.bool_]]

_LINKS: Mapping[type, str] = {
    links.IdentityLink: "identity",
    links.LogitLink: "logit",
    links.HalfLogitLink: "half_logit",
    links.MultinomialLogit: "multinomial_logit",
}
_CATEGORIES = 256  # bits of a category split; scikit-learn's bins are at most so many


def _gradient_regressor(estimator: Any, context: Context) -> Node:
    return {
        "kind": "boosting.BoostingRegressor",
        "scores": _gradient_scores(estimator, context),
        "log": False,
    }


def _gradient_classifier(estimator: Any, context: Context) -> Node:
    return {
        "kind": "boosting.BoostingClassifier",
        "scores": _gradient_scores(estimator, context),
        "classes": estimator.classes_,
        "half": estimator.loss == "exponential",
        "zero_is_second": True,
    }


def _histogram_regressor(estimator: Any, context: Context) -> Node:
    return {
        "kind": "boosting.BoostingRegressor",
        "scores": _histogram_scores(estimator, context),
        "log": isinstance(estimator._loss.link, links.LogLink),
    }


def _histogram_classifier(estimator: Any, context: Context) -> Node:
    return {
        "kind": "boosting.BoostingClassifier",
        "scores": _histogram_scores(estimator, context),
        "classes": estimator.classes_,
        "half": False,
        "zero_is_second": False,
    }


def _gradient_scores(estimator: Any, context: Context) -> Node:
    layout = lay_out([fitted_tree(each) for each in estimator.estimators_.ravel()])
    own = not (estimator.init_ == "zero" or _is_constant(estimator.init_, context))
    return {
        "kind": "boosting.GradientScores",
        "forest": layout.fields,
        "values": estimator.learning_rate * layout.values[:, 0, 0],
        "start": np.zeros(estimator.n_trees_per_iteration_) if own else _start(estimator),
        "initial": _own_initial(estimator, context) if own else None,
        "initial_link": _LINKS[type(estimator._loss.link)],
    }


def _is_constant(initial: Any, context: Context) -> bool:
    """Whether an initial estimator answers alike for all rows."""
    if type(initial) is dummy.DummyClassifier and initial.strategy == "stratified":
        raise context.unsupported(initial, "strategy 'stratified' answers at random")
    return type(initial) in (dummy.DummyClassifier, dummy.DummyRegressor)


def _start(estimator: Any) -> Floats:
    """Return the scores before the first tree, shape (n_outputs,), as scikit-learn has them."""
    scores: Floats = estimator._raw_predict_init(_any_row(estimator))[0]
    return scores


def _own_initial(estimator: Any, context: Context) -> Node:
    """Return the node of a user's own initial estimator, which is given float32 inputs."""
    initial = estimator.init_
    method = "predict_proba" if is_classifier(estimator) else "predict"
    if not _as_in_float64(initial, method, estimator.n_features_in_):
        raise context.unsupported(
            initial, "as 'init' it computes in float32, whose sums differ by more than 1e-9"
        )
    return context.export(initial, "init")


def _as_in_float64(initial: Any, method: str, width: int) -> bool:
    """Whether float32 inputs are answered as float64: what adds up in float32, anywhere, is not."""
    rows = np.random.default_rng(0).normal(size=(100, width)).astype(np.float32)
    single, double = (ask(initial, method, each) for each in (rows, rows.astype(np.float64)))
    return np.array_equal(single, double, equal_nan=True)


def _any_row(estimator: Any) -> Array:
    return np.zeros((1, estimator.n_features_in_), dtype=np.float32)


def _histogram_scores(estimator: Any, context: Context) -> Node:
    predictors = [predictor for row in estimator._predictors for predictor in row]
    layout = with_categories(
        lay_out([_histogram_tree(predictor.nodes) for predictor in predictors]),
        _categories_left(estimator, predictors),
    )
    return {
        "kind": "boosting.HistogramScores",
        "forest": layout.fields,
        "values": layout.values,
        "start": estimator._baseline_prediction.ravel(),
        **_encoding(estimator, context),
    }


def _histogram_tree(nodes: Any) -> Tree:
    leaf = nodes["is_leaf"] == 1
    by_category = nodes["is_categorical"] == 1
    return Tree(
        left=np.where(leaf, -1, nodes["left"].astype(np.intp)),
        right=np.where(leaf, -1, nodes["right"].astype(np.intp)),
        feature=nodes["feature_idx"],
        threshold=np.where(by_category, np.nan, nodes["num_threshold"]),
        # A category split's bits say where its missing values go.
        missing_left=(nodes["missing_go_to_left"] == 1) & ~by_category,
        values=nodes["value"],
    )


def _categories_left(estimator: Any, predictors: Sequence[Any]) -> _CategoriesLeft:
    """Return a function that says which categories a split of a tree sends left."""
    known, rows = estimator._bin_mapper.make_known_categories_bitsets()

    def left_of(tree: int, position: int) -> NDArray[np.bool_]:
        node = predictors[tree].nodes[position]
        left = predictors[tree].raw_left_cat_bitsets[node["bitset_idx"]]
        return _left_bits(left, known[rows[node["feature_idx"]]], node)

    return left_of


def _left_bits(left: Array, known: Array, node: Any) -> NDArray[np.bool_]:
    """Return which categories go left; unknown and missing ones go where missing values go."""
    unknown = ~_bits(known)
    return _bits(left) | (unknown & bool(node["missing_go_to_left"]))


def _bits(bitset: Array) -> NDArray[np.bool_]:
    octets = bitset.astype("<u4").view(np.uint8)
    return np.unpackbits(octets, count=_CATEGORIES, bitorder="little").astype(bool)


def _encoding(estimator: Any, context: Context) -> dict[str, Any]:
    """Return how categories are numbered, which scikit-learn leaves to its own encoder."""
    if estimator._preprocessor is None:
        return {"encoder": None, "categorical": None, "numerical": None}
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    return {
        "encoder": context.export(encoder, "categories"),
        "categorical": np.flatnonzero(estimator.is_categorical_),
        "numerical": np.flatnonzero(~estimator.is_categorical_),
    }


EXPORTERS: Mapping[type, Exporter] = {
    ensemble.GradientBoostingClassifier: _gradient_classifier,
    ensemble.GradientBoostingRegressor: _gradient_regressor,
    ensemble.HistGradientBoostingClassifier: _histogram_classifier,
    ensemble.HistGradientBoostingRegressor: _histogram_regressor,
}
