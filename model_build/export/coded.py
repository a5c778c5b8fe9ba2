"""Exports how a booster numbers the categories of a table; the mirror of ``handler.engine``'s."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.preprocessing import OrdinalEncoder

from handler.engine.table import Array
from model_build.export.node import Context, Node


def encoder_of(
    categories: Sequence[Sequence[Any]], context: Context, *, refuses: bool = False
) -> Node:
    """Return the node of an encoder of so many columns; missing values become NaN.

    Parameters
    ----------
    categories : for each column, its categories in the order of their codes
    context : Context
    refuses : bool
        Whether unknown categories are refused; else they become NaN, too.
    """
    unknown: dict[str, Any] = {"handle_unknown": "use_encoded_value", "unknown_value": np.nan}
    values = [_values(column) for column in categories]
    orders = [_order(column) for column in values]
    known = [column[order] for column, order in zip(values, orders, strict=True)]
    encoder = OrdinalEncoder(categories=known, **({} if refuses else unknown))
    encoder.fit(pd.DataFrame({f"x{j}": column[:1] for j, column in enumerate(known)}))
    node = context.export(encoder, "categories")
    # Their codes are the places that they had before they were sorted, as the encoder wants it.
    codes = zip(node["outputs"], orders, strict=True)
    return {**node, "outputs": [np.where(np.isnan(out), out, order) for out, order in codes]}


def _values(categories: Sequence[Any]) -> Array:
    """Return the categories, and NaN among them, which keeps its own code."""
    texts = any(isinstance(value, str) for value in categories)
    return np.array([*categories, np.nan], dtype=object if texts else np.float64)


def _order(values: Array) -> NDArray[np.intp]:
    return np.arange(len(values)) if values.dtype == object else np.argsort(values)
