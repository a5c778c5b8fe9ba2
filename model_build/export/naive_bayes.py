"""Exports naive Bayes classifiers; the mirror of ``handler.engine.naive_bayes``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import naive_bayes

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node


def _gaussian(estimator: naive_bayes.GaussianNB, _: Context) -> Node:
    # A class that partial_fit never saw has the prior 0, a constant column may have no variance.
    with np.errstate(divide="ignore"):
        log_priors = np.log(estimator.class_prior_)
        constants = [-0.5 * np.sum(np.log(2.0 * np.pi * each)) for each in estimator.var_]
    return {
        "kind": "naive_bayes.GaussianNaiveBayes",
        "classes": estimator.classes_,
        "means": estimator.theta_,
        "variances": estimator.var_,
        "log_priors": log_priors,
        "constants": np.array(constants),
    }


def _multinomial(estimator: naive_bayes.MultinomialNB, context: Context) -> Node:
    return _weighted(estimator, estimator.feature_log_prob_, estimator.class_log_prior_, context)


def _complement(estimator: naive_bayes.ComplementNB, context: Context) -> Node:
    """Export ComplementNB: its priors count only where there is one class."""
    single = len(estimator.classes_) == 1
    biases = estimator.class_log_prior_ if single else np.zeros(len(estimator.classes_))
    return _weighted(estimator, estimator.feature_log_prob_, biases, context)


def _bernoulli(estimator: naive_bayes.BernoulliNB, context: Context) -> Node:
    """Export BernoulliNB: a feature's absence counts for every row, its presence instead of it."""
    present = estimator.feature_log_prob_
    # Without smoothing a feature may be certain: its absence has the probability 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        absent = np.log(1 - np.exp(present))
        weights = present - absent
        biases = estimator.class_log_prior_ + absent.sum(axis=1)
    node = _weighted(estimator, weights, biases, context)
    if estimator.binarize is None:
        return node
    kind = "naive_bayes.BernoulliNaiveBayes"
    return {**node, "kind": kind, "threshold": float(estimator.binarize)}


def _weighted(estimator: Any, weights: Array, biases: Array, context: Context) -> Node:
    if not np.isfinite(weights).all():
        # 0 times infinity is NaN for arrays; a sparse matrix leaves its zeros out.
        why = "some of its weights are not finite: sparse and dense inputs are answered otherwise"
        raise context.unsupported(estimator, why)
    return {
        "kind": "naive_bayes.MultinomialNaiveBayes",
        "classes": estimator.classes_,
        "weights": weights,
        "biases": biases,
    }


def _categorical(estimator: naive_bayes.CategoricalNB, _: Context) -> Node:
    tables = [table.T for table in estimator.feature_log_prob_]
    sizes = np.array([len(table) for table in tables])
    return {
        "kind": "naive_bayes.CategoricalNaiveBayes",
        "classes": estimator.classes_,
        "tables": np.concatenate(tables),
        "starts": np.cumsum(sizes) - sizes,
        "sizes": sizes,
        "log_priors": estimator.class_log_prior_,
    }


EXPORTERS: Mapping[type, Exporter] = {
    naive_bayes.BernoulliNB: _bernoulli,
    naive_bayes.CategoricalNB: _categorical,
    naive_bayes.ComplementNB: _complement,
    naive_bayes.GaussianNB: _gaussian,
    naive_bayes.MultinomialNB: _multinomial,
}
