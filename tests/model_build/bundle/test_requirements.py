import re
from importlib import metadata
from pathlib import Path

import pytest

from model_build.bundle import BundleError, Target, requirements


def test_the_numpy_engine_needs_what_the_handlers_lock_file_pins() -> None:
    pins = requirements.for_numpy()
    declared = re.findall(
        r"^\w[\w-]*", (requirements.HANDLER_LOCK.with_suffix(".in")).read_text(), re.M
    )
    assert set(declared) <= pins.keys()
    for name, pin in pins.items():
        assert pin.startswith(f"{name}=={requirements.version(pin)}")
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", pin)


@pytest.mark.parametrize("table", [False, True])
def test_scikit_learn_comes_with_all_that_it_requires(table: bool, here: Target) -> None:
    pins = requirements.for_sklearn(here, table=table)
    assert requirements.for_numpy().items() <= pins.items()
    assert {"scikit-learn", "scipy", "joblib", "threadpoolctl"} <= pins.keys()
    assert ("pandas" in pins) == table
    assert "pytest" not in pins
    for name, pin in pins.items():
        assert requirements.version(pin) == metadata.version(name)


def test_another_version_than_the_pinned_one_is_refused(
    here: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.txt"
    installed = metadata.version("scikit-learn")
    text = requirements.BUILD_LOCK.read_text()
    lock.write_text(text.replace(f"scikit-learn=={installed}", "scikit-learn==0.1.2"))
    monkeypatch.setattr(requirements, "BUILD_LOCK", lock)
    message = f"scikit-learn {installed} trained this model, .*requirements.txt pins 0.1.2"
    with pytest.raises(BundleError, match=message):
        requirements.for_sklearn(here, table=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flask>=3\n", "'flask>=3': expected name==version with hashes"),
        ("flask==3.1.3\n", "'flask==3.1.3': expected name==version with hashes"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_lock_file_that_pins_nothing_is_refused(
    text: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.txt"
    if text is not None:
        lock.write_text(text)
    monkeypatch.setattr(requirements, "HANDLER_LOCK", lock)
    with pytest.raises(BundleError, match=re.escape(message)) as caught:
        requirements.for_numpy()
    assert str(lock) in str(caught.value)


@pytest.mark.parametrize(("python", "architecture"), [("3.11", "x86_64"), ("3.13", "aarch64")])
def test_a_target_that_lambda_does_not_have_is_refused(python: str, architecture: str) -> None:
    with pytest.raises(BundleError, match=r"expected one of (3\.12, 3\.13, 3\.14|x86_64, arm64)"):
        Target(python, architecture)
