"""What evaluators of trees have in common: their forest and the values of its leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from handler.engine.base import Evaluator
from handler.engine.forest_walk import Forest
from handler.engine.table import Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Forested(Evaluator):
    """An evaluator whose answers come from the leaves of one forest.

    Parameters
    ----------
    forest : fields of ``forest_walk.Forest``
    values : (n_values,) or (n_values, width), what the leaves say
    """

    forest: Mapping[str, Array]
    values: Array
    _forest: Forest = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the nodes' links once, before the first request."""
        object.__setattr__(self, "_forest", Forest(**self.forest))
