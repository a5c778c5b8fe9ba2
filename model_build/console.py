"""What the build shows: colours and bars on a terminal, plain lines in a pipe, all on stdout."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.box import SIMPLE
from rich.console import Console as RichConsole
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

# Long enough not to fill a log, short enough to show a reader of it that work goes on.
PLAIN_PROGRESS_EVERY_S = 10.0


class Progress(Protocol):
    """The progress of one long piece of work."""

    def advance(self, steps: int = 1) -> None:
        """Count steps as done."""


class Console:
    """The build's terminal.

    Parameters
    ----------
    file : TextIO, optional
        Where to write; standard output as it is at the time of the call unless given.
    terminal : bool, optional
        Whether to use colours and bars; by default, whether `file` is a terminal.
    """

    def __init__(self, file: TextIO | None = None, *, terminal: bool | None = None) -> None:
        self._file = sys.stdout if file is None else file
        self._rich = RichConsole(
            file=self._file, force_terminal=terminal, highlight=False, markup=False, emoji=False
        )

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the title now, and how long the block took when it ends (or fails)."""
        self._print(f"==> {title}", "bold")
        start = time.perf_counter()
        try:
            yield
        except BaseException:
            self._print(f"    failed after {seconds(time.perf_counter() - start)}", "bold red")
            raise
        self._print(f"    done in {seconds(time.perf_counter() - start)}", "dim")

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Progress]:
        """Show how far the block is of `total` steps; its value has `advance()`."""
        if not self._rich.is_terminal:
            yield _PlainProgress(self, title, total)
            return
        columns = [TextColumn("    {task.description}", markup=False), BarColumn()]
        with RichProgress(
            *columns, MofNCompleteColumn(), TimeElapsedColumn(), console=self._rich, transient=True
        ) as bars:
            yield _BarProgress(bars, title, total)

    def note(self, text: str) -> None:
        """Print something worth knowing."""
        self._print(_indented(text))

    def warn(self, text: str) -> None:
        """Print something that may be wrong, so that it stands out."""
        self._print(_indented(f"WARNING: {text}"), "bold yellow")

    def table(
        self, title: str, rows: Sequence[Sequence[object]], header: Sequence[str] = ()
    ) -> None:
        """Print rows of equal length as an aligned table; numbers are written as `str` has them."""
        cells = [[str(cell) for cell in row] for row in rows]
        if self._rich.is_terminal:
            self._rich.print(_rich_table(title, cells, header))
            return
        self._print(f"    {title}:")
        for line in _aligned([list(header), *cells] if header else cells):
            self._print(f"      {line}")

    def _print(self, text: str, style: str = "") -> None:
        if self._rich.is_terminal:
            self._rich.print(Text(text, style=style))
            return
        # A log's encoding may lack a character of a column's name: escape it, never fail over it.
        encoding = getattr(self._file, "encoding", None) or "utf-8"
        escaped = text.encode(encoding, "backslashreplace").decode(encoding)
        self._file.write(escaped + "\n")
        self._file.flush()


class _BarProgress:
    def __init__(self, bars: RichProgress, title: str, total: int) -> None:
        self._bars = bars
        self._task = bars.add_task(title, total=total)

    def advance(self, steps: int = 1) -> None:
        self._bars.advance(self._task, steps)


class _PlainProgress:
    def __init__(self, console: Console, title: str, total: int) -> None:
        self._console, self._title, self._total, self._done = console, title, total, 0
        self._shown_at = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        overdue = time.monotonic() - self._shown_at >= PLAIN_PROGRESS_EVERY_S
        if overdue or self._done == self._total:
            self._console.note(f"{self._title}: {self._done} of {self._total}")
            self._shown_at = time.monotonic()


def seconds(duration: float) -> str:
    """Write a duration in seconds for people: "0.4 s", "12 s", "2 min 5 s"."""
    if duration < 10:
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _rich_table(title: str, cells: list[list[str]], header: Sequence[str]) -> Table:
    table = Table(title=Text(title), title_justify="left", show_header=bool(header), box=SIMPLE)
    for name in header or [""] * max(map(len, cells), default=1):
        table.add_column(Text(name), overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _aligned(lines: list[list[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join(padded).rstrip()
