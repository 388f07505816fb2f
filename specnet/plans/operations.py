"""What a plan is made of: images fed in, values transferred, shares of layers computed, parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeVar

from specnet import plugins
from specnet.layers.base import Layer, Shape, Weight
from specnet.layers.functions import ActivationFunction
from specnet.recipe.initializers import Initializer


@dataclass(frozen=True, slots=True)
class Feed:
    """Images enter a group. Every group that uses an input has one feed of it."""

    name: str
    layer: str
    group: str
    output_shape: Shape


@dataclass(frozen=True, slots=True)
class Transfer:
    """The value `source` of group `origin` becomes available on `group`, under `name`."""

    name: str
    source: str
    origin: str
    group: str
    output_shape: Shape

    @property
    def size(self) -> int:
        """Values moved for one image."""
        return math.prod(self.output_shape)


@dataclass(frozen=True, slots=True)
class Mask:
    """A dropout mask that a training step needs: drawn for the full layer, `offset` units into it.

    The draw is named after the layer and not the share, so a layer's mask does not depend on its split.
    `shape` is the share's, which a mask of one number for each image has in sizes of 1.
    """

    layer: str
    offset: int
    layer_shape: Shape
    shape: Shape
    rate: float


L_co = TypeVar("L_co", bound=Layer, default=Layer, covariant=True)


@dataclass(frozen=True, slots=True)
class Compute(Generic[L_co]):
    """One share of a layer, carried out on its group. `Compute[Conv]` is that of a layer of the kind `Conv`.

    `arguments` has an entry for each input the layer's kind expects, a list of values to be concatenated
    along the channels; `input_shapes` are the shapes after that.
    """

    name: str
    layer: L_co
    group: str
    arguments: tuple[tuple[str, ...], ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    mask: Mask | None = None

    @property
    def weights(self) -> dict[str, Weight]:
        """The parameters by role. Their full names are `parameter_name(self, role)`."""
        return self.layer.parameters(*self.input_shapes)

    @property
    def trained(self) -> dict[str, Weight]:
        """Those of the parameters that training changes."""
        return self.layer.trained_weights(*self.input_shapes)

    @property
    def keeps_statistics(self) -> bool:
        """Whether it uses its running statistics in training, too, and leaves them as they are."""
        return self.layer.keeps_statistics(*self.input_shapes)

    @property
    def activation(self) -> ActivationFunction | None:
        """The activation function applied to the output, for kinds that have one."""
        return self.layer.output_activation()

    @property
    def values(self) -> list[str]:
        """The names of all values it reads, in order."""
        return [name for argument in self.arguments for name in argument]

    def config(self) -> dict[str, Any]:
        """Plain data from which `from_config` makes the operation again."""
        return {
            "name": self.name,
            "layer": self.layer.as_yaml(),
            "group": self.group,
            "arguments": [list(argument) for argument in self.arguments],
            "input_shapes": [list(shape) for shape in self.input_shapes],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Compute[Layer]:
        """The operation that `config()` described, without its mask."""
        layer: Layer = plugins.load("specnet.layers", config["layer"]["kind"]).model_validate(config["layer"])
        shapes = tuple(tuple(shape) for shape in config["input_shapes"])
        arguments = tuple(tuple(argument) for argument in config["arguments"])
        return Compute(config["name"], layer, config["group"], arguments, shapes, layer.output_shape(*shapes))


Operation = Feed | Transfer | Compute


def parameter_name(op: Compute, role: str) -> str:
    """The canonical name of a parameter: `conv1.gpu0.weight`."""
    return f"{op.name}.{role}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the state: whose it is and where, its canonical shape, and where its values start.

    One that is not `trainable` is a running statistic, and not counted as a parameter. `trained` are those
    that training changes: trainable ones of layers that are not frozen.
    """

    name: str
    layer: str
    role: str
    group: str
    shape: Shape
    initial: float | Initializer
    trainable: bool
    trained: bool

    @property
    def size(self) -> int:
        return math.prod(self.shape)
