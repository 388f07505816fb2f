"""What happens to whole batches of images (n, channels, height, width): pure functions of their arguments.

The draws come from outside, so that a batch depends on nothing but the seed, the epoch and the samples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from specnet.randomness import Array


def crop(images: Array, tops: NDArray[np.int64], lefts: NDArray[np.int64], size: int) -> Array:
    """A window of size x size from each image, its upper left corner at (top, left)."""
    windows = np.empty((*images.shape[:2], size, size), dtype=images.dtype)
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        windows[i] = images[i, :, top : top + size, left : left + size]
    return windows


def random_crop(images: Array, draws: Array, size: int) -> Array:
    """A window at a place that two uniform draws in [0, 1) choose for each image; draws (n, 2)."""
    room = np.array([images.shape[2] - size + 1, images.shape[3] - size + 1])
    corners = (draws * room).astype(np.int64)
    return crop(images, corners[:, 0], corners[:, 1], size)


def flip(images: Array, draws: Array) -> Array:
    """Images whose uniform draw is below one half, mirrored left to right; draws (n,)."""
    flipped = images.copy()
    chosen = draws < 0.5
    flipped[chosen] = images[chosen, :, :, ::-1]
    return flipped


def shift_color(images: Array, draws: Array, values: Array, vectors: Array) -> Array:
    """Add the sum over components of vector * eigenvalue * draw to every pixel; draws (n, components).

    The paper (section 4.1) names no unit. Eigenvalues here are those of pixels scaled to [0, 1], and the
    shift is brought back to 0 to 255: about 2 grey levels on photographs at a standard deviation of 0.1.
    """
    shifts = (draws * values) @ vectors.T * 255
    return images + shifts[:, :, None, None].astype(images.dtype)


def center_crop(images: Array, size: int) -> Array:
    """The window of size x size in the middle."""
    top, left = (images.shape[2] - size) // 2, (images.shape[3] - size) // 2
    return images[:, :, top : top + size, left : left + size]


def ten_crops(images: Array, size: int) -> Iterator[Array]:
    """The four corners and the centre, each followed by its mirror image (the paper, section 4.1)."""
    bottom, right = images.shape[2] - size, images.shape[3] - size
    for top, left in ((0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)):
        window = images[:, :, top : top + size, left : left + size]
        yield window
        yield window[:, :, :, ::-1]
