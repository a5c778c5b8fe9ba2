"""The errors that a caller of skzap can meet."""

from collections.abc import Sequence
from typing import NamedTuple


class SkzapError(Exception):
    """The base of all errors that skzap raises on purpose; its text is for the user."""


class ArtifactError(SkzapError):
    """An artifact is corrupt, of another format or no artifact at all; names the part."""


class InvalidInput(SkzapError, ValueError):
    """The inputs do not fit the model's signature: wrong kind, width, columns or types."""


class Refusal(NamedTuple):
    """One value that scikit-learn would refuse.

    ``row`` and ``column`` are positions in the caller's inputs; ``column`` is None where the
    whole row is meant.
    """

    row: int
    column: int | None
    reason: str


class RowsRefused(InvalidInput):
    """Some rows hold values that scikit-learn would refuse; ``problems`` names all of them."""

    def __init__(self, problems: Sequence[Refusal]) -> None:
        self.problems = sorted(problems, key=_position)
        super().__init__("; ".join(_sentence(problem) for problem in self.problems[:10]))


def _position(problem: Refusal) -> tuple[int, int]:
    return problem.row, -1 if problem.column is None else problem.column


def _sentence(problem: Refusal) -> str:
    column = "" if problem.column is None else f", column {problem.column}"
    return f"row {problem.row}{column}: {problem.reason}"
