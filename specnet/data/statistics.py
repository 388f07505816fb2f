"""What a recipe needs to know about its training images: mean image, spread and colour components."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from specnet.data.base import Images
from specnet.randomness import Array


@dataclass(frozen=True)
class Statistics:
    """Of a training set, in float64.

    `mean` is the mean image (channels, height, width) and `std` each channel's standard deviation, both in
    grey levels of 0 to 255. `color_values` are the eigenvalues of the channels' covariance for pixels scaled
    to [0, 1], largest first, and `color_vectors` the eigenvectors, one in each column.
    """

    mean: Array
    std: Array
    color_values: Array
    color_vectors: Array

    def arrays(self) -> dict[str, Array]:
        """By name, for saving."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def measure(
    images: Images, batch: int = 256, progress: Callable[[int, int], None] | None = None
) -> Statistics:
    """Statistics of all images, in one pass. `progress` is called with images done and images in all."""
    channels = images.shape[0]
    total = np.zeros(images.shape)
    products = np.zeros((channels, channels))
    for start in range(0, len(images), batch):
        pixels, _ = images.read(np.arange(start, min(start + batch, len(images))))
        values = pixels.astype(np.float64)
        total += values.sum(axis=0)
        flat = np.moveaxis(values, 1, 0).reshape(channels, -1) / 255
        products += flat @ flat.T
        if progress:
            progress(start + len(pixels), len(images))
    return from_sums(len(images), total, products)


def from_sums(count: int, total: Array | NDArray[np.int64], products: Array) -> Statistics:
    """Statistics of `count` images from two sums.

    `total` is of grey levels over images (channels, height, width), `products` of every two channels over all
    pixels, scaled to [0, 1] (channels, channels).
    """
    channels = len(total)
    mean: Array = total / count
    channel_mean = mean.reshape(channels, -1).mean(axis=1) / 255
    covariance = products / (count * mean[0].size) - np.outer(channel_mean, channel_mean)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    # An eigenvector's sign is arbitrary; the largest entry is made positive so that machines agree.
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(channels)])
    std = np.sqrt(np.maximum(np.diag(covariance), 0)) * 255
    return Statistics(mean, std, values, vectors * signs)
