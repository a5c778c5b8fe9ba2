"""Meta-estimators of meta-estimators, over one estimator of every family that they may hold."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import given, reject
from hypothesis import strategies as st
from sklearn import (
    calibration,
    compose,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_selection,
    linear_model,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    preprocessing,
    semi_supervised,
    svm,
    tree,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 (it adds that imputer)
from sklearn.impute import IterativeImputer
from sklearn.pipeline import make_pipeline, make_union

from handler.artifact import load_model
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove
from tests.engine.drawn import (
    LABELS,
    Codes,
    Matrix,
    codes_of,
    examples,
    fitted,
    seeds,
    unlike_scales,
)

if TYPE_CHECKING:
    from pathlib import Path

type Meta = Callable[[Any], Any]

CLASSIFIERS = [
    linear_model.LogisticRegression(),
    linear_model.SGDClassifier(loss="modified_huber", random_state=0),
    linear_model.RidgeClassifier(),
    svm.LinearSVC(random_state=0),
    svm.SVC(),
    tree.DecisionTreeClassifier(max_depth=3, random_state=0),
    ensemble.RandomForestClassifier(n_estimators=3, random_state=0),
    ensemble.GradientBoostingClassifier(n_estimators=3, random_state=0),
    ensemble.HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=3),
    naive_bayes.GaussianNB(),
    neighbors.KNeighborsClassifier(),
    neighbors.NearestCentroid(),
    discriminant_analysis.LinearDiscriminantAnalysis(),
    neural_network.MLPClassifier((5,), max_iter=20, random_state=0),
    dummy.DummyClassifier(strategy="prior"),
]

REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.BayesianRidge(),
    linear_model.SGDRegressor(random_state=0),
    svm.SVR(),
    tree.DecisionTreeRegressor(max_depth=3, random_state=0),
    ensemble.RandomForestRegressor(n_estimators=3, random_state=0),
    ensemble.GradientBoostingRegressor(n_estimators=3, random_state=0),
    ensemble.HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=3),
    neighbors.KNeighborsRegressor(),
    neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, random_state=0),
    dummy.DummyRegressor(),
]

COMMON: list[Meta] = [
    lambda inner: make_pipeline(preprocessing.StandardScaler(), inner),
    lambda inner: make_pipeline(feature_selection.SelectPercentile(percentile=70), inner),
    lambda inner: make_pipeline(IterativeImputer(max_iter=2, random_state=0), inner),
    lambda inner: make_pipeline(
        make_union(
            preprocessing.MinMaxScaler(),
            ensemble.RandomTreesEmbedding(3, max_depth=2, sparse_output=False, random_state=0),
        ),
        inner,
    ),
    lambda inner: feature_selection.RFE(inner, n_features_to_select=2),
    lambda inner: model_selection.GridSearchCV(inner, {}, cv=2),
    lambda inner: model_selection.RandomizedSearchCV(inner, {}, n_iter=1, cv=2),
]

OF_CLASSIFIERS: list[Meta] = [
    *COMMON,
    lambda inner: ensemble.BaggingClassifier(inner, 3, max_features=0.7, random_state=0),
    lambda inner: ensemble.BaggingClassifier(
        inner, 2, max_samples=0.8, bootstrap_features=True, random_state=0
    ),
    lambda inner: ensemble.AdaBoostClassifier(inner, n_estimators=3, random_state=0),
    lambda inner: ensemble.VotingClassifier(
        [("inner", inner), ("tree", tree.DecisionTreeClassifier(max_depth=2, random_state=0))]
    ),
    lambda inner: ensemble.VotingClassifier(
        [("inner", inner), ("bayes", naive_bayes.GaussianNB())], voting="soft", weights=[2, 1]
    ),
    lambda inner: ensemble.StackingClassifier(
        [("inner", inner), ("line", svm.LinearSVC(random_state=0))], cv=2
    ),
    lambda inner: ensemble.StackingClassifier(
        [("line", linear_model.LogisticRegression())], inner, cv=2, passthrough=True
    ),
    lambda inner: ensemble.GradientBoostingClassifier(
        n_estimators=2, max_depth=2, init=inner, random_state=0
    ),
    lambda inner: calibration.CalibratedClassifierCV(inner, method="sigmoid", cv=2),
    lambda inner: calibration.CalibratedClassifierCV(inner, method="isotonic", cv=2),
    lambda inner: calibration.CalibratedClassifierCV(inner, method="temperature", cv=2),
    lambda inner: multiclass.OneVsRestClassifier(inner),
    lambda inner: multiclass.OneVsOneClassifier(inner),
    lambda inner: multiclass.OutputCodeClassifier(inner, random_state=0),
    lambda inner: model_selection.FixedThresholdClassifier(inner, threshold=0.3),
    lambda inner: semi_supervised.SelfTrainingClassifier(inner),
]

OF_REGRESSORS: list[Meta] = [
    *COMMON,
    lambda inner: ensemble.BaggingRegressor(inner, 3, max_features=0.7, random_state=0),
    lambda inner: ensemble.AdaBoostRegressor(inner, n_estimators=3, random_state=0),
    lambda inner: ensemble.VotingRegressor(
        [("inner", inner), ("line", linear_model.LinearRegression())], weights=[2, 1]
    ),
    lambda inner: ensemble.StackingRegressor(
        [("inner", inner), ("line", linear_model.LinearRegression())], cv=2
    ),
    lambda inner: ensemble.StackingRegressor(
        [("line", linear_model.LinearRegression())], inner, cv=2, passthrough=True
    ),
    lambda inner: ensemble.GradientBoostingRegressor(
        n_estimators=2, max_depth=2, init=inner, random_state=0
    ),
    lambda inner: compose.TransformedTargetRegressor(inner, func=np.cbrt, inverse_func=np.square),
    lambda inner: compose.TransformedTargetRegressor(
        inner, transformer=preprocessing.StandardScaler()
    ),
    lambda inner: linear_model.RANSACRegressor(inner, min_samples=20, random_state=0),
]

OF_TARGETS: list[Meta] = [
    lambda inner: multioutput.MultiOutputClassifier(inner),
    lambda inner: multioutput.ClassifierChain(inner, order=[1, 0]),
    lambda inner: multioutput.ClassifierChain(
        inner, chain_method=["predict_proba", "decision_function", "predict"]
    ),
    lambda inner: multiclass.OneVsRestClassifier(inner),
]


def made(base: Any, metas: list[Meta]) -> Any:
    for meta in metas:
        base = meta(base)
    return base


def problem(seed: int, classes: int) -> tuple[Matrix, Codes]:
    X = unlike_scales(seed, 4, rows=90)
    return X, codes_of(X, classes, np.random.default_rng(seed), of_each=9)


def assert_proven_if_it_fits(
    estimator: Any, values: Matrix, y: Any, folder: "Path", *, framed: bool = False
) -> None:
    """Proven, where scikit-learn can make such a thing at all: not all go together."""
    X = pd.DataFrame(values, columns=list("abcd")) if framed else values
    try:
        reference = fitted(estimator, X, y)
        reference.predict(X)
    except (ValueError, TypeError, AttributeError, IndexError):
        reject()
    try:
        export_model(reference, X, folder / "model")
    except UnsupportedEstimator as error:
        # What a gradient boosting's own init makes of float32 has no exact form.
        assert "float32" in str(error)  # noqa: PT017 (any other reason is a failure)
        reject()
    parity = prove(reference, load_model(folder / "model"), X)
    assert parity.proven, parity.told()


def chains(metas: list[Meta]) -> st.SearchStrategy[list[Meta]]:
    return st.lists(st.sampled_from(metas), min_size=1, max_size=3)


@examples(12)
@given(
    base=st.sampled_from(CLASSIFIERS),
    metas=chains(OF_CLASSIFIERS),
    seed=seeds,
    classes=st.integers(2, 3),
    labels=st.sampled_from(LABELS),
    framed=st.booleans(),
)
def test_classifiers(
    base: Any,
    metas: list[Meta],
    seed: int,
    classes: int,
    labels: Any,
    framed: bool,
    tmp_path: "Path",
) -> None:
    X, y = problem(seed, classes)
    assert_proven_if_it_fits(made(base, metas), X, labels(y), tmp_path, framed=framed)


@examples(12)
@given(
    base=st.sampled_from(REGRESSORS),
    metas=chains(OF_REGRESSORS),
    seed=seeds,
    framed=st.booleans(),
)
def test_regressors(
    base: Any, metas: list[Meta], seed: int, framed: bool, tmp_path: "Path"
) -> None:
    X, y = problem(seed, 3)
    target = X[:, 0] ** 2 + y + 1.0
    assert_proven_if_it_fits(made(base, metas), X, target, tmp_path, framed=framed)


@examples(8)
@given(
    base=st.sampled_from(CLASSIFIERS),
    metas=st.lists(st.sampled_from(OF_CLASSIFIERS), max_size=1),
    several=st.sampled_from(OF_TARGETS),
    seed=seeds,
)
def test_several_labels(
    base: Any, metas: list[Meta], several: Meta, seed: int, tmp_path: "Path"
) -> None:
    X, y = problem(seed, 2)
    both = np.column_stack([y, y[::-1]])
    assert_proven_if_it_fits(several(made(base, metas)), X, both, tmp_path)


@examples(8)
@given(
    base=st.sampled_from(REGRESSORS),
    metas=st.lists(st.sampled_from(OF_REGRESSORS), max_size=1),
    several=st.sampled_from([multioutput.MultiOutputRegressor, multioutput.RegressorChain]),
    seed=seeds,
)
def test_several_targets(
    base: Any, metas: list[Meta], several: Meta, seed: int, tmp_path: "Path"
) -> None:
    X, y = problem(seed, 3)
    both = np.column_stack([y + 1.0, X[:, 0] ** 2])
    assert_proven_if_it_fits(several(made(base, metas)), X, both, tmp_path)
