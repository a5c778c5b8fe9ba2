"""Export: a fitted scikit-learn estimator as an artifact that needs no scikit-learn."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from importlib import metadata as distributions
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from handler.engine import build
from handler.engine.sklearn_engine import ask
from handler.errors import InvalidInput
from model_build.compare import rows_of
from model_build.export import (
    adaboost,
    bagging,
    boosting,
    calibration,
    catboost,
    cluster,
    compose,
    covariance,
    covariances,
    cross_decomposition,
    decomposition,
    density,
    dict_features,
    discretization,
    discriminant,
    distribution,
    dummy,
    embedding,
    expansion,
    factorization,
    gaussian_process,
    image,
    impute,
    isolation,
    kernel_approximation,
    kernel_pca,
    kernel_ridge,
    kernels,
    knn_impute,
    labels,
    lightgbm,
    linear,
    manifold,
    meta,
    mixture,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    preprocessing,
    random_projection,
    searches,
    selection,
    semi_supervised,
    sparse_coding,
    stacking,
    svm,
    target,
    target_encoding,
    text,
    topics,
    tree_searches,
    trees,
    voting,
    xgboost,
)
from model_build.export.node import Exporter, Node, UnsupportedEstimator, export_node
from model_build.export.signature import signature_of
from model_build.export.writer import write_artifact
from model_build.methods import methods_of

__all__ = ["FAMILIES", "UnsupportedEstimator", "export_model", "exporters"]

# Every exporter, by family: {class: function}, where classes of packages that skzap does not
# need are named. The mirror of ``handler.engine.FAMILIES``; tests/engine/test_contract.py holds
# the two together.
FAMILIES: Mapping[str, Mapping[Any, Exporter]] = {
    "linear": linear.EXPORTERS,
    "compose": compose.EXPORTERS,
    "preprocessing": preprocessing.EXPORTERS,
    "discretization": discretization.EXPORTERS,
    "distribution": distribution.EXPORTERS,
    "target_encoding": target_encoding.EXPORTERS,
    "dict_features": dict_features.EXPORTERS,
    "labels": labels.EXPORTERS,
    "image": image.EXPORTERS,
    "expansion": expansion.EXPORTERS,
    "impute": impute.EXPORTERS,
    "trees": trees.EXPORTERS,
    "adaboost": adaboost.EXPORTERS,
    "bagging": bagging.EXPORTERS,
    "isolation": isolation.EXPORTERS,
    "embedding": embedding.EXPORTERS,
    "boosting": boosting.EXPORTERS,
    "lightgbm": lightgbm.EXPORTERS,
    "xgboost": xgboost.EXPORTERS,
    "catboost": catboost.EXPORTERS,
    "selection": selection.EXPORTERS,
    "decomposition": decomposition.EXPORTERS,
    "factorization": factorization.EXPORTERS,
    "topics": topics.EXPORTERS,
    "sparse_coding": sparse_coding.EXPORTERS,
    "cluster": cluster.EXPORTERS,
    "cross_decomposition": cross_decomposition.EXPORTERS,
    "random_projection": random_projection.EXPORTERS,
    "svm": svm.EXPORTERS,
    "multiclass": multiclass.EXPORTERS,
    "multioutput": multioutput.EXPORTERS,
    "calibration": calibration.EXPORTERS,
    "voting": voting.EXPORTERS,
    "stacking": stacking.EXPORTERS,
    "target": target.EXPORTERS,
    "meta": meta.EXPORTERS,
    "text": text.EXPORTERS,
    "naive_bayes": naive_bayes.EXPORTERS,
    "discriminant": discriminant.EXPORTERS,
    "mixture": mixture.EXPORTERS,
    "kernels": kernels.EXPORTERS,
    "covariances": covariances.EXPORTERS,
    "kernel_ridge": kernel_ridge.EXPORTERS,
    "kernel_pca": kernel_pca.EXPORTERS,
    "kernel_approximation": kernel_approximation.EXPORTERS,
    "gaussian_process": gaussian_process.EXPORTERS,
    "covariance": covariance.EXPORTERS,
    "dummy": dummy.EXPORTERS,
    "semi_supervised": semi_supervised.EXPORTERS,
    "neural_network": neural_network.EXPORTERS,
    "searches": searches.EXPORTERS,
    "tree_searches": tree_searches.EXPORTERS,
    "density": density.EXPORTERS,
    "neighbors": neighbors.EXPORTERS,
    "knn_impute": knn_impute.EXPORTERS,
    "manifold": manifold.EXPORTERS,
}


def exporters() -> dict[type, Exporter]:
    """Return the exporters of all families by the exact class that they export."""
    every = ((_class_of(key), export) for each in FAMILIES.values() for key, export in each.items())
    return {cls: export for cls, export in every if cls is not None}


def _class_of(key: type | str) -> type | None:
    """Return the class itself; of a named one, only where its module is imported already.

    Nobody has an estimator of a module that was not imported.
    """
    if isinstance(key, type):
        return key
    module, _, name = key.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def export_model(
    estimator: BaseEstimator,
    X: Any,
    path: str | Path,
    *,
    name: str = "model",
    version: str | None = None,
    engine: str = "numpy",
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the artifact of a fitted estimator or pipeline.

    Parameters
    ----------
    estimator : fitted estimator
    X : (n, d) array, DataFrame or list of str
        A sample of its inputs, which gives the signature's names and types.
    path : folder to write; an artifact that is there is replaced as a whole
    name, version : str
        What answers say of the model; the version defaults to a digest of the contents.
    engine : {"numpy", "sklearn"}
        "sklearn" keeps the estimator itself, as a joblib file.
    metadata : mapping, optional
        JSON to carry along: metrics, parity.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    UnsupportedEstimator
        With the numpy engine, for what has no numpy form; names the class and the step.
    InvalidInput
        Where the estimator is not fitted, or does not take the sample.
    """
    signature = signature_of(estimator, X)
    methods = methods_of(estimator)
    _check_sample(estimator, X, methods[0])
    root = _checked_node(estimator, methods) if engine == "numpy" else None
    return write_artifact(
        Path(path),
        estimator=estimator,
        root=root,
        signature=signature,
        methods=methods,
        name=name,
        version=version,
        metadata={**(metadata or {}), "versions": dict(_versions())},
    )


def _check_sample(estimator: BaseEstimator, X: Any, method: str) -> None:
    """Ask the estimator itself about the sample's first row."""
    name = type(estimator).__qualname__
    try:
        # A copy: with copy=False, an estimator writes into what it is given.
        ask(estimator, method, deepcopy(rows_of(X, slice(0, 1))))
    except NotFittedError:
        raise InvalidInput(f"{name} is not fitted; fit it before it is exported") from None
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"{name} does not take the sample of inputs: {error}") from error


def _checked_node(estimator: BaseEstimator, methods: Sequence[str]) -> Node:
    root = export_node(estimator, exporters())
    evaluator = build(root)
    lacking = [method for method in methods if not evaluator.supports(method)]
    if lacking:
        raise UnsupportedEstimator(
            f"{type(estimator).__qualname__} offers {', '.join(lacking)}, "
            "which its numpy form does not have"
        )
    return root


def _versions() -> Iterator[tuple[str, str]]:
    for package in ("numpy", "scikit-learn"):
        yield package, distributions.version(package)
