"""Patches of images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from handler.engine.base import Evaluator
from handler.engine.checks import as_finite
from handler.engine.draws import Draws, Twister
from handler.engine.table import Array, Floats, Inputs, as_array
from handler.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class PatchExtractor(Evaluator):
    """Patches of images, one below the other: the mirror of ``PatchExtractor``.

    Parameters
    ----------
    size : height and width of a patch, or None for a tenth of the images'
    most : how many patches of an image are taken, a share of all, or None for all
    key : shape (624,) of uint32, the state of the generator that draws them, where it draws
    """

    size: Sequence[int] | None
    most: float | None
    key: NDArray[np.uint32] | None
    by_row = False  # an image has many patches, and draws go on from image to image

    def transform(self, X: Inputs) -> Floats:
        """Return the patches, shape (n_patches, height, width) or (…, n_channels).

        Raises
        ------
        InvalidInput
            Where images differ in size or are smaller than a patch.
        """
        images = _images(X)
        height, width = self.size or (images.shape[1] // 10, images.shape[2] // 10)
        if height > images.shape[1] or width > images.shape[2]:
            raise InvalidInput(f"X: images of {height} by {width} pixels at least were expected")
        windows = sliding_window_view(images, (height, width), axis=(1, 2))
        windows = np.moveaxis(windows, 3, -1)  # (n, rows, columns, height, width, n_channels)
        patches = windows if self.key is None else self._drawn(windows, Draws(Twister(self.key)))
        shape = (-1, height, width, images.shape[3])
        return patches.reshape(shape if shape[3] > 1 else shape[:3])

    def _drawn(self, windows: Array, draws: Draws) -> Array:
        count, rows, columns = self._count(windows), windows.shape[1], windows.shape[2]
        drawn = [
            image[draws.integers(rows, count), draws.integers(columns, count)] for image in windows
        ]
        return np.array(drawn)

    def _count(self, windows: Array) -> int:
        everything = windows.shape[1] * windows.shape[2]
        most = everything if self.most is None else self.most
        return int(most * everything) if isinstance(most, float) else min(most, everything)


def _images(X: Inputs) -> Floats:
    """Return images of shape (n, height, width, n_channels)."""
    try:
        images = np.array(as_array(X).tolist(), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput("X: images of one size were expected, lists of rows") from None
    if images.ndim < 3 or 0 in images.shape:
        raise InvalidInput(f"X: images were expected, got an array of shape {images.shape}")
    as_finite(images.reshape(len(images), -1))
    return images.reshape(*images.shape[:3], -1)
