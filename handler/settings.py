"""What the function's environment variables set."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from handler.errors import SkzapError

# Lambda's own limit of a synchronous event is 6 MB; a larger body cannot arrive there.
_MAX_BYTES = 6 * 1024 * 1024
_MAX_ROWS = 10_000


class Settings(NamedTuple):
    """The limits of one request, and the path that the API is mounted at.

    Attributes
    ----------
    max_rows : int
        ``SKZAP_MAX_ROWS``: rows in one request.
    max_bytes : int
        ``SKZAP_MAX_BYTES``: bytes in one request's body.
    base_path : str
        ``SKZAP_BASE_PATH``: a prefix of all paths that no event tells of, as behind a load
        balancer's path rule or CloudFront; empty or "/prefix".
    """

    max_rows: int = _MAX_ROWS
    max_bytes: int = _MAX_BYTES
    base_path: str = ""


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of an environment.

    Raises
    ------
    SkzapError
        For a limit that is no positive whole number; names the variable.
    """
    return Settings(
        max_rows=_limit(environment, "SKZAP_MAX_ROWS", _MAX_ROWS),
        max_bytes=_limit(environment, "SKZAP_MAX_BYTES", _MAX_BYTES),
        base_path=_path(environment.get("SKZAP_BASE_PATH", "")),
    )


def _limit(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise SkzapError(f"{name} must be a positive whole number, got {text!r}")
    return int(text)


def _path(text: str) -> str:
    inner = text.strip("/")
    return f"/{inner}" if inner else ""
