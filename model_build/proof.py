"""Proves that an exported model answers as scikit-learn does, and refuses what it refuses."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from handler.engine.sklearn_engine import ask
from handler.errors import RowsRefused
from handler.model import Model
from model_build.compare import Difference, as_inputs, compare, rows_of
from model_build.nasty import nasty_rows


class Parity(NamedTuple):
    """What a proof found.

    ``differences`` has an entry a method and kind of rows; ``refused`` counts the nasty rows
    that both refuse, ``accepted`` holds those that both take, as scikit-learn takes them.
    """

    held_out: int
    nasty: int
    refused: int
    differences: dict[str, list[Difference]]
    accepted: Any

    @property
    def proven(self) -> bool:
        """Whether every answer and every refusal is equal."""
        return not any(not d.equal for found in self.differences.values() for d in found)

    def told(self) -> str:
        """Return a sentence on the first difference, with its row."""
        unequal = ((k, d) for k, found in self.differences.items() for d in found if not d.equal)
        for kind, d in unequal:
            return f"{d.method} on {kind} row {d.row}: scikit-learn {d.expected}, numpy {d.got}"
        return "all answers are equal"

    def to_dict(self) -> dict[str, Any]:
        """Return the report's form."""
        return {
            "proven": self.proven,
            "held_out_rows": self.held_out,
            "nasty_rows": self.nasty,
            "nasty_rows_refused_by_both": self.refused,
            "methods": {
                kind: {d.method: {"equal": d.equal, "relative": d.relative} for d in found}
                for kind, found in self.differences.items()
            },
        }


def prove(estimator: Any, model: Model, held_out: Any) -> Parity:
    """Compare a model with its estimator on held-out rows and on nasty ones made from it.

    Parameters
    ----------
    estimator : fitted scikit-learn estimator
    model : Model
        What ``load_model`` returned for its artifact.
    held_out : DataFrame, 2-D array or list of str
    """
    nasty = _as_training_had_it(nasty_rows(estimator, held_out), held_out)
    theirs: set[int] = set()
    ours: set[int] = set()
    for method in model.methods:
        theirs |= _refused_by(partial(_ask_for, held_out, estimator, method), nasty)
        ours |= _refused_by_model(model, method, nasty)
    accepted = sorted(set(range(len(nasty))) - theirs - ours)
    taken = _as_training_had_it(rows_of(nasty, accepted), held_out)
    return Parity(
        held_out=len(held_out),
        nasty=len(nasty),
        refused=len(theirs & ours),
        differences={
            "held-out": compare(estimator, model, held_out),
            "nasty": compare(estimator, model, taken) if accepted else [],
            "refusals": [_refusals(theirs, ours, nasty)],
        },
        accepted=taken,
    )


def _ask_for(held_out: Any, estimator: Any, method: str, X: Any) -> None:
    """Ask about some of the rows, which leave behind the categories that others alone have."""
    ask(estimator, method, _as_training_had_it(X, held_out))


def _refused_by(ask: Callable[[Any], Any], X: Any) -> set[int]:
    """Return the rows that ``ask`` refuses alone, by halving the groups that it refuses."""
    pending, refused = [list(range(len(X)))], set()
    while pending:
        rows = pending.pop()
        try:
            ask(rows_of(X, rows))
        except (ValueError, TypeError, IndexError):  # CategoricalNB looks unknown categories up
            if len(rows) == 1:
                refused.add(rows[0])
            else:
                pending += [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    return refused


def _refused_by_model(model: Model, method: str, X: Any) -> set[int]:
    if not model.by_row:  # what is refused depends on the rows beside it: both see the same groups
        return _refused_by(lambda rows: model.attempt(method, as_inputs(rows)), X)
    # Asked of the signature alone, which is cheap: a model searches for the fields to blame.
    first = _refused_by(lambda rows: model.signature.coerce(as_inputs(rows)), X)
    if not first:
        try:
            getattr(model, method)(as_inputs(X))
        except RowsRefused as error:
            first = {problem.row for problem in error.problems}
        else:
            return set()
    rest = sorted(set(range(len(X))) - first)
    again = _refused_by_model(model, method, rows_of(X, rest)) if rest else set()
    return first | {rest[i] for i in again}


def _refusals(theirs: set[int], ours: set[int], nasty: Any) -> Difference:
    apart = sorted(theirs ^ ours)
    if not apart:
        return Difference("refusals", True, 0.0, None, None, None)
    row = apart[0]
    said = ("accepts", "refuses")
    return Difference(
        "refusals",
        False,
        np.inf,
        row,
        said[row in theirs],
        f"{said[row in ours]}: {_show(nasty, row)}",
    )


def _show(X: Any, row: int) -> str:
    return str(X.iloc[row].to_dict() if isinstance(X, pd.DataFrame) else X[row])


def _as_training_had_it(nasty: Any, held_out: Any) -> Any:
    """Return nasty rows with the types that a caller's DataFrame would have.

    Categoricals stay categoricals, with room for the categories that training never saw.
    """
    if not isinstance(nasty, pd.DataFrame):
        return nasty
    frame = nasty.copy()
    for j, dtype in enumerate(held_out.dtypes):
        values = nasty.iloc[:, j]
        if isinstance(dtype, pd.CategoricalDtype):
            known = [*dtype.categories, *values.dropna()]
            values = values.astype(object)
            frame.isetitem(j, pd.Categorical(values, categories=list(dict.fromkeys(known))))
        elif isinstance(dtype, pd.StringDtype):
            frame.isetitem(j, values.astype(dtype).array)
    return frame
