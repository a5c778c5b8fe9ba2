import json
from typing import Any

import numpy as np
import pytest

from handler.encode import json_response


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array([1.5, np.nan, np.inf, -np.inf]), [1.5, None, None, None]),
        (np.array([0.1], dtype=np.float32), [float(np.float32(0.1))]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([True, False]), [True, False]),
        (np.array(["a", "é"]), ["a", "é"]),
        (
            np.array(["a", 1, None, 2.5, True, np.nan], dtype=object),
            ["a", 1, None, 2.5, True, None],
        ),
        (np.array([np.int8(1), np.str_("a")], dtype=object), [1, "a"]),
        ([np.array([1.0]), np.array([[2.0]])], [[1.0], [[2.0]]]),
        (np.float64(2.5), 2.5),
        (np.array([], dtype=float), []),
        (np.array([2**63], dtype=np.uint64), [2**63]),
    ],
)
def test_numpy_values(value: Any, expected: Any) -> None:
    answer = json_response({"prediction": value})
    assert json.loads(answer.get_data(), parse_constant=pytest.fail) == {"prediction": expected}
    assert answer.content_type == "application/json"


def test_floats_keep_all_their_digits() -> None:
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-500, 500).clip(
        -300, 300
    )
    answer = json_response({"prediction": values})
    assert json.loads(answer.get_data())["prediction"] == values.tolist()


def test_what_has_no_json_form_is_named() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        json_response({"prediction": object()})
