"""The two lists of families, the modules behind them and the tests agree."""

import inspect
from importlib import import_module
from pathlib import Path

from handler import engine
from handler.engine.base import Evaluator
from model_build import export


def test_both_sides_list_the_same_families() -> None:
    assert list(engine.FAMILIES) == list(export.FAMILIES)


def test_each_family_has_its_test() -> None:
    tests = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert set(engine.FAMILIES) <= tests


def test_the_list_names_every_public_evaluator_of_a_family() -> None:
    for family, names in engine.FAMILIES.items():
        module = import_module(f"handler.engine.{family}")
        public = {
            name
            for name, cls in inspect.getmembers(module, inspect.isclass)
            if cls.__module__ == module.__name__
            and issubclass(cls, Evaluator)
            and not name.startswith("_")
        }
        assert public == set(names), family


def test_no_class_is_exported_twice() -> None:
    classes = [cls for family in export.FAMILIES.values() for cls in family]
    assert len(classes) == len(set(classes))
