"""One row and 10,000 rows by estimator: the loaded model against scikit-learn itself.

Both answer the same rows in one process, in turns, with scikit-learn's defaults and as many
threads as it takes. Models are of scikit-learn's default size, fitted on 1,000 rows of 10 columns.
"""

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from benchmarks.registry import Shape, answering
from benchmarks.sweep import serve
from model_build.compare import as_inputs, rows_of
from model_build.console import Console
from model_build.export import FAMILIES

_SHAPE = Shape(rows=1000, width=10, small=False)
_MANY = 10_000
_SECONDS = 0.8  # for the repetitions of one figure
_LEAST, _MOST = 4, 400  # repetitions
_TURNS = 2


class Speed(NamedTuple):
    """How many times less time the model takes than scikit-learn."""

    one_row: float
    many_rows: float


def run(console: Console) -> dict[str, Speed]:
    """Measure all estimators of the numpy engine and print a line a family; return all figures."""
    families = family_of()
    names = [name for name, cls in answering().items() if cls in families]
    with console.progress("Measure", len(names)) as progress:
        speeds: dict[str, Speed] = {}
        for name in names:
            found = measure(name)
            speeds |= {} if found is None else {name: found}
            progress.advance()
    console.table(
        "times less than scikit-learn: median and least of a family",
        _by_family(speeds, families),
        ("family", "estimators", "one row", "", f"{_MANY:,} rows", ""),
    )
    return speeds


def family_of() -> Mapping[type, str]:
    """Return the engine's family of each exported class."""
    return {cls: family for family, exporters in FAMILIES.items() for cls in exporters}


def measure(name: str) -> Speed | None:
    """Return the speed of one class of the registry, None where scikit-learn serves it."""
    with TemporaryDirectory() as folder, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        estimator, problem, model, _ = serve(name, _SHAPE, Path(folder))
        if model.engine != "numpy":
            return None
        method = next(m for m in ("predict", "transform", "score_samples") if m in model.methods)
        theirs, ours = getattr(estimator, method), getattr(model, method)
        drawn = np.random.default_rng(0).integers(0, len(problem.new), _MANY).tolist()
        return Speed(*(_ratio(theirs, ours, rows_of(problem.new, rows)) for rows in ([0], drawn)))


def _ratio(theirs: Callable[[Any], Any], ours: Callable[[Any], Any], X: Any) -> float:
    inputs = as_inputs(X)
    slow, fast = [_seconds(theirs, X)], [_seconds(ours, inputs)]
    # The more often, the shorter it is: the least of many short times is a steady figure.
    times = int(np.clip(_SECONDS / (slow[0] + fast[0]), _LEAST, _MOST))
    # In turns of many: OpenMP's threads, once woken, spin for a while beside what follows, and
    # memory that one frees is no use to the other until it has taken its own a few times.
    for _ in range(_TURNS):
        slow += [_seconds(theirs, X) for _ in range(times // _TURNS)]
        fast += [_seconds(ours, inputs) for _ in range(times // _TURNS)]
    return min(slow) / min(fast)


def _seconds(compute: Callable[[Any], Any], X: Any) -> float:
    started = time.perf_counter()
    compute(X)
    return time.perf_counter() - started


def _by_family(speeds: Mapping[str, Speed], families: Mapping[type, str]) -> list[list[str]]:
    classes = answering()
    grouped: dict[str, list[Speed]] = {}
    for name, speed in speeds.items():
        grouped.setdefault(families[classes[name]], []).append(speed)
    return [[family, str(len(found)), *_columns(found)] for family, found in grouped.items()]


def _columns(found: list[Speed]) -> list[str]:
    parts = zip(*found, strict=True)
    return [f"{figure:.1f}" for part in parts for figure in (median(part), min(part))]
