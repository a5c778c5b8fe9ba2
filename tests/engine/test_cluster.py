from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import (
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model, exporters
from model_build.export.node import export_node
from tests.engine.drawn import (
    assert_both_refuse,
    assert_proven,
    examples,
    extreme_rows,
    fitted,
    named,
    seeds,
    unlike_columns,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import AssertPair

CLUSTERERS = [
    KMeans(4, n_init=2, random_state=0),
    KMeans(1, random_state=0),
    KMeans(3, init="random", algorithm="elkan", random_state=0),
    MiniBatchKMeans(5, n_init=2, random_state=0),
    BisectingKMeans(7, random_state=0),
    BisectingKMeans(1, random_state=0),
    BisectingKMeans(3, bisecting_strategy="largest_cluster", random_state=0),
    Birch(n_clusters=None, threshold=0.3),
    Birch(n_clusters=2, threshold=0.3),
    Birch(n_clusters=AgglomerativeClustering(3, linkage="average"), threshold=0.05),
    MeanShift(bandwidth=2.0),
    MeanShift(bandwidth=1.0, bin_seeding=True, cluster_all=False),
    AffinityPropagation(random_state=0),
    AffinityPropagation(max_iter=3, random_state=0),
]
POOLED = [
    FeatureAgglomeration(2),
    FeatureAgglomeration(3, linkage="average"),
    FeatureAgglomeration(n_clusters=None, distance_threshold=1.0),
    FeatureAgglomeration(2, pooling_func=np.max),
    FeatureAgglomeration(2, pooling_func=np.min),
    FeatureAgglomeration(2, pooling_func=np.median),
]
ids = [repr(estimator) for estimator in CLUSTERERS]
without_centers = pytest.mark.filterwarnings("ignore:.*did not converge:Warning")


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=ids)
@examples(4)
@given(seed=seeds, width=st.integers(1, 9), scaled=st.booleans())
@without_centers
def test_clusters(
    clusterer: Any, seed: int, width: int, scaled: bool, tmp_path_factory: Any
) -> None:
    X = unlike_columns(seed, width, rows=70) if scaled else unlike_scales(seed, width)
    estimator = fitted(clusterer, StandardScaler().fit_transform(X))
    assert_proven(estimator, X, tmp_path_factory.mktemp("cluster"))


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=ids)
@examples(4)
@given(seed=seeds, width=st.integers(1, 40), rows=st.sampled_from([1, 2, 255, 257, 1000, 4097]))
@without_centers
def test_ties_fall_on_the_same_center(
    clusterer: Any, seed: int, width: int, rows: int, assert_pair: "AssertPair"
) -> None:
    rng = np.random.default_rng(seed)
    # Centres and rows on one coarse grid: many rows are as far from one as from another.
    estimator = fitted(clusterer, rng.integers(0, 3, size=(60, width)) / 10)
    X = rng.integers(0, 3, size=(rows, width)) / 10
    assert_pair(estimator, X, X)
    assert_pair(estimator, X, np.asfortranarray(X))


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=ids)
@without_centers
def test_a_row_alone_and_extreme_rows(clusterer: Any, assert_pair: "AssertPair") -> None:
    X = unlike_scales(1, 30, rows=90)
    model = assert_pair(fitted(clusterer, X), X, X)
    for i in range(10):
        assert_pair(fitted(clusterer, X), X, X[i : i + 1])
    assert_pair(fitted(clusterer, X), X, extreme_rows(30))
    assert model.predict(X).dtype == fitted(clusterer, X).predict(X).dtype


@pytest.mark.parametrize("clusterer", CLUSTERERS, ids=ids)
@without_centers
def test_frames_and_float32_inside_a_pipeline(clusterer: Any, assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.normal(size=80).round(1) for name in "abc"})
    frame["n"] = rng.integers(0, 3, 80)
    assert_pair(fitted(clusterer, frame), frame, frame)
    words = rng.choice(["a", "b", "c", "d"], (60, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    assert_pair(fitted(make_pipeline(encoder, clusterer), words), words, words)
    if not isinstance(clusterer, MeanShift):  # which takes no sparse inputs
        assert_pair(fitted(make_pipeline(OneHotEncoder(), clusterer), words), words, words)


@pytest.mark.parametrize("pooled", POOLED, ids=named)
@examples(4)
@given(seed=seeds, width=st.integers(3, 12), rows=st.sampled_from([1, 2, 40]))
def test_pooled_features(
    pooled: Any, seed: int, width: int, rows: int, assert_pair: "AssertPair"
) -> None:
    X = unlike_columns(seed, width)
    model = assert_pair(pooled.fit(X), X, X[:rows])
    assert np.array_equal(model.transform(X), pooled.transform(X))
    assert_pair(pooled.fit(X), X, extreme_rows(width))
    frame = pd.DataFrame(X.round().astype(np.int64), columns=[f"c{j}" for j in range(width)])
    assert_pair(pooled.fit(frame), frame, frame)
    whole = make_pipeline(pooled, LogisticRegression()).fit(X, np.arange(len(X)) % 2)
    assert_pair(whole, X, X)


def test_what_has_no_numpy_form(tmp_path: "Path") -> None:
    X = unlike_scales(0, 4)
    pooled = FeatureAgglomeration(2, pooling_func=np.ptp).fit(X)
    with pytest.raises(UnsupportedEstimator, match="pooling_func is <function ptp"):
        export_model(pooled, X, tmp_path / "model")
    similar = AffinityPropagation(affinity="precomputed", random_state=0).fit(-np.abs(X @ X.T))
    with pytest.raises(UnsupportedEstimator, match="similarities"):
        export_node(similar, exporters())  # export_model asks it for an answer first


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("clusterer", [*CLUSTERERS, *POOLED], ids=named)
@without_centers
def test_refuses_what_scikit_learn_refuses(clusterer: Any, value: float, tmp_path: "Path") -> None:
    X = unlike_scales(0, 4)
    estimator = fitted(clusterer, X)
    export_model(estimator, X, tmp_path / "model")
    bad = X.copy()
    bad[3, 1] = value
    for method in ("predict", "transform"):
        if hasattr(estimator, method):
            assert_both_refuse(estimator, load_model(tmp_path / "model"), bad, [(3, 1)], method)
