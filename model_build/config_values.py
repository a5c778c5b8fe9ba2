"""What a key of the configuration may hold: its words, its test and its stored form."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

CANDIDATES = (
    "linear",
    "decision_tree",
    "rbf_svm",
    "hist_gradient_boosting",
    "random_forest",
)


@dataclass(frozen=True)
class Kind:
    """What a key accepts: the words for it, the test, and the stored form of a value."""

    expected: str
    accepts: Callable[[Any], bool]
    store: Callable[[Any], Any] = lambda value: value
    choices: Callable[[], Iterable[str]] = tuple
    """The allowed strings, where they are a list; only used to suggest the nearest one."""


def text(expected: str, pattern: str = r"(?s).+") -> Kind:
    """Accept a string that matches a pattern as a whole."""
    return Kind(
        expected, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None
    )


def one_of(*choices: str) -> Kind:
    """Accept one of some strings."""
    expected = "one of " + ", ".join(toml(choice) for choice in choices)
    return Kind(
        expected,
        lambda value: isinstance(value, str) and value in choices,
        choices=lambda: choices,
    )


def whole_number(low: int, high: int) -> Kind:
    """Accept a whole number of a range, both ends included."""
    return Kind(
        f"a whole number from {low} to {high}",
        lambda value: type(value) is int and low <= value <= high,
    )


def fraction() -> Kind:
    """Accept a number between 0 and 1, both excluded; it is stored as a float."""
    return Kind(
        "a number above 0 and below 1",
        lambda value: type(value) in (int, float) and 0 < value < 1,
        store=float,
    )


def is_list_of_different_texts(value: object) -> bool:
    """Tell whether a value is a list of strings without repetition."""
    return (
        isinstance(value, list)
        and all(isinstance(item, str) for item in value)
        and len(set(value)) == len(value)
    )


def column_names() -> Kind:
    """Accept a list of strings without repetition; it is stored as a tuple."""
    return Kind(
        'a list of different column names, such as ["age", "city"]',
        is_list_of_different_texts,
        store=tuple,
    )


def candidates() -> Kind:
    """Accept "auto" or some of `CANDIDATES`; a list is stored as a tuple."""
    expected = '"auto" or a list of one or more of ' + ", ".join(toml(name) for name in CANDIDATES)
    return Kind(
        expected,
        lambda value: (
            value == "auto"
            or (
                is_list_of_different_texts(value)
                and len(value) > 0
                and set(value) <= set(CANDIDATES)
            )
        ),
        store=lambda value: value if value == "auto" else tuple(value),
        choices=lambda: ("auto", *CANDIDATES),
    )


def _scorer_names() -> list[str]:
    # Imported here: a second spent on scikit-learn only when a scorer has to be looked up.
    from sklearn.metrics import get_scorer_names

    names: list[str] = get_scorer_names()
    return ["auto", *names]


def scoring() -> Kind:
    """Accept "auto" or a name that `sklearn.metrics.get_scorer` knows."""
    return Kind(
        '"auto" or the name of a scikit-learn scorer, such as "accuracy", "f1_macro" or '
        '"neg_mean_absolute_error"',
        lambda value: value == "auto" or (isinstance(value, str) and value in _scorer_names()),
        choices=_scorer_names,
    )


def toml(value: object) -> str:
    """Write a value as TOML has it, shortened, for messages and for the documentation."""
    written = _toml_whole(value)
    return written if len(written) <= 80 else written[:77] + "..."


def _toml_whole(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml_whole(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{toml_key(key)} = {_toml_whole(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    return str(value)


def toml_key(name: str) -> str:
    """Write a key as TOML has it: bare where it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)
