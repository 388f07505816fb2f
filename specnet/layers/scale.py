"""`scale`: a gain and an offset for each channel."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from specnet.layers.base import Shape, Weight
from specnet.layers.weighted import NUMBER_OR_NONE, Activated, Trainable, number_or_none
from specnet.schema.strict import schema_error

WITHOUT = "'none' means a layer without it"


class Scale(Trainable, Activated):
    """y = gain * x + offset, one of each for every channel (or unit).

    `gain` and `offset` are the values that the parameters `weight` and `bias` start from. With
    `trainable: false` they are constants, which weights from a file may replace. Caffe's layer Scale, and the
    layer scale of Touvron et al. 2021 (CaiT, section 2) with a small gain.
    """

    kind: Literal["scale"] = "scale"
    gain: Annotated[
        float | Literal["none"],
        number_or_none(f"1 is the default; {WITHOUT}"),
        NUMBER_OR_NONE,
        Field(description="The value the gains start from, or 'none' for a layer without them."),
    ] = 1.0
    offset: Annotated[
        float | Literal["none"],
        number_or_none(f"{WITHOUT}, which is the default"),
        NUMBER_OR_NONE,
        Field(description="The value the offsets start from, or 'none' for a layer without them."),
    ] = "none"

    full_precision = True
    channel_reading = "each"
    initial_fields = frozenset({"trainable", "gain", "offset"})

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.gain == self.offset == "none":
            hint = "give one of them a number to start from, or remove the layer"
            raise schema_error("none", "a scale has a gain, an offset or both", hint, at="gain")
        return self

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        starts = {"weight": self.gain, "bias": self.offset}
        channels = (inputs[0][0],)
        return {role: Weight(channels, initial=start) for role, start in starts.items() if start != "none"}
