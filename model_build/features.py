"""The preparation of a table for learning: which columns are used, and how each becomes numbers."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# A column of strings that almost never repeats tells nothing of the next row: all its values there
# are unknown. With fewer rows than this, nothing can be said about repetition.
LEAST_ROWS_OF_AN_IDENTIFIER = 20
IDENTIFIER_SHARE = 0.95

# One-hot columns are mostly zeros; past this many cells (400 MB of float64) they are kept sparse.
MOST_DENSE_CELLS = 50_000_000

ROW_NUMBER = (
    "it looks like a row number or an identifier (whole numbers that only rise or only fall); "
    "if it is one, name it in data.drop"
)


@dataclass(frozen=True)
class Plan:
    """What becomes of the columns, decided on the training rows.

    Attributes
    ----------
    numbers, codes, strings, booleans : tuple of str
        The columns that are used, by treatment: amounts; numbers that are categories; strings (and
        booleans with missing values); booleans.
    sparse : bool
        Whether the prepared table is a sparse matrix.
    left_out, doubtful : dict of str to str
        Columns that are not used, and columns that should perhaps not be, with the reason.
    """

    numbers: tuple[str, ...]
    codes: tuple[str, ...]
    strings: tuple[str, ...]
    booleans: tuple[str, ...]
    sparse: bool
    left_out: dict[str, str]
    doubtful: dict[str, str]

    @property
    def columns(self) -> frozenset[str]:
        """All columns that are used."""
        return frozenset([*self.numbers, *self.codes, *self.strings, *self.booleans])


def plan(X: pd.DataFrame, categorical: tuple[str, ...]) -> Plan:
    """Decide how each column is used.

    Constant columns and identifier-like strings are left out: nothing can be learned from them, and
    the API's clients need not send them. Numbers that count the rows are only pointed out, because
    a year or a time that does the same may matter.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The training rows, with the index of the whole table (its order tells row numbers).
    categorical : tuple of str
        Columns that are categories whatever their type, and are kept.
    """
    left_out: dict[str, str] = {}
    uses: dict[str, list[str]] = {"numbers": [], "codes": [], "strings": [], "booleans": []}
    for name in X.columns:
        reason = _useless(X[name], kept=name in categorical)
        if reason:
            left_out[name] = reason
        else:
            uses[_use(X[name], categorical)].append(name)
    one_hot = sum(X[name].nunique() for name in [*uses["codes"], *uses["strings"]])
    return Plan(
        **{use: tuple(names) for use, names in uses.items()},
        sparse=len(X) * one_hot > MOST_DENSE_CELLS,
        left_out=left_out,
        doubtful={name: ROW_NUMBER for name in uses["numbers"] if _counts_rows(X[name])},
    )


def preparation(plan: Plan) -> ColumnTransformer:
    """Make the transformer of a plan: a DataFrame in, a matrix of floats out; columns by name.

    Amounts: the median for missing values, then mean 0 and variance 1. Categories: the most
    frequent one for missing values, then one-hot, all zeros for one that training did not see.

    Trees need neither scaling nor imputation, and histogram gradient boosting takes missing values
    as they are; all candidates share this one preparation all the same, so that they are compared
    as estimators, and every one of them takes the same rows.
    """
    treatments: dict[str, tuple[Any, tuple[str, ...]]] = {
        "numbers": (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            plan.numbers,
        ),
        "codes": (_categories(plan), plan.codes),
        "strings": (_categories(plan), plan.strings),
        "booleans": (_one_hot(plan), plan.booleans),  # SimpleImputer refuses NumPy's bool
    }
    return ColumnTransformer(
        [(name, step, list(columns)) for name, (step, columns) in treatments.items() if columns],
        sparse_threshold=1.0 if plan.sparse else 0.0,
        verbose_feature_names_out=False,
    )


def _categories(plan: Plan) -> Any:
    return make_pipeline(SimpleImputer(strategy="most_frequent"), _one_hot(plan))


def _one_hot(plan: Plan) -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=plan.sparse)


def _useless(column: "pd.Series[Any]", *, kept: bool) -> str:
    """Say why a column cannot help, if so."""
    present = column.dropna()
    values = present.nunique()
    if values == 0:
        return "it is empty"
    if values == 1:
        missing = ", or is missing," if len(present) < len(column) else ""
        return f"it is{missing} {present.tolist()[0]!r} in every row"
    if kept or column.dtype.kind in "iufb" or len(present) < LEAST_ROWS_OF_AN_IDENTIFIER:
        return ""
    if values < IDENTIFIER_SHARE * len(present):
        return ""
    return (
        f"it looks like an identifier or free text ({values} different strings in {len(present)} "
        "rows); if it is a category, name it in data.categorical"
    )


def _use(column: "pd.Series[Any]", categorical: tuple[str, ...]) -> str:
    if column.dtype.kind == "b":
        return "booleans"
    if column.dtype.kind in "iuf":
        return "codes" if column.name in categorical else "numbers"
    return "strings"


def _counts_rows(column: "pd.Series[Any]") -> bool:
    """Tell whether whole numbers only rise, or only fall, down the table."""
    if column.dtype.kind not in "iu" or len(column) < LEAST_ROWS_OF_AN_IDENTIFIER:
        return False
    steps = column.sort_index().diff().dropna()
    return bool((steps > 0).all() or (steps < 0).all())
