"""What a bundle turned out to be: sizes, digest, and how its answers were proven."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_LARGEST = 20


@dataclass(frozen=True)
class Size:
    """Bytes of a part of the bundle, unzipped and as compressed in the zip."""

    unzipped: int
    zipped: int


@dataclass(frozen=True)
class Sizes:
    """The sizes of a zip.

    Attributes
    ----------
    zip_bytes, unzipped_bytes : int
    packages : dict
        Size by distribution, and of "handler", "model" and "licenses".
    largest : dict
        Unzipped bytes of the largest files, by name, the largest first.
    """

    zip_bytes: int
    unzipped_bytes: int
    packages: dict[str, Size]
    largest: dict[str, int]


@dataclass(frozen=True)
class Replay:
    """How the golden requests went, sent to the unzipped bundle under Lambda's runtime client.

    Attributes
    ----------
    replayed : bool
        False where this machine cannot run the target; `reason` says why, and nothing is measured.
    requests : int
        How many answers were right.
    cold_ms : float
        From the start of the process to its first right answer; the median of a few starts.
    warm_ms : float
        Median of the further requests.
    memory_bytes : int
        Peak of the resident memory.
    """

    replayed: bool
    reason: str | None = None
    requests: int = 0
    cold_ms: float | None = None
    warm_ms: float | None = None
    memory_bytes: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the form for dist/report.json."""
        return asdict(self)


@dataclass(frozen=True)
class Cost:
    """What the scikit-learn engine costs: its bundle's figures minus those of a numpy bundle.

    The numpy bundle holds a linear model, so it is the least that any model takes; the times and
    the memory are None where nothing was replayed.
    """

    zip_bytes: int
    unzipped_bytes: int
    cold_ms: float | None
    memory_bytes: int | None


@dataclass(frozen=True)
class BundleReport:
    """A built bundle.

    Attributes
    ----------
    engine : str
        "numpy" or "sklearn".
    sha256 : str
        Of the zip, in hexadecimal digits.
    runtime, architecture : str
        As Lambda names them: "python3.13", "x86_64".
    bytecode : bool
        Whether the modules are compiled; if not, each cold start compiles them.
    versions : dict
        Version of each distribution inside.
    replay : Replay
    cost : Cost or None
        Of the scikit-learn engine alone.
    warnings : list of str
        What the builder should know.
    """

    engine: str
    sha256: str
    sizes: Sizes
    runtime: str
    architecture: str
    bytecode: bool
    versions: dict[str, str]
    replay: Replay
    cost: Cost | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def zip_bytes(self) -> int:
        """Size of the zip."""
        return self.sizes.zip_bytes

    @property
    def unzipped_bytes(self) -> int:
        """Size of the files in it."""
        return self.sizes.unzipped_bytes

    @property
    def packages(self) -> dict[str, Size]:
        """Size of each part, by name."""
        return self.sizes.packages

    def to_dict(self) -> dict[str, Any]:
        """Return the form for dist/report.json, the sizes at its top level."""
        data = asdict(self)
        return {**data.pop("sizes"), **data}


def measure(path: Path, owners: Mapping[str, str]) -> Sizes:
    """Return the sizes of a zip.

    Parameters
    ----------
    path : the zip
    owners : name of the part that each top-level name belongs to; others belong to themselves
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    packages: dict[str, Size] = {}
    for entry in entries:
        top = entry.filename.partition("/")[0]
        name = owners.get(top, top)
        before = packages.get(name, Size(0, 0))
        after = Size(before.unzipped + entry.file_size, before.zipped + entry.compress_size)
        packages[name] = after
    by_size = sorted(entries, key=lambda entry: (-entry.file_size, entry.filename))[:_LARGEST]
    return Sizes(
        zip_bytes=path.stat().st_size,
        unzipped_bytes=sum(entry.file_size for entry in entries),
        packages=dict(sorted(packages.items(), key=lambda item: (-item[1].unzipped, item[0]))),
        largest={entry.filename: entry.file_size for entry in by_size},
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
