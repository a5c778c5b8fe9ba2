"""`model.toml`: what to train, on what, and for which target; read, checked, and documented.

The fields of the five section classes are the one table of keys: each carries its default, what it
accepts and its description. Reading, checking and `docs/configuration.md` are all driven by it, so
that they cannot drift apart. `python -m model_build.config` rewrites that page.
"""

import dataclasses
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from handler.errors import SkzapError
from model_build import config_values as accept
from model_build.config_values import Kind, is_list_of_different_texts, toml, toml_key
from model_build.suggestion import did_you_mean

REFERENCE = Path(__file__).parent.parent / "docs" / "configuration.md"


class ConfigError(SkzapError):
    """The configuration cannot be used.

    Attributes
    ----------
    problems : tuple of str
        One line for each problem: the file, the key, what was given and what was expected.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Key:
    """One key of one table: what the documentation and the checks need to know of it."""

    table: str
    name: str
    kind: Kind
    default: Any
    help: str
    default_help: str

    @property
    def required(self) -> bool:
        """Whether the file must give a value."""
        return self.default is dataclasses.MISSING

    @property
    def path(self) -> str:
        """The key as messages name it: table.key."""
        return f"{self.table}.{self.name}"


def _key(
    kind: Kind, help: str, default: Any = dataclasses.MISSING, *, default_help: str = ""
) -> Any:
    """Make a dataclass field that also says what it accepts, what it is for and its default."""
    metadata = {"kind": kind, "help": help, "default_help": default_help}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class ModelSection:
    """[model]: what the model is called."""

    name: str = _key(
        accept.text(
            "letters, digits, dots, hyphens and underscores", r"[A-Za-z0-9][A-Za-z0-9._-]*"
        ),
        "What the model is called in `GET /model`, in the report and in its manifest.",
        "model",
    )
    version: str | None = _key(
        accept.text("a string that is not empty"),
        "Your own version of the model, answered by `GET /model`. The artifact's SHA-256 "
        "identifies it in any case.",
        None,
        default_help="none",
    )


@dataclass(frozen=True, kw_only=True)
class DataSection:
    """[data]: the table to learn from, and which column to predict."""

    source: str = _key(
        accept.text("a path, s3://bucket/key or sklearn:load_name"),
        "A CSV or TSV file with a header line, relative to the configuration's folder; or "
        "`s3://bucket/key` of one (region and credentials as boto3 finds them); or a data set that "
        "scikit-learn ships, such as `sklearn:load_breast_cancer`. Files are UTF-8; an empty cell, "
        "NA, N/A, NaN, nan, NULL and null are missing values.",
    )
    target: str = _key(
        accept.text("the name of a column"),
        "The column to predict.",
        None,
        default_help='`"target"` for a scikit-learn data set; otherwise it must be given',
    )
    task: str = _key(
        accept.one_of("auto", "classification", "regression"),
        "What kind of prediction. `auto` classifies strings, booleans and whole numbers of at most "
        "20 different values with ten rows of each on average, and regresses all other numbers. "
        "With `training.estimator` the estimator decides.",
        "auto",
    )
    test_size: float = _key(
        accept.fraction(),
        "The part of the rows that is held out: it is used once, to measure the finished model, "
        "which is never fitted on it.",
        0.2,
    )
    seed: int = _key(
        accept.whole_number(0, 2**32 - 1),
        "Makes the split, the folds and the random parts of the estimators repeatable.",
        0,
    )
    drop: tuple[str, ...] = _key(
        accept.column_names(),
        "Columns that the model must not see: identifiers, leaks, dates. Constant columns, and "
        "strings that almost never repeat, are left out without being named here, and reported.",
        (),
    )
    categorical: tuple[str, ...] = _key(
        accept.column_names(),
        "Columns of numbers that are codes, not amounts: they are one-hot encoded. Strings and "
        "booleans are anyway. A column named here is never dropped as an identifier. It has no "
        "effect on an estimator of your own.",
        (),
    )


@dataclass(frozen=True, kw_only=True)
class TrainingSection:
    """[training]: which models compete, and how they are compared."""

    candidates: str | tuple[str, ...] = _key(
        accept.candidates(),
        "The models to choose from. `linear` is logistic regression or ridge regression. `auto` is "
        "all of them, less those that the data is too large for (it says which, and why).",
        "auto",
    )
    scoring: str = _key(
        accept.scoring(),
        "What the models are compared by. `auto` is ROC AUC for two classes, accuracy for more, "
        "and R2 for regression. The simplest of those that are not measurably worse than the best "
        "is chosen.",
        "auto",
    )
    folds: int = _key(
        accept.whole_number(2, 20),
        "The number of cross-validation folds (stratified for classification).",
        5,
    )
    estimator: str | None = _key(
        accept.text(
            'the path of a .joblib file or "module:function"',
            r"(?s).+\.joblib|[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*",
        ),
        "Your own model instead of the candidates: the path of a `.joblib` file (one that is "
        'fitted is shipped as it is; one that is not is fitted), or `"module:function"`, a '
        "function without arguments that returns an estimator or a pipeline; its module is looked "
        "for in the configuration's folder first. **Loading a joblib file executes code in it: "
        "give only files that you trust.**",
        None,
        default_help="none: the candidates compete",
    )


@dataclass(frozen=True, kw_only=True)
class EngineSection:
    """[engine]: what answers on Lambda."""

    kind: str = _key(
        accept.one_of("auto", "numpy", "sklearn"),
        "`numpy` is the small copy of the model that the build proves equal; the build fails where "
        "it cannot. `sklearn` ships scikit-learn itself. `auto` is numpy where it is proven equal, "
        "and otherwise scikit-learn, with a warning.",
        "auto",
    )


@dataclass(frozen=True, kw_only=True)
class BundleSection:
    """[bundle]: which Lambda runtime the bundle is built for."""

    python: str = _key(accept.one_of("3.12", "3.13", "3.14"), "The runtime's Python.", "3.13")
    architecture: str = _key(
        accept.one_of("x86_64", "arm64"), "The function's instruction set.", "x86_64"
    )
    upload: Literal["s3", "direct"] = _key(
        accept.one_of("s3", "direct"),
        "How the zip gets to Lambda, whose limits the build enforces: `s3`, as Zappa does it, "
        "takes 262,144,000 bytes unzipped; `direct`, as `aws lambda update-function-code "
        "--zip-file` does it, also no more than 50 MB zipped.",
        "s3",
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """A checked configuration: one section for each table of the file."""

    path: Path
    model: ModelSection
    data: DataSection
    training: TrainingSection
    engine: EngineSection
    bundle: BundleSection

    @property
    def root(self) -> Path:
        """The folder that relative paths in the file start from."""
        return self.path.parent


SECTIONS: dict[str, Any] = {
    "model": ModelSection,
    "data": DataSection,
    "training": TrainingSection,
    "engine": EngineSection,
    "bundle": BundleSection,
}


def keys(table: str) -> dict[str, Key]:
    """List the keys of a table, by name."""
    fields = dataclasses.fields(SECTIONS[table])
    return {
        field.name: Key(table=table, name=field.name, default=field.default, **field.metadata)
        for field in fields
    }


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Parameters
    ----------
    path : Path
        A TOML file; messages name it as it is given here.

    Returns
    -------
    Config
        Every key of the file, and the default of every key that it does not give.

    Raises
    ------
    ConfigError
        With all problems of the file, a line each: an unreadable file, TOML's syntax (line and
        column), unknown tables and keys, values of a wrong type or out of range, missing keys.
    """
    document = _read(path)
    problems = list(_problems(document))
    if problems:
        raise ConfigError(f"{path}: {problem}" for problem in problems)
    sections = {table: _section(table, document.get(table, {})) for table in SECTIONS}
    return Config(path=path, **sections)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file; expected a model.toml"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: byte {error.start} is not UTF-8; TOML is UTF-8"]) from None
    except (ValueError, RecursionError) as error:
        # ValueError: TOMLDecodeError, and whole numbers longer than Python reads.
        raise ConfigError([f"{path}: not valid TOML: {_with_line(str(error), path)}"]) from None


def _with_line(message: str, path: Path) -> str:
    """Give tomllib's "at end of document" the line number that it leaves out."""
    last_line = len(path.read_text(encoding="utf-8").splitlines())
    return message.replace("(at end of document)", f"(at line {last_line}, the end of the file)")


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for table, value in document.items():
        if table not in SECTIONS:
            yield _unknown_table(table)
        elif not isinstance(value, dict):
            yield f"{table} = {toml(value)}: expected a table, [{table}]"
        else:
            yield from _table_problems(table, value)
    yield from _missing_keys(document)
    yield from _conflicts(document)


def _unknown_table(name: str) -> str:
    homes = [table for table in SECTIONS if name in keys(table)]
    hint = f"; did you mean {homes[0]}.{name}?" if homes else did_you_mean(name, SECTIONS)
    return f"{toml_key(name)} is not a table{hint} (the tables are {', '.join(SECTIONS)})"


def _table_problems(table: str, values: Mapping[str, Any]) -> Iterator[str]:
    known = keys(table)
    for name, value in values.items():
        if name not in known:
            allowed = ", ".join(known)
            hint = did_you_mean(name, known)
            yield f"{table}.{toml_key(name)} is not a key{hint} (the keys are {allowed})"
        elif not known[name].kind.accepts(value):
            yield _wrong_value(known[name], value)


def _wrong_value(key: Key, value: object) -> str:
    choices = list(key.kind.choices())
    if not isinstance(value, str | list) and str(value) in choices:
        hint = f"; write it in quotes, {toml(str(value))}"
    else:
        strings = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        wrong = [item for item in strings if isinstance(item, str) and item not in choices]
        hint = did_you_mean(wrong[0], choices) if wrong else ""
    return f"{key.path} = {toml(value)}: expected {key.kind.expected}{hint}"


def _missing_keys(document: Mapping[str, Any]) -> Iterator[str]:
    for table in SECTIONS:
        values = document.get(table, {})
        if not isinstance(values, dict):
            continue
        for key in keys(table).values():
            if key.required and key.name not in values:
                yield f"{key.path} is missing: expected {key.kind.expected}"
            elif key.path == "data.target" and _needs_target(values):
                yield f"{key.path} is missing: expected {key.kind.expected} to predict"


def _needs_target(values: Mapping[str, Any]) -> bool:
    return "target" not in values and not str(values.get("source", "")).startswith("sklearn:")


def _conflicts(document: Mapping[str, Any]) -> Iterator[str]:
    data, training = document.get("data"), document.get("training")
    if isinstance(data, dict):
        yield from _column_conflicts(data)
    if isinstance(training, dict) and "estimator" in training:
        for name in ("candidates", "scoring", "folds"):
            if name in training:
                yield f"training.{name} has no effect with training.estimator: give one of the two"


def _column_conflicts(data: Mapping[str, Any]) -> Iterator[str]:
    drop, categorical = data.get("drop", []), data.get("categorical", [])
    if not (is_list_of_different_texts(drop) and is_list_of_different_texts(categorical)):
        return
    for name in drop:
        if name in categorical:
            yield f"data.categorical names {toml(name)}, which data.drop drops"
    if data.get("target") in [*drop, *categorical]:
        yield f"data.target = {toml(data['target'])}: data.drop or data.categorical names it too"


def _section(table: str, values: Mapping[str, Any]) -> Any:
    stored = {name: keys(table)[name].kind.store(value) for name, value in values.items()}
    if table == "data":
        # load_...(as_frame=True).frame has the column "target"; _missing_keys demands it elsewhere.
        stored.setdefault("target", "target")
    return SECTIONS[table](**stored)


_REFERENCE_HEAD = """\
# Configuration: model.toml

<!-- Written by `python -m model_build.config` from the table of keys in model_build/config.py. -->

`./build.sh CONFIG` takes the path of a TOML file; without one it takes `model.toml` at the top.
Paths in the file are relative to its folder. Unknown keys and values of a wrong type are errors, so
that a misspelt key never goes unnoticed. Only `data.source` must be given, and `data.target` unless
the source is a scikit-learn data set.
"""


def reference() -> str:
    """Render `docs/configuration.md` from the table of keys."""
    parts = [_REFERENCE_HEAD]
    for table, section in SECTIONS.items():
        title, about = section.__doc__.split(": ", 1)
        parts.append(f"\n## {title}\n\n{about[0].upper()}{about[1:]}\n")
        parts.extend(_entry(key) for key in keys(table).values())
    return "".join(parts)


def _entry(key: Key) -> str:
    default = key.default_help or f"`{toml(key.default)}`"
    if key.required:
        default = "none: it must be given"
    return (
        f"\n### `{key.path}`\n\n{key.help}\n\n- Value: {key.kind.expected}\n- Default: {default}\n"
    )


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
