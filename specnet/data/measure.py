"""Statistics of training images, measured on them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from specnet.data.base import Images
from specnet.data.statistics import Statistics
from specnet.numerics.randomness import Array

CHUNK = 256
"""Pixels whose products are summed at a time; 256 * 255**2 is below 2**24."""


FLUSH = 4096
"""Images whose levels are summed at a time; 4096 * 255 is below 2**24."""


class Sums:
    """The sum of images, and of the products of every two channels over all their pixels.

    Both are exact integers, and so do not depend on the order of the images. They are summed in float32,
    which is fast and holds them exactly below 2**24, and go on from there as int64.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        channels, pixels = shape[0], math.prod(shape[1:])
        rows = -(-pixels // CHUNK)
        levels = np.zeros((channels, rows * CHUNK), dtype=np.float32)
        self._shape = shape
        self._levels = levels[:, :pixels]
        self._rows = levels.reshape(channels, rows, CHUNK)
        self._added = 0
        self._recent = np.zeros((channels, pixels), dtype=np.float32)
        self._total = np.zeros((channels, pixels), dtype=np.int64)
        self._products = np.zeros((channels, channels), dtype=np.int64)

    def add(self, image: NDArray[np.uint8]) -> None:
        """Add one image."""
        if self._added and self._added % FLUSH == 0:
            self._flush()
        self._added += 1
        self._levels[:] = image.reshape(self._levels.shape)
        self._recent += self._levels
        for i, first in enumerate(self._rows):
            for j in range(i + 1):
                # einsum keeps to this thread, where BLAS would start others beside the workers.
                product = int(np.einsum("rx,rx->r", first, self._rows[j]).sum(dtype=np.float64))
                self._products[i, j] += product
                self._products[j, i] = self._products[i, j]

    def _flush(self) -> None:
        self._total += self._recent.astype(np.int64)
        self._recent[:] = 0

    def total(self) -> NDArray[np.int64]:
        """The sum of the images (channels, height, width)."""
        self._flush()
        return self._total.reshape(self._shape)

    def products(self) -> NDArray[np.int64]:
        """The sums of products over all pixels (channels, channels)."""
        return self._products


def measure(
    images: Images, batch: int = 64, progress: Callable[[int, int], None] | None = None
) -> Statistics:
    """Statistics of all images, in one pass. `progress` is called with images done and images in all."""
    sums = Sums(images.shape)
    for start in range(0, len(images), batch):
        pixels, _ = images.read(np.arange(start, min(start + batch, len(images))))
        for image in pixels:
            sums.add(image)
        if progress:
            progress(start + len(pixels), len(images))
    return from_sums(len(images), sums.total(), sums.products())


def from_sums(count: int, total: NDArray[np.int64], products: NDArray[np.int64]) -> Statistics:
    """Statistics of `count` images from what `Sums` gives: `total` (channels, height, width) over images, and
    `products` (channels, channels) over all pixels, both of grey levels.
    """
    channels = len(total)
    mean: Array = total / count
    channel_mean = mean.reshape(channels, -1).mean(axis=1) / 255
    covariance = products / (count * mean[0].size * 255.0**2) - np.outer(channel_mean, channel_mean)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    # An eigenvector's sign is arbitrary; the largest entry is made positive so that machines agree.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(channels)])
    std = np.sqrt(np.maximum(np.diag(covariance), 0)) * 255
    return Statistics(mean, std, values, vectors * signs)
