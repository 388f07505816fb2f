"""What a recipe needs to know about its training images: mean image, spread and colour components."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from specnet.numerics.randomness import Array


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


def placeholder(shape: tuple[int, ...]) -> Statistics:
    """What stands for the statistics of images of `shape` where no recipe reads them.

    No images have these: those with a mean of 0 have a spread of 0.
    """
    return Statistics(np.zeros(shape), np.ones(shape[0]), np.zeros(shape[0]), np.eye(shape[0]))
