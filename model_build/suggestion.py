"""The nearest right name to a wrong one, for error messages."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return '; did you mean "x"?' for the choice most like a name, or "" where none is like it."""
    lowered = {choice.lower(): choice for choice in choices}
    matches = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    return f'; did you mean "{lowered[matches[0]]}"?' if matches else ""
