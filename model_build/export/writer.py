"""Writes artifacts; the mirror of the reader in ``handler.artifact``."""

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np

from handler.artifact import ARRAYS, ESTIMATOR, FORMAT, MANIFEST, NODES, seal
from handler.engine.table import Array
from handler.signature import Signature
from model_build.export.node import Node

_ALIGNMENT = 64  # a cache line, and enough for any vector load


def write_artifact(
    path: Path,
    *,
    estimator: Any,
    root: Node | None,
    signature: Signature,
    methods: Sequence[str],
    name: str,
    version: str | None,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Write an artifact as a whole or not at all; return its manifest.

    Parameters
    ----------
    path : folder to write or replace
    estimator : fitted estimator; kept itself only where ``root`` is None
    root : node of the numpy engine, or None for the scikit-learn engine
    signature, methods, name, version, metadata : see ``export_model``
    """
    contents: dict[str, Any] = {
        "signature": to_json(signature.to_dict()),
        "methods": list(methods),
        "classes": to_json(getattr(estimator, "classes_", None)),
    }
    parts = _estimator_parts(estimator) if root is None else _numpy_parts(root, contents)
    parts[NODES] = _json(contents)
    manifest = {
        "format": FORMAT,
        "name": name,
        "version": version or _digest(parts)[:12],
        "engine": "sklearn" if root is None else "numpy",
        "parts": {file: _entry(content) for file, content in parts.items()},
        "metadata": to_json(dict(metadata)),
    }
    parts[MANIFEST] = seal(manifest)
    _write_folder(path, parts)
    return json.loads(parts[MANIFEST])  # type: ignore[no-any-return]


def to_json(value: Any) -> Any:
    """Return a value as strict JSON: numpy scalars and arrays as Python's, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [to_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numpy_parts(root: Node, contents: dict[str, Any]) -> dict[str, bytes]:
    arrays = _Arrays()
    contents["root"] = arrays.encode(root)
    contents["arrays"] = arrays.index
    return {ARRAYS: arrays.content()}


def _estimator_parts(estimator: Any) -> dict[str, bytes]:
    buffer = BytesIO()
    joblib.dump(estimator, buffer, compress=3)
    return {ESTIMATOR: buffer.getvalue()}


def _json(contents: Mapping[str, Any]) -> bytes:
    return json.dumps(contents, ensure_ascii=False, allow_nan=False, sort_keys=True).encode()


def _entry(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _digest(parts: Mapping[str, bytes]) -> str:
    joined = "".join(hashlib.sha256(parts[file]).hexdigest() for file in sorted(parts))
    return hashlib.sha256(joined.encode()).hexdigest()


def _write_folder(path: Path, parts: Mapping[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        for file, content in parts.items():
            (staging / file).write_bytes(content)
        staging.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        staging.rename(path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class _Arrays:
    """Collects the arrays of a tree of nodes and leaves references in their place."""

    def __init__(self) -> None:
        self.index: list[dict[str, Any]] = []
        self._chunks: list[bytes] = []
        self._size = 0

    def content(self) -> bytes:
        return b"".join(self._chunks)

    def encode(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self.encode(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.encode(item) for item in value]
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return {"$float": str(value)}
        return value

    def _array(self, array: Array) -> dict[str, Any]:
        if array.dtype.kind in "OUS":
            dtype = "O" if array.dtype == object else array.dtype.str
            return {"$objects": [self.encode(item) for item in array], "dtype": dtype}
        order: Literal["C", "F"] = "C"
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            order = "F"
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        entry = {
            "dtype": little.dtype.str,
            "shape": list(array.shape),
            "order": order,
            "offset": self._append(little.tobytes(order=order)),
        }
        self.index.append(entry)
        return {"$array": len(self.index) - 1}

    def _append(self, content: bytes) -> int:
        padding = -self._size % _ALIGNMENT
        self._chunks += [b"\0" * padding, content]
        offset = self._size + padding
        self._size = offset + len(content)
        return offset
