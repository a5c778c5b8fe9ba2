"""What a bundle leaves out of the installed wheels, each thing with its reason.

Nothing here depends on a model: what is left out is never read by a function that predicts. What
only some models need is found by ``trace``, and for the scikit-learn engine alone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from model_build.bundle import elf

# Folders, wherever they are.
FOLDERS = {
    "tests": "a package's own tests",
    "__pycache__": "bytecode of the builder's Python, if a wheel brought any",
}
# Endings of names.
SUFFIXES = {
    ".pyi": "types for type checkers",
    "py.typed": "a mark for type checkers",
    ".h": "C headers, to compile extensions",
    ".hpp": "C++ headers",
    ".c": "C sources",
    ".cpp": "C++ sources",
    ".a": "static libraries",
    ".pc": "pkg-config's data",
    ".pxd": "Cython's declarations",
    ".pyx": "Cython's sources",
    ".pxi": "Cython's includes",
    ".tp": "templates of Cython's sources",
    ".in": "templates of sources",
    ".build": "Meson's build files",
    ".md": "documentation",
    ".rst": "documentation",
}
# Parts of packages that no request reaches, for every engine.
UNUSED = {
    "bin": "pip's scripts",
    "werkzeug/debug": "a debugger that runs code from the browser has no place in production",
    "flask/testing.py": "the test client",
    "click/testing.py": "the test runner of command lines",
    "numpy/conftest.py": "pytest's settings",
    "numpy/_pyinstaller": "hooks for another packager",
    "numpy/_core/_simd.*.so": "for numpy's own tests of its vector instructions",
    "numpy/_core/_multiarray_tests.*.so": "for numpy's own tests",
    "numpy/_core/_umath_tests.*.so": "for numpy's own tests",
    "numpy/_core/_rational_tests.*.so": "for numpy's own tests",
    "numpy/_core/_struct_ufunc_tests.*.so": "for numpy's own tests",
    "numpy/_core/_operand_flag_tests.*.so": "for numpy's own tests",
}
# Parts of numpy that the numpy engine does not use and that the rest of numpy does not import: they
# are reached by their names alone. (numpy.ma stays: unique and nanmedian use it. scikit-learn asks
# for all of them at once, by ``from numpy import *``.)
UNUSED_BY_NUMPY_ENGINE = {
    "numpy/f2py": "compiles Fortran",
    "numpy/random": "a served model draws no random numbers",
    "numpy/polynomial": "polynomials as objects; PolynomialFeatures needs products only",
    "numpy/ctypeslib": "passes arrays to ctypes",
    "numpy/testing": "asserts for tests",
    "numpy/ma/testutils.py": "asserts for tests",
    "numpy/matlib.py": "old aliases for matrices",
    "numpy/core": "old names, for pickles of numpy 1; the artifact has no pickles",
    "numpy/doc": "documentation",
}

# Parts of numpy that few evaluators use, and the name by which their modules say so.
USED_BY_FEW = {"numpy/fft": "np.fft"}

_LICENCE = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)", re.IGNORECASE)


def slim(site: Path, *, numpy_engine: bool) -> None:
    """Remove from installed wheels what no request needs, and strip their libraries.

    Licences stay: BSD and MIT ask that their text goes with every copy. They move from the metadata
    to ``licenses/<name>-<version>/``; the rest of the metadata goes: nothing that serves reads it.

    Parameters
    ----------
    site : folder that pip installed to
    numpy_engine : whether the numpy engine alone will use it
    """
    _keep_licences(site)
    parts = UNUSED | (UNUSED_BY_NUMPY_ENGINE if numpy_engine else {})
    for part in parts:
        for path in site.glob(part):
            _remove(path)
    for path in sorted(site.rglob("*")):
        if path.exists() and _is_dead_weight(path.relative_to(site)):
            _remove(path)
    for path in site.rglob("*"):
        if path.is_file() and not path.is_symlink():
            _strip(path)


def leave_out_unnamed(site: Path, own_code: Path) -> None:
    """Remove the parts of numpy that few evaluators use, unless one that ships names them.

    Parameters
    ----------
    site : folder that pip installed to
    own_code : folder of the modules that ship
    """
    sources = [path.read_text() for path in own_code.rglob("*.py")]
    for part, name in USED_BY_FEW.items():
        if not any(name in source for source in sources):
            _remove(site / part)


def owners(site: Path) -> dict[str, str]:
    """Return which distribution brought each top-level name, by the metadata in `site`.

    Returns
    -------
    dict
        For example ``{"sklearn": "scikit-learn", "scikit_learn.libs": "scikit-learn", …}``.
    """
    found = {}
    for record in sorted(site.glob("*.dist-info/RECORD")):
        name = re.sub(r"[-_.]+", "-", record.parent.stem.rpartition("-")[0]).lower()
        for line in record.read_text().splitlines():
            top = PurePosixPath(line.partition(",")[0].strip('"')).parts[0]
            if not top.endswith(".dist-info") and top != "..":
                found[top] = name
    return found


def prune(root: Path, kept: Iterable[Path]) -> None:
    """Remove all files below `root` but `kept`, and the folders that become empty."""
    keep = set(kept)
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and path not in keep:
            path.unlink()


def _keep_licences(site: Path) -> None:
    for info in sorted(site.glob("*.dist-info")):
        folder = site / "licenses" / info.name.removesuffix(".dist-info")
        for path in sorted(info.rglob("*")):
            within = path.relative_to(info)
            if path.is_file() and (within.parts[0] == "licenses" or _LICENCE.match(path.name)):
                target = folder / (
                    within.relative_to("licenses") if len(within.parts) > 1 else within
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                path.replace(target)
        shutil.rmtree(info)


def _is_dead_weight(path: Path) -> bool:
    if path.parts[0] == "licenses":
        return False
    return path.name in FOLDERS or path.name.endswith(tuple(SUFFIXES))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _strip(path: Path) -> None:
    content = path.read_bytes()
    if elf.is_elf(content):
        path.write_bytes(elf.strip(content))
