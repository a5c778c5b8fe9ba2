"""Answers as JSON."""

from typing import Any

import msgspec
import numpy as np
from flask import Response


def json_response(answer: dict[str, Any]) -> Response:
    """Return an answer as JSON.

    Numpy arrays and scalars may be anywhere in it. JSON has no NaN and no infinities: both
    leave as null.
    """
    return Response(_ENCODER.encode(answer), content_type="application/json")


def _builtin(value: Any) -> Any:
    """Return the Python value of a numpy one, which msgspec does not know."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"an answer cannot hold {type(value).__qualname__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_builtin)
