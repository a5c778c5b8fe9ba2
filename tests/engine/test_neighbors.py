import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NeighborhoodComponentsAnalysis,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from handler.errors import RowsRefused
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    LABELS,
    NAMES,
    Matrix,
    assert_both_refuse,
    assert_proven,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

KINDS = ["real", "whole", "repeated", "tenths"]
SEARCHES: list[dict[str, Any]] = [
    {"algorithm": "kd_tree", "leaf_size": 5},
    {"algorithm": "kd_tree", "metric": "manhattan"},
    {"algorithm": "ball_tree", "leaf_size": 4, "p": 3},
    {"algorithm": "brute"},
    {"algorithm": "brute", "metric": "manhattan"},
    {"algorithm": "brute", "metric": "cosine"},
]
searches = st.sampled_from(SEARCHES)


def rows(kind: str, seed: int, width: int, count: int = 90) -> Matrix:
    """Rows with no equal distances, and such with many."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, width))
    if kind == "whole":
        return np.round(1.5 * X)
    if kind == "tenths":
        return X.round(1)
    return X[rng.integers(0, count // 4, count)] if kind == "repeated" else X


def assert_proves(estimator: Any, X: Any, folder: "Path") -> None:
    """As ``assert_proven``, without its pieces: threads share few rows unlike many."""
    export_model(estimator, X, folder / "model")
    parity = prove(estimator, load_model(folder / "model"), X)
    assert parity.proven, f"{estimator}: {parity.told()}"


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@examples(8)
@given(
    seed=seeds,
    width=st.integers(1, 4),
    kind=st.sampled_from(KINDS),
    labels=st.sampled_from(LABELS),
    search=searches,
    k=st.sampled_from([1, 3, 8, 20]),
)
def test_classifiers(
    weights: str,
    seed: int,
    width: int,
    kind: str,
    labels: Any,
    search: dict[str, Any],
    k: int,
    tmp_path: "Path",
) -> None:
    X = rows(kind, seed, width)
    y = labels(np.random.default_rng(seed).integers(0, 3, len(X)))
    model = KNeighborsClassifier(k, weights=weights, **search)
    assert_proves(fitted(model, X, y), X, tmp_path)


@examples(5)
@given(
    seed=seeds,
    kind=st.sampled_from(KINDS),
    search=searches,
    weights=st.sampled_from(["uniform", "distance"]),
    outputs=st.integers(1, 3),
    whole=st.booleans(),
)
def test_regressors(
    seed: int,
    kind: str,
    search: dict[str, Any],
    weights: str,
    outputs: int,
    whole: bool,
    tmp_path: "Path",
) -> None:
    X = rows(kind, seed, 3)
    y = X[:, [0]] * np.arange(1, outputs + 1) + 5.0
    y = y.astype(int) if whole else y
    y = y[:, 0] if outputs == 1 else y
    assert_proves(fitted(KNeighborsRegressor(4, weights=weights, **search), X, y), X, tmp_path)
    within = RadiusNeighborsRegressor(1.5, weights=weights, **search)
    assert_proves(fitted(within, X, y), X, tmp_path)


@pytest.mark.parametrize("outlier_label", [None, "most_frequent", 1, 2, 7])
@examples(3)
@given(
    seed=seeds,
    kind=st.sampled_from(KINDS),
    search=searches,
    weights=st.sampled_from(["uniform", "distance"]),
)
@pytest.mark.filterwarnings("ignore:Outlier label")
def test_radius_classifiers(
    outlier_label: Any,
    seed: int,
    kind: str,
    search: dict[str, Any],
    weights: str,
    tmp_path: "Path",
) -> None:
    X = rows(kind, seed, 3)
    y = np.random.default_rng(seed).integers(1, 4, len(X))
    model = RadiusNeighborsClassifier(1.0, weights=weights, outlier_label=outlier_label, **search)
    assert_proves(fitted(model, X, y), X, tmp_path)


@pytest.mark.parametrize("search", SEARCHES[:4], ids=repr)
def test_several_targets(search: dict[str, Any], tmp_path: "Path") -> None:
    X = rows("whole", 0, 2)
    y = NAMES[np.random.default_rng(0).integers(0, [2, 4, 3], (len(X), 3))]
    assert_proves(KNeighborsClassifier(4, **search).fit(X, y), X, tmp_path)
    assert_proves(KNeighborsClassifier(4, weights="distance", **search).fit(X, y), X, tmp_path)
    within = RadiusNeighborsClassifier(1.0, outlier_label=["red", "blue", "é"], **search)
    assert_proves(within.fit(X, y), X, tmp_path)


@pytest.mark.parametrize("n_rows", [1, 2, 255, 257, 600, 2500])
@pytest.mark.parametrize("n_train", [40, 300, 700])
def test_threads_share_rows_or_training_rows(
    n_rows: int, n_train: int, tmp_path: "Path", assert_pair: "AssertPair"
) -> None:
    """Which of equally distant rows a brute search finds depends on how many rows it is asked."""
    X, more = rows("whole", 0, 17, n_train), rows("whole", 1, 17, n_rows)
    y = np.arange(n_train)
    assert_pair(KNeighborsRegressor(3, algorithm="brute").fit(X, y), X, more)
    assert_pair(KNeighborsRegressor(3, metric="manhattan").fit(X, y), X, more)
    assert_pair(KNeighborsClassifier(3, metric="manhattan").fit(X, y % 5), X, more)
    frame = pd.DataFrame(more, columns=[f"c{j}" for j in range(17)])
    classifier = KNeighborsClassifier(3, metric="manhattan")
    assert_pair(classifier.fit(frame.iloc[:n_train], y[: len(frame)] % 5), frame, frame) if (
        n_rows > 2
    ) else None


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_of_integer_type(kind: str, assert_pair: "AssertPair") -> None:
    """A brute search compares integers by another way, which numpy sorts."""
    X = (10 * rows(kind, 3, 18)).astype(np.int64) // 4
    y = np.random.default_rng(0).integers(0, 3, len(X))
    for weights in ("uniform", "distance"):
        assert_pair(KNeighborsClassifier(weights=weights).fit(X, y), X, X)
    assert_pair(KNeighborsRegressor(metric="manhattan").fit(X, y), X, X + 1)
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(X.shape[1])])
    assert_pair(KNeighborsClassifier().fit(frame, y), frame, frame)
    assert_pair(KNeighborsClassifier(algorithm="kd_tree").fit(frame, y), frame, frame)


def test_float32_from_the_step_before(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c", "d"], (60, 6)).astype(object)
    y = np.arange(60) % 3
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    for metric in ("euclidean", "manhattan", "cosine", "canberra"):
        classifier = KNeighborsClassifier(5, metric=metric, algorithm="brute", weights="distance")
        assert_pair(make_pipeline(encoder, classifier).fit(X, y), X, X)
    assert_pair(make_pipeline(encoder, LocalOutlierFactor(novelty=True)).fit(X), X, X)


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
@pytest.mark.parametrize("algorithm", ["brute", "kd_tree"])
def test_graphs(mode: str, algorithm: str, tmp_path: "Path", assert_pair: "AssertPair") -> None:
    X = rows("tenths", 0, 3)
    for graph in (
        KNeighborsTransformer(mode=mode, n_neighbors=4, algorithm=algorithm),
        RadiusNeighborsTransformer(mode=mode, radius=0.8, algorithm=algorithm),
    ):
        assert_proven(graph.fit(X), X, tmp_path)
    y = np.random.default_rng(0).integers(0, 3, len(X))
    for graph, search in itertools.product(
        [KNeighborsTransformer(n_neighbors=9, algorithm=algorithm)],
        [KNeighborsClassifier(4, metric="precomputed"), KNeighborsRegressor(metric="precomputed")],
    ):
        assert_proves(make_pipeline(graph, search).fit(X, y), X, tmp_path)
    within = RadiusNeighborsRegressor(0.7, metric="precomputed")
    graph = RadiusNeighborsTransformer(radius=1.5, algorithm=algorithm)
    model = assert_pair(make_pipeline(graph, within).fit(X, y), X, X)
    with pytest.raises(RowsRefused, match="has no neighbour in its graph"):
        model.predict(np.full((1, 3), 99.0))


def test_a_graph_with_too_few_neighbours_is_refused(tmp_path: "Path") -> None:
    X = rows("real", 0, 2)
    y = np.arange(len(X)) % 2
    graph = RadiusNeighborsTransformer(radius=3.0)
    model = make_pipeline(graph, KNeighborsClassifier(3, metric="precomputed")).fit(X, y)
    assert_proves(model, X, tmp_path)
    loaded = load_model(tmp_path / "model")
    with pytest.raises(RowsRefused, match="row 1, column 0: has fewer neighbours"):
        loaded.predict(np.array([[0.0, 0.0], [50.0, 50.0]]))


def test_given_distances(tmp_path: "Path") -> None:
    X = rows("whole", 0, 2, 12)
    distances = np.abs(X[:, None] - X).sum(axis=2)
    y = np.arange(len(X)) % 3
    for model in (
        KNeighborsClassifier(4, metric="precomputed", weights="distance"),
        KNeighborsRegressor(4, metric="precomputed"),
        RadiusNeighborsClassifier(2.0, metric="precomputed", outlier_label=0),
        LocalOutlierFactor(metric="precomputed", novelty=True),
    ):
        assert_proves(fitted(model, distances, y), distances, tmp_path)


@examples(3)
@given(seed=seeds, kind=st.sampled_from(KINDS), search=searches)
def test_novelties(seed: int, kind: str, search: dict[str, Any], tmp_path: "Path") -> None:
    X = rows(kind, seed, 2, 50)
    assert_proves(fitted(LocalOutlierFactor(6, novelty=True, **search), X), X, tmp_path)
    some = LocalOutlierFactor(20, novelty=True, contamination=0.2, **search)
    assert_proves(fitted(some, X), X, tmp_path)


def test_missing_values(tmp_path: "Path") -> None:
    X = rows("tenths", 0, 4)
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    y = np.arange(len(X)) % 3
    for model in (
        KNeighborsClassifier(3, metric="nan_euclidean"),
        KNeighborsRegressor(3, metric="nan_euclidean", weights="distance"),
        RadiusNeighborsRegressor(2.0, metric="nan_euclidean"),
    ):
        assert_proves(model.fit(X, y), X, tmp_path)


def test_a_row_and_a_constant_column(assert_pair: "AssertPair") -> None:
    X = rows("real", 0, 3)
    X[:, 1] = 4.0
    y = np.arange(len(X)) % 3
    for model in (KNeighborsClassifier(), KNeighborsRegressor(algorithm="brute")):
        assert_pair(make_pipeline(StandardScaler(), model).fit(X, y), X, X[:1])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_refuses_what_scikit_learn_refuses(
    value: float, search: dict[str, Any], assert_pair: "AssertPair"
) -> None:
    X = rows("real", 0, 3)
    y = np.arange(len(X)) % 3
    classifier = KNeighborsClassifier(**search).fit(X, y)
    model = assert_pair(classifier, X, X)
    bad = X.copy()
    bad[3, 1] = value
    assert_both_refuse(classifier, model, bad, [(3, 1)])


def test_a_row_alone_is_refused(assert_pair: "AssertPair") -> None:
    X = rows("real", 0, 3)
    classifier = RadiusNeighborsClassifier(1.0).fit(X, np.arange(len(X)) % 3)
    model = assert_pair(classifier, X, X)
    with pytest.raises(ValueError, match="No neighbors found"):
        classifier.predict(X + np.array([100.0, 0, 0]))
    with pytest.raises(RowsRefused, match="row 0, column 0: has no neighbours"):
        model.predict(X + np.array([100.0, 0, 0]))


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (KNeighborsClassifier(weights=np.ones_like), "weights are a function"),
        (KNeighborsClassifier(metric=lambda a, b: abs(a - b).sum()), "metric is a function"),
        (
            KNeighborsRegressor(algorithm="brute", metric=DistanceMetric.get_metric("manhattan")),
            "metric is an object",
        ),
        (LocalOutlierFactor(), "none of the methods"),
    ],
)
def test_what_has_no_numpy_form(model: Any, why: str, tmp_path: "Path") -> None:
    X = rows("real", 0, 3)
    fit = fitted(model, X, np.arange(len(X)) % 3)
    with pytest.raises(UnsupportedEstimator, match=why):
        export_model(fit, X, tmp_path / "model")


def test_learned_components(assert_pair: "AssertPair") -> None:
    X = rows("real", 0, 4)
    analysis = NeighborhoodComponentsAnalysis(2, random_state=0, max_iter=5)
    model = assert_pair(analysis.fit(X, np.arange(len(X)) % 3), X, X)
    assert np.array_equal(model.transform(X), analysis.transform(X))
