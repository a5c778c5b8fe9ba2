"""The pinned, hashed requirements that go into a bundle.

They are read from the project's lock files; nothing is resolved again, so that a bundle holds what
was tested and what the model was trained with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from model_build.bundle.errors import BundleError
from model_build.bundle.target import Target

_PROJECT = Path(__file__).resolve().parents[2]
HANDLER_LOCK = _PROJECT / "handler" / "requirements.txt"
BUILD_LOCK = _PROJECT / "requirements.txt"

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")

type Pins = dict[str, str]


def for_numpy() -> Pins:
    """Return the requirements of a bundle with the numpy engine: text in the lock file, by name."""
    return _read(HANDLER_LOCK)


def for_sklearn(target: Target, *, table: bool) -> Pins:
    """Return the requirements of a bundle with the scikit-learn engine.

    Parameters
    ----------
    target : Target
    table : whether the model takes named columns, that is a pandas DataFrame

    Raises
    ------
    BundleError
        Where a package is not in requirements.txt, or another version of it is installed than
        pinned: a model must be loaded by the versions that trained it.
    """
    locked = _read(BUILD_LOCK) | for_numpy()
    wanted = ["scikit-learn", *(["pandas"] if table else [])]
    pins = for_numpy()
    for name in _with_dependencies(wanted, target):
        if name not in locked:
            raise BundleError(
                f"{BUILD_LOCK} does not pin {name}, which scikit-learn's bundle needs"
            )
        _check_trained_with(name, locked[name])
        pins[name] = locked[name]
    return dict(sorted(pins.items()))


def version(pin: str) -> str:
    """Return the version of one requirement's text."""
    found = _PIN.match(pin)
    if found is None:
        raise BundleError(f"{pin.splitlines()[0]!r}: expected name==version with its hashes")
    return found[2]


def _read(lock: Path) -> Pins:
    """Return the entries of a lock file: a pin and the lines with its hashes, by canonical name."""
    try:
        text = lock.read_text()
    except OSError as error:
        raise BundleError(f"{lock} cannot be read: {error.strerror}") from None
    entries = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n[ \t]+--hash=[^\n]*)*", text, re.MULTILINE)
    pins: Pins = {}
    for entry in entries:  # a lock for several Pythons may pin a name twice, each under a condition
        name = canonicalize_name(_name(lock, entry))
        pins[name] = f"{pins[name]}\n{entry}" if name in pins else entry
    return pins


def _name(lock: Path, entry: str) -> str:
    found = _PIN.match(entry)
    if found is None or "--hash=" not in entry:
        raise BundleError(f"{lock}: {entry.splitlines()[0]!r}: expected name==version with hashes")
    return found[1]


def _with_dependencies(names: Iterable[str], target: Target) -> list[str]:
    """Return names with all that they need on the target, by the metadata of what is installed."""
    found: list[str] = []
    unread = list(names)
    while unread:
        name = canonicalize_name(unread.pop(0))
        if name not in found:
            found.append(name)
            unread += _requires(name, target)
    return found


def _requires(name: str, target: Target) -> Iterator[str]:
    place = {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": target.machine,
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for line in _installed(name).requires or []:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(place):
            yield requirement.name


def _installed(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise BundleError(
            f"{name} is not installed here, so its requirements are not known"
        ) from None


def _check_trained_with(name: str, pin: str) -> None:
    installed = _installed(name).version
    if installed != version(pin):
        raise BundleError(
            f"{name} {installed} trained this model, {BUILD_LOCK} pins {version(pin)}: "
            f"install requirements.txt and train again"
        )
