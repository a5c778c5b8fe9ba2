"""Stands before the bundle's entry while it is traced; runs inside the function, never ships.

Notes every file that Python opens and every library that is mapped, from before the first import.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

_opened: set[str] = set()


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        _opened.add(arguments[0])


sys.addaudithook(_note)

from handler.entry import lambda_handler as _answer  # noqa: E402 (the hook must be there first)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    """Answer as the function does, then write what was touched so far."""
    answer = _answer(event, context)
    # Libraries that libraries need are opened by the dynamic loader: Python does not hear of them.
    maps = Path("/proc/self/maps").read_text().splitlines()
    mapped = {line.split(maxsplit=5)[5] for line in maps if "/" in line}
    Path(os.environ["TOUCHED_FILES"]).write_text(json.dumps(sorted(_opened | mapped)))
    return answer
