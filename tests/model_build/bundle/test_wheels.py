import re
from pathlib import Path

import pytest

from model_build.bundle import Target, WheelsUnavailable, requirements, wheels

# A port that nothing listens on: an index that cannot be reached.
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No index and no folder of wheels, wherever this machine has them."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    monkeypatch.setenv("PIP_RETRIES", "1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small() -> requirements.Pins:
    """Two small packages of the lock file, one of them with a library."""
    pins = requirements.for_numpy()
    return {name: pins[name] for name in ("blinker", "markupsafe")}


@pytest.fixture
def filled(small: requirements.Pins, here: Target, tmp_path: Path) -> Path:
    """A cache that has them."""
    cache = tmp_path / "cache with spaces"
    assert not wheels.install(small, tmp_path / "first", target=here, cache=cache)
    return cache


@pytest.mark.usefixtures("offline")
def test_without_a_network_and_a_cache_the_message_says_so(
    small: requirements.Pins, here: Target, tmp_path: Path
) -> None:
    with pytest.raises(WheelsUnavailable, match="no package index can be reached") as caught:
        wheels.install(small, tmp_path / "site", target=here, cache=tmp_path / "cache")
    assert f"wheels for {here.runtime} on {here.architecture}" in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_second_install_needs_no_network(
    filled: Path,
    small: requirements.Pins,
    here: Target,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue("offline")
    assert wheels.install(small, tmp_path / "second", target=here, cache=filled)
    first, second = (_contents(tmp_path / name) for name in ("first", "second"))
    assert first == second
    assert "blinker/base.py" in second


@pytest.mark.parametrize("damage", ["truncated", "deleted", "swapped"])
def test_a_damaged_cache_is_fetched_again(
    damage: str, filled: Path, small: requirements.Pins, here: Target, tmp_path: Path
) -> None:
    wheel = next(filled.glob("wheels-*/blinker*.whl"))
    if damage == "deleted":
        wheel.unlink()
    elif damage == "swapped":
        next(filled.glob("wheels-*/markupsafe*.whl")).rename(wheel)
    else:
        wheel.write_bytes(wheel.read_bytes()[:-100])
    assert not wheels.install(small, tmp_path / "second", target=here, cache=filled)
    assert _contents(tmp_path / "first") == _contents(tmp_path / "second")
    assert wheels.install(small, tmp_path / "third", target=here, cache=filled)


def test_the_cache_keeps_targets_apart(
    filled: Path, small: requirements.Pins, foreign: Target, tmp_path: Path
) -> None:
    assert not wheels.install(small, tmp_path / "foreign", target=foreign, cache=filled)
    assert len(list(filled.glob("wheels-*"))) == 2
    assert list((tmp_path / "foreign").rglob(f"*{foreign.machine}*.so"))


def test_a_wheel_with_another_hash_is_refused(
    small: requirements.Pins, here: Target, tmp_path: Path
) -> None:
    wrong = re.sub(r"sha256:\w{8}", "sha256:00000000", small["blinker"])
    with pytest.raises(WheelsUnavailable, match="not the one whose hash the lock file has"):
        wheels.install({"blinker": wrong}, tmp_path / "site", target=here, cache=tmp_path / "cache")


def test_a_package_without_a_wheel_for_the_target_is_named(here: Target, tmp_path: Path) -> None:
    pin = f"blinker==0.0.0.1 --hash=sha256:{'0' * 64}"
    with pytest.raises(WheelsUnavailable, match=r"no wheels for .*blinker==0\.0\.0\.1"):
        wheels.install({"blinker": pin}, tmp_path / "site", target=here, cache=tmp_path / "cache")


def _contents(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file() and "dist-info" not in str(path))
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}
