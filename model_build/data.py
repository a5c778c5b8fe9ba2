"""The data: a table from a file, from S3 or from scikit-learn, checked before it is learned."""

import csv
import hashlib
import inspect
import io
import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import boto3
import numpy as np
import pandas as pd
import sklearn.datasets
from botocore.exceptions import BotoCoreError, ClientError
from numpy.typing import NDArray

from handler.errors import SkzapError
from model_build.config import Config
from model_build.suggestion import did_you_mean

# What an empty cell may be written as. pandas' own list also takes "None" and "n/a" and more, which
# are categories in much real data ("None" is the most common alley type of the Ames houses).
MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
MOST_CLASSES_OF_NUMBERS = 20
LEAST_ROWS_OF_A_NUMBER = 10


class DataError(SkzapError):
    """The data cannot be read, or cannot be learned from; names the source and the place."""


@dataclass(frozen=True)
class Dataset:
    """A table, split into inputs and target.

    Attributes
    ----------
    X : DataFrame of shape (n, d)
        All columns but the target and the dropped ones.
    y : (n,) array
        The target: objects (str or bool) or integers for classes, floats for regression.
    task : {"classification", "regression"}
    sha256 : str
        Of the source's bytes.
    notes : tuple of str
        What a reader of the report should know of the data.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    task: str
    sha256: str
    notes: tuple[str, ...]


def load(config: Config) -> Dataset:
    """Read the configured source and check it.

    Raises
    ------
    DataError
        For a source that cannot be read or is no table, columns that it does not have, a target
        with missing values or a single value, infinities, too few rows.
    """
    source = config.data.source
    try:
        frame, content = _read(source, config.root)
        _check_columns(frame, config)
        y = _target(frame[config.data.target])
        X = frame.drop(columns=[config.data.target, *config.data.drop])
        _check_inputs(X)
        task, notes = _task(y, config)
        _check_rows(y, task, config)
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    sha256 = hashlib.sha256(content).hexdigest()
    notes.extend(_duplicates(frame.drop(columns=list(config.data.drop))))
    return Dataset(X, _as_array(y, task), task, sha256, tuple(notes))


def _read(source: str, root: Path) -> tuple[pd.DataFrame, bytes]:
    """Return the table and the bytes that identify it."""
    if source.startswith("sklearn:"):
        frame = _scikit_learn_frame(source.removeprefix("sklearn:"))
        return frame, frame.to_csv().encode()
    content = _download(source) if source.startswith("s3://") else _file(source, root)
    return parse(content, tab_separated=source.lower().endswith((".tsv", ".tab"))), content


def _scikit_learn_frame(name: str) -> pd.DataFrame:
    # The sets that come with scikit-learn; fetch_... would download, and a build must not.
    loaders = {
        name: loader
        for name, loader in inspect.getmembers(sklearn.datasets, inspect.isfunction)
        if name.startswith("load_") and "as_frame" in inspect.signature(loader).parameters
    }
    if name not in loaders:
        raise DataError(
            f"scikit-learn has no such data set{did_you_mean(name, loaders)} "
            f"(it ships {', '.join(sorted(loaders))})"
        )
    frame: pd.DataFrame = loaders[name](as_frame=True).frame
    return frame


def _file(source: str, root: Path) -> bytes:
    path = root / Path(source).expanduser()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no such file (looked for {path}){_neighbour(path)}") from None
    except (OSError, ValueError) as error:
        # ValueError: a path with a null character.
        raise DataError(f"cannot be read: {getattr(error, 'strerror', error)}") from None


def _neighbour(path: Path) -> str:
    names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
    return did_you_mean(path.name, names)


def _download(source: str) -> bytes:
    url = urlsplit(source, allow_fragments=False)
    bucket, key = url.netloc, source.removeprefix(f"s3://{url.netloc}/")
    if not bucket or not key or key == source:
        raise DataError("expected s3://bucket/key")
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise DataError(_s3_problem(error, bucket, key)) from None
    except (BotoCoreError, ValueError) as error:
        # No credentials, no connection, a bucket's name that cannot be; boto3's words are plain.
        raise DataError(f"S3 could not be asked: {_one_line(error)}") from None


def _s3_problem(error: ClientError, bucket: str, key: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    denied = (
        "access denied: the credentials in use need s3:GetObject on this object (and "
        "s3:ListBucket, for S3 to tell a missing object from a forbidden one)"
    )
    meanings = {
        "NoSuchBucket": f"there is no bucket {bucket!r}",
        "NoSuchKey": f"bucket {bucket!r} has no object {key!r}",
        "AccessDenied": denied,
        "403": denied,  # an answer without a body
    }
    return meanings.get(code, f"S3 refused ({code}): {_one_line(error)}")


def parse(content: bytes, *, tab_separated: bool) -> pd.DataFrame:
    """Read the bytes of a file with a header line, one type for each column.

    Parameters
    ----------
    content : bytes
        UTF-8 text.
    tab_separated : bool
        Otherwise the header line tells which of comma, semicolon and tab separates the cells.

    Raises
    ------
    DataError
        For what is no text or no table, and for column names that are empty or repeated.
    """
    text = _decode(content).lstrip("\r\n")
    if not text:
        raise DataError("empty: expected a header line and rows")
    separator = "\t" if tab_separated else _separator(text)
    # Tab-separated values know no quotes (IANA's text/tab-separated-values).
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    try:
        _check_header(
            next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting))
        )
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
            return pd.read_csv(
                io.StringIO(text),
                sep=separator,
                quoting=quoting,
                index_col=False,  # a row with a cell too many is an error, not an index
                keep_default_na=False,
                na_values=list(MISSING),
                low_memory=False,  # one type for a whole column
            )
    except (csv.Error, ValueError, pd.errors.ParserWarning) as error:
        raise DataError(f"not a table: {_one_line(error)}") from None


def _decode(content: bytes) -> str:
    if not content.strip():
        raise DataError("empty: expected a header line and rows")
    if b"\0" in content:
        raise DataError("not a text file: it holds null bytes (expected CSV or TSV)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"line {line} is not UTF-8: convert the file to UTF-8") from None


def _separator(text: str) -> str:
    """Return the one of comma, semicolon and tab that the header line has the most of."""
    header = text.splitlines()[0]
    return max(",;\t", key=header.count)


def _check_header(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"several columns are called {_quoted(repeated)}: rename or remove them")
    if "" in names:
        raise DataError(f"column {names.index('') + 1} has no name in the header line")


def _check_columns(frame: pd.DataFrame, config: Config) -> None:
    data = config.data
    named = {"target": [data.target], "drop": data.drop, "categorical": data.categorical}
    for key, names in named.items():
        for name in names:
            if name not in frame.columns:
                raise DataError(_no_column(key, name, list(frame.columns)))
    if len(frame.columns) - 1 == len(data.drop):
        raise DataError("no column is left to learn from, beside the target")


def _no_column(key: str, name: str, columns: Sequence[str]) -> str:
    shown = _quoted(columns[:20]) + (", ..." if len(columns) > 20 else "")
    hint = did_you_mean(name, columns)
    return f"data.{key} names {name!r}, which is no column{hint} (the columns are {shown})"


def _target(y: "pd.Series[Any]") -> "pd.Series[Any]":
    missing = np.flatnonzero(y.isna())
    if len(missing):
        raise DataError(
            f"the target {y.name!r} is missing in {len(missing)} of {len(y)} rows "
            f"({_some_rows(missing)}): fill it or remove those rows"
        )
    if y.nunique() < 2:
        only = "has no rows" if y.empty else f"is {y.iloc[0]!r} in every row"
        raise DataError(f"the target {y.name!r} {only}: nothing can be learned from it")
    _check_finite(y)
    return y


def _check_inputs(X: pd.DataFrame) -> None:
    for name in X.columns:
        _check_finite(X[name])


def _check_finite(column: "pd.Series[Any]") -> None:
    if column.dtype.kind != "f":
        return
    infinite = np.flatnonzero(np.isinf(column.to_numpy()))
    if len(infinite):
        raise DataError(
            f"column {column.name!r} is infinite in {len(infinite)} rows ({_some_rows(infinite)}): "
            "scikit-learn takes finite numbers only; leave the cells empty where they are missing"
        )


def _task(y: "pd.Series[Any]", config: Config) -> tuple[str, list[str]]:
    numeric = y.dtype.kind in "iuf"
    whole = numeric and bool((y % 1 == 0).all())
    if config.data.task != "auto":
        _check_task(y, config.data.task, numeric=numeric, whole=whole)
        return config.data.task, []
    if not whole:
        return ("regression" if numeric else "classification"), []
    values = y.nunique()
    few = values <= min(MOST_CLASSES_OF_NUMBERS, len(y) / LEAST_ROWS_OF_A_NUMBER)
    task = "classification" if few else "regression"
    reason = f"the target {y.name!r} holds {values} different whole numbers"
    return task, [f"{reason}: the task is {task}, unless data.task says otherwise"]


def _check_task(y: "pd.Series[Any]", task: str, *, numeric: bool, whole: bool) -> None:
    if task == "regression" and not numeric:
        raise DataError(f"data.task is regression, but the target {y.name!r} is not numeric")
    if task == "classification" and numeric and not whole:
        raise DataError(f"data.task is classification, but the target {y.name!r} holds fractions")


def _check_rows(y: "pd.Series[Any]", task: str, config: Config) -> None:
    # A user's own estimator is not cross-validated.
    folds = 1 if config.training.estimator else config.training.folds
    parts = f"{folds} folds and a held-out part of {config.data.test_size}"
    least = math.ceil(folds / (1 - config.data.test_size)) + 1
    if len(y) < 2 * least:
        raise DataError(f"{len(y)} rows are too few: {parts} need at least {2 * least}")
    if task == "classification":
        _check_classes(y, config.data.test_size, least, parts)


def _check_classes(y: "pd.Series[Any]", test_size: float, least: int, parts: str) -> None:
    counts = y.value_counts()
    if counts.min() < least:
        raise DataError(
            f"class {counts.index[-1]!r} of the target {y.name!r} has {counts.min()} rows; {parts} "
            f"need {least} of each class: remove or merge rare classes, or lower training.folds"
        )
    if len(y) * min(test_size, 1 - test_size) < len(counts):
        raise DataError(
            f"data.test_size = {test_size} of {len(y)} rows leaves one part with fewer rows than "
            f"the {len(counts)} classes of the target {y.name!r}"
        )


def _as_array(y: "pd.Series[Any]", task: str) -> NDArray[Any]:
    if task == "regression":
        return y.to_numpy(dtype=np.float64)
    return y.to_numpy() if y.dtype.kind in "iufb" else y.to_numpy(dtype=object)


def _duplicates(frame: pd.DataFrame) -> list[str]:
    count = int(frame.duplicated().sum())
    if not count:
        return []
    return [
        f"{count} of {len(frame)} rows repeat an earlier row: where one copy is held out and the "
        "other is learned from, the metrics are too good"
    ]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _some_rows(positions: NDArray[np.intp]) -> str:
    shown = ", ".join(str(position + 1) for position in positions[:5])
    return f"data row {shown}" + (", ..." if len(positions) > 5 else "")


def _one_line(error: Exception | Warning) -> str:
    return " ".join(str(error).split())
