"""The seeds of estimators that draw when they predict; the mirror of ``handler.engine.draws``."""

from numbers import Integral
from typing import Any

import numpy as np

from handler.engine.table import Array
from model_build.export.node import Context


def key_of(estimator: Any, context: Context) -> Array:
    """Return the state of a generator that ``random_state`` seeds, shape (624,) of uint32.

    Raises
    ------
    UnsupportedEstimator
        Where it is no whole number: the estimator itself answers otherwise each time.
    """
    if not isinstance(estimator.random_state, Integral):
        why = "it draws at random when it predicts, and its random_state is no whole number"
        raise context.unsupported(estimator, why)
    generator = np.random.RandomState(int(estimator.random_state))
    state: Any = generator.get_state(legacy=False)
    key: Array = state["state"]["key"]
    return key
