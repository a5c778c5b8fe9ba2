import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from model_build.bundle import Target, WrongBinary, elf, slim
from model_build.bundle.checks import check_machine, check_system

if TYPE_CHECKING:
    from tests.model_build.bundle.conftest import Install


@pytest.fixture(scope="module", params=["x86_64", "arm64"])
def libraries(request: pytest.FixtureRequest, install: "Install") -> dict[str, bytes]:
    """All libraries of a target's wheels: of several linkers, some moved about by patchelf."""
    site = install(request.param)
    found = {path.name: path.read_bytes() for path in site.rglob("*.so*")}
    libraries = {name: content for name, content in found.items() if elf.is_elf(content)}
    assert len(libraries) > 10
    return libraries


def test_stripping_keeps_every_segment(libraries: dict[str, bytes]) -> None:
    for name, content in libraries.items():
        # compared outside assert: a difference of megabytes takes minutes to explain
        same = _segments(content) == _segments(elf.strip(content))
        assert same, name


def test_stripped_segments_stay_aligned_as_a_loader_demands(libraries: dict[str, bytes]) -> None:
    for name, content in libraries.items():
        for segment in ELFFile(io.BytesIO(elf.strip(content))).iter_segments("PT_LOAD"):
            head = segment.header
            assert (head["p_vaddr"] - head["p_offset"]) % head["p_align"] == 0, name


def test_stripping_removes_what_is_never_loaded(libraries: dict[str, bytes]) -> None:
    for name, content in libraries.items():
        stripped = elf.strip(content)
        names = ELFFile(io.BytesIO(content)).get_section_by_name(".strtab")
        assert names is not None
        assert (names.data() in content, names.data() in stripped) == (True, False), name
        assert len(stripped) <= len(content)
        assert ELFFile(io.BytesIO(stripped)).num_sections() == 0
        assert (elf.strip(stripped) == stripped) is True, name


def test_stripped_libraries_compute_what_they_did(
    install: "Install", here: Target, tmp_path: Path
) -> None:
    site = install(here.architecture)
    compute = (
        "import sys; sys.path.insert(0, sys.argv[1]); import numpy as np;"
        "a = np.random.default_rng(0).normal(size=(60, 60)); u, s, v = np.linalg.svd(a @ a.T);"
        "print(np.__file__.startswith(sys.argv[1]), np.fft.fft(s).sum(), np.sort(a.ravel())[7])"
    )
    whole, slimmed = tmp_path / "whole", tmp_path / "slim"
    for folder in (whole, slimmed):
        subprocess.run(["cp", "-r", str(site), str(folder)], check=True)
    slim.slim(slimmed, numpy_engine=False)
    command = [sys.executable, "-I", "-S", "-B", "-c", compute]
    outputs = [
        subprocess.run([*command, str(folder)], capture_output=True, text=True, check=True).stdout
        for folder in (whole, slimmed)
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("True ")


@given(st.binary(max_size=300))
def test_what_is_no_library_is_left_as_it_is(content: bytes) -> None:
    assert elf.strip(content) == content
    assert elf.strip(elf.MAGIC + content) == elf.MAGIC + content


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_header_never_makes_it_fail(
    libraries: dict[str, bytes], data: st.DataObject
) -> None:
    content = bytearray(libraries[min(libraries, key=lambda name: len(libraries[name]))])
    place = data.draw(st.integers(0, 64 + 56 * 12))
    content[place] = data.draw(st.integers(0, 255))
    assert len(elf.strip(bytes(content))) <= len(content)


def test_the_machine_is_read_from_the_header(
    install: "Install", here: Target, foreign: Target
) -> None:
    check_machine(install(here.architecture), here)
    check_machine(install(foreign.architecture), foreign)
    message = rf"\.so\S* is for {foreign.machine}, not for {here.machine}"
    with pytest.raises(WrongBinary, match=message):
        check_machine(install(foreign.architecture), here)


def test_a_library_that_needs_a_newer_glibc_is_refused(
    install: "Install", here: Target, tmp_path: Path
) -> None:
    site = install(here.architecture)
    check_system(site)
    library = next(iter(sorted(site.glob("msgspec/_core*.so"))))
    needed = elf.required_versions(library.read_bytes())["libc.so.6"]
    old = max(needed, key=lambda version: [int(n) for n in version.split("_")[1].split(".")])
    new = f"{old.rpartition('.')[0]}.{'9' * len(old.rpartition('.')[2])}"
    changed = library.read_bytes().replace(old.encode() + b"\0", new.encode() + b"\0")
    (tmp_path / library.name).write_bytes(changed)
    message = rf"{library.name} needs {new} of libc\.so\.6; Lambda's newest is GLIBC_2\.34"
    with pytest.raises(WrongBinary, match=message):
        check_system(tmp_path)


def _segments(content: bytes) -> list[tuple[dict[str, int], bytes]]:
    """Each segment's header, but for its place in the file, and its bytes.

    The headers of the file are part of the first segment; they alone may change, and are blanked.
    """
    library = ELFFile(io.BytesIO(content))
    start, size = library["e_phoff"], library["e_phnum"] * library["e_phentsize"]
    blank = bytearray(content)
    blank[:64] = bytes(64)
    blank[start : start + size] = bytes(size)
    found = []
    for segment in library.iter_segments():
        header = dict(segment.header)
        place = header.pop("p_offset")
        found.append((header, bytes(blank[place : place + header["p_filesz"]])))
    return found
