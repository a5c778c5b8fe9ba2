"""The target: the Lambda runtime and the processor that a bundle is built for."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from model_build.bundle import elf
from model_build.bundle.errors import BundleError

# Lambda's names of its architectures, and those that wheels and compilers use.
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
# Runtimes on Amazon Linux 2023. 3.11 and older run on Amazon Linux 2, whose glibc 2.26 is too old
# for numpy's wheels.
PYTHONS = ("3.12", "3.13", "3.14")
# What Amazon Linux 2023 has: glibc 2.34, and libstdc++ of GCC 11.
SYSTEM = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}


@dataclass(frozen=True)
class Target:
    """A Lambda runtime.

    Parameters
    ----------
    python : "3.12", "3.13" or "3.14"
    architecture : "x86_64" or "arm64"

    Raises
    ------
    BundleError
        For any other value.
    """

    python: str = "3.13"
    architecture: str = "x86_64"

    def __post_init__(self) -> None:
        _one_of("python", self.python, PYTHONS)
        _one_of("architecture", self.architecture, tuple(ARCHITECTURES))

    @property
    def runtime(self) -> str:
        """Lambda's name of the runtime, such as "python3.13"."""
        return f"python{self.python}"

    @property
    def machine(self) -> str:
        """What wheels call the processor: "x86_64" or "aarch64"."""
        return ARCHITECTURES[self.architecture]

    @property
    def elf_machine(self) -> int:
        """The processor's number in ELF headers."""
        return elf.MACHINES[self.machine]

    @property
    def platforms(self) -> list[str]:
        """The platform tags of wheels that run there, the newest first (PEP 600)."""
        newest = SYSTEM["GLIBC"][1]
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(newest, 16, -1)]
        return [*tags, f"manylinux2014_{self.machine}"]

    def foreign_because(self) -> str | None:
        """Return why this machine cannot run the target's libraries; None where it can."""
        here = f"{sys.platform} on {platform.machine()}"
        if sys.platform == "linux" and platform.machine() == self.machine:
            return None
        return f"this machine is {here}, the bundle is for linux on {self.machine}"


def _one_of(name: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise BundleError(
            f"{name} = {given!r} for the bundle; expected one of {', '.join(allowed)}"
        )
