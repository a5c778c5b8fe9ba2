"""Exports, loads and proves an estimator of the registry on data of one shape."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.registry import FLAT_FOR_ONE_ROW, Problem, Shape, fitted_problem
from handler.artifact import load_model
from handler.model import Model
from model_build.compare import Difference, compare, rows_of
from model_build.export import UnsupportedEstimator, export_model
from model_build.proof import prove

# Shapes that differ in what estimators tend to trip over; all of them are swept for the
# published table, and shapes drawn at random besides in the tests.
SHAPES = (
    Shape(seed=0),
    Shape(seed=1, width=6, classes=2, outputs=2, labels="numbers", missing=True, uneven=True),
    Shape(seed=2, rows=40, width=2, labels="flags", uneven=True),
)


class Swept(NamedTuple):
    """What became of one estimator on data of one shape.

    ``worst`` is the largest relative difference of a number; ``told`` says what was unequal, and
    is None where nothing was. ``reason`` is why it has no numpy form, None where it has one.
    """

    engine: str
    methods: tuple[str, ...]
    worst: float
    told: str | None
    reason: str | None


class Served(NamedTuple):
    """A fitted estimator, its data, and its model by the best engine that can serve it."""

    estimator: Any
    problem: Problem
    model: Model
    reason: str | None


def sweep(name: str, shape: Shape) -> Swept:
    """Prove a class of the registry: on drawn rows, on nasty ones, and on a single row.

    Raises
    ------
    UnfitData
        Where scikit-learn cannot fit it on data of this shape.
    """
    with TemporaryDirectory() as folder:
        estimator, problem, model, reason = serve(name, shape, Path(folder))
        parity = prove(estimator, model, problem.new)
        found = [d for kind in parity.differences.values() for d in kind]
        rows = [0, 0] if name in FLAT_FOR_ONE_ROW else [0]
        alone = compare(estimator, model, rows_of(problem.new, rows))
    return Swept(
        engine=model.engine,
        methods=model.methods,
        worst=max(d.relative for d in [*found, *alone]),
        told=_told(alone) or (None if parity.proven else parity.told()),
        reason=reason,
    )


def serve(name: str, shape: Shape, folder: Path) -> Served:
    """Fit a class of the registry and load its artifact: numpy's, or else scikit-learn's own."""
    estimator, problem = fitted_problem(name, shape)
    reason = None
    try:
        export_model(estimator, problem.X, folder / "model")
    except UnsupportedEstimator as error:
        reason = str(error)
        export_model(estimator, problem.X, folder / "model", engine="sklearn")
    return Served(estimator, problem, load_model(folder / "model"), reason)


def _told(differences: list[Difference]) -> str | None:
    unequal = [d for d in differences if not d.equal]
    return f"{unequal[0].method} on one row: {unequal[0]}" if unequal else None
