"""Nodes: the neutral form between a fitted estimator and the artifact's bytes."""

from collections.abc import Callable, Mapping
from typing import Any

from handler.errors import SkzapError

# {"kind": "family.Evaluator", field: scalar | str | array | list | node | {name: …}}; the fields
# are the keyword arguments of the evaluator.
type Node = dict[str, Any]


class UnsupportedEstimator(SkzapError):
    """An estimator (or a setting of one) has no exact numpy form; names the class and step."""


class Context:
    """What an exporter is given beside its estimator: the way to export children.

    Attributes
    ----------
    path : tuple of str
        The steps that lead to the estimator at hand, for messages.
    transforms_only : bool
        Whether only ``transform`` will be asked of it, as of a pipeline's steps before the last;
        what its other methods need may then be left out.
    """

    def __init__(
        self,
        exporters: Mapping[type, "Exporter"],
        path: tuple[str, ...] = (),
        *,
        transforms_only: bool = False,
    ) -> None:
        self._exporters = exporters
        self.path = path
        self.transforms_only = transforms_only

    def export(self, child: Any, step: str, *, transforms_only: bool = False) -> Node:
        """Return the node of a fitted child, which ``step`` names in messages."""
        inner = Context(
            self._exporters,
            (*self.path, step),
            transforms_only=transforms_only,
        )
        exporter = self._exporters.get(type(child))
        if exporter is None:
            raise inner.unsupported(child, "skzap has no numpy form of this class")
        return exporter(child, inner)

    def unsupported(self, estimator: Any, why: str) -> UnsupportedEstimator:
        """Return the error that says why this estimator, at this step, cannot be exported."""
        name = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
        where = f" (step {' > '.join(self.path)})" if self.path else ""
        return UnsupportedEstimator(f"{name}{where}: {why}")


type Exporter = Callable[[Any, Context], Node]


def export_node(estimator: Any, exporters: Mapping[type, Exporter]) -> Node:
    """Return the node of a fitted estimator.

    Raises
    ------
    UnsupportedEstimator
        Where it, or a part of it, has no numpy form.
    """
    root = Context(exporters)
    exporter = exporters.get(type(estimator))
    if exporter is None:
        raise root.unsupported(estimator, "skzap has no numpy form of this class")
    return exporter(estimator, root)
