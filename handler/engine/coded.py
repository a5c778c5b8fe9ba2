"""Tables of numbers and categories as numbers alone: each category by its code."""

import numpy as np

from handler.engine.base import Evaluator
from handler.engine.table import Array, Floats, Inputs, as_float, take_columns


def numbers_of(X: Inputs, encoder: Evaluator | None, encoded: Array) -> Floats:
    """Return X as float64, shape (n, d), each column in its place.

    Parameters
    ----------
    X : inputs of shape (n, d)
    encoder : evaluator that turns categories into 0, 1, … and all else into NaN, or None
    encoded : positions of the columns that it takes
    """
    if encoder is None:
        return as_float(X)
    numbers = np.empty(X.shape)
    others = np.setdiff1d(np.arange(X.shape[1]), encoded)
    numbers[:, encoded] = as_float(encoder.transform(take_columns(X, encoded)))
    numbers[:, others] = as_float(take_columns(X, others))
    return numbers
