import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model, svm

from handler.artifact import load_model
from model_build.export import export_model
from tests.engine.drawn import (
    Matrix,
    Shape,
    assert_both_refuse,
    codes_of,
    examples,
    extreme_rows,
    fitted,
    seeds,
    shapes,
    unlike_scales,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(4)
problems = shapes(widest=7)


def inputs_of(shape: Shape) -> Matrix:
    X = unlike_scales(shape.seed, shape.width)
    if shape.width > 2:
        X[:, -1] = 3.0  # a constant column
    return X


def inputs_for(estimator: Any, shape: Shape) -> Matrix:
    # scikit-learn's own matching pursuit fails on one column.
    narrow = "MatchingPursuit" in type(estimator).__name__
    return inputs_of(shape._replace(width=max(shape.width, 2)) if narrow else shape)


def labels_of(shape: Shape, X: Matrix) -> Any:
    rng = np.random.default_rng(shape.seed + 1)
    return shape.labels(codes_of(X, shape.classes, rng, of_each=4))


def targets_of(shape: Shape, X: Matrix, outputs: int | None) -> Matrix:
    rng = np.random.default_rng(shape.seed + 2)
    size = X.shape[1:] if outputs is None else (X.shape[1], outputs)
    y = X @ rng.normal(size=size) + 5.0
    return np.asarray(y + rng.normal(size=y.shape), dtype=float)


def nasty_rows(X: Matrix) -> Matrix:
    return np.vstack([X, extreme_rows(X.shape[1]), X[:5] * 1e6])


def made(cls: type, **settings: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PassiveAggressive* at its construction
        return cls(**settings)


def ids(estimator: Any) -> str:
    return str(estimator).replace("\n", "")


ONE_OUTPUT = [
    linear_model.ARDRegression(),
    linear_model.BayesianRidge(),
    linear_model.ElasticNet(alpha=0.1),
    linear_model.ElasticNetCV(cv=3, alphas=4),
    linear_model.HuberRegressor(max_iter=15),
    linear_model.LarsCV(cv=3),
    linear_model.LassoCV(cv=3, alphas=4),
    linear_model.LassoLarsCV(cv=3),
    linear_model.LassoLarsIC(noise_variance=1.0),
    linear_model.OrthogonalMatchingPursuitCV(cv=3),
    linear_model.QuantileRegressor(alpha=0.01),
    linear_model.RANSACRegressor(
        linear_model.Ridge(), random_state=0, min_samples=20, residual_threshold=50.0
    ),
    linear_model.SGDRegressor(random_state=0, max_iter=20, eta0=1e-4),
    linear_model.SGDRegressor(random_state=0, loss="huber", average=True, fit_intercept=False),
    made(linear_model.PassiveAggressiveRegressor, random_state=0),
    linear_model.TheilSenRegressor(random_state=0, max_subpopulation=50),
    svm.LinearSVR(random_state=0),
    svm.LinearSVR(random_state=0, fit_intercept=False),
]
ANY_OUTPUTS = [
    linear_model.LinearRegression(),
    linear_model.LinearRegression(positive=True),
    linear_model.LinearRegression(fit_intercept=False),
    linear_model.Ridge(),
    linear_model.RidgeCV(),
    linear_model.Lasso(alpha=0.01),
    linear_model.Lars(),
    linear_model.LassoLars(alpha=0.01),
    linear_model.OrthogonalMatchingPursuit(),
    linear_model.RANSACRegressor(random_state=0, min_samples=20, residual_threshold=50.0),
]
MULTI_TASK = [
    linear_model.MultiTaskElasticNet(),
    linear_model.MultiTaskElasticNetCV(cv=3, alphas=3),
    linear_model.MultiTaskLasso(),
    linear_model.MultiTaskLassoCV(cv=3, alphas=3),
]


@pytest.mark.parametrize("estimator", ONE_OUTPUT, ids=ids)
@drawn
@given(shape=problems)
def test_regressors(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    X = inputs_for(estimator, shape)
    model = fitted(estimator, X, targets_of(shape, X, None))
    assert_pair(model, X, nasty_rows(X))


@pytest.mark.parametrize("estimator", ANY_OUTPUTS, ids=ids)
@drawn
@given(shape=problems, flat=st.booleans())
def test_regressors_of_many_outputs(
    estimator: Any, shape: Shape, flat: bool, assert_pair: "AssertPair"
) -> None:
    X = inputs_for(estimator, shape)
    model = fitted(estimator, X, targets_of(shape, X, None if flat else shape.outputs))
    assert_pair(model, X, nasty_rows(X))


@pytest.mark.parametrize("estimator", MULTI_TASK, ids=ids)
@drawn
@given(shape=problems)
def test_multi_task(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    X = inputs_of(shape)
    assert_pair(fitted(estimator, X, targets_of(shape, X, shape.outputs)), X, nasty_rows(X))


@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.PoissonRegressor(max_iter=15),
        linear_model.GammaRegressor(alpha=0.1, max_iter=15),
        linear_model.TweedieRegressor(max_iter=15),
        linear_model.TweedieRegressor(max_iter=15, power=1.5),
        linear_model.TweedieRegressor(max_iter=15, power=2, link="log", fit_intercept=False),
        linear_model.TweedieRegressor(max_iter=15, power=0, link="log"),
    ],
    ids=ids,
)
@drawn
@given(shape=problems)
def test_generalised(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    X = inputs_of(shape)
    y = np.exp(np.clip(targets_of(shape, X, None) / 10, -2, 2))
    assert_pair(fitted(estimator, X, y), X, nasty_rows(X))


CLASSIFIERS = [
    linear_model.LogisticRegression(),
    linear_model.LogisticRegression(fit_intercept=False, solver="newton-cg"),
    linear_model.LogisticRegression(solver="saga", C=0.1, max_iter=20, random_state=0),
    linear_model.LogisticRegressionCV(
        Cs=2, cv=2, use_legacy_attributes=False, scoring="neg_log_loss", l1_ratios=(0,)
    ),
    linear_model.RidgeClassifier(),
    linear_model.RidgeClassifierCV(),
    linear_model.Perceptron(random_state=0),
    made(linear_model.PassiveAggressiveClassifier, random_state=0),
    svm.LinearSVC(random_state=0),
    svm.LinearSVC(random_state=0, multi_class="crammer_singer", fit_intercept=False),
    linear_model.SGDClassifier(random_state=0, average=True),
    *(
        linear_model.SGDClassifier(random_state=0, loss=loss, eta0=1e-3, max_iter=20)
        for loss in [
            "hinge",
            "log_loss",
            "modified_huber",
            "squared_hinge",
            "perceptron",
            "squared_error",
            "huber",
            "epsilon_insensitive",
            "squared_epsilon_insensitive",
        ]
    ),
]


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=ids)
@drawn
@given(shape=problems)
def test_classifiers(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    X = inputs_of(shape)
    reference = fitted(estimator, X, labels_of(shape, X))
    model = assert_pair(reference, X, nasty_rows(X))
    assert model.predict(X).dtype == reference.predict(X).dtype


@drawn
@given(shape=problems)
def test_liblinear_takes_two_classes(shape: Shape, assert_pair: "AssertPair") -> None:
    shape = shape._replace(classes=2)
    X = inputs_of(shape)
    y = labels_of(shape, X)
    assert_pair(fitted(linear_model.LogisticRegression(solver="liblinear"), X, y), X, nasty_rows(X))


def test_boolean_classes(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = assert_pair(linear_model.LogisticRegression().fit(X, X[:, 0] > 0), X, X)
    assert model.predict(X).dtype == bool


@pytest.mark.parametrize(
    "estimator", [linear_model.RidgeClassifier(), linear_model.RidgeClassifierCV()], ids=ids
)
@drawn
@given(shape=problems)
def test_multilabel(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    X = inputs_of(shape)
    Y = (targets_of(shape, X, shape.outputs + 1) > 5).astype(int)
    assert_pair(fitted(estimator, X, Y), X, nasty_rows(X))


@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.SGDClassifier(penalty="l1", alpha=0.05, random_state=0, loss="log_loss"),
        linear_model.LogisticRegression(solver="saga", l1_ratio=1.0, C=0.1, random_state=0),
        svm.LinearSVC(penalty="l1", C=0.05, random_state=0),
        linear_model.SGDRegressor(penalty="l1", alpha=0.1, random_state=0),
        linear_model.SGDOneClassSVM(random_state=0),
    ],
    ids=ids,
)
@drawn
@given(shape=problems)
def test_sparse_coefficients(estimator: Any, shape: Shape, assert_pair: "AssertPair") -> None:
    # scipy sums a sparse row term by term and BLAS in blocks: equal but for rounding, so rows
    # whose sums cancel beyond all digits are left out here.
    X = inputs_of(shape)
    reference = fitted(estimator, X, (X[:, 0] > 0).astype(int)).sparsify()
    assert_pair(reference, X, X)


@drawn
@given(shape=problems, nu=st.sampled_from([0.1, 0.5]), intercept=st.booleans())
def test_one_class(shape: Shape, nu: float, intercept: bool, assert_pair: "AssertPair") -> None:
    X = inputs_of(shape)
    estimator = linear_model.SGDOneClassSVM(nu=nu, fit_intercept=intercept, random_state=0)
    reference = fitted(estimator, X, None)
    model = assert_pair(reference, X, nasty_rows(X))
    assert model.predict(X).dtype == reference.predict(X).dtype


def test_frames_of_integers_and_booleans(assert_pair: "AssertPair") -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "count": rng.integers(-(2**60), 2**60, 40),
            "flag": rng.random(40) < 0.5,
            "share": rng.random(40),
        }
    )
    estimator = linear_model.LinearRegression().fit(frame, rng.random(40))
    assert_pair(estimator, frame, frame)


def test_one_row_answers_as_in_a_batch(assert_pair: "AssertPair") -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    estimator = linear_model.LogisticRegression().fit(X, np.arange(40) % 3)
    for row in X[:5]:
        assert_pair(estimator, X, row[None, :])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "estimator",
    [
        linear_model.LinearRegression(),
        linear_model.PoissonRegressor(max_iter=15),
        linear_model.RANSACRegressor(random_state=0),
        linear_model.LogisticRegression(),
        linear_model.SGDOneClassSVM(),
        svm.LinearSVC(),
    ],
    ids=ids,
)
def test_refuses_what_scikit_learn_refuses(estimator: Any, value: float, tmp_path: Any) -> None:
    X = np.random.default_rng(0).normal(size=(40, 3))
    reference = fitted(estimator, X, (X[:, 0] > 0).astype(int))
    export_model(reference, X, tmp_path / "model")
    X[7, 1] = value
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(7, 1)])


@pytest.mark.parametrize("estimator", [linear_model.BayesianRidge(), linear_model.ARDRegression()])
@examples(5)
@given(seed=seeds, width=st.integers(1, 7), intercept=st.booleans(), few=st.booleans())
def test_standard_deviations(
    estimator: Any, seed: int, width: int, intercept: bool, few: bool, assert_pair: "AssertPair"
) -> None:
    X = unlike_scales(seed, width, rows=5 if few else 60)
    X[:, -1] = X[:, 0] * (1 + 1e-7)  # nearly collinear, and a variance that cancels
    y = X[:, 0] + np.random.default_rng(seed).normal(size=len(X))
    reference = fitted(estimator.set_params(fit_intercept=intercept), X, y)
    rows = np.vstack([X, 100 * X, extreme_rows(width)])
    model = assert_pair(reference, X, rows)
    assert "predict_std" in model.methods
    with np.errstate(all="ignore"):
        expected = reference.predict(rows, return_std=True)[1]
    np.testing.assert_array_equal(model.predict_std(rows), expected)
    bad = X.copy()
    bad[2, 0] = np.nan
    assert_both_refuse(reference, model, bad, [(2, 0)])


def test_inputs_without_relevance_add_no_deviation(assert_pair: "AssertPair") -> None:
    X = unlike_scales(0, 6)
    y = X[:, 1] + 0.01 * np.random.default_rng(0).normal(size=len(X))
    reference = linear_model.ARDRegression(threshold_lambda=1e3).fit(X, y)
    assert 0 < reference.sigma_.shape[0] < X.shape[1]
    assert_pair(reference, X, X)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    assert_pair(linear_model.BayesianRidge().fit(frame, y), frame, frame)
