"""Exports linear models; the mirror of ``handler.engine.linear``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import linear_model, svm

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node

# The inverse of each link function of a generalised linear model, by scikit-learn's class.
_LINKS = {"IdentityLink": "linear.LinearRegressor", "LogLink": "linear.LogLinearRegressor"}


def _regressor(estimator: Any, _: Context) -> Node:
    return _weighted_sum("linear.LinearRegressor", estimator)


def _flat_regressor(estimator: Any, _: Context) -> Node:
    """Export what has one output only: a sparsified coefficient is a matrix of one row."""
    node = _weighted_sum("linear.LinearRegressor", estimator)
    return {**node, "coef": node["coef"].reshape(-1)}


def _generalised(estimator: Any, context: Context) -> Node:
    link = type(estimator._base_loss.link).__name__
    if link not in _LINKS:
        raise context.unsupported(estimator, f"its link function {link} has no numpy form")
    return _weighted_sum(_LINKS[link], estimator)


def _bayesian(estimator: linear_model.BayesianRidge, _: Context) -> Node:
    return _with_covariance(estimator, None)


def _relevance(estimator: linear_model.ARDRegression, _: Context) -> Node:
    """Export a model that keeps the inputs whose precision stayed below the threshold."""
    return _with_covariance(estimator, estimator.lambda_ < estimator.threshold_lambda)


def _with_covariance(estimator: Any, uncertain: Array | None) -> Node:
    return {
        **_weighted_sum("linear.BayesianRegressor", estimator),
        "centre": np.asarray(estimator.X_offset_),
        "uncertain": uncertain,
        "covariance": estimator.sigma_,
        "noise": float(1.0 / estimator.alpha_),
    }


def _consensus(estimator: Any, context: Context) -> Node:
    """Export RANSAC: its answers are those of the regressor fitted on the inliers."""
    return context.export(estimator.estimator_, "estimator_")


def _classifier(estimator: Any, _: Context) -> Node:
    return _with_classes("linear.LinearClassifier", estimator)


def _logistic(estimator: Any, _: Context) -> Node:
    binary = len(estimator.classes_) <= 2
    kind = "linear.LogisticClassifier" if binary else "linear.SoftmaxClassifier"
    return _with_classes(kind, estimator)


def _gradient_descent(estimator: Any, _: Context) -> Node:
    """Export SGDClassifier: its loss decides how and whether it gives probabilities."""
    kinds = {"log_loss": "LogisticClassifier", "modified_huber": "ModifiedHuberClassifier"}
    return _with_classes(f"linear.{kinds.get(estimator.loss, 'LinearClassifier')}", estimator)


def _ridge(estimator: Any, _: Context) -> Node:
    multilabel = estimator._label_binarizer.y_type_.startswith("multilabel")
    kind = "linear.MultilabelLinearClassifier" if multilabel else "linear.LinearClassifier"
    return _with_classes(kind, estimator)


def _one_class(estimator: Any, _: Context) -> Node:
    coef = _dense(estimator.coef_).reshape(-1)
    return {"kind": "linear.LinearOneClass", "coef": coef, "offset": estimator.offset_}


def _with_classes(kind: str, estimator: Any) -> Node:
    return {**_weighted_sum(kind, estimator), "classes": estimator.classes_}


def _weighted_sum(kind: str, estimator: Any) -> Node:
    return {
        "kind": kind,
        "coef": _dense(estimator.coef_),
        "intercept": estimator.intercept_,
    }


def _dense(coef: Any) -> Array:
    """Return coefficients as an array; ``sparsify()`` makes them a sparse matrix."""
    return np.asarray(coef.toarray() if hasattr(coef, "toarray") else coef)


EXPORTERS: Mapping[type, Exporter] = {
    linear_model.ARDRegression: _relevance,
    linear_model.BayesianRidge: _bayesian,
    linear_model.ElasticNet: _regressor,
    linear_model.ElasticNetCV: _regressor,
    linear_model.GammaRegressor: _generalised,
    linear_model.HuberRegressor: _regressor,
    linear_model.Lars: _regressor,
    linear_model.LarsCV: _regressor,
    linear_model.Lasso: _regressor,
    linear_model.LassoCV: _regressor,
    linear_model.LassoLars: _regressor,
    linear_model.LassoLarsCV: _regressor,
    linear_model.LassoLarsIC: _regressor,
    linear_model.LinearRegression: _regressor,
    linear_model.LogisticRegression: _logistic,
    linear_model.LogisticRegressionCV: _logistic,
    linear_model.MultiTaskElasticNet: _regressor,
    linear_model.MultiTaskElasticNetCV: _regressor,
    linear_model.MultiTaskLasso: _regressor,
    linear_model.MultiTaskLassoCV: _regressor,
    linear_model.OrthogonalMatchingPursuit: _regressor,
    linear_model.OrthogonalMatchingPursuitCV: _regressor,
    linear_model.PassiveAggressiveClassifier: _classifier,
    linear_model.PassiveAggressiveRegressor: _flat_regressor,
    linear_model.Perceptron: _classifier,
    linear_model.PoissonRegressor: _generalised,
    linear_model.QuantileRegressor: _regressor,
    linear_model.RANSACRegressor: _consensus,
    linear_model.Ridge: _regressor,
    linear_model.RidgeCV: _regressor,
    linear_model.RidgeClassifier: _ridge,
    linear_model.RidgeClassifierCV: _ridge,
    linear_model.SGDClassifier: _gradient_descent,
    linear_model.SGDOneClassSVM: _one_class,
    linear_model.SGDRegressor: _flat_regressor,
    linear_model.TheilSenRegressor: _regressor,
    linear_model.TweedieRegressor: _generalised,
    svm.LinearSVC: _classifier,
    svm.LinearSVR: _regressor,
}
