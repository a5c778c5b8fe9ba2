"""Exports sparse coders; the mirror of ``handler.engine.sparse_coding``."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn import decomposition

from handler.engine.table import Array
from model_build.export.node import Context, Exporter, Node

# Above this cosine, which of two atoms is chosen first is a matter of few digits.
_ALIKE = 1 - 1e-6

_PURSUITS = {"lars": "sparse_coding.LeastAngle", "omp": "sparse_coding.Pursuit"}


def _learned(estimator: Any, context: Context) -> Node:
    alpha = estimator.transform_alpha
    return _coder(
        estimator, estimator.components_, estimator.alpha if alpha is None else alpha, context
    )


def _given(estimator: decomposition.SparseCoder, context: Context) -> Node:
    alpha = estimator.transform_alpha
    return _coder(
        estimator, np.asarray(estimator.dictionary), 1 if alpha is None else alpha, context
    )


def _coder(estimator: Any, dictionary: Array, alpha: float, context: Context) -> Node:
    if dictionary.dtype != np.float64:
        raise context.unsupported(estimator, f"its dictionary is {dictionary.dtype}, not float64")
    common = {"dictionary": dictionary, "split": bool(estimator.split_sign)}
    if estimator.transform_algorithm == "threshold":
        return {
            **common,
            "kind": "sparse_coding.Thresholds",
            "threshold": float(alpha),
            "positive": bool(estimator.positive_code),
        }
    return {
        **common,
        "kind": _pursuit(estimator, context),
        "atoms": _atoms(estimator, dictionary, context),
    }


def _pursuit(estimator: Any, context: Context) -> str:
    """Return the evaluator of an algorithm that has one.

    Those of the lasso were tried. Where the penalty is small beside a row, a thousand rounds or
    steps carry on what rounding errors began, and the digits that count depend on whether BLAS
    fuses a product with its sum, which numpy's functions do not tell.
    """
    algorithm = estimator.transform_algorithm
    if algorithm not in _PURSUITS:
        raise context.unsupported(estimator, f"of {algorithm!r}, rounding errors decide digits")
    return _PURSUITS[algorithm]


def _atoms(estimator: Any, dictionary: Array, context: Context) -> int:
    """Return how many atoms a row is made of, where they are surely those that it chooses there."""
    wanted = estimator.transform_n_nonzero_coefs
    if wanted is None:
        wanted = int(min(max(dictionary.shape[1] / 10, 1), len(dictionary)))
    if wanted > np.linalg.matrix_rank(dictionary):
        raise context.unsupported(
            estimator, f"of {wanted} atoms some depend on others: rounding errors would choose"
        )
    if _most_alike(dictionary) > _ALIKE:
        raise context.unsupported(estimator, "two atoms are alike: rounding errors would choose")
    return int(wanted)


def _most_alike(dictionary: Array) -> float:
    """Return the largest absolute cosine of two atoms."""
    norms = np.linalg.norm(dictionary, axis=1, keepdims=True)
    unit = dictionary / np.where(norms == 0, 1, norms)
    cosines = np.abs(unit @ unit.T)
    np.fill_diagonal(cosines, 0)
    return float(cosines.max(initial=0))


EXPORTERS: Mapping[type, Exporter] = {
    decomposition.DictionaryLearning: _learned,
    decomposition.MiniBatchDictionaryLearning: _learned,
    decomposition.SparseCoder: _given,
}
