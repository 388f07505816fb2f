"""`input`: where images enter the network."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from specnet.layers.base import Layer, Shape
from specnet.schema.fields import NameList, Sizes
from specnet.schema.strict import schema_error


class Input(Layer):
    """The images themselves. Every group has the whole of them."""

    kind: Literal["input"] = "input"
    from_: Annotated[NameList, Field(alias="from", exclude=True)] = ()
    group: Annotated[NameList | None, Field(exclude=True)] = None
    cross_group: Annotated[bool, Field(exclude=True)] = False
    shape: Annotated[Sizes, Field(description="[channels, height, width], or [units] for vectors.")]

    @field_validator("from_", "group", "cross_group", mode="before")
    @classmethod
    def _reads_nothing(cls, value: Any) -> Any:
        raise schema_error(
            "input", "an input reads nothing and is on every group", "remove this key", needless=True
        )

    @classmethod
    def keys(cls) -> list[str]:
        return ["kind", "shape"]

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape
