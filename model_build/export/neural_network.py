"""Exports neural networks; the mirror of ``handler.engine.neural_network``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import neural_network

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node
from model_build.export.random_state import key_of

_CLASSIFIERS = {
    "binary": "BinaryPerceptronClassifier",
    "multiclass": "PerceptronClassifier",
    "multilabel-indicator": "MultilabelPerceptronClassifier",
}


def _regressor(estimator: neural_network.MLPRegressor, context: Context) -> Node:
    return _layers("PerceptronRegressor", estimator, context)


def _classifier(estimator: neural_network.MLPClassifier, context: Context) -> Node:
    kind = _CLASSIFIERS[estimator._label_binarizer.y_type_]
    return {**_layers(kind, estimator, context), "classes": estimator.classes_}


def _layers(kind: str, estimator: Any, context: Context) -> Node:
    functions = {"hidden": estimator.activation, "output": estimator.out_activation_}
    if "logistic" in functions.values():
        _check_precision(estimator, estimator.coefs_[0], context)
    return {
        "kind": f"neural_network.{kind}",
        "weights": estimator.coefs_,
        "biases": estimator.intercepts_,
        **functions,
    }


def _boltzmann(estimator: neural_network.BernoulliRBM, context: Context) -> Node:
    _check_precision(estimator, estimator.components_, context)
    features = {
        "kind": "neural_network.BoltzmannFeatures",
        "components": estimator.components_,
        "hidden_biases": estimator.intercept_hidden_,
    }
    if context.transforms_only:
        return features
    return {
        **features,
        "kind": "neural_network.BoltzmannMachine",
        "visible_biases": estimator.intercept_visible_,
        "key": key_of(estimator, context),
    }


def _check_precision(estimator: Any, weights: Array, context: Context) -> None:
    if weights.dtype == np.float32:
        why = "it was fitted on float32, in which scipy's logistic function rounds in its own way"
        raise context.unsupported(estimator, why)


EXPORTERS: Mapping[type, Exporter] = {
    neural_network.BernoulliRBM: _boltzmann,
    neural_network.MLPClassifier: _classifier,
    neural_network.MLPRegressor: _regressor,
}
