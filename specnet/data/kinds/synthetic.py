"""`synthetic`: images of noise, for trying out and timing a network without data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, Split, Wanted
from specnet.diagnostics.errors import DataError
from specnet.schema.fields import Count, Sizes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Synthetic(Data):
    """Noise with labels that mean nothing; image i is the same on every machine."""

    kind: Literal["synthetic"] = "synthetic"
    takes_path = False
    shape: Annotated[Sizes | None, Field(description="Of the images; the network's input if left out.")] = (
        None
    )
    train_images: Annotated[Count, Field(description="Number of training images.")] = 1280
    test_images: Annotated[Count, Field(description="Number of test images.")] = 128

    def image_shape(self) -> tuple[int, ...] | None:
        return self.shape

    def train_count(self) -> int:
        return self.train_images

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        if path is not None:
            raise DataError("the dataset 'synthetic' is made up and takes no path", "write --data synthetic")
        shape = self.shape or wanted.shape
        return Dataset(
            classes=[f"class {label}" for label in range(wanted.classes)],
            train=Noise("train", shape, wanted.classes, self.train_images),
            test=Noise("test", shape, wanted.classes, self.test_images),
        )


@dataclass(frozen=True)
class Noise:
    """Images whose pixels are uniform noise."""

    split: Split
    shape: tuple[int, ...]
    classes: int
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        import numpy as np

        from specnet.numerics.randomness import stream

        images = np.empty((len(indices), *self.shape), dtype=np.uint8)
        labels = np.empty(len(indices), dtype=np.int64)
        for row, index in enumerate(indices):
            source = stream(0, "synthetic", self.split, int(index))
            labels[row] = source.randint(self.classes)
            images[row] = np.frombuffer(source.bytes(images[row].size), dtype=np.uint8).reshape(self.shape)
        return images, labels
