"""What a bundle must satisfy before it may be called one: it runs on the target, and it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from model_build.bundle import elf
from model_build.bundle.errors import TooLarge, WrongBinary
from model_build.bundle.report import Sizes
from model_build.bundle.target import SYSTEM, Target

# Lambda's quotas: a zip that is uploaded directly, and a function with its layers, unzipped.
ZIP_LIMIT = 50 * 1024 * 1024
UNZIPPED_LIMIT = 262_144_000

type Upload = Literal["s3", "direct"]

_LISTED = 8


def check_machine(root: Path, target: Target) -> None:
    """Check that every library below `root` is for the target's processor.

    Raises
    ------
    WrongBinary
        Names the first library that is not.
    """
    for path, content in _libraries(root):
        if elf.machine(content) != target.elf_machine:
            names = {number: name for name, number in elf.MACHINES.items()}
            given = names.get(elf.machine(content), f"machine {elf.machine(content)}")
            raise WrongBinary(f"{path.relative_to(root)} is for {given}, not for {target.machine}")


def check_system(root: Path) -> None:
    """Check that no library needs a newer C or C++ library than Lambda's.

    To be called before the libraries are stripped: what they need is read from their sections.

    Raises
    ------
    WrongBinary
        Names the first library that needs more, and what.
    """
    for path, content in _libraries(root):
        for library, versions in elf.required_versions(content).items():
            for version in sorted(filter(_too_new, versions)):
                family = version.partition("_")[0]
                newest = ".".join(map(str, SYSTEM[family]))
                raise WrongBinary(
                    f"{path.relative_to(root)} needs {version} of {library}; "
                    f"Lambda's newest is {family}_{newest}"
                )


def check_limits(sizes: Sizes, upload: Upload = "s3") -> list[str]:
    """Check the bundle's sizes against Lambda's quotas.

    Parameters
    ----------
    sizes : Sizes
    upload : how the zip gets to Lambda: "s3", as Zappa does it, or "direct", in the request

    Returns
    -------
    list of str
        A warning, if the zip can go through S3 only, where just the unzipped size counts.

    Raises
    ------
    TooLarge
        Lambda would refuse the bundle: it is too large unzipped, or too large a zip for a direct
        upload. Lists the largest parts.
    """
    if sizes.unzipped_bytes > UNZIPPED_LIMIT:
        raise TooLarge(
            f"the bundle has {sizes.unzipped_bytes:,} bytes unzipped, Lambda takes "
            f"{UNZIPPED_LIMIT:,} at most\n{_largest(sizes)}"
        )
    if sizes.zip_bytes <= ZIP_LIMIT:
        return []
    if upload == "direct":
        raise TooLarge(
            f"the zip has {sizes.zip_bytes:,} bytes, Lambda takes {ZIP_LIMIT:,} at most in a "
            f'direct upload; bundle.upload = "s3" has no such limit\n{_largest(sizes)}'
        )
    return [
        f"The zip has {sizes.zip_bytes:,} bytes: it can be deployed through S3, as Zappa does, "
        f"but not directly (Lambda takes {ZIP_LIMIT:,} so)\n{_largest(sizes)}"
    ]


def _largest(sizes: Sizes) -> str:
    packages = sorted(sizes.packages.items(), key=lambda item: -item[1].unzipped)[:_LISTED]
    lines = ["largest parts (bytes unzipped, zipped):"]
    lines += [f"  {size.unzipped:>12,} {size.zipped:>12,}  {name}" for name, size in packages]
    lines += ["largest files (bytes unzipped):"]
    lines += [f"  {size:>12,}  {name}" for name, size in list(sizes.largest.items())[:_LISTED]]
    return "\n".join(lines)


def _libraries(root: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if elf.is_elf(content):
                yield path, content


def _too_new(version: str) -> bool:
    """Tell whether the target's system lacks a version such as "GLIBC_2.38"."""
    family, _, number = version.partition("_")
    if family not in SYSTEM or not re.fullmatch(r"[\d.]+", number):
        return False
    return tuple(map(int, number.split("."))) > SYSTEM[family]
