"""Bytecode for the target's Python, so that a cold start compiles nothing.

Lambda's disk is read-only and a zip's times are not those that a timestamp ``.pyc`` was made for:
Python would compile every module anew at each cold start. Unchecked-hash bytecode (PEP 552) is
taken as it is.

Libraries ship as bytecode alone: 11 MB less unzipped for the numpy engine, and faster to import
than sources with bytecode beside them (one look at the disk less a module). Our own few modules
keep their sources, so that a traceback in the log shows its lines. Docstrings and asserts stay:
dropping them saved 3 ms of 196 ms and 2 MB of 43 MB, and a library without its asserts is another
library.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from local_aws.runtime_folder import RuntimeUnavailableError, find_python
from model_build.bundle.errors import BundleError
from model_build.bundle.target import Target

# Where Lambda unzips a function: the file names in tracebacks. The builder's paths stay at home.
TASK_ROOT = "/var/task"
OWN_CODE = "handler"

# The first two bytes of bytecode, of the final releases; a pre-release of that version may have
# others (the list is in CPython's Include/internal/pycore_magic_number.h).
_MAGIC = {"3.12": 3531, "3.13": 3571, "3.14": 3627}


def compile_all(root: Path, target: Target) -> str | None:
    """Compile what is below `root` as unchecked-hash bytecode; remove the sources of libraries.

    Parameters
    ----------
    root : the unzipped bundle
    target : Target

    Returns
    -------
    str or None
        Why nothing was compiled: no interpreter of the target's version is here. None when done.
    """
    try:
        python = find_python(target.runtime)
    except RuntimeUnavailableError as error:
        return str(error)
    if _magic(python) != _MAGIC[target.python]:
        return f"{python} is no final release of Python {target.python}: its bytecode differs"
    libraries = [path for path in sorted(root.iterdir()) if path.name != OWN_CODE]
    _compile(python, root, [root / OWN_CODE])
    _compile(python, root, libraries, "-b")
    for path in libraries:
        for source in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if source.suffix == ".py" and source.with_suffix(".pyc").exists():
                source.unlink()
    return None


def _compile(python: str, root: Path, paths: list[Path], *options: str) -> None:
    # One process, in order: what a process compiled before may show in the bytes that follow.
    command = [python, "-I", "-B", "-m", "compileall", "-q", "-f", *options]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True)
    if done.returncode:
        raise BundleError(f"{python} cannot compile the bundle: {done.stdout}{done.stderr}")


def _magic(python: str) -> int:
    code = "import importlib.util as u; print(int.from_bytes(u.MAGIC_NUMBER[:2], 'little'))"
    done = subprocess.run([python, "-Ic", code], capture_output=True, text=True, check=True)
    return int(done.stdout)
