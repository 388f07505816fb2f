"""`digits`: 1,797 scans of handwritten digits, 8x8 pixels, which come with scikit-learn.

Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI repository, 1998, test part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, InMemory, Wanted
from specnet.diagnostics.errors import DataError, PluginError
from specnet.schema.fields import Count

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Digits(Data):
    """The scans enlarged to `size`. Every fifth one is a test image: 1,437 to train on and 360 to test."""

    kind: Literal["digits"] = "digits"
    takes_path = False
    size: Annotated[
        Count, Field(le=1024, description="Height and width that the 8x8 scans are enlarged to.")
    ] = 8
    channels: Annotated[Literal[1, 3], Field(description="3 repeats the grey values for an RGB network.")] = 1

    def class_count(self) -> int:
        return 10

    def image_shape(self) -> tuple[int, ...]:
        return (self.channels, self.size, self.size)

    def train_count(self) -> int:
        return 1437

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
        test = np.arange(len(scans)) % 5 == 0

        def part(chosen: NDArray[np.bool_]) -> InMemory:
            images = np.empty((int(chosen.sum()), 1, self.size, self.size), dtype=np.uint8)
            for image, scan in zip(images[:, 0], scans[chosen], strict=True):
                image[:] = Image.fromarray(scan).resize(image.shape, Image.Resampling.BILINEAR)
            # The channels are one array seen several times.
            shown = np.broadcast_to(images, (len(images), *self.image_shape()))
            return InMemory(shown, labels[chosen].astype(np.int64))

        return Dataset([str(digit) for digit in range(10)], train=part(~test), test=part(test))
