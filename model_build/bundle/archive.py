"""The zip: the same bytes for the same files, whoever builds it, whenever and wherever."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from model_build.bundle import elf

# The earliest time that a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
# 9 saves 0.4 % more of the default bundle and takes twice as long.
_LEVEL = 7


def write_zip(root: Path, path: Path) -> None:
    """Zip the files below `root`, in the order of their names, with fixed times and modes.

    Bytes are equal for equal files as long as Python's zlib is the same one.

    Parameters
    ----------
    root : folder whose contents become the zip's top level
    path : the zip
    """
    names = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            content = (root / name).read_bytes()
            archive.writestr(_entry(name, content), content, zipfile.ZIP_DEFLATED, _LEVEL)


def _entry(name: str, content: bytes) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = _UNIX
    mode = 0o755 if elf.is_elf(content) else 0o644
    entry.external_attr = (stat.S_IFREG | mode) << 16
    return entry
