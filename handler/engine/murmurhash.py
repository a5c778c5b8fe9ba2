"""MurmurHash3, by which scikit-learn gives texts a column: ``sklearn.utils.murmurhash``."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

type Hashes = NDArray[np.uint32]

# The algorithm's constants.
_FIRST, _SECOND = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)
_FIVE, _ADDED = np.uint32(5), np.uint32(0xE6546B64)

# Which bits of a last block belong to a key that has 0, 1, 2 or 3 bytes in it.
_LAST = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF], dtype=np.uint32)


def hashed_columns(
    keys: Sequence[str], n_features: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the column of each key, and whether its hash is negative: ``FeatureHasher``.

    Raises
    ------
    UnicodeEncodeError
        For a key with half of a surrogate pair, which UTF-8 does not have.
    """
    hashes = murmurhash3(keys).astype(np.intp)
    return np.abs(hashes) % n_features, hashes < 0


def murmurhash3(keys: Sequence[str]) -> NDArray[np.int32]:
    """Return the signed 32-bit hash (x86, seed 0) of each key's UTF-8 form, shape (n,).

    The algorithm is Austin Appleby's; all keys go through it side by side.
    """
    blocks, starts, lengths = _encoded(keys)
    hashes = np.zeros(len(keys), dtype=np.uint32)
    full, longer = lengths // 4, np.arange(len(keys))
    for i in range(full.max(initial=0)):
        longer = longer[full[longer] > i]
        mixed = hashes[longer] ^ _scrambled(blocks[starts[longer] + 4 * i])
        hashes[longer] = _rotated(mixed, 13) * _FIVE + _ADDED
    hashes ^= _scrambled(blocks[starts + 4 * full] & _LAST[lengths % 4])
    return _avalanche(hashes ^ lengths.astype(np.uint32)).view(np.int32)


def _encoded(keys: Sequence[str]) -> tuple[Hashes, NDArray[np.intp], NDArray[np.intp]]:
    """Return all keys' bytes as blocks of four, and where each key starts and how long it is.

    A block starts at every byte, so that none of the keys has to be aligned.
    """
    joined = "".join(keys)
    encoded = joined.encode() + bytes(4)
    sizes = map(len, keys if joined.isascii() else map(str.encode, keys))
    lengths = np.fromiter(sizes, np.intp, len(keys))
    blocks: Hashes = np.ndarray((len(encoded) - 3,), np.dtype("<u4"), encoded, strides=(1,))
    return blocks, np.cumsum(lengths) - lengths, lengths


def _scrambled(blocks: Hashes) -> Hashes:
    return cast(Hashes, _rotated(blocks * _FIRST, 15) * _SECOND)


def _rotated(values: Hashes, bits: int) -> Hashes:
    return cast(Hashes, (values << np.uint32(bits)) | (values >> np.uint32(32 - bits)))


def _avalanche(values: Hashes) -> Hashes:
    values = cast(Hashes, (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    values = cast(Hashes, (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return cast(Hashes, values ^ (values >> np.uint32(16)))
