"""Writes docs/coverage.md: what becomes of each scikit-learn estimator, and how fast it is.

``./build.sh coverage`` sweeps the registry and measures; tests/engine/test_registry.py sweeps again
and holds the page to it.
"""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import estimators
from benchmarks.estimators import Speed
from benchmarks.registry import WITHOUT_ANSWER, answering
from benchmarks.sweep import SHAPES, Swept, sweep
from handler.errors import SkzapError
from model_build.build import ROOT
from model_build.console import Console

PAGE = ROOT / "docs" / "coverage.md"

_HEADER = ("estimator", "family", "engine", "methods", "differs by at most", "1 row", "10,000 rows")


_NOTHING = "none"


class Row(NamedTuple):
    """A line of the page; ``bound`` is the power of ten that bounds the relative differences."""

    estimator: str
    family: str
    engine: str
    methods: str
    bound: float
    one_row: str
    many_rows: str


def main() -> int:
    """Sweep, measure, and write the page; return the exit status."""
    console = Console()
    try:
        rows = covered(console, estimators.run(console))
    except SkzapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    _write(PAGE, page(rows))
    console.note(f"wrote {PAGE.relative_to(ROOT)}: {_summary(rows)}")
    return 0


def covered(console: Console, speeds: Mapping[str, Speed]) -> list[Row]:
    """Return a row an estimator that answers for new rows.

    Raises
    ------
    SkzapError
        Where an answer differs from scikit-learn's.
    """
    names = list(answering())
    rows = []
    with console.progress("Sweep", len(names)) as progress:
        for name in names:
            rows.append(row(name, [sweep(name, shape) for shape in SHAPES], speeds.get(name)))
            progress.advance()
    return rows


def row(name: str, found: Sequence[Swept], speed: Speed | None = None) -> Row:
    """Return the line of an estimator that was swept on several shapes.

    Raises
    ------
    SkzapError
        Where an answer differs from scikit-learn's.
    """
    unequal = [swept.told for swept in found if swept.told]
    if unequal:
        raise SkzapError(f"{name} does not answer as scikit-learn does: {unequal[0]}")
    return Row(
        estimator=name,
        family=estimators.family_of().get(answering()[name], ""),
        engine="numpy" if all(swept.engine == "numpy" for swept in found) else "sklearn",
        methods=", ".join(dict.fromkeys(m for swept in found for m in swept.methods)),
        bound=decade(max(swept.worst for swept in found)),
        one_row=_times(speed and speed.one_row),
        many_rows=_times(speed and speed.many_rows),
    )


def decade(difference: float) -> float:
    """Return the least power of ten that is no less than a difference; 0 stays 0."""
    return float(f"1e{math.ceil(math.log10(difference))}") if difference else 0.0


def page(rows: Sequence[Row]) -> str:
    """Return the page's Markdown."""
    parts = (
        _INTRODUCTION.format(summary=_summary(rows)),
        _table(_HEADER, [[*r[:4], _bound(r.bound), *r[5:]] for r in rows]),
        _WITHOUT_ANSWER,
        _table(("estimator", "why"), sorted(WITHOUT_ANSWER.items())),
    )
    return "\n".join(parts)


def read(path: Path = PAGE) -> dict[str, Row]:
    """Return the rows of a written page, by estimator."""
    lines = path.read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    lines_of_rows = [line for line in cells if len(line) == len(_HEADER)][2:]
    return {line[0]: _read_row([c.replace(_NOTHING, "") for c in line]) for line in lines_of_rows}


def _read_row(cells: Sequence[str]) -> Row:
    name, family, engine, methods, bound, one_row, many_rows = cells
    return Row(name, family, engine, methods, float(bound), one_row, many_rows)


def _summary(rows: Sequence[Row]) -> str:
    served = sum(r.engine == "numpy" for r in rows)
    left = len(rows) - served
    rest = f", and scikit-learn itself the other {left}" if left else ""
    return (
        f"of {len(rows)} estimators that answer for new rows the numpy engine serves {served} "
        f"({served / len(rows):.1%}){rest}"
    )


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2g}" if ratio < 10 else f"{ratio:.0f}"


def _bound(bound: float) -> str:
    return f"{bound:.0e}" if bound else "0"


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(str(cell) or _NOTHING for cell in line)} |\n" for line in lines)


def _write(path: Path, text: str) -> None:
    written = path.with_suffix(".new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)


_INTRODUCTION = """\
# What the numpy engine covers

Written by `./build.sh coverage`, which sweeps every class of scikit-learn's own registry: fits it
on data of several shapes, exports it, and compares all its methods with scikit-learn's answers, on
rows it was not fitted on, on nasty ones (missing, infinite, huge, at thresholds and beside them),
and on one alone. The tests do the same again, with shapes drawn at random, and fail where this page
is not true.

In this version {summary}.

- **differs by at most**: the largest relative difference of any number in any of those answers,
  rounded up to a power of ten; labels are equal always.
- **1 row**, **10,000 rows**: how many times less time the model takes than scikit-learn, on the
  machine that wrote this page; models of default size, fitted on 1,000 rows of 10 columns.

An estimator's settings may lie outside of what has an exact numpy form, as a callable kernel does.
Its export then says so, and the build serves the model by scikit-learn itself.
"""

_WITHOUT_ANSWER = """
## Estimators that answer for no new rows
"""


if __name__ == "__main__":
    sys.exit(main())
