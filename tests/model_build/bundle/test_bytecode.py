import runpy
import shutil
from pathlib import Path

import pytest

from model_build.bundle import BundleError, Target, target
from model_build.bundle.bytecode import compile_all


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A little bundle: our code, a package and a module of others."""
    root = tmp_path / "a bundle"
    for name in ("handler/__init__.py", "handler/engine/a.py", "package/b.py", "module.py"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('"""A docstring."""\nassert True\nVALUE = __doc__, __file__\n')
    return root


def test_our_code_keeps_its_sources_and_libraries_do_not(tree: Path, here: Target) -> None:
    assert compile_all(tree, here) is None
    tag = f"cpython-{here.python.replace('.', '')}"
    assert _files(tree) == {
        "handler/__init__.py",
        f"handler/__pycache__/__init__.{tag}.pyc",
        "handler/engine/a.py",
        f"handler/engine/__pycache__/a.{tag}.pyc",
        "package/b.pyc",
        "module.pyc",
    }
    assert runpy.run_path(str(tree / "module.pyc"))["VALUE"][0] == "A docstring."


def test_the_same_sources_give_the_same_bytecode_elsewhere(
    tree: Path, here: Target, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "and deeper"
    shutil.copytree(tree, other)
    for root in (tree, other):
        compile_all(root, here)
    for name in _files(tree):
        assert (tree / name).read_bytes() == (other / name).read_bytes()


def test_without_an_interpreter_of_the_target_the_sources_ship(
    tree: Path, here: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    before = _files(tree)
    other = next(python for python in target.PYTHONS if python != here.python)
    reason = compile_all(tree, Target(other, here.architecture))
    assert reason is not None
    assert f"no Python {other} starts on this machine" in reason
    assert _files(tree) == before


def test_code_that_does_not_compile_is_named(tree: Path, here: Target) -> None:
    (tree / "package" / "wrong.py").write_text("def (:\n")
    with pytest.raises(BundleError, match=r"cannot compile the bundle:[\s\S]*package/wrong\.py"):
        compile_all(tree, here)


def _files(root: Path) -> set[str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix() for path in files}
