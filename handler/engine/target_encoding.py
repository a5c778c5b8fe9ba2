"""Categories as what the target is on average among them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.preprocessing import CodeTable, category_codes, code_tables
from handler.engine.table import Array, Floats, Inputs


@dataclass(frozen=True, eq=False)
class MulticlassTargetEncoder(Evaluator):
    """The mirror of ``TargetEncoder`` for a target of several classes.

    For other targets, which give one number a category, ``OrdinalEncoder`` is its form.

    Parameters
    ----------
    categories : for each column, its categories
    rows : for each column, the row of each category in ``means``
    means : shape (n_rows, n_classes), the last row that of unknown categories
    """

    categories: Sequence[Array]
    rows: Sequence[NDArray[np.int64]]
    means: Floats
    _tables: list[CodeTable] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Build the lookup tables once, before the first request."""
        unknown = [len(self.means) - 1] * len(self.categories)
        tables = code_tables(self.categories, self.rows, unknown)
        object.__setattr__(self, "_tables", tables)

    def transform(self, X: Inputs) -> Floats:
        """Return each class's mean for each column, shape (n, d * n_classes)."""
        rows = category_codes(X, self._tables, np.intp).T
        return self.means[rows].reshape(len(rows), -1)
