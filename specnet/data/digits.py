"""`digits`: 1,797 scans of handwritten digits, 8x8 pixels, which come with scikit-learn.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998, test part.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, InMemory, Wanted
from specnet.errors import DataError, PluginError
from specnet.schema import Count


class Digits(Data):
    """The scans enlarged to `size`. Every fifth one is a test image: 1,437 to train on and 360 to test."""

    kind: Literal["digits"] = "digits"
    size: Annotated[
        Count, Field(le=1024, description="Height and width that the 8x8 scans are enlarged to.")
    ] = 8
    channels: Annotated[Literal[1, 3], Field(description="3 repeats the grey values for an RGB network.")] = 1

    def class_count(self) -> int:
        return 10

    def image_shape(self) -> tuple[int, ...]:
        return (self.channels, self.size, self.size)

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        if path is not None:
            raise DataError(
                "the dataset 'digits' comes with scikit-learn and takes no path", "write --data digits"
            )
        try:
            import numpy as np
            from PIL import Image
            from sklearn.datasets import load_digits
        except ModuleNotFoundError as error:
            message = f"the dataset 'digits' needs the package {error.name}, which is not installed"
            raise PluginError(message, "pip install 'specnet[data]'") from error
        grey, labels = load_digits(return_X_y=True)
        scans = (grey.reshape(-1, 8, 8) * (255 / 16)).round().astype(np.uint8)
        side = (self.size, self.size)
        enlarged = [
            np.asarray(Image.fromarray(scan).resize(side, Image.Resampling.BILINEAR)) for scan in scans
        ]
        images = np.repeat(np.stack(enlarged)[:, None], self.channels, axis=1)
        labels = labels.astype(np.int64)
        test = np.arange(len(images)) % 5 == 0
        return Dataset(
            classes=[str(digit) for digit in range(10)],
            train=InMemory(images[~test], labels[~test]),
            test=InMemory(images[test], labels[test]),
        )
