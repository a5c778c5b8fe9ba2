"""A pytest plugin: beside each answer that a test gets from scikit-learn, the numpy engine's.

Run scikit-learn's own tests under it, and every estimator that they fit, with whatever settings
and data they chose, becomes a case of ours: when a test calls a method that answers for rows, or
fits, the estimator is exported, loaded and asked the same. ``--shadow-report`` names the file
that gets what was found.
"""

import json
import math
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest

from handler.artifact import load_model
from handler.engine.base import METHODS
from handler.engine.sklearn_engine import ask
from model_build.compare import as_inputs, difference, on_one_thread
from model_build.export import UnsupportedEstimator, export_model, exporters, signature
from model_build.methods import methods_of

_FITS = ("fit", "fit_transform", "fit_predict", "partial_fit")
_ANSWERS, _FITTED = 4, 2  # the most of one test that are compared: some run long loops
_MOST_VALUES = 300_000  # of inputs
_WIDEST = 500  # of inputs that others keep sparse: their cubes are to fit in memory
_MOST_ANSWERED = 10_000_000  # of answers, which others may keep sparse
# Modules that test, and are named otherwise.
_TESTS_TOO = ("sklearn.utils.estimator_checks",)


class LeftOut(Exception):
    """Why an answer is not compared."""


class Shadow:
    """Compares answers, and keeps what it found."""

    def __init__(self) -> None:
        self.test = ""
        self.module = ""
        self.compared: Counter[str] = Counter()
        self.estimators: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.unequal: list[dict[str, str]] = []
        self._asked: Counter[tuple[str, bool]] = Counter()

    def has_time_for(self, *, fit: bool) -> bool:
        """Whether one more answer, or fit, of this test is compared."""
        self._asked[self.test, fit] += 1
        return self._asked[self.test, fit] <= (_FITTED if fit else _ANSWERS)

    def begin(self, module: str, test: str) -> None:
        """Take note of the test that runs."""
        self.module, self.test = module, f"{module}::{test}"

    def report(self) -> dict[str, Any]:
        """Return how many answers were compared, by module and by class, and what was found."""
        return {
            "compared": dict(self.compared),
            "estimators": dict(self.estimators),
            "left_out": dict(self.left_out),
            "unequal": self.unequal,
        }

    def look(self, estimator: Any, methods: Sequence[str], X: Any) -> None:
        """Compare the answers of some methods; what is left out is counted by the reason."""
        name = type(estimator).__name__
        try:
            with on_one_thread():
                expected = _own_answers(estimator, methods, X)
                got = _engine_answers(estimator, list(expected), X)
        except (LeftOut, UnsupportedEstimator) as why:
            self.left_out[str(why)] += 1
        except Exception as error:
            self._tell(name, methods[0], f"{type(error).__name__}: {error}")
        else:
            for method, answer in expected.items():
                self._compare(name, method, answer, got[method])

    def _compare(self, name: str, method: str, expected: Any, got: Any) -> None:
        self.compared[self.module] += 1
        self.estimators[name] += 1
        found = difference(method, expected, got)
        if not found.equal:
            self._tell(name, method, str(found))

    def _tell(self, name: str, method: str, what: str) -> None:
        told = {"test": self.test, "estimator": name, "method": method, "what": what[:600]}
        self.unequal.append(told)


def _own_answers(estimator: Any, methods: Sequence[str], X: Any) -> dict[str, Any]:
    """Ask scikit-learn again, by the inputs as a request has them: float64, not sparse."""
    name = type(estimator).__name__
    try:
        asked = [method for method in methods if method in methods_of(estimator)]
        answers = {method: ask(estimator, method, deepcopy(X)) for method in asked}
    except Exception as error:
        raise LeftOut(f"{name} refuses such inputs: {str(error)[:60]}") from error
    if any(math.prod(getattr(answer, "shape", ())) > _MOST_ANSWERED for answer in answers.values()):
        raise LeftOut(f"{name} has answers that fill the memory")
    return answers


def _engine_answers(estimator: Any, methods: Sequence[str], X: Any) -> dict[str, Any]:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export_model(estimator, X, folder)
        model = load_model(folder)
        return {method: getattr(model, method)(as_inputs(X)) for method in methods}


class _Shadowed:
    """Stands for a method of a class; lets the shadow see the calls of tests."""

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
        @wraps(bound)
        def watched(*args: Any, **options: Any) -> Any:
            fits = self.method in _FITS
            if not self.shadow.has_time_for(fit=fits):
                return bound(*args, **options)
            X = as_requested(instance, args[0] if args else options.get("X"))
            answer = bound(*args, **options)
            methods = _fitted_methods(instance) if fits else self._asked(args, options)
            if X is None or not methods:
                self.shadow.left_out[f"inputs of another kind: {_told(args, options)}"] += 1
            else:
                self._look(instance, methods, X)
            return answer

        return watched

    def _asked(self, args: Sequence[Any], options: Mapping[str, Any]) -> list[str]:
        """Return the methods, as the engine names them, that a call asks; none it does not."""
        if len(args) + ("X" in options) != 1 or options.keys() - {"X", "return_std"}:
            return []
        return ["predict_std"] if options.get("return_std") else [self.method]

    def _look(self, instance: Any, methods: Sequence[str], X: Any) -> None:
        """Compare, and leave the test's random numbers where they were."""
        state = np.random.get_state()
        self.shadow.look(instance, methods, X)
        np.random.set_state(state)


def _fitted_methods(estimator: Any) -> list[str]:
    """Return what is asked of an estimator that a test fitted: the first two of its methods."""
    try:
        return methods_of(estimator)[:2]
    except Exception:
        return []


def _told(args: Sequence[Any], options: Mapping[str, Any]) -> str:
    X = args[0] if args else options.get("X")
    what = f"{type(X).__name__} {getattr(X, 'shape', '')} {getattr(X, 'dtype', '')}"
    return f"{what} {len(args)} {list(options)}"


def _called_by_a_test() -> bool:
    """Whether the attribute was taken in a test, not by scikit-learn or by the export itself."""
    module = sys._getframe(2).f_globals.get("__name__", "")
    return ".tests." in module or module in _TESTS_TOO or module.startswith("test_")


def as_requested(estimator: Any, X: Any) -> Any:
    """Return a copy of inputs as a request has them, None for those that none has."""
    if isinstance(X, pd.DataFrame):
        return X.copy() if 0 < X.size <= _MOST_VALUES else None
    if isinstance(X, list | tuple) and X and isinstance(X[0], str | dict | set | tuple):
        return list(X)
    if not isinstance(X, list | np.ndarray) and not _is_small_sparse(X):
        return None
    tags = estimator.__sklearn_tags__().input_tags
    of_columns = tags.one_d_array or tags.two_d_array
    if isinstance(X, list) and not of_columns:
        return list(X) or None  # a row is one object
    array = _as_array(X)
    if array is None or array.ndim == 2 or not of_columns:
        return array
    # One number a row is a column; what else has no two dimensions, no request holds.
    return array[:, None] if array.ndim == 1 and tags.one_d_array else None


def _is_small_sparse(X: Any) -> bool:
    fits = hasattr(X, "toarray") and X.shape[-1] <= _WIDEST
    return fits and math.prod(X.shape) <= _MOST_VALUES


def _as_array(X: Any) -> Any:
    try:
        array = np.array(X.toarray() if hasattr(X, "toarray") else X)
    except (TypeError, ValueError):
        return None
    if array.dtype.kind == "U" and not isinstance(X, np.ndarray):
        array = np.array(X, dtype=object)  # numbers among words stay numbers
    if array.dtype.kind == "f" and array.dtype != np.float64:
        array = array.astype(np.float64)
    fits = array.ndim and 0 < array.size <= _MOST_VALUES
    return array if fits and array.dtype.kind in "iubfOU" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the report."""
    parser.addoption("--shadow-report", required=True, help="the JSON file to write")


def pytest_configure(config: pytest.Config) -> None:
    """Put the shadow behind every class that has an exporter."""
    shadow = Shadow()
    config.stash[_KEY] = shadow
    # Finding out where values may be missing takes longer than all else, and has its own tests.
    pytest.MonkeyPatch().setattr(signature, "_accepted_missing", _everywhere)
    for cls in exporters():
        for method in (*METHODS, *_FITS):
            if method in dir(cls):
                setattr(cls, method, _Shadowed(cls, method, shadow))


def _everywhere(_: Any, __: Any, nulls: Sequence[str]) -> set[int]:
    return set(range(len(nulls)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which test asks."""
    module: Any = item.getparent(pytest.Module)
    item.config.stash[_KEY].begin(module.obj.__name__, item.name)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report."""
    report = json.dumps(session.config.stash[_KEY].report(), indent=1)
    Path(session.config.getoption("--shadow-report")).write_text(report)


_KEY = pytest.StashKey[Shadow]()
