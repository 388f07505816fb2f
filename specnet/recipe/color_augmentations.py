"""What training images go through that changes their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from specnet.recipe.augmentations import Augmentation
from specnet.recipe.cropping import Channels
from specnet.schema.fields import LARGEST, NonNegative, is_number, shown, two_of
from specnet.schema.strict import schema_error

if TYPE_CHECKING:
    from specnet.data.image_batch import ImageBatch
    from specnet.data.statistics import Statistics
    from specnet.numerics.randomness import Array, Draws


def _factors(value: Any) -> Any:
    hint = "for example 0.4, which is [0.6, 1.4]"
    if is_number(value):
        numbers = [value]
    elif isinstance(value, list | tuple) and len(value) == 2 and all(map(is_number, value)):
        numbers = list(value)
    else:
        message = f"expected a number, or [smallest, largest] factor, got {shown(value)}"
        raise schema_error("factors", message, hint)
    if not 0 <= min(numbers) <= max(numbers) <= LARGEST:
        raise schema_error("range", f"factors are 0 or more, got {shown(value)}", hint)
    if numbers != sorted(numbers):
        raise schema_error("range", f"the smallest is larger than the largest in {shown(value)}", hint)
    return tuple(map(float, value)) if len(numbers) == 2 else float(value)


_NUMBER = {"type": "number", "minimum": 0, "maximum": LARGEST}
Factors = Annotated[
    float | tuple[float, float],
    BeforeValidator(_factors),
    WithJsonSchema({"oneOf": [_NUMBER, two_of(_NUMBER)]}),
]
"""`b`, for factors from 1 - b to 1 + b, or `[smallest, largest]`."""


class PCAColor(Augmentation):
    """Add the principal components of the pixels' colours, each times its eigenvalue times N(0, `std`).

    One draw for each image and epoch (the paper, section 4.1).
    """

    kind: Literal["pca_color"] = "pca_color"
    std: Annotated[NonNegative, Field(description="Standard deviation of the draws; the paper's is 0.1.")]

    needs_statistics = True

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        """The paper names no unit. Eigenvalues here are those of pixels scaled to [0, 1], and the shift is
        brought back to 0 to 255: about 2 grey levels on photographs at a standard deviation of 0.1."""
        import numpy as np

        weights = self.std * draws.normals(len(statistics.color_values)) * statistics.color_values
        # Not a product of matrices, which may round otherwise for another number of images.
        shifts = (weights[:, None] * statistics.color_vectors).sum(axis=2)
        return images.calculate(np.add, shifts * 255)


class Brightness(Augmentation):
    """Add one number to all pixels of a training image: 255 times N(0, `std`), one draw for each image and
    epoch."""

    kind: Literal["brightness"] = "brightness"
    std: Annotated[NonNegative, Field(description="Standard deviation of the shift, for pixels of 0 to 1.")]

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        import numpy as np

        return images.calculate(np.add, 255 * self.std * draws.normals(1))


class ColorJitter(Augmentation):
    """Brightness, contrast, saturation and hue of each training image changed by random factors, in random
    order: torchvision's ColorJitter.

    A number b stands for factors from 1 - b to 1 + b, or from 0. A hue of h turns colours by up to that part
    of the circle either way. Grey levels are cut off at 0 and 255 after each change.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 2})

    kind: Literal["color_jitter"] = "color_jitter"
    brightness: Annotated[Factors, Field(description="Change of the factor of all levels.")] = 0.0
    contrast: Annotated[Factors, Field(description="Change of the distance from the mean grey value.")] = 0.0
    saturation: Annotated[Factors, Field(description="Change of the distance from the grey value.")] = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5, description="Largest part of the circle.")] = 0.0

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(self._changes().values()):
            hint = "for example brightness: 0.4"
            raise schema_error("range", "color_jitter changes nothing", hint, at="kind")
        return self

    def channels(self) -> Channels | None:
        for field, change in self._changes().items():
            if change and field in ("saturation", "hue"):
                return Channels(field, 3, f"{field} is one of red, green and blue", f"leave {field} out")
        return None

    def apply(self, images: ImageBatch, draws: Draws, statistics: Statistics) -> ImageBatch:
        import numpy as np

        from specnet.data import colors
        from specnet.data.resample import some

        functions = {
            "brightness": colors.brightened,
            "contrast": colors.contrasted,
            "saturation": colors.saturated,
            "hue": colors.hue_turned,
        }
        uniforms = draws.uniforms(2 * len(functions))
        order = uniforms[:, len(functions) :].argsort(axis=1)
        jobs = [
            (number, functions[field], change[0] + (change[1] - change[0]) * uniforms[:, number])
            for number, (field, change) in enumerate(self._changes().items())
            if change
        ]

        def jittered(levels: Array) -> Array:
            for part in some(len(levels), levels[0].size if len(levels) else 0):
                for place in range(len(functions)):
                    for number, function, factors in jobs:
                        chosen = part.start + np.flatnonzero(order[part, place] == number)
                        if len(chosen):
                            levels[chosen] = function(levels[chosen], factors[chosen])
            return levels

        return images.recolor(jittered)

    def _changes(self) -> dict[str, tuple[float, float] | None]:
        """The range of each field's factors, and that of the hue's turns; None where nothing changes."""
        ranges: dict[str, tuple[float, float] | None] = {}
        for field in ("brightness", "contrast", "saturation"):
            value = getattr(self, field)
            low, high = value if isinstance(value, tuple) else (max(0.0, 1 - value), 1 + value)
            ranges[field] = None if low == high == 1 else (low, high)
        ranges["hue"] = (-self.hue, self.hue) if self.hue else None
        return ranges
