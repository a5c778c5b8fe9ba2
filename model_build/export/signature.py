"""Learns a model's signature from a sample of its inputs and from the model itself."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from handler.engine.base import METHODS
from handler.engine.table import Array
from handler.errors import InvalidInput
from handler.signature import Column, ColumnType, Kind, Scalar, Signature
from model_build.export.node import UnsupportedEstimator

Null = Literal["nan", "none"]


def signature_of(estimator: Any, X: Any) -> Signature:
    """Return the signature of a fitted estimator.

    Which columns may hold a missing value is not guessed: the estimator is asked, with one
    row of the sample.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    X : (n, d) array, DataFrame, or list of n texts, records, lists or labels
        A sample of its inputs, one row at least.

    Raises
    ------
    InvalidInput
        For a sample that is empty or of another kind.
    """
    if len(X) == 0:
        raise InvalidInput("the sample of inputs has no rows; at least one is needed")
    if isinstance(X, pd.DataFrame):
        return _of_frame(estimator, X)
    if isinstance(X, np.ndarray) and X.ndim == 2:
        return _of_array(estimator, X)
    kind = _kind_of_objects(estimator, X)
    return _of_array(estimator, _to_array(X)) if kind is None else Signature(kind, ())


def _kind_of_objects(estimator: Any, X: Any) -> Kind | None:
    """Return the kind of X where a row is one object, None where it has columns.

    Lists of one length may be either; so may numbers: what takes arrays is given arrays.
    """
    if not isinstance(X, Sequence | np.ndarray | pd.Series):
        return None
    if all(isinstance(row, str) for row in X):
        return "text"
    if all(isinstance(row, Mapping) for row in X):
        return "records"
    tags = _first(estimator).__sklearn_tags__().input_tags
    if tags.two_d_array or tags.one_d_array:
        return None
    nested = (list, tuple, set, frozenset, np.ndarray)
    return "lists" if all(isinstance(row, nested) for row in X) else "labels"


def _first(estimator: Any) -> Any:
    """Return what sees the inputs first: a pipeline's first step, a search's best estimator."""
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return _first(steps[0]) if steps else estimator
    return _first(estimator.best_estimator_) if hasattr(estimator, "best_estimator_") else estimator


def _to_array(X: Any) -> Array:
    array = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    if array.ndim != 2:
        raise InvalidInput(
            "the sample of inputs must be a 2-D array, a DataFrame or a list of str, "
            f"got {type(X).__name__} of shape {array.shape}"
        )
    return cast(Array, array)


def _of_frame(estimator: Any, sample: pd.DataFrame) -> Signature:
    frame = _as_fitted(estimator, sample)
    row = _example_row(frame)
    nulls = [null_of(frame.iloc[:, j]) for j in range(frame.shape[1])]
    accepted = _accepted_missing(estimator, row, nulls)
    columns = [
        _column(str(name), frame.iloc[:, j], row.iloc[0, j], nulls[j], j in accepted)
        for j, name in enumerate(frame.columns)
    ]
    return Signature("table", tuple(columns))


def _as_fitted(estimator: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of training, in training's order.

    A column transformer finds its columns by name, whatever stands beside them and where; its
    numpy form goes by their positions in training.
    """
    names = list(getattr(estimator, "feature_names_in_", frame.columns))
    if names == list(frame.columns):
        return frame
    absent = [name for name in names if name not in frame]
    if absent:
        raise InvalidInput(f"the sample of inputs lacks columns that training had: {absent}")
    return frame[names]


def _of_array(estimator: Any, X: Array) -> Signature:
    if X.dtype.kind == "U":  # of a fixed length, which a missing value does not fit
        X = X.astype(object)
    frame = pd.DataFrame(X).infer_objects() if X.dtype == object else pd.DataFrame(X)
    row = _example_row(frame)
    nulls = [null_of(X[:, j]) for j in range(X.shape[1])]
    accepted = _accepted_missing(estimator, row.to_numpy(dtype=X.dtype), nulls)
    columns = [
        _column(f"x{j}", frame[j], row.iloc[0, j], nulls[j], j in accepted)
        for j in range(X.shape[1])
    ]
    return Signature("array", tuple(columns))


def null_of(values: Iterable[Any]) -> Null:
    """Return the object that stood for a missing value at training."""
    return "none" if any(value is None for value in values) else "nan"


def _column(
    name: str, values: "pd.Series[Any]", example: Any, null: Null, nullable: bool
) -> Column:
    dtype = values.dtype
    categories = None
    if isinstance(dtype, pd.CategoricalDtype):
        categories = tuple(_scalar(item) for item in dtype.categories)
        column_type = _type_of(pd.Series(dtype.categories))
    else:
        column_type = _type_of(values)
    return Column(
        name=name,
        type=column_type,
        dtype=dtype.name,
        nullable=nullable,
        null=null,
        example=_scalar(example),
        categories=categories,
    )


def _type_of(values: "pd.Series[Any]") -> ColumnType:
    known = values.dropna()
    if pd.api.types.is_bool_dtype(known) or _all(known, bool | np.bool_):
        return "boolean"
    if pd.api.types.is_integer_dtype(known) and pd.api.types.is_integer_dtype(values):
        return "integer"
    if pd.api.types.is_numeric_dtype(known) or _all(known, int | float | np.number):
        return "number"
    return "string" if _all(known, str) else "any"


def _all(values: "pd.Series[Any]", kind: Any) -> bool:
    return len(values) > 0 and all(isinstance(value, kind) for value in values)


def _scalar(value: Any) -> Scalar:
    item = value.item() if isinstance(value, np.generic) else value
    if item is None or item is pd.NA or item != item:
        return None
    return item if isinstance(item, str | int | float | bool) else str(item)


def _example_row(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row without missing values where there is one: each column's middle value."""
    row = frame.iloc[[0]].copy()
    for j in range(frame.shape[1]):
        known = frame.iloc[:, j].dropna()
        if len(known):
            middle = (
                known.sort_values().iloc[len(known) // 2] if _sortable(known) else known.iloc[0]
            )
            row.isetitem(j, pd.Series([middle], index=row.index, dtype=frame.dtypes.iloc[j]))
    return row


def _sortable(values: "pd.Series[Any]") -> bool:
    return bool(pd.api.types.is_numeric_dtype(values))


def _accepted_missing(estimator: Any, row: Any, nulls: Sequence[Null]) -> set[int]:
    """Return the positions of the columns in which the estimator takes a missing value.

    scikit-learn refuses a batch for any of its values: a group of columns is asked for at once,
    by rows that miss one value each, and only groups that are refused are halved.
    """
    compute = _computation(estimator)
    accepted: set[int] = set()
    for columns, probes in _probes(row, nulls):
        accepted |= _passing(compute, probes, columns)
    return accepted


def _computation(estimator: Any) -> Any:
    for method in METHODS:
        if hasattr(estimator, method):
            return getattr(estimator, method)
    raise UnsupportedEstimator(
        f"{type(estimator).__qualname__} has none of the methods that answer for new rows: "
        f"{', '.join(METHODS)}"
    )


def _passing(compute: Any, probes: Any, columns: Sequence[int]) -> set[int]:
    """Return which columns' probes pass; row i of ``probes`` misses the value of column i."""
    if not columns:
        return set()
    rows = list(columns)
    if _passes(compute, probes.iloc[rows] if isinstance(probes, pd.DataFrame) else probes[rows]):
        return set(columns)
    if len(columns) == 1:
        return set()
    middle = len(columns) // 2
    first, second = columns[:middle], columns[middle:]
    return _passing(compute, probes, first) | _passing(compute, probes, second)


def _passes(compute: Any, rows: Any) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compute(rows)
        except Exception:
            # Of whatever kind: AttributeError where a value is an object, CatBoost's own error.
            return False
    return True


def _probes(row: Any, nulls: Sequence[Null]) -> Iterator[tuple[list[int], Any]]:
    """Yield columns with the rows in which each of them, in turn, is missing.

    A column of numbers holds floats as soon as one is missing, which no other column notices. A
    column of flags becomes one of objects, which some transformers refuse altogether, and one
    whose missing values are None too: those are asked for one by one.
    """
    columns = list(range(len(nulls)))
    if isinstance(row, np.ndarray):
        probes = np.repeat(row.astype(object if row.dtype == object else np.float64), len(nulls), 0)
        for j in columns:
            probes[j, j] = None if nulls[j] == "none" else np.nan
        yield columns, probes
        return
    alone = [j for j in columns if nulls[j] == "none" or _is_flags(row.iloc[:, j])]
    together = [j for j in columns if j not in alone]
    yield together, _with_missing(row, together)
    for j in alone:
        yield [j], _with_missing(row, [j], None if nulls[j] == "none" else np.nan)


def _is_flags(values: "pd.Series[Any]") -> bool:
    return pd.api.types.is_bool_dtype(values.dtype)


def _with_missing(row: pd.DataFrame, columns: Sequence[int], null: Any = np.nan) -> pd.DataFrame:
    """Return the row once a column; each of ``columns`` is missing in the row of its number."""
    repeated = row.iloc[[0] * row.shape[1]].reset_index(drop=True)
    made = {j: repeated.iloc[:, j] for j in range(row.shape[1])}
    for j in columns:
        made[j] = _missing_at(made[j], j, null)
    frame = pd.concat(made, axis=1)
    frame.columns = row.columns
    return frame.copy()  # in one piece a type: rows are taken from it again and again


def _missing_at(values: "pd.Series[Any]", position: int, null: Any) -> "pd.Series[Any]":
    """Return the values with one missing, as pandas would hold them."""
    dtype: Any = values.dtype
    if null is None or _is_flags(values):
        dtype = object
    elif pd.api.types.is_integer_dtype(dtype):
        dtype = np.float64
    changed = values.astype(dtype)
    changed.iloc[position] = null
    return changed
