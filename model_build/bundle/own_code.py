"""Which of our own modules a function needs: those of its artifact's evaluators, no others."""

import ast
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from handler.artifact import NODES

_ENGINE = "handler.engine"


def families_of(model_dir: Path) -> set[str]:
    """Return the families, modules of ``handler.engine``, that an artifact's nodes name."""
    path = model_dir / NODES
    return set(_families(json.loads(path.read_bytes()))) if path.exists() else set()


def _families(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        kind = tree.get("kind")
        if isinstance(kind, str) and "." in kind:
            yield kind.partition(".")[0]
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _families(item)


def needed_modules(package: Path, families: Collection[str]) -> set[Path]:
    """Return the files of our package that a function with these families needs.

    Of the engine only what something else imports: the engine itself imports families by name,
    when an artifact names them.

    Parameters
    ----------
    package : folder of the package ``handler``
    families : modules of ``handler.engine``
    """
    files = {_name(path, package.parent): path for path in package.rglob("*.py")}
    pending = [name for name in files if not name.startswith(f"{_ENGINE}.")]
    pending += [f"{_ENGINE}.{family}" for family in families]
    needed: set[str] = set()
    while pending:
        name = pending.pop()
        if name in files and name not in needed:
            needed.add(name)
            pending += _imported(files[name])
    return {files[name] for name in needed}


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
