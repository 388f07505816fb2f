"""What is done to every pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from specnet.recipe.cropping import Channels
from specnet.schema.fields import LARGEST, PerChannel, Positive, Range, one_or_more_of, shown
from specnet.schema.strict import Strict, schema_error
from specnet.text import plural

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics


class Normalization(Strict):
    """Base of all normalization kinds, registered in the entry-point group `specnet.normalizations`.

    Training images are augmented between `center` and `rescale`, so that augmentations work in grey levels.
    """

    kind: str

    needs_statistics: ClassVar[bool] = True
    """Whether it reads the statistics, which are else not measured."""

    def channels(self) -> Channels | None:
        """The number of channels that images must have, if it is not any."""
        return None

    def doubt(self) -> tuple[str, str] | None:
        """What of it is allowed and yet seldom meant, and what to write instead; None if nothing is."""
        return None

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """What is subtracted from images as they are read, their pixels being 0 to 255."""
        return images

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """What is done to images in the end."""
        return images


class MeanImage(Normalization):
    """Subtract the mean image of the training set (the paper, section 2), then multiply by `scale`."""

    kind: Literal["mean_image"] = "mean_image"
    scale: Annotated[Positive, Field(description="What pixels are multiplied by afterwards.")] = 1.0

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.subtract, statistics.mean)

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images if self.scale == 1 else images.calculate(np.multiply, self.scale)


class Standardize(Normalization):
    """Subtract each channel's mean over the training set and divide by its standard deviation."""

    kind: Literal["standardize"] = "standardize"

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        every_pixel = tuple(range(1, statistics.mean.ndim))
        return images.calculate(np.subtract, statistics.mean.mean(axis=every_pixel))

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.divide, np.where(statistics.std > 0, statistics.std, 1))


class Constants(Normalization):
    """(pixel - `mean`) / `std`, with constants that come with a recipe; pixels are 0 to 255."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    kind: Literal["constants"] = "constants"
    mean: Annotated[
        PerChannel,
        Field(description="What is subtracted from pixels of 0 to 255: for all channels, or a list; 0."),
    ] = 0.0
    std: Annotated[
        PerChannel,
        WithJsonSchema(
            one_or_more_of({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST}),
        ),
        Field(description="What the difference is divided by: for all channels, or one for each; 1."),
    ] = 1.0

    needs_statistics = False

    @field_validator("std")
    @classmethod
    def _above_zero(cls, std: Any) -> Any:
        if min(_listed(std)) <= 0:
            raise schema_error("range", f"pixels are divided by numbers above 0, not by {shown(std)}")
        return std

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set & {"mean", "std"}:
            raise schema_error("missing", "the key 'mean' is missing", "for example mean: 127.5", at="mean")
        if isinstance(self.mean, tuple) and isinstance(self.std, tuple) and len(self.mean) != len(self.std):
            message = f"{plural(len(self.std), 'number')}, and mean has {len(self.mean)}"
            raise schema_error("range", message, "each has one number, or one for each channel", at="std")
        return self

    def doubt(self) -> tuple[str, str] | None:
        every = {field: _listed(getattr(self, field)) for field in ("mean", "std")}
        if every == {"mean": [0], "std": [1]} or max(abs(n) for listed in every.values() for n in listed) > 1:
            return None
        times = {field: [round(255 * number, 4) for number in listed] for field, listed in every.items()}
        larger = ", ".join(f"{k}: {listed[0] if len(listed) == 1 else listed}" for k, listed in times.items())
        message = "pixels are 0 to 255, and these constants are those of pixels from 0 to 1"
        return message, f"multiply them by 255: {larger}"

    def channels(self) -> Channels | None:
        for field in ("mean", "std"):
            value = getattr(self, field)
            if isinstance(value, tuple):
                why = f"{field} has {plural(len(value), 'number')}"
                return Channels(field, len(value), why, "write one for each channel, or one for all")
        return None

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.subtract, self.mean)

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images if self.std == 1 else images.calculate(np.divide, self.std)


def _listed(numbers: float | tuple[float, ...]) -> list[float]:
    return list(numbers) if isinstance(numbers, tuple) else [numbers]


class Scale(Normalization):
    """Grey levels from 0 to 255 become numbers from the first to the second of `to`."""

    kind: Literal["scale"] = "scale"
    to: Annotated[Range, Field(description="What black and white become: [0, 1] unless given.")] = (0.0, 1.0)

    needs_statistics = False

    @field_validator("to")
    @classmethod
    def _apart(cls, to: tuple[float, float]) -> tuple[float, float]:
        if to[0] == to[1]:
            hint = "for example [0, 1] or [-1, 1]"
            raise schema_error("range", f"black and white cannot both become {to[0]:g}", hint)
        return to

    def center(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """Less the grey level that becomes 0."""
        import numpy as np

        black, white = self.to
        return images if black == 0 else images.calculate(np.subtract, -255 * black / (white - black))

    def rescale(self, images: ImageBatch, statistics: Statistics) -> ImageBatch:
        """For the range [0, 1] and those like it a division, which is exact at its ends."""
        import numpy as np

        black, white = self.to
        return images.calculate(np.divide, 255 / (white - black))
