"""The fallback engine: scikit-learn itself, for what has no proven numpy form.

The one module of ``handler`` that imports joblib and what an estimator needs: an artifact of
the numpy engine never imports it.
"""

import warnings
from importlib import import_module
from io import BytesIO
from typing import Any

from handler.engine.base import METHODS
from handler.engine.table import Array, Inputs, Table, as_array
from handler.errors import InvalidInput
from handler.signature import Column, Signature


def load_estimator(content: bytes, signature: Signature) -> "SklearnEstimator":
    """Return the estimator of a joblib file whose SHA-256 the caller has checked.

    Loading executes what the file says: only the artifact's own digest makes it ours.
    """
    import joblib

    return SklearnEstimator(joblib.load(BytesIO(content)), signature)


def ask(estimator: Any, method: str, X: Any) -> Any:
    """Return what a fitted estimator answers, without its warnings.

    Rows with unknown categories or constant features warn at each call; the log is for errors.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    method : one of ``METHODS``
    X : inputs as the estimator takes them
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "predict_std":
            return estimator.predict(X, return_std=True)[1]
        return getattr(estimator, method)(X)


class SklearnEstimator:
    """A fitted scikit-learn estimator that takes the engine's inputs.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    signature : Signature
        Its columns' names and types rebuild the DataFrame that it was fitted on.
    """

    # scikit-learn has chunks of its own, and its answer is the measure.
    by_row = False

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self.estimator = estimator
        self.signature = signature

    def __getattr__(self, method: str) -> Any:
        if method not in METHODS:
            raise AttributeError(method)
        return lambda X: _dense(_answer(self.estimator, method, self.native(X)))

    def native(self, X: Inputs) -> Any:
        """Return X as scikit-learn takes it: an array, a list of objects or a DataFrame."""
        if not isinstance(X, Table):
            return list(as_array(X)) if self.signature.of_objects else X
        # By name: pandas is in the bundle only where the model was fitted on a DataFrame.
        pandas = import_module("pandas")
        columns = zip(self.signature.columns, X.columns, strict=True)
        return pandas.DataFrame({c.name: _series(pandas, c, values) for c, values in columns})


def _answer(estimator: Any, method: str, X: Any) -> Any:
    try:
        return ask(estimator, method, X)
    except (
        TypeError,
        OverflowError,
    ) as error:  # values of a type, or a size, that it does not take
        raise InvalidInput(str(error)) from error


def _series(pandas: Any, column: Column, values: Array) -> Any:
    if column.dtype == "category":
        return pandas.Categorical(values, categories=list(column.categories or ()))
    if values.dtype == object:
        return pandas.Series(values, dtype=column.dtype if column.type == "string" else object)
    return pandas.Series(values)


def _dense(result: Any) -> Any:
    return result.toarray() if hasattr(result, "toarray") else result
