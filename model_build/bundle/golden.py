"""Golden requests: what is asked of a bundle, and what it must answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import numpy as np

from local_aws import events
from model_build.bundle.errors import ReplayFailed
from model_build.compare import RELATIVE, rounding_floor


@dataclass(frozen=True)
class Golden:
    """A request and its right answer.

    Parameters
    ----------
    path : such as "/predict"
    query : such as {"probabilities": "true"}
    body : sent as JSON by POST; None for a GET
    expected : keys of the answer and their values; the answer may have more keys. Fractions may
        differ as much as the proof lets the two engines differ; all else must be equal.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    expected: Mapping[str, Any] = field(default_factory=dict)

    def event(self) -> dict[str, Any]:
        """Return the event that a REST API of API Gateway sends for it."""
        query = urlencode(self.query)
        if self.body is None:
            return events.rest_api(path=self.path, query=query)
        return events.rest_api(
            method="POST",
            path=self.path,
            query=query,
            headers={"Content-Type": "application/json", "Accept": "*/*"},
            body=json.dumps(self.body),
        )

    def check(self, payload: bytes) -> None:
        """Check what the function returned for the event.

        Raises
        ------
        ReplayFailed
            Names the first difference, by its path in the answer.
        """
        answer = _answer(self.path, payload)
        for key, expected in self.expected.items():
            if key not in answer:
                raise ReplayFailed(f"{self.path}: no {key} in the answer, only {sorted(answer)}")
            floor = _floor(expected)
            for where, wanted, got in _differences(f"$.{key}", expected, answer[key], floor):
                raise ReplayFailed(f"{self.path}: {where} is {got}, expected {wanted}")


def _answer(path: str, payload: bytes) -> dict[str, Any]:
    try:
        reply = json.loads(payload)
        status, body = reply["statusCode"], json.loads(reply["body"])
    except (ValueError, KeyError, TypeError):
        raise ReplayFailed(f"{path}: no JSON answer but {payload[:500]!r}") from None
    if status != HTTPStatus.OK or not isinstance(body, dict):
        raise ReplayFailed(f"{path}: status {status}, expected 200: {json.dumps(body)[:500]}")
    return body


def _floor(expected: Any) -> float:
    """Return the rounding floor of a list of numbers (of lists of them), 0 for all else."""
    try:
        numbers = np.array(expected, dtype=np.float64)
    except (TypeError, ValueError):
        return 0.0
    return rounding_floor(numbers) if numbers.ndim and len(numbers) else 0.0


def _differences(
    where: str, expected: Any, got: Any, floor: float
) -> Iterator[tuple[str, str, str]]:
    """Yield what differs: where, what was expected, what was got."""
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, pair in enumerate(zip(expected, got, strict=True)):
            yield from _differences(f"{where}[{number}]", *pair, floor)
    elif not _same(expected, got, floor):
        yield where, json.dumps(expected)[:200], json.dumps(got)[:200]


def _same(expected: Any, got: Any, floor: float) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=RELATIVE, abs_tol=floor)
    return bool(expected == got)
