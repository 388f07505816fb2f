"""What a layer kind declares: its fields, its split over groups, its output shape, parameters and MACs.

A kind is one frozen pydantic class derived from `Layer`, registered under its name in the entry-point group
`specnet.layers`. Each backend implements it in one registered function. Shapes are without the batch; the
first size is the one that inputs are concatenated along and that is shared out over groups (channels, or
units). A kind may use any further sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Rule
from specnet.diagnostics.errors import SpecnetError
from specnet.layers.functions import ActivationFunction
from specnet.schema.fields import NameList
from specnet.schema.strict import Strict
from specnet.text import describe

Shape = tuple[int, ...]
"""Sizes of one image's values: (channels, height, width), (units,), or whatever a plugin's kinds use."""


ChannelReading = Literal["each", "all", "in_order"]


class LayerError(SpecnetError):
    """A layer that cannot be what the spec says. `field` is the YAML key at fault, if it is one key."""

    def __init__(
        self,
        message: str,
        *,
        rule: Rule = rules.UNFIT_INPUTS,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule
        self.field = field
        self.hint = hint


class Advice(NamedTuple):
    """What a layer may be and is seldom meant to be. `field` is the YAML key that it is about."""

    message: str
    rule: Rule
    field: str
    hint: str


class Window(NamedTuple):
    """A part of an image, height and width, and the step from one output's part to the next one's.

    `dilation` is the distance between the pixels of a kernel that leaves others out.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Weight:
    """One parameter of a layer: its shape and where its values start.

    `initial` is a constant, or None for a draw by the layer's or the recipe's initializer. Values that are
    not trainable, such as running means, belong to the state but are not counted as parameters. Whether a
    step changes those that are is the layer's matter: see `Layer.is_frozen`.
    """

    shape: Shape
    initial: float | None = None
    trainable: bool = True

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Layer(Strict):
    """Base of all layer kinds. Sizes that a kind declares are the whole layer's, over all its groups."""

    kind: str
    from_: Annotated[NameList, Field(alias="from", description="The layer or layers this one reads.")]
    group: Annotated[
        NameList | None,
        Field(description="The group or groups it lives on; its first input's groups if left out."),
    ] = None
    cross_group: Annotated[
        bool,
        Field(
            description="Read every group's share of each input, not only its own group's; "
            "false, written out, says that shares which nothing reads are left out on purpose."
        ),
    ] = False

    is_input: ClassVar[bool] = False
    """Whether images enter the network here: it reads nothing, and every group has all of it."""

    split_field: ClassVar[str | None] = None
    """The field that holds the whole layer's channels or units, to be shared out over its groups."""

    shape_field: ClassVar[str | None] = None
    """The field that says the output's shape by itself, whatever the layer reads."""

    full_precision: ClassVar[bool] = False
    """Whether it computes in float32 where the network runs in bfloat16, as normalizations must."""

    mixes_images: ClassVar[bool] = False
    """Whether in training an image's output depends on the batch's other images, so that micro-batches would
    change it."""

    drops_images: ClassVar[bool] = False
    """Whether the mask of its `drop_rate` has one number for each image, not one for each unit."""

    concatenates_inputs: ClassVar[bool] = True
    """Whether several inputs are concatenated along the channels before the layer sees them."""

    block_field: ClassVar[str | None] = None
    """The field with the number of equal blocks that channels are cut into, of a kind that reads `all`."""

    is_commutative: ClassVar[bool] = False
    """Whether the order of its inputs means nothing, for a kind that does not concatenate them."""

    passes_on: ClassVar[bool] = False
    """Whether its output is what it reads, value by value: all that it does is to join, or to flatten."""

    channel_reading: ClassVar[ChannelReading] = "in_order"
    """What another order of the channels that it reads comes to: see `reads_channels`."""

    initial_fields: ClassVar[frozenset[str]] = frozenset()
    """The fields that say where training starts and what it changes, and nothing of what the layer computes.

    A number or `none` may stand in one: whether a parameter is there at all is told by `parameters`."""

    checked_shapes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The fields that repeat a parameter's shape so that it can be checked, by the parameter's role."""

    @property
    def own_share_meant(self) -> bool:
        """Whether the spec says in so many words that it reads its own group's share alone."""
        return not self.cross_group and "cross_group" in self.model_fields_set

    @classmethod
    def hint_about(cls, key: str) -> str | None:
        if key != "trainable":
            return None
        if cls.parameters is Layer.parameters:
            return "remove it: a layer of this kind has no parameters to train"
        return f"remove it: the kind's package has to derive {cls.__name__} from Trainable for it"

    @property
    def is_frozen(self) -> bool:
        """Whether its parameters, if it has any, stay as they are in training."""
        return False

    def frozen(self) -> Self:
        """The layer with its parameters kept as they are, if its kind has any."""
        return self

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the layers it reads, in order."""
        return self.from_

    def on_groups(self, names: Mapping[str, str]) -> Self:
        """The layer with the groups that it names renamed."""
        if self.group is None:
            return self
        return self.model_copy(update={"group": tuple(names.get(group, group) for group in self.group)})

    def split(self, parts: int) -> Self:
        """The layer as one of `parts` groups holds it. Raises `LayerError` if it cannot be shared out."""
        if self.split_field is None or parts == 1:
            return self
        total = getattr(self, self.split_field)
        if total % parts:
            message = f"{self.split_field} {total} cannot be shared out equally over {parts} groups"
            lower, upper = total - total % parts, total - total % parts + parts
            near = f"{lower} or {upper}" if lower else f"{upper}"
            raise LayerError(
                message, rule=rules.INDIVISIBLE, field=self.split_field, hint=f"use {near}, or name one group"
            )
        return self.model_copy(update={self.split_field: total // parts})

    def output_shape(self, *inputs: Shape) -> Shape:
        """The shape of its output. Raises `LayerError` if the inputs do not fit."""
        raise NotImplementedError

    def declared_shape(self) -> Shape | None:
        """The shape of its output where that does not depend on what it reads, else None."""
        sizes: int | Shape | None = getattr(self, self.shape_field) if self.shape_field else None
        return (sizes,) if isinstance(sizes, int) else sizes

    def sliding_window(self, *inputs: Shape) -> tuple[Window, tuple[int, int, int, int]] | None:
        """The window that it slides over an image, and the padding: top, bottom, left, right."""
        return None

    def advice(self, inputs: tuple[Shape, ...] | None) -> Iterable[Advice]:
        """What is allowed and yet seldom meant; `inputs` is None where their shapes are not known."""
        return ()

    def parameters(self, *inputs: Shape) -> dict[str, Weight]:
        """Its parameters by role (`weight`, `bias`, ...)."""
        return {}

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulate operations for one image. Only products with weights are counted."""
        return 0

    def receptive_window(self) -> Window | None:
        """Which part of its input one output value is made from; None for all of it."""
        return Window((1, 1), (1, 1))

    def trained_weights(self, *inputs: Shape) -> dict[str, Weight]:
        """The parameters that training changes, by role."""
        if self.is_frozen:
            return {}
        return {role: weight for role, weight in self.parameters(*inputs).items() if weight.trainable}

    def keeps_statistics(self, *inputs: Shape) -> bool:
        """Whether it uses its running statistics in training, too, and leaves them as they are."""
        return self.is_frozen and any(not weight.trainable for weight in self.parameters(*inputs).values())

    def least_images(self, *inputs: Shape) -> int:
        """How many images a training step must have for the layer to mean anything."""
        return 1

    def output_activation(self) -> ActivationFunction | None:
        """The activation function that it applies to its own output, if any."""
        return None

    def applied_function(self) -> ActivationFunction | None:
        """The activation function that its outputs have gone through, by itself or as its own."""
        return self.output_activation()

    def reads_channels(self) -> ChannelReading:
        """What another order of the channels that it reads comes to.

        `each`: every output channel, and what parameters have for it along their first axis, belongs to the
        input channel of its place, so that the outputs change their order alike. `all`: the weights have the
        inputs along their second axis and the outputs along their first, so that another order of the inputs
        is one of the weights. `in_order`: it computes something else.
        """
        return self.channel_reading

    def channel_blocks(self) -> int:
        """Equal blocks that the channels it reads and those it makes are cut into, each seeing its own."""
        return getattr(self, self.block_field) if self.block_field else 1

    def normal_form(self, *inputs: Shape) -> dict[str, Any]:
        """For fields that can say one thing in several ways, what they come to for inputs of these shapes.

        Two layers of a kind that agree in it and in all other fields are the same layer.
        """
        return {}

    def merged(self, source: Layer, *inputs: Shape) -> Layer | None:
        """One layer of either kind that does what `source`, with these inputs, and then this one do."""
        return None

    def in_short(self, *inputs: Shape, as_row: bool) -> Layer:
        """The simplest layer of any kind that does the same, where `as_row` with one pixel left as a row."""
        return self

    def drop_rate(self) -> float | None:
        """The probability of zeroing a unit, or an image, in training, for a kind that needs such a mask."""
        return None


def image(shape: Shape, kind: str) -> tuple[int, int, int]:
    """The shape as (channels, height, width). Raises `LayerError` for any other rank."""
    if len(shape) != 3:
        message = f"{kind} needs an image (channels x height x width), and its input is {describe(shape)}"
        raise LayerError(message, rule=rules.IMAGE_NEEDED, field="from")
    return shape[0], shape[1], shape[2]
