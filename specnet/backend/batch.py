"""What one training step sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from specnet.numerics.randomness import Array

Labels: TypeAlias = NDArray[np.int64] | NDArray[np.float64]
"""The class of each image, int64 (images,); or each class's share of an image, float64 (images, classes), at
least 0 and 1 in sum: what mixed images are labelled with."""


@dataclass(frozen=True)
class Batch:
    """What one training step sees. `masks` are the dropout masks by the name of the step that uses them."""

    images: Array
    labels: Labels
    masks: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)

    def parts(self, size: int | None) -> list[Batch]:
        """Micro-batches of `size` images in order, the last one perhaps smaller; the whole batch for None.

        They are views: nothing is copied.
        """
        count = len(self.labels)
        if size is None or size >= count:
            return [self]
        cuts = [slice(start, start + size) for start in range(0, count, size)]
        masks = [{name: mask[cut] for name, mask in self.masks.items()} for cut in cuts]
        return [Batch(self.images[c], self.labels[c], m) for c, m in zip(cuts, masks, strict=True)]
