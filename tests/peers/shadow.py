"""A pytest plugin: beside each answer that a test gets from scikit-learn, the numpy engine's.

Run scikit-learn's own tests under it, and every estimator that they fit, with whatever settings
and data they chose, becomes a case of ours: when a test calls a method that answers for rows, the
estimator is exported, loaded and asked the same. ``--shadow-report`` names the file that gets
what was found.
"""

import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest

from handler.artifact import load_model
from handler.engine.base import METHODS
from handler.errors import InvalidInput
from model_build.compare import as_inputs, difference
from model_build.export import UnsupportedEstimator, export_model, exporters

_A_TEST = 6  # the most answers of one test that are compared: some ask in long loops
_MOST_VALUES = 1_000_000


class Shadow:
    """Compares answers, and keeps what it found."""

    def __init__(self) -> None:
        self.test = ""
        self.compared: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.unequal: list[dict[str, str]] = []
        self._asked: Counter[str] = Counter()

    def check(self, estimator: Any, method: str, X: Any, expected: Any) -> None:
        """Compare one answer; what the engine cannot serve is counted by its reason."""
        self._asked[self.test] += 1
        if self._asked[self.test] > _A_TEST:
            return
        name = type(estimator).__name__
        try:
            with TemporaryDirectory() as folder, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                export_model(estimator, X, folder)
                got = getattr(load_model(folder), method)(as_inputs(X))
        except UnsupportedEstimator as error:
            self.left_out[f"unsupported: {error}"] += 1
        except InvalidInput as error:
            self._tell(name, method, f"refused: {error}")
        except Exception as error:
            self._tell(name, method, f"{type(error).__name__}: {error}")
        else:
            self._compare(name, method, expected, got)

    def _compare(self, name: str, method: str, expected: Any, got: Any) -> None:
        self.compared[name] += 1
        found = difference(method, expected, got)
        if not found.equal:
            self._tell(name, method, str(found))

    def _tell(self, name: str, method: str, what: str) -> None:
        told = {"test": self.test, "estimator": name, "method": method, "what": what[:600]}
        self.unequal.append(told)


class _Shadowed:
    """Stands for a method of a class; hands the answers that tests get on to the shadow."""

    def __init__(self, cls: type, method: str, shadow: Shadow) -> None:
        self.cls = cls
        self.method = method
        self.own = vars(cls).get(method)
        self.shadow = shadow

    def __get__(self, instance: Any, owner: type) -> Any:
        bound = self._bound(instance, owner)
        if instance is None or type(instance) is not self.cls or not _called_by_a_test():
            return bound
        return self._watched(instance, bound)

    def _bound(self, instance: Any, owner: type) -> Any:
        if self.own is not None:
            return self.own.__get__(instance, owner)
        return getattr(super(self.cls, owner if instance is None else instance), self.method)

    def _watched(self, instance: Any, bound: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **options: Any) -> Any:
            X = _copied(args[0] if len(args) == 1 and not options else None)
            answer = bound(*args, **options)
            if X is None:
                self.shadow.left_out["inputs of another kind"] += 1
            else:
                self.shadow.check(instance, self.method, X, _in_float64(bound, X, answer))
            return answer

        return watched


def _in_float64(bound: Callable[..., Any], X: Any, answer: Any) -> Any:
    """Return the answer to rows in float64, in which all requests are."""
    single = getattr(X, "dtype", None) == np.float32
    return bound(X.astype(np.float64)) if single else answer


def _called_by_a_test() -> bool:
    """Whether the attribute was taken in a test, not by scikit-learn or by the export itself."""
    module = sys._getframe(2).f_globals.get("__name__", "")
    return ".tests." in module


def _copied(X: Any) -> Any:
    """Return a copy of inputs as the model takes them, None for those that it does not take."""
    if isinstance(X, pd.DataFrame):
        return X.copy()
    if isinstance(X, list) and X and isinstance(X[0], str | dict):
        return list(X)
    try:
        array = np.array(X.toarray() if hasattr(X, "toarray") else X)
        if array.dtype.kind == "U" and not isinstance(X, np.ndarray):
            array = np.array(X, dtype=object)  # numbers among words stay numbers
    except (TypeError, ValueError):
        return None
    fits = array.ndim == 2 and len(array) and array.size <= _MOST_VALUES
    return array if fits and array.dtype.kind in "iubfOU" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the report."""
    parser.addoption("--shadow-report", required=True, help="the JSON file to write")


def pytest_configure(config: pytest.Config) -> None:
    """Put the shadow behind every class that has an exporter."""
    shadow = Shadow()
    config.stash[_KEY] = shadow
    for cls in exporters():
        for method in METHODS:
            if method in dir(cls):
                setattr(cls, method, _Shadowed(cls, method, shadow))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which test asks."""
    item.config.stash[_KEY].test = item.nodeid


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report."""
    shadow = session.config.stash[_KEY]
    report = {
        "compared": dict(shadow.compared),
        "left_out": dict(shadow.left_out),
        "unequal": shadow.unequal,
    }
    Path(session.config.getoption("--shadow-report")).write_text(json.dumps(report, indent=1))


_KEY = pytest.StashKey[Shadow]()
