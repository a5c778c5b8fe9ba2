from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from handler.artifact import load_model
from handler.errors import InvalidInput
from model_build.export import export_model
from tests.engine.drawn import (
    NAMES,
    Codes,
    Matrix,
    assert_both_refuse,
    codes_of,
    examples,
    fitted,
    seeds,
)

if TYPE_CHECKING:
    from tests.engine.conftest import AssertPair

drawn = examples(4)
CLASSIFIERS = [
    LogisticRegression(),
    LinearSVC(random_state=0),
    SVC(),
    RidgeClassifier(),
    SGDClassifier(loss="modified_huber", random_state=0),
    RandomForestClassifier(n_estimators=5, random_state=0),
    make_pipeline(StandardScaler(), LogisticRegression()),
]


def problem(seed: int, classes: int) -> tuple[Matrix, Codes]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 3)) * [1.0, 10.0, 0.1]
    return X, codes_of(X, classes, rng, of_each=8)


def wide(X: Matrix) -> Matrix:
    """Rows of the data, beyond it, and where all scores are large or 0."""
    return np.vstack([X, X * 100, np.zeros((1, 3)), [[1e6, -1e6, 1e6]], [[5e-324, 2.0**24 + 1, 1]]])


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda each: type(each).__name__)
@drawn
@given(seed=seeds, classes=st.integers(2, 4), ensemble=st.booleans())
def test_calibrated(
    estimator: Any,
    method: str,
    seed: int,
    classes: int,
    ensemble: bool,
    assert_pair: "AssertPair",
) -> None:
    X, y = problem(seed, classes)
    reference = CalibratedClassifierCV(estimator, method=method, cv=2, ensemble=ensemble)
    assert_pair(fitted(reference, X, NAMES[y]), X, wide(X))


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("classes", [3, 4])
def test_a_fold_that_lacked_a_class(method: str, classes: int, assert_pair: "AssertPair") -> None:
    X, y = problem(0, classes)
    folds = PredefinedSplit(np.where(y == 1, 0, np.arange(len(y)) % 2))
    calibrated = CalibratedClassifierCV(LogisticRegression(), method=method, cv=folds)
    reference = fitted(calibrated, X, y)
    assert len(reference.calibrated_classifiers_[0].estimator.classes_) == classes - 1
    assert_pair(reference, X, wide(X))


def test_a_frozen_classifier(assert_pair: "AssertPair") -> None:
    X, y = problem(0, 3)
    frozen = FrozenEstimator(LogisticRegression().fit(X, y))
    assert_pair(fitted(CalibratedClassifierCV(frozen, cv=2), X, y), X, wide(X))


@drawn
@given(
    seed=seeds,
    outside=st.sampled_from(["nan", "clip"]),
    increasing=st.sampled_from([True, False, "auto"]),
    distinct=st.sampled_from([1, 3, 1000]),
)
def test_isotonic(
    seed: int, outside: str, increasing: Any, distinct: int, assert_pair: "AssertPair"
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, distinct, size=(60, 1)).astype(float)
    isotonic = IsotonicRegression(out_of_bounds=outside, increasing=increasing)
    reference = fitted(isotonic, X, X[:, 0] + rng.normal(size=60))
    edges = np.repeat(reference.X_thresholds_, 3).reshape(-1, 3)
    near = np.nextafter(edges, [[-np.inf, 0, np.inf]]).reshape(-1, 1)
    near = near if outside == "clip" or distinct > 1 else X
    assert_pair(reference, X, np.vstack([X, near, X + 0.5, [[1e300]], [[-5e-324]]]))


def test_isotonic_refuses_what_lies_outside(tmp_path: Any) -> None:
    X = np.arange(10.0)[:, None]
    reference = IsotonicRegression(out_of_bounds="raise").fit(X, X[:, 0])
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    with pytest.raises(ValueError, match="interpolation range"):
        reference.predict([[3.0], [11.0]])
    with pytest.raises(InvalidInput, match="row 1"):
        model.predict([[3.0], [11.0]])


@drawn
@given(
    seed=seeds,
    outside=st.sampled_from(["nan", "clip"]),
    increasing=st.sampled_from([True, False]),
    distinct=st.sampled_from([1, 3, 1000]),
)
def test_isotonic_of_float32(
    seed: int, outside: str, increasing: bool, distinct: int, tmp_path: Any
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.integers(0, distinct, size=(60, 1)).astype(np.float32) / 3
    y = X[:, 0] + rng.normal(size=60)
    reference = IsotonicRegression(out_of_bounds=outside, increasing=increasing).fit(X, y)
    export_model(reference, X, tmp_path / "model")
    model = load_model(tmp_path / "model")
    between = rng.uniform(-1, 1 + distinct, size=(200, 1))
    for rows in (X, between, between[:1], np.array([[1e30], [-1e-50]])):
        expected = reference.predict(rows)
        np.testing.assert_array_equal(model.predict(rows), expected)
        assert model.predict(rows).dtype == expected.dtype
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="infinity"):
        reference.predict([[1e39]])
    with pytest.raises(InvalidInput, match="too large for float32"):
        model.predict([[1e39]])


def test_isotonic_of_numbers_takes_rows_of_one(tmp_path: Any) -> None:
    X = np.arange(10.0)
    reference = IsotonicRegression(out_of_bounds="clip").fit(X, X**2)
    export_model(reference, X[:, None], tmp_path / "model")
    rows = np.array([[3.5], [-7.0], [100.0], [1 / 3]])
    expected = reference.predict(rows.ravel())
    np.testing.assert_array_equal(load_model(tmp_path / "model").predict(rows), expected)


def test_a_batch_tells_whether_scores_are_probabilities(assert_pair: "AssertPair") -> None:
    X, y = problem(0, 3)
    forest = RandomForestClassifier(n_estimators=3, random_state=0)
    reference = fitted(CalibratedClassifierCV(forest, method="temperature", cv=2), X, y)
    assert not assert_pair(reference, X, X).by_row


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
def test_refuses_what_the_classifier_refuses(method: str, tmp_path: Any) -> None:
    X, y = problem(0, 2)
    reference = fitted(CalibratedClassifierCV(LinearSVC(), method=method, cv=2), X, y)
    export_model(reference, X, tmp_path / "model")
    X[5, 2] = np.nan
    assert_both_refuse(reference, load_model(tmp_path / "model"), X, [(5, 2)])
