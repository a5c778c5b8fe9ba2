from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    Matern,
    PairwiseKernel,
    RationalQuadratic,
    WhiteKernel,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from handler.artifact import load_model
from model_build.compare import compare
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    LABELS,
    Matrix,
    assert_both_refuse,
    assert_same_bits,
    codes_of,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

KERNELS = [
    None,
    RBF(2.0),
    0.5 * RBF(3.0) + WhiteKernel(1e-3),
    Matern(3.0, nu=0.5),
    Matern(3.0, nu=1.5) * ConstantKernel(2),
    Matern(3.0, nu=2.5) + DotProduct() ** 2,
    RationalQuadratic(2.0, alpha=0.5),
    ExpSineSquared(2.0, periodicity=5.0) + 0.1 * RBF(2.0),
    DotProduct() + WhiteKernel(),
    PairwiseKernel(metric="rbf", gamma=0.2) + 1.0,
    ConstantKernel(3.0) + WhiteKernel(0.2),
]


def smooth(seed: int, width: int, rows: int) -> tuple[Matrix, Matrix]:
    X = np.random.default_rng(seed).normal(size=(rows, width))
    return X, np.sin(X).sum(axis=1)


def near_and_far(X: Matrix) -> Matrix:
    """Vectors of training, rows close to them, and rows far away."""
    return np.vstack([X, X + 1e-9, X * 1.5, 1e3 * X[:5]])


@examples(40)
@given(
    seed=seeds,
    width=st.integers(1, 6),
    rows=st.sampled_from([1, 2, 40, 150]),
    kernel=st.sampled_from(KERNELS),
    alpha=st.sampled_from([1e-10, 1e-5, 0.1]),
    normalize=st.booleans(),
    outputs=st.sampled_from([None, 1, 3]),
)
def test_regressor(
    seed: int,
    width: int,
    rows: int,
    kernel: Any,
    alpha: float,
    normalize: bool,
    outputs: int | None,
    tmp_path: Path,
) -> None:
    X, y = smooth(seed, width, rows)
    y = y if outputs is None else np.column_stack([y ** (j + 1) for j in range(outputs)])
    estimator = GaussianProcessRegressor(kernel, alpha=alpha, normalize_y=normalize, optimizer=None)
    try:
        reference = fitted(estimator, X, y)
    except np.linalg.LinAlgError:  # too small an alpha for scikit-learn
        reference = fitted(estimator.set_params(alpha=100.0), X, y)
    with np.errstate(all="ignore"):
        model = assert_same_bits(reference, X, tmp_path, near_and_far(X))
        assert_same_bits(reference, X, tmp_path, X[-1:] + 0.01)
        assert_same_bits(reference, X, tmp_path, 1e160 * X[:2])
    assert set(model.methods) == {"predict", "predict_std"}


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_learned_parameters(kernel: Any, tmp_path: Path) -> None:
    X, y = smooth(0, 3, 60)
    estimator = GaussianProcessRegressor(kernel, n_restarts_optimizer=1, random_state=0)
    assert_same_bits(fitted(estimator, X, y), X, tmp_path, np.vstack([X, X + 0.01]))


def test_a_scale_a_column(tmp_path: Path) -> None:
    X, y = smooth(0, 3, 60)
    kernel = RBF([1.0, 2.0, 3.0]) + Matern(np.ones(3))
    assert_same_bits(fitted(GaussianProcessRegressor(kernel), X, y), X, tmp_path)


def test_noise_a_vector(tmp_path: Path) -> None:
    X, y = smooth(0, 2, 30)
    estimator = GaussianProcessRegressor(alpha=np.linspace(1e-3, 1, 30))
    frame = pd.DataFrame(X, columns=list("ab"))
    assert_same_bits(fitted(estimator, frame, y), frame, tmp_path)


def test_vectors_that_are_almost_one(tmp_path: Path) -> None:
    """The variances there are what rounding leaves of 1 - 1, some of them negative."""
    X = np.repeat(np.linspace(0, 1, 30), 4)[:, None] + 1e-12 * np.arange(120)[:, None]
    estimator = GaussianProcessRegressor(1e5 * RBF(3.0), alpha=1e-9, optimizer=None)
    reference = fitted(estimator, X, np.sin(9 * X[:, 0]))
    rows = np.vstack([X, X + 1e-5])
    model = assert_same_bits(reference, X, tmp_path, rows)
    assert (model.predict_std(rows) == 0).any()


def test_large_processes_and_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = smooth(0, 3, 400)
    reference = fitted(GaussianProcessRegressor(RBF(2.0) + WhiteKernel(0.01)), X, y)
    rows = np.random.default_rng(1).normal(size=(700, 3))
    assert_same_bits(reference, X, tmp_path, rows)
    monkeypatch.setattr("handler.engine.kernel_model._MATRIX", 1)
    assert all(found.equal for found in compare(reference, load_model(tmp_path / "model"), rows))


def test_float32_and_steps_before(tmp_path: Path) -> None:
    X = np.random.default_rng(0).choice(["a", "b", "c"], (40, 3)).astype(object)
    encoder = OneHotEncoder(dtype=np.float32, sparse_output=False)
    y = np.arange(40.0) % 7
    for kernel in (RBF(), DotProduct() + WhiteKernel(), PairwiseKernel(metric="rbf") + 1.0):
        estimator = GaussianProcessRegressor(kernel, alpha=0.1, optimizer=None)
        assert_same_bits(fitted(make_pipeline(encoder, estimator), X, y), X, tmp_path)
    X, y = smooth(0, 2, 40)
    model = assert_same_bits(
        fitted(make_pipeline(StandardScaler(), GaussianProcessRegressor(RBF())), X, y), X, tmp_path
    )
    assert "predict_std" in model.methods


@pytest.mark.parametrize(
    ("estimator", "targets"),
    [(GaussianProcessRegressor(RBF(), alpha=0.1), "y"), (GaussianProcessClassifier(), "labels")],
)
def test_refuses_what_scikit_learn_refuses(estimator: Any, targets: str, tmp_path: Path) -> None:
    X, y = smooth(0, 3, 40)
    reference = fitted(estimator, X, y if targets == "y" else y > 0)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    for value in (np.nan, np.inf):
        bad = X.copy()
        bad[3, 1] = value
        assert_both_refuse(reference, model, bad, [(3, 1)])
    with np.errstate(all="ignore"):
        parity = prove(reference, model, X)
    assert parity.proven, parity.told()


@examples(15)
@given(
    seed=seeds,
    width=st.integers(1, 4),
    classes=st.integers(2, 4),
    kernel=st.sampled_from(KERNELS[:9]),
    one_vs_one=st.booleans(),
    labels=st.sampled_from(LABELS),
    optimized=st.booleans(),
)
def test_classifier(
    seed: int,
    width: int,
    classes: int,
    kernel: Any,
    one_vs_one: bool,
    labels: Any,
    optimized: bool,
    tmp_path: Path,
) -> None:
    X = unlike_scales(seed, width, 40)
    y = labels(codes_of(X, classes, np.random.default_rng(seed), of_each=3))
    estimator = GaussianProcessClassifier(
        kernel,
        multi_class="one_vs_one" if one_vs_one else "one_vs_rest",
        optimizer="fmin_l_bfgs_b" if optimized else None,
    )
    try:
        reference = fitted(estimator, X, y)
    except np.linalg.LinAlgError:  # scikit-learn's search runs into a singular matrix
        reference = fitted(estimator.set_params(optimizer=None), X, y)
    with np.errstate(all="ignore"):
        model = assert_same_bits(reference, X, tmp_path, near_and_far(X))
        assert_same_bits(reference, X, tmp_path, X[-1:] + 0.01)
    assert ("predict_proba" in model.methods) != (one_vs_one and classes > 2)


def test_what_overflows_has_no_probability(tmp_path: Path) -> None:
    X, y = smooth(0, 2, 40)
    reference = fitted(GaussianProcessClassifier(Matern(nu=1.5)), X, y > 0)
    model = assert_same_bits(reference, X, tmp_path)
    far = X.copy()
    far[7] = 1e200
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(model.predict(far), reference.predict(far))
        with pytest.raises(ValueError, match="infs or NaNs"):
            reference.predict_proba(far)
    with pytest.raises(ValueError, match="row 7, column 0: is so far"):
        model.predict_proba(far)


def test_a_prior_is_unsupported(tmp_path: Path) -> None:
    """A regressor answers before it is fitted."""
    with pytest.raises(UnsupportedEstimator, match="is not fitted"):
        export_model(GaussianProcessRegressor(), np.ones((2, 2)), tmp_path / "model")


def test_inputs_that_are_no_vectors(tmp_path: Path) -> None:
    words = np.array([["a"], ["b"], ["c"], ["d"]], dtype=object)
    kernel = ConstantKernel() + WhiteKernel()
    reference = GaussianProcessRegressor(kernel).fit(words, np.arange(4.0))
    with pytest.raises(UnsupportedEstimator, match="no vectors"):
        export_model(reference, words, tmp_path / "model")
