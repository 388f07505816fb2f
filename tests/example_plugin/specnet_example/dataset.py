"""`stripes`: images of horizontal and of vertical stripes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from specnet.data.base import Data, Dataset, InMemory, Wanted


class Stripes(Data):
    """Two classes; image i has stripes of brightness that depends on i."""

    kind: Literal["stripes"] = "stripes"
    count: int = 64

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        def images(first: int) -> InMemory:
            index = np.arange(first, first + self.count)
            rows = np.arange(wanted.shape[1])[:, None] + np.zeros(wanted.shape[2], dtype=int)
            striped = np.where((rows + index[:, None, None]) % 2, 255 - index[:, None, None] % 50, 0)
            labels = index // 2 % 2
            striped = np.where(labels[:, None, None], striped.transpose(0, 2, 1), striped)
            pixels = np.repeat(striped[:, None], wanted.shape[0], axis=1).astype(np.uint8)
            return InMemory(pixels, labels.astype(np.int64))

        return Dataset(["horizontal", "vertical"], images(0), images(self.count))
