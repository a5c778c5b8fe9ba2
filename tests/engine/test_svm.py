from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import UnsupportedEstimator, export_model
from tests.engine.drawn import (
    LABELS,
    Codes,
    Matrix,
    assert_both_refuse,
    codes_of,
    examples,
    extreme_rows,
    fitted,
    seeds,
    unlike_scales,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(6)
widths = st.integers(1, 9)
kernels = st.sampled_from(
    [
        {"kernel": "linear"},
        {"kernel": "rbf", "gamma": "auto"},
        {"kernel": "rbf", "gamma": 0.0},
        {"kernel": "rbf"},
        {"kernel": "poly", "coef0": 0.5},
        {"kernel": "poly", "degree": 5, "gamma": 0.1},
        {"kernel": "poly", "degree": 0},
        {"kernel": "sigmoid", "coef0": -0.25, "gamma": 0.05},
    ]
)


def classes_of(seed: int, X: Matrix, classes: int) -> Codes:
    return codes_of(X, classes, np.random.default_rng(seed + 1), of_each=6)


def nasty_rows(X: Matrix) -> Matrix:
    near = np.nextafter(X[:10], np.inf)
    return np.vstack([X, near, X[:20] * 3, extreme_rows(X.shape[1])])


def stopped_early(estimator: Any, X: Any, y: Any = None) -> Any:
    return fitted(estimator.set_params(max_iter=2000), X, y)


@settings(drawn, max_examples=25)
@given(
    seed=seeds,
    width=widths,
    classes=st.integers(2, 5),
    kernel=kernels,
    labels=st.sampled_from(LABELS),
    shape=st.sampled_from([("ovr", False), ("ovr", True), ("ovo", False)]),
    C=st.sampled_from([0.1, 1.0, 1000.0]),
)
def test_svc(
    seed: int,
    width: int,
    classes: int,
    kernel: dict[str, Any],
    labels: Any,
    shape: tuple[str, bool],
    C: float,
    assert_pair: "AssertPair",
) -> None:
    X = unlike_scales(seed, width)
    y = labels(classes_of(seed, X, classes))
    estimator = svm.SVC(C=C, decision_function_shape=shape[0], break_ties=shape[1], **kernel)
    reference = stopped_early(estimator, X, y)
    model = assert_pair(reference, X, nasty_rows(X))
    assert model.predict(X).dtype == reference.predict(X).dtype


@drawn
@given(seed=seeds, width=widths, classes=st.integers(2, 5), kernel=kernels)
def test_nu_svc(
    seed: int, width: int, classes: int, kernel: dict[str, Any], assert_pair: "AssertPair"
) -> None:
    # A constant kernel separates nothing: that problem has no finite solution.
    assume(kernel.get("gamma") != 0 and kernel.get("degree") != 0)
    X = unlike_scales(seed, width)
    y = classes_of(seed, X, classes)
    y[: 12 * classes] = np.arange(12 * classes) % classes  # such that this nu is feasible
    assert_pair(stopped_early(svm.NuSVC(nu=0.05, **kernel), X, y), X, nasty_rows(X))


@drawn
@given(seed=seeds, classes=st.integers(2, 9), nu=st.booleans())
def test_probabilities(seed: int, classes: int, nu: bool, assert_pair: "AssertPair") -> None:
    X = unlike_scales(seed, 4, 90)
    y = np.concatenate((np.arange(8 * classes) % classes, classes_of(seed, X, classes)))[:90]
    estimator = svm.NuSVC(nu=0.05) if nu else svm.SVC()
    reference = stopped_early(estimator.set_params(probability=True, random_state=0), X, y)
    model = assert_pair(reference, X, nasty_rows(X))
    # The algorithm stops row by row, so alone each row must come out as in the batch.
    alone = np.vstack([model.predict_proba(row[None]) for row in X])
    np.testing.assert_array_equal(alone, model.predict_proba(X))


@drawn
@given(seed=seeds, width=widths, kernel=kernels, nu=st.booleans())
def test_regressors(
    seed: int, width: int, kernel: dict[str, Any], nu: bool, assert_pair: "AssertPair"
) -> None:
    X = unlike_scales(seed, width)
    y = X @ np.arange(1.0, width + 1) + np.random.default_rng(seed).normal(size=len(X))
    estimator = svm.NuSVR(**kernel) if nu else svm.SVR(C=10, **kernel)
    assert_pair(stopped_early(estimator, X, y), X, nasty_rows(X))


def test_no_support_vectors(assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 3)
    reference = stopped_early(svm.SVR(epsilon=10.0), X, np.linspace(0, 1, len(X)))
    assert len(reference.support_) == 0
    assert_pair(reference, X, X)
    assert_pair(reference, X, X[:1])


@drawn
@given(seed=seeds, width=widths, kernel=kernels)
def test_one_class(
    seed: int, width: int, kernel: dict[str, Any], assert_pair: "AssertPair"
) -> None:
    X = unlike_scales(seed, width)
    reference = stopped_early(svm.OneClassSVM(nu=0.2, **kernel), X)
    model = assert_pair(reference, X, nasty_rows(X))
    assert model.predict(X).dtype == reference.predict(X).dtype


@pytest.mark.parametrize("estimator", [svm.SVC(), svm.SVR(), svm.OneClassSVM()], ids=str)
def test_precomputed_kernel(estimator: Any, assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 3)
    gram = X @ X.T
    reference = stopped_early(estimator.set_params(kernel="precomputed"), gram, classes_of(0, X, 3))
    assert_pair(reference, gram, np.random.default_rng(1).normal(size=(20, 3)) @ X.T)


@drawn
@given(
    seed=seeds,
    kernel=st.sampled_from(["linear", "rbf", "poly", "sigmoid"]),
    estimator=st.sampled_from([svm.SVC(), svm.NuSVC(nu=0.05), svm.SVR(), svm.OneClassSVM()]),
)
def test_fitted_on_a_sparse_matrix(
    seed: int, kernel: str, estimator: Any, assert_pair: "AssertPair"
) -> None:
    # libsvm's sparse form adds a dot product term by term, not in BLAS's order: the last digits
    # may differ there, so the rows that overflow or cancel are left out.
    X = np.maximum(unlike_scales(seed, 6), 0)
    reference = stopped_early(
        estimator.set_params(kernel=kernel), sparse.csr_matrix(X), np.arange(60) % 3
    )
    assert_pair(reference, X, np.maximum(unlike_scales(seed + 1, 6), 0))


def test_scores_that_overflow_when_they_are_added(assert_pair: "AssertPair") -> None:
    X = unlike_scales(1, 4)
    reference = stopped_early(svm.SVC(kernel="linear"), X, classes_of(1, X, 4))
    assert_pair(reference, X, np.array([[1.7e308, -1.7e308, 1.7e308, 0.0], [1e308, 1, 1, 1]]))


def test_classes_that_are_as_probable_for_all_rows(assert_pair: "AssertPair") -> None:
    estimator = svm.SVC(kernel="sigmoid", gamma=1.0, probability=True, random_state=0)
    X = np.random.default_rng(0).uniform(4, 8, size=(60, 3))
    model = assert_pair(stopped_early(estimator, X, np.arange(60) % 3), X, X)
    assert (model.predict_proba(X) == model.predict_proba(X[:1])).all()


@pytest.mark.parametrize("width", [40, 700])
def test_many_rows_go_through_in_chunks(width: int, assert_pair: "AssertPair") -> None:
    X = unlike_scales(3, width, 300)
    model = assert_pair(
        stopped_early(svm.SVC(), X, classes_of(3, X, 4)), X, unlike_scales(4, width, 261)
    )
    alone = np.vstack([model.decision_function(row[None]) for row in X[:70]])
    np.testing.assert_array_equal(alone, model.decision_function(X[:70]))


def test_boolean_classes(assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 2)
    model = assert_pair(stopped_early(svm.SVC(), X, X[:, 0] > 0), X, X)
    assert model.predict(X).dtype == bool


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("estimator", [svm.SVC(), svm.SVR(), svm.OneClassSVM()], ids=str)
def test_refuses_what_scikit_learn_refuses(estimator: Any, value: float, tmp_path: Any) -> None:
    X = unlike_scales(0, 3)
    reference = stopped_early(estimator, X, classes_of(0, X, 2))
    export_model(reference, X, tmp_path / "model")
    X[[7, 9], 1] = value
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(7, 1), (9, 1)])


def test_a_callable_kernel_has_no_numpy_form(tmp_path: Any) -> None:
    X = unlike_scales(0, 3)
    reference = svm.SVC(kernel=lambda A, B: A @ B.T).fit(X, classes_of(0, X, 3))
    with pytest.raises(UnsupportedEstimator, match=r"svm.*SVC: .*callable kernel"):
        export_model(reference, X, tmp_path / "model")


def test_ties_that_cannot_be_broken_are_told(tmp_path: Any) -> None:
    X = unlike_scales(0, 3)
    reference = svm.SVC(break_ties=True, decision_function_shape="ovo")
    with pytest.raises(InvalidInput, match=r"SVC does not take.*break_ties must be False"):
        export_model(reference.fit(X, classes_of(0, X, 3)), X, tmp_path / "model")


def test_probability_asked_for_after_the_fit(tmp_path: Any) -> None:
    X = unlike_scales(0, 3)
    reference = svm.SVC().fit(X, classes_of(0, X, 3)).set_params(probability=True)
    with pytest.raises(UnsupportedEstimator, match="without probability=True"):
        export_model(reference, X, tmp_path / "model")
