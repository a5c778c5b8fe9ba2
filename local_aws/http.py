"""An HTTP request and an HTTP answer, as the parts of local_aws pass them on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

type Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class HttpRequest:
    """What a client sent, the path and the query percent-encoded as they were on the wire."""

    method: str
    host: str
    path: str
    query: str
    headers: Pairs
    body: bytes
    source_ip: str = "127.0.0.1"

    def header(self, name: str) -> str:
        """Return the last value of a header, "" without one."""
        return last(self.headers, name)


@dataclass(frozen=True)
class HttpAnswer:
    """What the client gets."""

    status: int
    headers: Pairs = field(default_factory=list)
    body: bytes = b""

    @classmethod
    def json(cls, status: int, content: object, error_type: str = "") -> HttpAnswer:
        """Make an answer of AWS's own: compact JSON, and the error's type in a header."""
        headers = [("Content-Type", "application/json")]
        if error_type:
            headers.append(("x-amzn-ErrorType", error_type))
        return cls(status, headers, json.dumps(content, separators=(",", ":")).encode())

    def adding(self, *headers: tuple[str, str]) -> HttpAnswer:
        """Return the same answer with more headers."""
        return HttpAnswer(self.status, [*self.headers, *headers], self.body)


def last(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return the last value of a header by its name in any case, "" without one."""
    values = [value for key, value in headers if key.lower() == name.lower()]
    return values[-1] if values else ""


def pairs(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> Pairs:
    """Return headers, given as a mapping or as pairs, as pairs."""
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def media_type(content_type: str) -> str:
    """Return "text/html" for "Text/HTML; charset=utf-8"."""
    return content_type.partition(";")[0].strip().lower()
