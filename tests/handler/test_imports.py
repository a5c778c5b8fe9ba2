"""What ships imports nothing that does not ship; read from the source, import by import."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import handler

ROOT = Path(handler.__file__).parent
ALLOWED = {"apig_wsgi", "flask", "handler", "msgspec", "numpy", "werkzeug"}
# The fallback engine has scikit-learn in its bundle.
FALLBACK = "engine/sklearn_engine.py"
# These are heavy or are for builders; handler/serve.py is the one command among the modules.
UNWANTED = {"argparse", "asyncio", "email", "http.client", "subprocess", "unittest"}

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, but for those that only type checkers see."""
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def standard(name: str) -> bool:
    return name in sys.stdlib_module_names


@pytest.mark.parametrize("module", [name for name in MODULES if name != FALLBACK])
def test_imports_only_what_ships(module: str) -> None:
    tops = {name.partition(".")[0] for name in imports(ROOT / module)}
    assert {name for name in tops if not standard(name)} <= ALLOWED


def test_the_fallback_engine_adds_scikit_learn_alone() -> None:
    tops = {name.partition(".")[0] for name in imports(ROOT / FALLBACK)}
    extra = {name for name in tops if not standard(name)} - ALLOWED
    assert extra <= {"joblib", "pandas", "sklearn", "scipy"}


@pytest.mark.parametrize("module", [name for name in MODULES if name != "serve.py"])
def test_imports_nothing_heavy(module: str) -> None:
    assert not set(imports(ROOT / module)) & UNWANTED


@pytest.mark.parametrize("module", MODULES)
def test_only_a_command_imports_the_development_server(module: str) -> None:
    assert "handler.serve" not in set(imports(ROOT / module))
    assert module == "serve.py" or "werkzeug.serving" not in set(imports(ROOT / module))
