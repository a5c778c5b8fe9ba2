"""Golden requests: what is asked of a bundle, and what it must answer."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from local_aws import events
from model_build.bundle.errors import ReplayFailed
from model_build.compare import ABSOLUTE, RELATIVE


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
        for where, expected, got in _differences("$", dict(self.expected), answer, subset=True):
            raise ReplayFailed(f"{self.path}: {where} is {got}, expected {expected}")


def _answer(path: str, payload: bytes) -> Any:
    try:
        reply = json.loads(payload)
        status, body = reply["statusCode"], json.loads(reply["body"])
    except (ValueError, KeyError, TypeError):
        raise ReplayFailed(f"{path}: no JSON answer but {payload[:500]!r}") from None
    if status != 200:
        raise ReplayFailed(f"{path}: status {status}, expected 200: {json.dumps(body)[:500]}")
    return body


def _differences(
    where: str, expected: Any, got: Any, *, subset: bool = False
) -> Iterator[tuple[str, str, str]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        keys = expected.keys() if subset else expected.keys() | got.keys()
        missing = object()
        for key in sorted(keys):
            pair = expected.get(key, missing), got.get(key, missing)
            if missing in pair:
                yield where, f"keys {sorted(expected)}", f"an object with keys {sorted(got)}"
                return
            yield from _differences(f"{where}.{key}", *pair)
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for number, pair in enumerate(zip(expected, got, strict=True)):
            yield from _differences(f"{where}[{number}]", *pair)
    elif not _same(expected, got):
        yield where, json.dumps(expected)[:200], json.dumps(got)[:200]


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(expected == got)
