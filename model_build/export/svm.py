"""Exports support vector machines; the mirror of ``handler.engine.svm``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import svm

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _regressor(estimator: Any, context: Context) -> Node:
    return {"kind": "svm.SupportVectorRegressor", **_machine(estimator, context)}


def _one_class(estimator: Any, context: Context) -> Node:
    return {
        "kind": "svm.SupportVectorOneClass",
        **_machine(estimator, context),
        "offset": estimator.offset_,
    }


def _classifier(estimator: Any, context: Context) -> Node:
    if hasattr(estimator, "predict_proba") and estimator._probA.size == 0:
        raise context.unsupported(estimator, "it was fitted without probability=True")
    return {
        "kind": "svm.SupportVectorClassifier",
        **_machine(estimator, context),
        "classes": estimator.classes_,
        "n_support": estimator.n_support_,
        "one_vs_rest": estimator.decision_function_shape == "ovr",
        "break_ties": estimator.break_ties,
        "prob_a": estimator._probA,
        "prob_b": estimator._probB,
    }


def _machine(estimator: Any, context: Context) -> Node:
    if callable(estimator.kernel):
        raise context.unsupported(estimator, "a callable kernel is code and has no numpy form")
    precomputed = estimator.kernel == "precomputed"
    return {
        "kernel": estimator.kernel,
        "gamma": float(estimator._gamma),
        "coef0": float(estimator.coef0),
        "degree": int(estimator.degree),
        "vectors": estimator.support_ if precomputed else _dense(estimator.support_vectors_),
        # The private ones are libsvm's own; the public ones change sign for two classes.
        "dual_coef": _coefficients(estimator),
        "intercept": estimator._intercept_,
    }


def _coefficients(estimator: Any) -> Array:
    coef = _dense(estimator._dual_coef_)
    return coef if len(estimator.support_) else np.zeros((len(coef), 0))


def _dense(values: Any) -> Array:
    """Return an array; a machine fitted on a sparse matrix holds sparse matrices."""
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)


EXPORTERS: Mapping[type, Exporter] = {
    svm.NuSVC: _classifier,
    svm.NuSVR: _regressor,
    svm.OneClassSVM: _one_class,
    svm.SVC: _classifier,
    svm.SVR: _regressor,
}
