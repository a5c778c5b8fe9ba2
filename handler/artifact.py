"""The artifact: a folder with a fitted model as data. Reading it never executes any of it.

    manifest.json    canonical JSON: format, name, version, engine, the size and SHA-256 of each
                     part, metadata, and a digest of all that
    model.json       the signature and the tree of nodes; arrays by reference
    arrays.bin       the numeric arrays, little-endian, each at a multiple of 64 bytes

An artifact of the scikit-learn engine has ``estimator.joblib`` in the place of the nodes; that
one can execute code when it is loaded, so its SHA-256 is checked before.
"""

import hashlib
import json
import mmap
from pathlib import Path
from typing import Any

import numpy as np

from handler.engine import build
from handler.engine.table import Array
from handler.errors import ArtifactError
from handler.model import Description, Model
from handler.signature import Signature

# To raise it: let ``load_model`` read both, keep an artifact of the old format under
# tests/handler/artifacts with a test that loads it, and tell the change in CHANGELOG.md.
FORMAT = 1

MANIFEST = "manifest.json"
NODES = "model.json"
ARRAYS = "arrays.bin"
ESTIMATOR = "estimator.joblib"

_DTYPES = frozenset(
    ["|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"],
)


def load_model(path: str | Path) -> Model:
    """Return the model of an artifact, every byte of which was checked.

    Parameters
    ----------
    path : folder that ``model_build.export.export_model`` wrote

    Raises
    ------
    ArtifactError
        For a part that is missing, altered or of another format; names the part.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    parts = {name: _read_part(folder, name, entry) for name, entry in manifest["parts"].items()}
    contents = json.loads(_part(parts, NODES))
    signature = Signature.from_dict(contents["signature"])
    if manifest["engine"] == "sklearn":
        estimator = _load_estimator(_part(parts, ESTIMATOR), signature)
    else:
        estimator = build(
            _Decoder(_part(parts, ARRAYS), contents["arrays"]).decode(contents["root"])
        )
    return Model(_description(manifest, contents), signature, estimator)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an artifact, checked against its own digest and format.

    Raises
    ------
    ArtifactError
        Where it is missing, altered or of another format.
    """
    raw = _read_bytes(folder, MANIFEST)
    try:
        manifest = json.loads(raw)
        intact = seal(manifest) == raw
    except (ValueError, AttributeError):
        intact = False
    if not intact:
        raise ArtifactError(f"{folder / MANIFEST} is corrupt: it does not match its own digest")
    if manifest["format"] != FORMAT:
        raise ArtifactError(
            f"{folder / MANIFEST}: format {manifest['format']} was given, this skzap reads {FORMAT}"
        )
    return manifest  # type: ignore[no-any-return]


def seal(manifest: dict[str, Any]) -> bytes:
    """Return a manifest's only valid bytes: canonical JSON with the digest of the other fields."""
    body = {key: value for key, value in manifest.items() if key != "digest"}
    digest = hashlib.sha256(_canonical(body)).hexdigest()
    return _canonical({**body, "digest": digest})


def _canonical(data: dict[str, Any]) -> bytes:
    text = json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _read_bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise ArtifactError(f"{folder / name} cannot be read: {error.strerror}") from None


def _read_part(folder: Path, name: str, entry: dict[str, Any]) -> memoryview:
    """Return a part's bytes: mapped, not copied, so that large forests cost no second copy."""
    if Path(name).name != name:
        raise ArtifactError(f"{folder / MANIFEST} names the part {name!r} outside its folder")
    content = _map(folder / name)
    if len(content) != entry["bytes"] or hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ArtifactError(f"{folder / name} is corrupt: it does not match the manifest's SHA-256")
    return content


def _map(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:  # an empty file cannot be mapped
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from None


def _part(parts: dict[str, memoryview], name: str) -> Any:
    if name not in parts:
        raise ArtifactError(f"{MANIFEST} does not list the part {name}")
    return parts[name].tobytes() if name != ARRAYS else parts[name]


def _load_estimator(content: bytes, signature: Signature) -> Any:
    # Imported here: it needs scikit-learn, which only this engine's bundles have.
    from handler.engine.sklearn_engine import load_estimator

    return load_estimator(content, signature)


def _description(manifest: dict[str, Any], contents: dict[str, Any]) -> Description:
    return Description(
        name=manifest["name"],
        version=manifest["version"],
        engine=manifest["engine"],
        digest=manifest["digest"],
        methods=tuple(contents["methods"]),
        classes=contents["classes"],
        metadata=manifest["metadata"],
    )


class _Decoder:
    """Puts the arrays back into a tree of nodes; the mirror of the encoder in ``writer``."""

    def __init__(self, arrays: memoryview, index: list[dict[str, Any]]) -> None:
        self.arrays = arrays
        self.index = index

    def decode(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$array" in value:
            return self._array(self.index[value["$array"]])
        if "$objects" in value:
            return _objects(value)
        if "$float" in value:
            return float(value["$float"])
        return {key: self.decode(item) for key, item in value.items()}

    def _array(self, entry: dict[str, Any]) -> Array:
        if entry["dtype"] not in _DTYPES:
            raise ArtifactError(f"{NODES} names an array of type {entry['dtype']!r}")
        count = int(np.prod(entry["shape"], dtype=np.int64))
        flat = np.frombuffer(self.arrays, np.dtype(entry["dtype"]), count, entry["offset"])
        return flat.reshape(entry["shape"], order=entry["order"])


def _objects(value: dict[str, Any]) -> Array:
    """Return an array of strings, or of mixed objects with None and NaN among them."""
    items = [_object(item) for item in value["$objects"]]
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array if value["dtype"] == "O" else array.astype(value["dtype"])


def _object(item: Any) -> Any:
    return float(item["$float"]) if isinstance(item, dict) else item
