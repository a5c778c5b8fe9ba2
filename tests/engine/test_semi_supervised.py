from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    Matrix,
    assert_both_refuse,
    assert_same_bits,
    codes_of,
    examples,
    fitted,
    seeds,
)

KERNELS: list[dict[str, Any]] = [
    {"gamma": 20},
    {"gamma": 0.5},
    {"gamma": 0.01},
    {"gamma": 0},
    {"kernel": "knn"},
    {"kernel": "knn", "n_neighbors": 1},
    {"kernel": "knn", "n_neighbors": 15},
]


def partly_labelled(seed: int, width: int, classes: int) -> tuple[Matrix, Any]:
    """A third of the rows have labels, the others -1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, width))
    y = codes_of(X, classes, rng, of_each=2) * 3
    y[20:] = np.where(rng.random(40) < 0.8, -1, y[20:])
    return X, y


@pytest.mark.parametrize("cls", [LabelPropagation, LabelSpreading])
@examples(12)
@given(
    seed=seeds,
    width=st.integers(1, 6),
    classes=st.integers(1, 4),
    kernel=st.sampled_from(KERNELS),
)
def test_labels_spread(
    cls: Any, seed: int, width: int, classes: int, kernel: dict[str, Any], tmp_path: Path
) -> None:
    X, y = partly_labelled(seed, width, classes)
    reference = fitted(cls(max_iter=20, **kernel), X, y)
    # Rows far from all others have no neighbours, whose shares are 0 / 0.
    rows = np.vstack([X, X + 1e-9, 2 * X, 9 * X, 1e160 * X[:3]])
    assert_same_bits(reference, X, tmp_path, rows)
    assert_same_bits(reference, X, tmp_path, rows[7:8])


@examples(8)
@given(seed=seeds, width=st.integers(1, 20), neighbors=st.integers(1, 12))
def test_neighbors_at_one_distance(seed: int, width: int, neighbors: int, tmp_path: Path) -> None:
    X = np.random.default_rng(seed).integers(0, 3, (80, width)).astype(float)
    y = np.arange(80) % 4 - 1
    reference = fitted(LabelSpreading("knn", n_neighbors=neighbors), X, y)
    assert_same_bits(reference, X, tmp_path, X.copy())


def test_float32_and_sparse_vectors(tmp_path: Path) -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c"], (40, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    y = np.arange(40) % 3 - 1
    assert_same_bits(fitted(make_pipeline(encoder, LabelSpreading()), X, y), X, tmp_path)
    vectors = OneHotEncoder().fit_transform(X)
    reference = fitted(LabelPropagation(), sparse.csr_array(vectors), y)
    export_model(reference, vectors.toarray(), tmp_path / "model")
    answer = load_model(tmp_path / "model").predict_proba(vectors.toarray())
    np.testing.assert_allclose(answer, reference.predict_proba(vectors.toarray()), rtol=1e-12)


@pytest.mark.parametrize("estimator", [LabelPropagation(), LabelSpreading("knn")])
def test_refuses_what_scikit_learn_refuses(estimator: Any, tmp_path: Path) -> None:
    X, y = partly_labelled(0, 3, 2)
    reference = fitted(estimator, X, y)
    # A copy: scikit-learn takes a short cut where the rows are the very array it was fitted on.
    model = assert_same_bits(reference, X, tmp_path, X.copy())
    for value in (np.nan, np.inf):
        bad = X.copy()
        bad[3, 1] = value
        assert_both_refuse(reference, model, bad, [(3, 1)])
    parity = prove(reference, model, X)
    assert parity.proven, parity.told()


def test_a_callable_kernel_is_code(tmp_path: Path) -> None:
    X, y = partly_labelled(0, 3, 2)
    reference = fitted(LabelPropagation(lambda a, b: np.abs(a @ b.T)), X, y)
    with pytest.raises(UnsupportedEstimator, match="callable"):
        export_model(reference, X, tmp_path / "model")
