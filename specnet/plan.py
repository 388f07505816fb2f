"""Network -> Plan: the steps that carry it out, in order.

A step computes one share on its group or transfers one value to another group; nothing else moves data
between groups. Values are named `conv1.gpu0`, and `conv1.gpu0@gpu1` after a transfer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specnet import plugins
from specnet.graph import Node
from specnet.initializers import DEFAULT, Initializer
from specnet.layers.base import Activated, Layer, Shape, Weight
from specnet.layers.input import Input
from specnet.network import Network
from specnet.recipe import SGD


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
    """A dropout mask that a training step needs: drawn for the whole layer, `offset` units into it.

    The draw is named after the layer and not the share, so a layer's mask does not depend on its split.
    """

    layer: str
    offset: int
    whole: Shape
    rate: float


@dataclass(frozen=True, slots=True)
class Compute:
    """One share of a layer, carried out on its group.

    `arguments` has an entry for each input the layer's kind expects, a list of values to be concatenated
    along the channels; `input_shapes` are the shapes after that.
    """

    name: str
    layer: Layer
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
    def activation(self) -> str | None:
        """The activation function applied to the output, for kinds that have one."""
        return self.layer.activation if isinstance(self.layer, Activated) else None

    @property
    def values(self) -> list[str]:
        """The names of all values it reads, in order."""
        return [name for argument in self.arguments for name in argument]

    def config(self) -> dict[str, Any]:
        """Plain data from which `from_config` makes the step again."""
        return {
            "name": self.name,
            "layer": self.layer.as_yaml(),
            "group": self.group,
            "arguments": [list(argument) for argument in self.arguments],
            "input_shapes": [list(shape) for shape in self.input_shapes],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Compute:
        """The step that `config()` described, without its mask."""
        layer: Layer = plugins.load("specnet.layers", config["layer"]["kind"]).model_validate(config["layer"])
        shapes = tuple(tuple(shape) for shape in config["input_shapes"])
        arguments = tuple(tuple(argument) for argument in config["arguments"])
        return cls(config["name"], layer, config["group"], arguments, shapes, layer.output_shape(*shapes))


Step = Feed | Transfer | Compute


def parameter_name(step: Compute, role: str) -> str:
    """The canonical name of a parameter: `conv1.gpu0.weight`."""
    return f"{step.name}.{role}"


def role_of(name: str) -> str:
    """The role of a parameter by its canonical name: `weight` for `conv1.gpu0.weight`."""
    return name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the state: where it lives, its canonical shape, and where its values start."""

    name: str
    group: str
    shape: Shape
    initial: float | Initializer
    trainable: bool

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Plan:
    """What a backend carries out. `outputs` are the values that the native model returns."""

    name: str
    groups: tuple[str, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    optimizer: SGD | None = None
    logits: str | None = None
    """The value that the loss reads, if the spec has a recipe."""

    @property
    def transfers(self) -> list[Transfer]:
        return [step for step in self.steps if isinstance(step, Transfer)]

    @property
    def computes(self) -> list[Compute]:
        return [step for step in self.steps if isinstance(step, Compute)]

    @property
    def inputs(self) -> dict[str, Shape]:
        """The input layers and their shapes."""
        return {step.layer: step.output_shape for step in self.steps if isinstance(step, Feed)}

    @property
    def masks(self) -> dict[str, Mask]:
        """The dropout masks that a training step needs, by the name of the step that uses them."""
        return {step.name: step.mask for step in self.computes if step.mask is not None}

    def last_uses(self) -> dict[str, list[str]]:
        """For each step, the values that nothing after it reads, so that their memory can be given back."""
        last: dict[str, str] = {}
        for step in self.steps:
            if isinstance(step, Compute):
                last.update(dict.fromkeys(step.values, step.name))
            elif isinstance(step, Transfer):
                last[step.source] = step.name
        uses: dict[str, list[str]] = {}
        for value, step_name in last.items():
            if value not in self.outputs:
                uses.setdefault(step_name, []).append(value)
        return uses


def make(network: Network) -> Plan:
    """The plan of a network. A transfer stands right after the step whose value it moves."""
    graph, spec = network.graph, network.spec
    training = spec.training
    destinations: dict[Node, list[str]] = {}
    for source, group in graph.crossings():
        destinations.setdefault(source, []).append(group)
    read = {source for node_reads in graph.reads.values() for shares in node_reads for source in shares}
    steps: list[Step] = []
    for node in graph.nodes():
        share = network.shares[node]
        if isinstance(share.layer, Input):
            if node in read:
                steps.append(Feed(str(node), node.layer, node.group, share.output))
        else:
            steps.append(_compute(network, node))
        for group in sorted(destinations.get(node, ()), key=spec.groups.index):
            steps.append(Transfer(_at(node, group), str(node), node.group, group, share.output))
    initializer = training.weights if training else DEFAULT
    return Plan(
        name=spec.name,
        groups=spec.groups,
        steps=tuple(steps),
        outputs=tuple(str(node) for node in _outputs(network)),
        parameters=tuple(_parameters(steps, initializer)),
        optimizer=training.optimizer if training else None,
        logits=str(_outputs(network)[0]) if training else None,
    )


def _compute(network: Network, node: Node) -> Compute:
    share = network.shares[node]
    arguments = tuple(
        tuple(str(source) if source.group == node.group else _at(source, node.group) for source in read)
        for read in share.reads
    )
    rate = share.layer.drop_rate()
    mask = None if rate is None else _mask(network, node, rate)
    return Compute(str(node), share.layer, node.group, arguments, share.inputs, share.output, mask)


def _mask(network: Network, node: Node, rate: float) -> Mask:
    offset = 0
    if node.layer not in network.graph.replicated:
        groups = network.graph.groups[node.layer]
        before = groups[: groups.index(node.group)]
        offset = sum(math.prod(network.shares[Node(node.layer, group)].output) for group in before)
    return Mask(node.layer, offset, network.output_shape(node.layer), rate)


def _at(source: Node, group: str) -> str:
    return f"{source}@{group}"


def _outputs(network: Network) -> list[Node]:
    """The node of the logits; without a recipe every share that nothing reads, replicated layers once."""
    graph, training = network.graph, network.spec.training
    names = [training.loss.from_] if training else graph.feeds_nothing()
    return [
        Node(name, group)
        for name in names
        for group in graph.groups[name][: 1 if name in graph.replicated else None]
    ]


def _parameters(steps: list[Step], recipe: Initializer) -> list[Parameter]:
    found: list[Parameter] = []
    for step in steps:
        if isinstance(step, Compute):
            drawn: Initializer = getattr(step.layer, "weights", None) or recipe
            for role, weight in step.weights.items():
                initial = drawn if weight.initial is None else weight.initial
                name = parameter_name(step, role)
                found.append(Parameter(name, step.group, weight.shape, initial, weight.trainable))
    return found
