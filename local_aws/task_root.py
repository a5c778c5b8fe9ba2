"""/var/task's first rule: a function cannot change the folder that it runs from."""

from __future__ import annotations

import functools
import os
import shutil
import stat
import subprocess
from pathlib import Path

type Snapshot = dict[str, tuple[int, int]]
_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def make_read_only(root: Path) -> None:
    """Take write permission away from `root` and from all in it."""
    for path in [root, *root.rglob("*")]:
        mode = path.lstat().st_mode
        if mode & _WRITE and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~_WRITE)


def make_writable(root: Path) -> None:
    """Give the owner write permission back, so that the folder can be changed or removed."""
    for path in [root, *root.rglob("*")]:
        mode = path.lstat().st_mode
        if not mode & stat.S_IWUSR and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) | stat.S_IWUSR)


@functools.cache
def obedient_prefix(python: str) -> tuple[str, ...]:
    """Return what to put before a command so that permissions bind it, even for root.

    Root may read and write what permissions forbid because of two capabilities; setpriv, of
    util-linux, takes them away. Without setpriv, `changes` still finds what was written. An
    interpreter that only those capabilities let root read keeps the one to read.

    Parameters
    ----------
    python : str
        The interpreter that must still start.
    """
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return ()
    for taken in ("-dac_override,-dac_read_search", "-dac_override"):
        prefix = ("setpriv", f"--bounding-set={taken}", f"--inh-caps={taken}")
        if subprocess.run([*prefix, python, "-Sc", ""], capture_output=True).returncode == 0:
            return prefix
    return ()


def snapshot(root: Path) -> Snapshot:
    """Return size and time of change (ns) of each file below `root`, by its path."""
    files = (path for path in root.rglob("*") if not path.is_dir())
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in files}


def changes(root: Path, before: Snapshot) -> list[str]:
    """Return the files that were added, changed or removed since `before`."""
    after = snapshot(root)
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
