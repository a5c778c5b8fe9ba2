"""Artifacts that were altered, that lack something, or that are none."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler.artifact import FORMAT, load_model, read_manifest, seal
from handler.errors import ArtifactError

if TYPE_CHECKING:
    from tests.handler.conftest import Served

Change = Callable[[dict[str, Any]], None]

NUMPY_PARTS = ["manifest.json", "model.json", "arrays.bin"]
SKLEARN_PARTS = ["manifest.json", "model.json", "estimator.joblib"]

drawn = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def numpy_artifact(table: "Served", tmp_path: Path) -> Path:
    return Path(shutil.copytree(table.folder, tmp_path / "numpy"))


@pytest.fixture
def sklearn_artifact(text: "Served", tmp_path: Path) -> Path:
    return Path(shutil.copytree(text.folder, tmp_path / "sklearn"))


def assert_refused(folder: Path, part: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        load_model(folder)
    assert str(folder / part) in str(caught.value)


def flip(folder: Path, part: str, position: int, bit: int) -> None:
    """Load the artifact with one bit of one part changed, and change it back."""
    content = (folder / part).read_bytes()
    altered = bytearray(content)
    altered[position] ^= 1 << bit
    (folder / part).write_bytes(altered)
    try:
        assert_refused(folder, part)
    finally:
        (folder / part).write_bytes(content)


@drawn
@given(data=st.data())
def test_any_changed_bit_is_refused(
    numpy_artifact: Path, sklearn_artifact: Path, data: st.DataObject
) -> None:
    folder, parts = data.draw(
        st.sampled_from([(numpy_artifact, NUMPY_PARTS), (sklearn_artifact, SKLEARN_PARTS)])
    )
    part = data.draw(st.sampled_from(parts))
    size = (folder / part).stat().st_size
    flip(folder, part, data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 7)))
    load_model(folder)


def test_any_changed_byte_of_the_manifest_is_refused(numpy_artifact: Path) -> None:
    for position in range((numpy_artifact / "manifest.json").stat().st_size):
        flip(numpy_artifact, "manifest.json", position, bit=position % 8)


@drawn
@given(data=st.data())
def test_a_part_that_is_cut_or_lengthened_is_refused(
    numpy_artifact: Path, data: st.DataObject
) -> None:
    part = data.draw(st.sampled_from(NUMPY_PARTS))
    content = (numpy_artifact / part).read_bytes()
    end = data.draw(st.integers(0, len(content) - 1))
    longer = data.draw(st.binary(min_size=1, max_size=4))
    for altered in (content[:end], content + longer):
        (numpy_artifact / part).write_bytes(altered)
        assert_refused(numpy_artifact, part)
    (numpy_artifact / part).write_bytes(content)


@pytest.mark.parametrize("part", NUMPY_PARTS)
def test_a_part_that_is_missing_is_named(numpy_artifact: Path, part: str) -> None:
    (numpy_artifact / part).unlink()
    assert_refused(numpy_artifact, part)


@pytest.mark.parametrize("part", NUMPY_PARTS)
def test_a_part_that_is_a_folder_is_named(numpy_artifact: Path, part: str) -> None:
    (numpy_artifact / part).unlink()
    (numpy_artifact / part).mkdir()
    assert_refused(numpy_artifact, part)


def test_no_artifact_at_all(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nothing", "manifest.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b"\xff", b'{"format": 1}'])
def test_a_manifest_that_is_none(numpy_artifact: Path, content: bytes) -> None:
    (numpy_artifact / "manifest.json").write_bytes(content)
    assert_refused(numpy_artifact, "manifest.json")


def reseal(folder: Path, change: Change) -> None:
    """Change the manifest and give it the digest that then is right."""
    manifest = read_manifest(folder)
    change(manifest)
    (folder / "manifest.json").write_bytes(seal(manifest))


def rewrite(folder: Path, change: Change) -> None:
    """Change model.json and write into the manifest what then is right."""
    contents = json.loads((folder / "model.json").read_bytes())
    change(contents)
    raw = json.dumps(contents).encode()
    (folder / "model.json").write_bytes(raw)
    entry = {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    reseal(folder, lambda manifest: manifest["parts"].update({"model.json": entry}))


def test_another_format(numpy_artifact: Path) -> None:
    reseal(numpy_artifact, lambda manifest: manifest.update(format=FORMAT + 1))
    with pytest.raises(ArtifactError, match=f"format {FORMAT + 1} was given"):
        load_model(numpy_artifact)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/b", "..", ""])
def test_a_part_outside_the_folder(numpy_artifact: Path, name: str) -> None:
    secret = numpy_artifact.parent / "secret"
    secret.write_bytes(b"s")
    entry = {"bytes": 1, "sha256": hashlib.sha256(b"s").hexdigest()}
    reseal(numpy_artifact, lambda manifest: manifest["parts"].update({name: entry}))
    with pytest.raises(ArtifactError, match=r"outside its folder|cannot be read"):
        load_model(numpy_artifact)


@pytest.mark.parametrize("part", ["model.json", "arrays.bin"])
def test_a_part_that_is_not_listed(numpy_artifact: Path, part: str) -> None:
    reseal(numpy_artifact, lambda manifest: manifest["parts"].pop(part))
    with pytest.raises(ArtifactError, match=part):
        load_model(numpy_artifact)


@pytest.mark.parametrize(
    "kind",
    ["linear.Nothing", "os.system", "linear", "", 3, "..artifact.load_model", "linear.np"],
)
def test_an_evaluator_that_this_version_lacks(numpy_artifact: Path, kind: Any) -> None:
    rewrite(numpy_artifact, lambda contents: contents["root"].update(kind=kind))
    with pytest.raises(ArtifactError, match=r"model\.json names the evaluator"):
        load_model(numpy_artifact)


def test_fields_that_do_not_fit_the_evaluator(numpy_artifact: Path) -> None:
    rewrite(numpy_artifact, lambda contents: contents["root"].update(nothing=1))
    with pytest.raises(ArtifactError, match="do not fit"):
        load_model(numpy_artifact)


def test_arrays_of_objects_are_refused(numpy_artifact: Path) -> None:
    rewrite(numpy_artifact, lambda contents: contents["arrays"][0].update(dtype="|O"))
    with pytest.raises(ArtifactError, match=r"names an array of type '\|O'"):
        load_model(numpy_artifact)


def test_a_joblib_file_is_not_loaded_before_its_digest_is_right(sklearn_artifact: Path) -> None:
    """A pickle executes when it is loaded: this one would write a file."""
    trace = sklearn_artifact / "trace"
    pickle = f"cbuiltins\nopen\n(V{trace}\nVw\ntR.".encode()
    (sklearn_artifact / "estimator.joblib").write_bytes(pickle)
    assert_refused(sklearn_artifact, "estimator.joblib")
    assert not trace.exists()


def test_a_manifest_does_not_depend_on_where_it_was_written(
    numpy_artifact: Path, table: "Served"
) -> None:
    assert load_model(numpy_artifact).digest == table.model.digest
    assert str(table.folder) not in (numpy_artifact / "manifest.json").read_text()
