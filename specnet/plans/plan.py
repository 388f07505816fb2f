"""Network -> Plan: the operations that carry it out, in order.

An operation computes one share on its group or transfers one value to another group; nothing else moves data
between groups. Values are named `conv1.gpu0`, and `conv1.gpu0@gpu1` after a transfer.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from specnet.layers.base import Shape
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.plans.operations import Compute, Feed, Mask, Operation, Parameter, Transfer, parameter_name
from specnet.recipe.initializers import DEFAULT, Initializer
from specnet.recipe.losses import Loss
from specnet.recipe.optimizers import Optimizer
from specnet.recipe.rates import Settings


@dataclass(frozen=True)
class Plan:
    """What a backend carries out. `outputs` are the values that the native model returns."""

    name: str
    groups: tuple[str, ...]
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    optimizer: Optimizer | None = None
    loss: Loss | None = None
    loss_reads: tuple[str, ...] = ()
    """The values that the loss reads, its head first, if the spec has a recipe."""
    readers: dict[str, int] = field(init=False, repr=False, compare=False)
    """How often each value is read: by operations, and as an output."""

    def __post_init__(self) -> None:
        read = Counter(name for op in self.computes for name in op.values)
        read.update(transfer.source for transfer in self.transfers)
        read.update(self.outputs)
        # It is known from the start: a compiler of models cannot see through a cached property.
        object.__setattr__(self, "readers", {op.name: read[op.name] for op in self.operations})

    @property
    def head(self) -> str | None:
        """The value that is the network's answer, if the spec has a recipe."""
        return self.loss_reads[0] if self.loss_reads else None

    @property
    def transfers(self) -> list[Transfer]:
        return [op for op in self.operations if isinstance(op, Transfer)]

    @property
    def computes(self) -> list[Compute]:
        return [op for op in self.operations if isinstance(op, Compute)]

    @property
    def inputs(self) -> dict[str, Shape]:
        """The input layers and their shapes."""
        return {op.layer: op.output_shape for op in self.operations if isinstance(op, Feed)}

    @property
    def masks(self) -> dict[str, Mask]:
        """The dropout masks that a training step needs, by the name of the step that uses them."""
        return {op.name: op.mask for op in self.computes if op.mask is not None}

    @cached_property
    def settings(self) -> dict[str, Settings]:
        """What the optimizer does to each parameter that is trained, by its name; nothing without one."""
        rule = self.optimizer
        trained = [p for p in self.parameters if p.trained]
        if rule is None:
            return {}
        return {p.name: rule.settings(p.layer, p.role).bounding(p.role, p.shape) for p in trained}

    @cached_property
    def differentiable(self) -> frozenset[str]:
        """The values that depend on a trained parameter, and so have a gradient worth computing."""
        known: set[str] = set()
        for op in self.operations:
            read = op.values if isinstance(op, Compute) else [op.source] if isinstance(op, Transfer) else []
            if not known.isdisjoint(read) or (isinstance(op, Compute) and op.trained):
                known.add(op.name)
        return frozenset(known)


def make(network: Network) -> Plan:
    """The plan of a network, which is made once and kept with it."""
    kept = vars(network)  # the network's own class stands below plans and cannot name one
    if "_plan" not in kept:
        kept["_plan"] = _made(network)
    plan: Plan = kept["_plan"]
    return plan


def _made(network: Network) -> Plan:
    """A transfer stands right after the operation whose value it moves."""
    graph, spec = network.graph, network.spec
    training = spec.training
    destinations: dict[Node, list[str]] = {}
    for source, group in network.crossings():
        destinations.setdefault(source, []).append(group)
    operations: list[Operation] = []
    for node in graph.reads:
        share = network.shares[node]
        if share.layer.is_input:
            if graph.readers[node]:
                operations.append(Feed(str(node), node.layer, node.group, share.output))
        else:
            operations.append(_compute(network, node))
        for group in sorted(destinations.get(node, ()), key=spec.groups.index):
            operations.append(Transfer(_at(node, group), str(node), node.group, group, share.output))
    initializer = training.weights if training else DEFAULT
    return Plan(
        name=spec.name,
        groups=spec.groups,
        operations=tuple(operations),
        outputs=tuple(dict.fromkeys(_outputs(network))),
        parameters=tuple(_parameters(operations, initializer)),
        optimizer=training.optimizer if training else None,
        loss=training.loss if training else None,
        loss_reads=tuple(_read_by_loss(network)),
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
    share, offset = network.shares[node], 0
    if share.layer.drops_images:
        one = (1,) * len(share.output)
        return Mask(node.layer, offset, one, one, rate)
    if node.layer not in network.graph.replicated:
        groups = network.graph.groups[node.layer]
        before = groups[: groups.index(node.group)]
        offset = sum(math.prod(network.shares[Node(node.layer, group)].output) for group in before)
    return Mask(node.layer, offset, network.output_shape(node.layer), share.output, rate)


def _at(source: Node, group: str) -> str:
    return f"{source}@{group}"


def _read_by_loss(network: Network) -> list[str]:
    """The value for each key of the loss that names a layer, the head first; all are on the head's group."""
    return [str(node) if node.group == home else _at(node, home) for node, home in network.read_by_loss()]


def _outputs(network: Network) -> list[str]:
    """What the loss reads; without a recipe every share that nothing reads, replicated layers once."""
    graph = network.graph
    return _read_by_loss(network) or [
        str(Node(name, group))
        for name in graph.sinks()
        for group in graph.groups[name][: 1 if name in graph.replicated else None]
    ]


def _parameters(operations: list[Operation], recipe: Initializer) -> list[Parameter]:
    parameters: list[Parameter] = []
    for op in operations:
        if isinstance(op, Compute):
            drawn: Initializer = getattr(op.layer, "weights", None) or recipe
            trained = op.trained
            for role, weight in op.weights.items():
                initial = drawn if weight.initial is None else weight.initial
                name, layer = parameter_name(op, role), op.name.removesuffix(f".{op.group}")
                is_trained = role in trained
                made = Parameter(
                    name, layer, role, op.group, weight.shape, initial, weight.trainable, is_trained
                )
                parameters.append(made)
    return parameters
