"""Labels as numbers, and as columns of two values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.table import Array, Inputs, as_array
from handler.errors import InvalidInput, Refusal, RowsRefused

type Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LabelEncoder(Evaluator):
    """Labels as their classes' numbers: the mirror of ``LabelEncoder``.

    Parameters
    ----------
    classes : shape (n_classes,), in order
    """

    classes: Array

    def transform(self, X: Inputs) -> Codes:
        """Return the classes' numbers, shape (n,).

        Raises
        ------
        RowsRefused
            For labels that training never saw.
        """
        labels = _as_classes(_labels(X), self.classes)
        codes = np.array([self._codes.get(label, -1) for label in labels], dtype=np.int64)
        unknown = np.flatnonzero(codes < 0).tolist()
        if unknown:
            why = "is none of the labels seen in training"
            raise RowsRefused([Refusal(i, None, f"{labels[i]!r} {why}") for i in unknown])
        return codes

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return _codes_of(self.classes)


@dataclass(frozen=True, eq=False)
class LabelBinarizer(Evaluator):
    """A column of two values for each class: the mirror of ``LabelBinarizer``.

    Parameters
    ----------
    classes : shape (n_classes,), in order
    negative, positive : int
        The two values.
    """

    classes: Array
    negative: int
    positive: int

    @property
    def by_row(self) -> bool:
        """Whether each row's answer is its own.

        Up to two classes, scikit-learn looks for a third among the labels of the batch.
        """
        return len(self.classes) > 2

    def transform(self, X: Inputs) -> Codes:
        """Return the columns, shape (n, n_classes); (n, 1) for two classes."""
        labels = _labels(X)
        _refuse_strange(labels, self.classes)
        codes = np.array([self._codes.get(label, -1) for label in labels], dtype=np.int64)
        columns = np.arange(len(self.classes))
        if len(columns) <= 2 and len(set(labels)) <= 2:
            # The only class there is has the negative value.
            columns = columns[1:] if len(columns) == 2 else np.array([len(codes)])
        return np.where(codes[:, None] == columns, self.positive, self.negative)

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return _codes_of(self.classes)


@dataclass(frozen=True, eq=False)
class IndicatorBinarizer(Evaluator):
    """The mirror of ``LabelBinarizer`` fitted on columns of zeros and ones.

    Parameters
    ----------
    width : int
    negative, positive : int
    """

    width: int
    negative: int
    positive: int
    by_row = False  # whether labels are of two values is asked of the batch

    def transform(self, X: Inputs) -> Codes:
        """Return the columns in the two values, shape (n, width)."""
        values = as_finite(X)
        if len(np.unique(values)) > 2 or (values != np.floor(values)).any():
            raise InvalidInput("X: two values were expected, both whole numbers")
        whole = values.astype(np.int64)
        positive = whole if self.positive == 1 else self.positive
        return np.where(whole != 0, positive, self.negative)


@dataclass(frozen=True, eq=False)
class MultiLabelBinarizer(Evaluator):
    """A column of zeros and ones for each class, of rows with several labels.

    The mirror of ``MultiLabelBinarizer``; labels that training never saw are left out.

    Parameters
    ----------
    classes : shape (n_classes,), in order
    """

    classes: Array

    def transform(self, X: Inputs) -> Codes:
        """Return which classes a row has, shape (n, n_classes)."""
        rows = as_array(X).tolist()  # an array's rows are lists too
        indicators = np.zeros((len(rows), len(self.classes)), dtype=np.int64)
        refusals = []
        for i, row in enumerate(rows):
            try:
                known = [code for label in row if (code := self._codes.get(label)) is not None]
            except TypeError:  # a list or a record among them
                refusals.append(Refusal(i, None, "holds what is neither text nor number"))
                continue
            indicators[i, known] = 1
        if refusals:
            raise RowsRefused(refusals)
        return indicators

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return _codes_of(self.classes)


def _codes_of(classes: Array) -> dict[Any, int]:
    return {label: code for code, label in enumerate(classes.tolist())}


def _labels(X: Inputs) -> list[Any]:
    values = as_array(X)
    return values.ravel().tolist() if values.ndim == 2 else values.tolist()


def _as_classes(labels: Sequence[Any], classes: Array) -> list[Any]:
    """Return labels as ``LabelEncoder`` sees them: in the classes' own type.

    Fractions are cut off, and texts too, at the longest class's length.
    """
    if classes.dtype == object:
        return list(labels)
    if classes.dtype.kind in "biu":
        _refuse_unless_finite(labels)
    try:
        return np.array(labels, dtype=classes.dtype).tolist()  # type: ignore[no-any-return]
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"labels of type {classes.dtype} were expected: {error}") from None


def _refuse_unless_finite(labels: Sequence[Any]) -> None:
    bad = [i for i, label in enumerate(labels) if isinstance(label, float) and not _finite(label)]
    if bad:
        raise RowsRefused([Refusal(i, None, "is no finite number") for i in bad])


def _refuse_strange(labels: Sequence[Any], classes: Array) -> None:
    """Refuse fractions, which are no labels, and labels of another kind than the classes."""
    words = classes.dtype.kind in "OU"
    refusals = [
        Refusal(i, None, f"{label!r} is no {'text' if words else 'whole number'}, as labels are")
        for i, label in enumerate(labels)
        if isinstance(label, str) != words or (isinstance(label, float) and label % 1 != 0)
    ]
    if refusals:
        raise RowsRefused(refusals)


def _finite(number: float) -> bool:
    return number - number == 0
