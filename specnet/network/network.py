"""Spec -> Network: the checked network that tables, diffs and plans are made from; or what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from specnet.diagnostics.diagnostic import Diagnostic, Diagnostics, in_order
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.uses import told_once
from specnet.layers.base import Shape
from specnet.network.build import Builder
from specnet.network.checks.advice import advise
from specnet.network.checks.assumptions import check_assumptions
from specnet.network.checks.frozen import check_frozen, frozen_by_recipe
from specnet.network.checks.groups import check_crossings, check_unread
from specnet.network.checks.recipe import check_recipe
from specnet.network.graph import Graph, Node, on_groups
from specnet.network.partial import PartialNetwork
from specnet.network.shapes import Share, full_shape, infer
from specnet.network.sink import Sink
from specnet.numerics.gc_pause import gc_paused
from specnet.spec.salvage import Parts, parts_of, salvage
from specnet.spec.spec import Reading, Spec, read
from specnet.syntax.document import Document
from specnet.syntax.habits import recognised
from specnet.syntax.lookalikes import explained


@dataclass(frozen=True)
class Network:
    """A valid network: its graph, and the share of every node in execution order."""

    spec: Spec
    graph: Graph
    shares: Mapping[Node, Share]
    warnings: tuple[Diagnostic, ...] = ()

    def output_shape(self, layer: str) -> Shape:
        """The full layer's shape, over all its groups."""
        outputs = {node: self.shares[node].output for node in self.graph.nodes[layer]}
        return full_shape(self.graph, outputs, layer)

    def on_groups(self, names: Mapping[str, str]) -> Network:
        """The same network with groups renamed: its shapes are what they are."""
        if not names:
            return self
        graph = self.graph.on_groups(names)
        shares = {
            node.on_groups(names): replace(
                share, layer=graph.layers[node.layer], reads=on_groups(share.reads, names)
            )
            for node, share in self.shares.items()
        }
        return Network(self.spec.on_groups(names), graph, shares, self.warnings)

    def read_by_loss(self) -> list[tuple[Node, str]]:
        """What stands at each key of the loss that names a layer, the head first, and the head's group, where
        all of it is needed. A layer that is whole there is read there."""
        groups, training = self.graph.groups, self.spec.training
        if training is None:
            return []
        home = groups[training.loss.head_layer][0]
        return [
            (Node(name, home if home in groups[name] else groups[name][0]), home)
            for name in training.loss.sources.values()
        ]

    def crossings(self) -> list[tuple[Node, str]]:
        """The shares that go to another group, each pair once: the cross-group edges, and what the loss
        reads of groups that are not its head's."""
        read = [(node, home) for node, home in self.read_by_loss() if node.group != home]
        return list(dict.fromkeys([*self.graph.crossings(), *read]))

    def inputs(self) -> list[str]:
        """The names of the input layers, in order."""
        return self.graph.inputs()


@dataclass(frozen=True)
class Examination:
    """Everything there is to say about a spec, from one pass over it.

    `spec` is there if its schema is sound, `network` if it is valid. `partial` is there in any case: every
    layer with what is known of its shape. `diagnostics` are in the order of the file.
    """

    spec: Spec | None
    network: Network | None
    partial: PartialNetwork
    diagnostics: Diagnostics

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics because of which there is no network."""
        return self.diagnostics.errors

    def valid(self) -> Network:
        """The network. Raises `SpecError` with every finding if the spec is invalid."""
        if self.network is None:
            raise SpecError(self.diagnostics)
        return self.network


def analyse(spec: Spec) -> Network:
    """The network that a spec declares. Raises `SpecError` with every finding if it is not valid."""
    return examine(spec).valid()


@gc_paused()
def examine(source: Spec | Document | str | Path | Mapping[str, object]) -> Examination:
    """Everything there is to say about a spec, a document, the file at a path or a mapping.

    Where the schema is broken, graph, shapes and recipe of what is sound are checked all the same.
    """
    if isinstance(source, Spec):
        return _examined(source, parts_of(source), Sink(source.locate))
    reading = read(source)
    if reading.spec is not None:
        return _examined(reading.spec, parts_of(reading.spec), Sink(reading.locate))
    return _salvaged(reading)


def _salvaged(reading: Reading) -> Examination:
    parts = salvage(reading)
    sink = Sink(reading.locate, parts.unsound)
    made = _examined(None, parts, sink)
    merged = in_order(recognised(dict.fromkeys([*reading.diagnostics, *made.diagnostics])))
    return Examination(None, None, made.partial, Diagnostics(merged))


def _examined(spec: Spec | None, parts: Parts, sink: Sink) -> Examination:
    partial = _checked(parts, sink)
    sink.diagnostics = explained(sink.diagnostics)
    check_assumptions(parts, sink, is_intact=spec is not None)
    advise(partial, sink)
    diagnostics = Diagnostics(in_order(told_once(sink.diagnostics)))
    network = None
    if spec is not None and not diagnostics.errors:
        network = Network(spec, partial.graph, partial.shapes.shares, tuple(diagnostics))
    return Examination(spec, network, partial, diagnostics)


def _checked(parts: Parts, sink: Sink) -> PartialNetwork:
    """What is known of a network. Puts every error into the sink."""
    builder = Builder(parts.groups, sink, frozen_by_recipe(parts))
    builder.build(parts.layers, parts.misnamed)
    is_placed = not sink.broken and not builder.adrift and parts.groups is not None
    partial = PartialNetwork(
        parts=parts,
        graph=builder.graph,
        shapes=infer(builder.graph, builder.undivided, builder.adrift, sink),
        order=builder.order,
        faulty=sink.faulty,
        lost=builder.lost,
        adrift=builder.adrift,
        undivided=builder.undivided,
    )
    check_crossings(partial, sink)
    if is_placed:
        check_unread(partial, sink)
    check_recipe(partial, sink)
    check_frozen(partial, sink)
    return partial
