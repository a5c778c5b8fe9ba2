"""Shared libraries of the bundle: what they are, what they need, and a copy without symbols.

GNU strip reads only the formats that its own machine was built for, and its output differs between
versions. A shared library is loaded by its program headers alone, so what no loadable segment
covers (symbol table, comments, the section headers themselves) can be left out on any machine, for
any architecture, with the same bytes every time.

The layout of the headers is that of the System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

MAGIC = b"\x7fELF"
# e_machine in the ELF header.
MACHINES = {"x86_64": 62, "aarch64": 183}

_LITTLE_64 = b"\x02\x01"  # EI_CLASS 64 bits, EI_DATA little-endian
_SHARED_OBJECT = 3
_LOAD = 1
# e_ident, type, machine, version, entry, phoff, shoff, flags, ehsize, phentsize, phnum, shentsize,
# shnum, shstrndx
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


@dataclass(frozen=True)
class Segment:
    """A program header: a part of the file and where it goes in memory."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    @property
    def end(self) -> int:
        """Where its bytes end in the file."""
        return self.offset + self.filesz

    def holds(self, offset: int, size: int) -> bool:
        """Whether these bytes of the file belong to it."""
        return self.offset <= offset and offset + size <= self.end


@dataclass(frozen=True)
class Library:
    """The headers of a shared library that this module understands."""

    header: tuple[bytes, int, int, int, int, int, int, int, int, int, int, int, int, int]
    segments: tuple[Segment, ...]

    @classmethod
    def read(cls, content: bytes) -> Self | None:
        """Return the headers, or None where `content` is no 64-bit little-endian shared object."""
        if len(content) < _HEADER.size or content[:6] != MAGIC + _LITTLE_64:
            return None
        header = _HEADER.unpack_from(content)
        kind, start, size, count = header[1], header[5], header[9], header[10]
        if kind != _SHARED_OBJECT or size != _SEGMENT.size or start + count * size > len(content):
            return None
        table = content[start : start + count * size]
        return cls(header, tuple(Segment(*fields) for fields in _SEGMENT.iter_unpack(table)))

    @property
    def table(self) -> tuple[int, int]:
        """Where the program headers are in the file, and their size."""
        return self.header[5], self.header[10] * _SEGMENT.size

    @property
    def loaded(self) -> list[Segment]:
        """The segments that bring bytes of the file into memory, in the file's order."""
        parts = (part for part in self.segments if part.type == _LOAD and part.filesz)
        return sorted(parts, key=lambda part: part.offset)


def is_elf(content: bytes) -> bool:
    """Tell whether a file is an ELF file, whatever its name."""
    return content[:4] == MAGIC


def machine(content: bytes) -> int:
    """Return e_machine of an ELF file (see ``MACHINES``)."""
    return int.from_bytes(content[18:20], "little")


def required_versions(content: bytes) -> dict[str, set[str]]:
    """Return the symbol versions that a library needs of each other library.

    Returns
    -------
    dict
        From the section .gnu.version_r, for example ``{"libc.so.6": {"GLIBC_2.17"}}``.
    """
    needed: dict[str, set[str]] = {}
    for section in ELFFile(io.BytesIO(content)).iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for library, versions in section.iter_versions():
                needed.setdefault(str(library.name), set()).update(item.name for item in versions)
    return needed


def strip(content: bytes) -> bytes:
    """Return a shared library without the bytes that are never loaded.

    Every loadable segment keeps its bytes and its addresses; segments move together in the file as
    far as their alignment allows. A layout that is not understood fully is returned unchanged.
    """
    library = Library.read(content)
    if library is None or not _understood(library, len(content)):
        return content
    moved = _packed(library.loaded)
    stripped = bytearray(moved[-1][1] + moved[-1][0].filesz)
    for part, offset in moved:
        stripped[offset : offset + part.filesz] = content[part.offset : part.end]
    _write_headers(stripped, library, moved)
    return bytes(stripped) if len(stripped) < len(content) else content


type Moved = list[tuple[Segment, int]]


def _understood(library: Library, size: int) -> bool:
    """Tell whether the loaded segments cover, without overlap, all that a loader reads."""
    loaded = library.loaded
    if not loaded or not loaded[0].holds(0, _HEADER.size) or loaded[-1].end > size:
        return False
    apart = all(a.end <= b.offset for a, b in pairwise(loaded))
    aligned = all((part.vaddr - part.offset) % max(part.align, 1) == 0 for part in loaded)
    contents = [(part.offset, part.filesz) for part in library.segments if part.filesz]
    read = [library.table, *contents]
    covered = all(any(part.holds(*piece) for part in loaded) for piece in read)
    return apart and aligned and covered


def _packed(loaded: list[Segment]) -> Moved:
    """Give each segment the lowest offset that is congruent to its address, as a loader demands."""
    end, moved = 0, []
    for part in loaded:
        align = max(part.align, 1)
        offset = end + (part.vaddr - end) % align
        moved.append((part, offset))
        end = offset + part.filesz
    return moved


def _write_headers(stripped: bytearray, library: Library, moved: Moved) -> None:
    fields = list(library.header)
    fields[5] = start = _new_offset(library.table[0], moved)
    fields[6] = 0  # no section headers: the loader does not read them, they described what is gone
    fields[11:14] = [0, 0, 0]
    _HEADER.pack_into(stripped, 0, *fields)
    for number, part in enumerate(library.segments):
        part = replace(part, offset=_new_offset(part.offset, moved))
        place = start + number * _SEGMENT.size
        _SEGMENT.pack_into(stripped, place, *vars(part).values())


def _new_offset(offset: int, moved: Moved) -> int:
    for part, new in moved:
        if part.offset <= offset < part.end:
            return new + offset - part.offset
    return 0  # of an empty segment, such as the stack's flags: nothing is read there
