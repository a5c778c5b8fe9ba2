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
def obedient_prefix() -> tuple[str, ...]:
    """Return what to put before a command so that permissions bind it, even for root.

    Root may write to read-only folders because of one capability (CAP_DAC_OVERRIDE); setpriv, of
    util-linux, takes it away. Without setpriv, `changes` still finds what was written.
    """
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return ()
    prefix = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
    works = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    return prefix if works else ()


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
