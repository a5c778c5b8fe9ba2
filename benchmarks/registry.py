"""Every scikit-learn estimator that answers for new rows, with data that suits it.

The list is scikit-learn's own: a release with a new estimator is swept as soon as it is
installed, by what its tags say it takes.
"""

import warnings
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators, get_tags

from handler.engine.base import METHODS

# What ``all_estimators`` lists and has no answer for rows that it was not fitted on.
WITHOUT_ANSWER: Mapping[str, str] = {
    "AgglomerativeClustering": "labels the rows that it was fitted on",
    "ClassicalMDS": "embeds the rows that it was fitted on",
    "DBSCAN": "labels the rows that it was fitted on",
    "EmpiricalCovariance": "estimates a covariance",
    "GraphicalLasso": "estimates a covariance",
    "GraphicalLassoCV": "estimates a covariance",
    "HDBSCAN": "labels the rows that it was fitted on",
    "LedoitWolf": "estimates a covariance",
    "MDS": "embeds the rows that it was fitted on",
    "MinCovDet": "estimates a covariance",
    "NearestNeighbors": "finds neighbours, and predicts nothing of them",
    "OAS": "estimates a covariance",
    "OPTICS": "labels the rows that it was fitted on",
    "ShrunkCovariance": "estimates a covariance",
    "SpectralBiclustering": "labels the rows that it was fitted on",
    "SpectralClustering": "labels the rows that it was fitted on",
    "SpectralCoclustering": "labels the rows that it was fitted on",
    "SpectralEmbedding": "embeds the rows that it was fitted on",
    "TSNE": "embeds the rows that it was fitted on",
}


# scikit-learn's answer for a single row lacks the axis of rows (its ridge_regression drops it);
# the model's has it, as for any other number of rows.
FLAT_FOR_ONE_ROW = frozenset(["MiniBatchSparsePCA", "SparsePCA"])


class Shape(NamedTuple):
    """What drawn data look like, and how large the model is to be.

    ``missing`` holds where the estimator takes missing values; ``small`` models are quick to fit,
    others are of scikit-learn's default size.
    """

    seed: int = 0
    rows: int = 80
    width: int = 4
    classes: int = 3
    outputs: int = 1
    labels: str = "words"
    missing: bool = False
    uneven: bool = False
    small: bool = True


class Problem(NamedTuple):
    """Data to fit an estimator on, and rows to ask it about."""

    X: Any
    y: Any
    new: Any


class UnfitData(Exception):
    """scikit-learn itself cannot fit an estimator on data of this shape."""


type Draw = Callable[[Shape, int, np.random.Generator], Any]


def answering() -> dict[str, type]:
    """Return the classes that answer for new rows, by name."""
    return {name: cls for name, cls in all_estimators() if name not in WITHOUT_ANSWER}


def without_methods() -> set[str]:
    """Return the names of the classes that have none of the methods that answer."""
    return {
        name
        for name, cls in all_estimators()
        if cls is not FrozenEstimator and not any(hasattr(cls, m) or m in dir(cls) for m in METHODS)
    }


def make(name: str, shape: Shape) -> Any:
    """Return an unfitted estimator of a class."""
    cls = answering()[name]
    given = _ARGUMENTS.get(name, _nothing)(shape)
    usual = _SMALL if shape.small else {"random_state": 0}
    return cls(**{key: usual[key] for key in usual.keys() & signature(cls).parameters} | given)


def fitted_problem(name: str, shape: Shape) -> tuple[Any, Problem]:
    """Return a fitted estimator and its data.

    Raises
    ------
    UnfitData
        Where scikit-learn cannot fit it on data of this shape.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        estimator = make(name, shape)
        problem = problem_for(name, estimator, shape)
        try:
            estimator.fit(*(problem.X, problem.y)[: 1 if problem.y is None else 2])
        except ValueError as error:
            raise UnfitData(f"{name} on {shape}: {error}") from error
    return estimator, problem


def problem_for(name: str, estimator: Any, shape: Shape) -> Problem:
    """Return data that suit an estimator, by its tags and by name where tags do not tell."""
    rng = np.random.default_rng(shape.seed)
    X, new = _inputs(name, estimator, shape, rng)
    return Problem(X, _target(name, estimator, X, shape, rng), new)


def _inputs(name: str, estimator: Any, shape: Shape, rng: np.random.Generator) -> tuple[Any, Any]:
    tags = get_tags(estimator).input_tags
    both = _draw_for(name, tags)(shape, 2 * shape.rows, rng)
    if shape.missing and tags.allow_nan and isinstance(both, np.ndarray):
        both[rng.random(both.shape) < 0.1] = np.nan
    if isinstance(both, pd.DataFrame):
        return both.iloc[: shape.rows], both.iloc[shape.rows :].reset_index(drop=True)
    return both[: shape.rows], both[shape.rows :]


def _draw_for(name: str, tags: Any) -> Draw:
    if name in _DRAWN:
        return _DRAWN[name]
    if tags.categorical:
        return _categories
    return _counts if tags.positive_only else _numbers


def _numbers(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Columns that differ: real, whole (with ties), large, and, where uneven, a constant."""
    X = rng.normal(size=(count, shape.width))
    if shape.uneven:
        kinds = [X, np.round(2 * X), 100 * X, np.full_like(X, 3.0)]
        for j in range(1, shape.width):
            X[:, j] = kinds[rng.integers(len(kinds))][:, j]
    return X


def _counts(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    X = rng.poisson(2.0, size=(count, shape.width)).astype(np.float64)
    return X * 0.5 if shape.uneven else X


def _codes(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    X = rng.integers(0, 3, size=(count, shape.width)).astype(np.float64)
    X[:3] = np.arange(3)[:, None]  # all are seen in training
    return X


def _categories(shape: Shape, count: int, rng: np.random.Generator) -> pd.DataFrame:
    words = np.array(["red", "green", "blue"], dtype=object)
    frame = pd.DataFrame(
        {
            "colour": words[rng.integers(0, 3, count)],
            "size": rng.integers(1, 4, count),
            "member": rng.random(count) < 0.5,
        }
    )
    frame.loc[:2, "colour"], frame.loc[:2, "size"] = words, [1, 2, 3]
    if shape.missing:
        missing = rng.random(count) < 0.1
        missing[:4] = [False, False, False, True]  # seen in training, as all words are
        frame.loc[missing, "colour"] = np.nan
    return frame


_WORDS = np.array(
    [
        *("the", "a", "you", "not", "good", "bad", "offer", "call", "now", "free"),
        *("Été", "naïve", "7", "12", "money,", "love..."),
    ]
)


def _texts(_: Shape, count: int, rng: np.random.Generator) -> list[str]:
    return [" ".join(rng.choice(_WORDS, rng.integers(1, 9))) for _ in range(count)]


def _records(_: Shape, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    return [
        {"city": str(rng.choice(["Rome", "Oslo"])), "rooms": int(rng.integers(1, 9))}
        | ({"area": float(rng.normal(80, 9))} if rng.random() < 0.7 else {})
        for _ in range(count)
    ]


def _labels(_: Shape, count: int, rng: np.random.Generator) -> list[str]:
    return ["no", "yes", "maybe", *rng.choice(["no", "yes", "maybe"], count - 3).tolist()]


def _label_sets(_: Shape, count: int, rng: np.random.Generator) -> list[list[str]]:
    return [list(_WORDS[: rng.integers(0, 4)]) for _ in range(count)]


def _images(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.random((count, 4, shape.width + 3))


def _kernel(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    X = rng.normal(size=(count, shape.width))
    K: NDArray[np.float64] = X @ X[: shape.rows].T
    return K


def _one_column(shape: Shape, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return _numbers(shape._replace(width=1), count, rng)


def _target(name: str, estimator: Any, X: Any, shape: Shape, rng: np.random.Generator) -> Any:
    tags = get_tags(estimator)
    if not (name in _SUPERVISED or tags.target_tags.required) or name in _OWN_TARGET:
        return None
    several = not tags.target_tags.single_output or shape.outputs > 1 or name in _SEVERAL
    outputs = max(2, shape.outputs) if several and tags.target_tags.multi_output else 1
    scores = _scores(X, outputs, rng)
    if not (is_regressor(estimator) or name in _SEVERAL):
        two = tags.classifier_tags is not None and not tags.classifier_tags.multi_class
        return _classes(name, scores, shape._replace(classes=2) if two else shape)
    y = np.exp(scores / 4) if tags.target_tags.positive_only else scores
    return y[:, 0] if outputs == 1 else y


def _scores(X: Any, outputs: int, rng: np.random.Generator) -> NDArray[np.float64]:
    values = X.to_numpy() if isinstance(X, pd.DataFrame) else X
    noise = rng.normal(size=(len(X), outputs))
    if not isinstance(values, np.ndarray) or values.dtype == object or values.ndim != 2:
        return noise
    known = np.nan_to_num(values.astype(np.float64))
    spread = known.std(axis=0)
    known = known / np.where(spread == 0, 1.0, spread)
    return known @ rng.normal(size=(known.shape[1], outputs)) + 0.5 * noise


def _classes(name: str, scores: NDArray[np.float64], shape: Shape) -> Any:
    """Classes of even sizes that follow the scores, told as words, numbers or flags."""
    ranks = scores.argsort(axis=0).argsort(axis=0)
    if name in _INDICATORS:
        return (ranks > len(ranks) // 2).astype(np.int64)
    codes = ranks * shape.classes // len(ranks)
    told = _TOLD["numbers" if name in _NUMBERED else shape.labels](codes)
    return told[:, 0] if told.shape[1] == 1 else told


_TOLD: Mapping[str, Callable[[NDArray[np.intp]], Any]] = {
    "words": lambda codes: np.array(["ja", "nein", "vielleicht", "é"])[codes],
    "numbers": lambda codes: codes * 3 + 1,
    "flags": lambda codes: codes > 0,
}


def _nothing(_: Shape) -> dict[str, Any]:
    return {}


def _wraps_classifier(_: Shape) -> dict[str, Any]:
    return {"estimator": LogisticRegression(max_iter=60)}


def _wraps_regressor(_: Shape) -> dict[str, Any]:
    return {"estimator": Ridge()}


def _named_classifiers(_: Shape) -> dict[str, Any]:
    named = [("logistic", LogisticRegression(max_iter=60)), ("bayes", GaussianNB())]
    return {"estimators": [*named, ("tree", DecisionTreeClassifier(max_depth=3, random_state=0))]}


def _named_regressors(_: Shape) -> dict[str, Any]:
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    return {"estimators": [("ridge", Ridge()), ("tree", tree)]}


def _grid(_: Shape) -> dict[str, Any]:
    return {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}}


def _distributions(_: Shape) -> dict[str, Any]:
    return {"estimator": Ridge(), "param_distributions": {"alpha": [0.1, 1.0]}}


def _components(count: int) -> Callable[[Shape], dict[str, Any]]:
    return lambda shape: {"n_components": min(count, shape.width)}


def _dictionary(shape: Shape) -> dict[str, Any]:
    # Of one feature all atoms are alike, but for their sign.
    n_atoms = 5 if shape.width > 1 else 1
    atoms = np.random.default_rng(1).normal(size=(n_atoms, shape.width))
    return {"dictionary": atoms / np.linalg.norm(atoms, axis=1, keepdims=True)}


def _pipeline(_: Shape) -> dict[str, Any]:
    return {"steps": [("scale", StandardScaler()), ("fit", LogisticRegression(max_iter=60))]}


def _column_transformer(_: Shape) -> dict[str, Any]:
    encoder = OneHotEncoder(handle_unknown="ignore")
    return {
        "transformers": [("words", encoder, ["colour", "member"]), ("numbers", MinMaxScaler(), [1])]
    }


def _feature_union(_: Shape) -> dict[str, Any]:
    return {"transformer_list": [("scale", MinMaxScaler()), ("turn", PCA(1, random_state=0))]}


def _frozen(shape: Shape) -> dict[str, Any]:
    X = np.random.default_rng(2).normal(size=(30, shape.width))
    return {"estimator": LogisticRegression().fit(X, X[:, 0] > 0)}


# What makes each fit quick and repeatable, where a class has such a parameter.
_SMALL: Mapping[str, Any] = {"random_state": 0, "n_estimators": 8, "max_iter": 60}

# Arguments without a default, and settings that suit the small data.
_ARGUMENTS: Mapping[str, Callable[[Shape], dict[str, Any]]] = {
    "BernoulliRBM": _components(5),
    "CCA": _components(1),
    "CalibratedClassifierCV": lambda _: {"estimator": GaussianNB(), "cv": 3},
    "ClassifierChain": _wraps_classifier,
    "ColumnTransformer": _column_transformer,
    "DictionaryLearning": _components(3),
    "FeatureUnion": _feature_union,
    "FixedThresholdClassifier": _wraps_classifier,
    "FrozenEstimator": _frozen,
    "FunctionTransformer": lambda _: {"func": np.arcsinh},
    "GaussianRandomProjection": _components(3),
    "GridSearchCV": _grid,
    "HalvingGridSearchCV": _grid,
    "HalvingRandomSearchCV": _distributions,
    "HashingVectorizer": lambda _: {"n_features": 64},
    "FeatureHasher": lambda _: {"n_features": 64},
    "Isomap": _components(2),
    "LatentDirichletAllocation": _components(3),
    "LocalOutlierFactor": lambda _: {"novelty": True},
    "LocallyLinearEmbedding": _components(2),
    "MiniBatchDictionaryLearning": _components(3),
    "MiniBatchSparsePCA": _components(2),
    "MissingIndicator": lambda _: {"features": "all"},
    "MultiOutputClassifier": _wraps_classifier,
    "MultiOutputRegressor": _wraps_regressor,
    "OneVsOneClassifier": _wraps_classifier,
    "OneVsRestClassifier": _wraps_classifier,
    "OutputCodeClassifier": _wraps_classifier,
    "OrthogonalMatchingPursuitCV": lambda _: {"max_iter": None, "cv": 3},
    "PLSCanonical": _components(1),
    "PLSRegression": _components(2),
    "PLSSVD": _components(1),
    "PatchExtractor": lambda _: {"patch_size": (2, 2)},
    "Pipeline": _pipeline,
    "QuadraticDiscriminantAnalysis": lambda _: {"reg_param": 0.1},
    "RFE": _wraps_classifier,
    "RFECV": _wraps_classifier,
    "RadiusNeighborsClassifier": lambda _: {"radius": 2.0, "outlier_label": "most_frequent"},
    "RadiusNeighborsRegressor": lambda _: {"radius": 2.0},
    "RadiusNeighborsTransformer": lambda _: {"radius": 2.0},
    "RandomizedSearchCV": lambda shape: {**_distributions(shape), "n_iter": 2},
    "RegressorChain": _wraps_regressor,
    "SelectFromModel": lambda _: {
        "estimator": RandomForestClassifier(n_estimators=5, random_state=0)
    },
    "SelectKBest": lambda _: {"k": 1},
    "SelfTrainingClassifier": _wraps_classifier,
    "SequentialFeatureSelector": lambda _: {"estimator": GaussianNB(), "n_features_to_select": 1},
    "SparseCoder": _dictionary,
    "SparsePCA": _components(2),
    "SparseRandomProjection": _components(3),
    "StackingClassifier": _named_classifiers,
    "StackingRegressor": _named_regressors,
    "TransformedTargetRegressor": lambda _: {
        "regressor": LinearRegression(),
        "transformer": StandardScaler(),
    },
    "TruncatedSVD": _components(2),
    "TunedThresholdClassifierCV": _wraps_classifier,
    "VotingClassifier": lambda shape: {**_named_classifiers(shape), "voting": "soft"},
    "VotingRegressor": _named_regressors,
}

# Inputs of a kind that the tags do not tell.
_DRAWN: Mapping[str, Draw] = {
    "CategoricalNB": _codes,
    "ColumnTransformer": _categories,
    "CountVectorizer": _texts,
    "DictVectorizer": _records,
    "FeatureHasher": _records,
    "HashingVectorizer": _texts,
    "IsotonicRegression": _one_column,
    "KernelCenterer": _kernel,
    "LabelBinarizer": _labels,
    "LabelEncoder": _labels,
    "MultiLabelBinarizer": _label_sets,
    "PatchExtractor": _images,
    "SkewedChi2Sampler": _counts,
    "TfidfTransformer": _counts,
    "TfidfVectorizer": _texts,
}

# Fitted with a target, of which the tags do not tell.
_SUPERVISED = frozenset(
    [
        "CCA",
        "GridSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "PLSCanonical",
        "PLSRegression",
        "PLSSVD",
        "Pipeline",
        "RandomizedSearchCV",
        "SelectFromModel",
        "SelectKBest",
        "SelectPercentile",
        "SequentialFeatureSelector",
    ]
)

# Fitted on several targets, of which the tags do not tell.
_SEVERAL = frozenset(["CCA", "PLSCanonical", "PLSSVD"])

# Transformers of a target: their inputs are what the tags call the target.
_OWN_TARGET = frozenset(["LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer"])

# Classifiers of several targets that take two classes in each.
_INDICATORS = frozenset(["ClassifierChain"])

# Classifiers for which -1 means a missing label, so that they take no words.
_NUMBERED = frozenset(["SelfTrainingClassifier"])
