"""MurmurHash3, by which scikit-learn gives texts a column: ``sklearn.utils.murmurhash``."""

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

type Hashes = NDArray[np.uint32]

# The algorithm's constants.
_FIRST, _SECOND = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
_FIVE, _ADDED = np.uint32(5), np.uint32(0xE6546B64)

_ZEROS = (bytes(4), bytes(3), bytes(2), bytes(1))


def hashed_columns(
    keys: Iterable[str], n_features: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the column of each key, and whether its hash is negative: ``FeatureHasher``.

    Raises
    ------
    UnicodeEncodeError
        For a key with half of a surrogate pair, which UTF-8 does not have.
    """
    hashes = murmurhash3(keys).astype(np.intp)
    return np.abs(hashes) % n_features, hashes < 0


def murmurhash3(keys: Iterable[str]) -> NDArray[np.int32]:
    """Return the signed 32-bit hash (x86, seed 0) of each key's UTF-8 form, shape (n,).

    The algorithm is Austin Appleby's; all keys go through it side by side.
    """
    encoded = [key.encode() for key in keys]
    lengths = np.fromiter(map(len, encoded), np.intp, len(encoded))
    blocks, starts = _blocks(encoded, lengths)
    hashes = np.zeros(len(encoded), dtype=np.uint32)
    full, longer = lengths // 4, np.arange(len(encoded))
    for i in range(full.max(initial=0)):
        longer = longer[full[longer] > i]
        values = hashes[longer] ^ blocks[starts[longer] + i]
        hashes[longer] = _rotated(values, 13) * _FIVE + _ADDED
    hashes ^= blocks[starts + full]
    return _avalanche(hashes ^ lengths.astype(np.uint32)).view(np.int32)


def _blocks(encoded: Sequence[bytes], lengths: NDArray[np.intp]) -> tuple[Hashes, NDArray[np.intp]]:
    """Return the scrambled blocks of four bytes of all keys, and where each key's start.

    Zeros fill the last block of a key, one to four of them: a block that holds no byte of the
    key is scrambled to 0, which changes no hash.
    """
    padded = b"".join([key + _ZEROS[len(key) % 4] for key in encoded])
    blocks = _rotated(np.frombuffer(padded, dtype="<u4") * _FIRST, 15) * _SECOND
    counts = lengths // 4 + 1
    return cast(Hashes, blocks), np.cumsum(counts) - counts


def _rotated(values: Hashes, bits: int) -> Hashes:
    return cast(Hashes, (values << np.uint32(bits)) | (values >> np.uint32(32 - bits)))


def _avalanche(values: Hashes) -> Hashes:
    values = cast(Hashes, (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    values = cast(Hashes, (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return cast(Hashes, values ^ (values >> np.uint32(16)))
