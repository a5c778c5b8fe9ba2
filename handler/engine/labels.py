"""Labels as numbers, and as columns of two values."""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
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
        labels = _labels(X)
        codes = _codes(_as_classes(labels, self.classes), self.classes)
        unknown = np.flatnonzero(codes < 0).tolist()
        if unknown:
            why = "is none of the labels seen in training"
            raise RowsRefused([Refusal(i, None, f"{labels[i]!r} {why}") for i in unknown])
        return codes


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
        codes = _codes(_whole(labels, self.classes), self.classes)
        columns = np.arange(len(self.classes))
        if len(columns) <= 2 and len(set(labels)) <= 2:
            # The only class there is has the negative value.
            columns = columns[1:] if len(columns) == 2 else np.array([len(codes)])
        return np.where(codes[:, None] == columns, self.positive, self.negative)


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
        labels = list(chain.from_iterable(rows))
        try:
            found = map(self._codes.get, labels, repeat(-1))
            codes = np.fromiter(found, np.intp, len(labels))
        except TypeError:  # a list or a record among them
            why = "holds what is neither text nor number"
            bad = [i for i, row in enumerate(rows) if not all(map(_is_hashable, row))]
            raise RowsRefused([Refusal(i, None, why) for i in bad]) from None
        places = np.arange(len(rows)).repeat(list(map(len, rows)))
        known = codes >= 0
        indicators = np.zeros((len(rows), len(self.classes)), dtype=np.int64)
        indicators[places[known], codes[known]] = 1
        return indicators

    @cached_property
    def _codes(self) -> dict[Any, int]:
        return {label: code for code, label in enumerate(self.classes.tolist())}


def _is_hashable(label: Any) -> bool:
    try:
        hash(label)
    except TypeError:
        return False
    return True


def _codes(labels: Array, classes: Array) -> Codes:
    """Return the numbers of labels' classes, shape (n,), -1 for other labels."""
    if classes.dtype.kind in "biuf":
        places = classes.searchsorted(labels)
        known: Codes = np.where(classes.take(places, mode="clip") == labels, places, -1)
        return known
    codes = {label: code for code, label in enumerate(classes.tolist())}
    return np.array([codes.get(label, -1) for label in labels.tolist()], dtype=np.int64)


def _labels(X: Inputs) -> list[Any]:
    labels: list[Any] = as_array(X).ravel().tolist()
    return labels


def _as_classes(labels: list[Any], classes: Array) -> Array:
    """Return labels as ``LabelEncoder`` sees them, shape (n,): in the classes' own type.

    Fractions are cut off, and texts too, at the longest class's length.
    """
    try:
        values = np.array(labels, dtype=object if classes.dtype.kind in "OU" else None)
        if classes.dtype.kind in "biu" and values.dtype.kind == "f":
            _refuse(labels, ~np.isfinite(values), "is no finite number")
        return values.astype(classes.dtype)
    except (TypeError, OverflowError) as error:
        raise InvalidInput(f"labels of type {classes.dtype} were expected: {error}") from None


def _whole(labels: list[Any], classes: Array) -> Array:
    """Return labels as an array, shape (n,); fractions are none, nor are those of another kind."""
    if classes.dtype.kind in "OU":
        words = np.array([isinstance(label, str) for label in labels])
        _refuse(labels, ~words, "is no text, as this model's labels are")
        return np.array(labels, dtype=object)
    values = np.array(labels)
    if values.dtype.kind not in "biuf":
        raise InvalidInput("numbers were expected, as this model's labels are")
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            _refuse(labels, values % 1 != 0, "is no whole number, as labels are")
    return values


def _refuse(labels: list[Any], bad: NDArray[np.bool_], why: str) -> None:
    rows = np.flatnonzero(bad).tolist()
    if rows:
        raise RowsRefused([Refusal(i, None, f"{labels[i]!r} {why}") for i in rows])
