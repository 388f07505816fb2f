"""What is known of a network, valid or not: every shape that can be known, and what it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from specnet.layers.base import Layer, LayerError, Shape
from specnet.network.graph import Graph, Node
from specnet.network.shapes import Shapes, Share, full_shape
from specnet.spec.salvage import Parts

Standing = Literal["sound", "at fault", "below a fault"]


@dataclass(frozen=True, slots=True)
class LayerState:
    """What is known of one layer.

    `groups` and `shape`, its output's over all groups, are None where they are not known. A layer `at fault`
    has an error of its own, one `below a fault` is computed from such a layer. Even there the shape may be
    `certain`: it is what it is however the error above is mended, as that of a dense layer, which says its
    units itself, and of what follows it.
    """

    name: str
    groups: tuple[str, ...] | None
    shape: Shape | None
    standing: Standing
    certain: bool


@dataclass(frozen=True)
class PartialNetwork:
    """The layers of a spec, as far as they are known. In a valid one, all is known of all of them."""

    parts: Parts
    """What the schema has made of the spec."""
    graph: Graph
    shapes: Shapes
    order: Sequence[str]
    """All layers, every one after its inputs; the order within a cycle is that of the file."""
    faulty: Set[str]
    """Layers with an error of their own."""
    lost: Set[str]
    """Layers of which not all inputs are known."""
    adrift: Set[str]
    """Layers that an error may have put on the wrong groups, or on unknown ones."""
    undivided: Set[str]
    """Layers that cannot be shared out over their groups."""

    @cached_property
    def doubtful(self) -> Set[str]:
        """Layers with an error of their own, and all that is computed from them."""
        starts = self.faulty | self.lost
        if not starts:
            return starts
        import networkx  # here only, since most specs have no fault

        return {name for layer in networkx.bfs_layers(self.graph.names, starts) for name in layer}

    @cached_property
    def layers(self) -> Mapping[str, LayerState]:
        """The state of every layer of the spec, in the order of the file."""
        states: dict[str, LayerState] = {}
        for name in self.order:
            states[name] = self._state(name, states)
        return {name: states[name] for name in self.parts.layers}

    def inputs(self) -> list[str]:
        """The names of the input layers, in order."""
        return self.graph.inputs()

    def sound_shares(self) -> Mapping[Node, Share]:
        """The shares of the layers whose shapes are certain."""
        shares, certain = self.shapes.shares, self.shapes.certain
        if len(certain) == len(self.parts.layers):
            return shares
        return {node: share for node, share in shares.items() if node.layer in certain}

    def last_known(self, name: str) -> dict[str, Shape]:
        """The nearest layers above one of unknown shape whose shapes are known, with these."""
        names = self.graph.names
        unknown = {layer for layer, state in self.layers.items() if state.shape is None}
        if name not in unknown:
            return {}
        import networkx

        without = {name, *networkx.ancestors(names.subgraph(unknown), name)}
        sources = {source for layer in without for source in names.pred[layer]} - unknown
        known = {source: self.layers[source].shape for source in names if source in sources}
        return {source: shape for source, shape in known.items() if shape is not None}

    def _state(self, name: str, known: Mapping[str, LayerState]) -> LayerState:
        standing: Standing = "below a fault" if name in self.doubtful else "sound"
        if name in self.faulty or name in self.lost:
            standing = "at fault"
        layer, certain = self.parts.layers[name], name in self.shapes.certain and name not in self.faulty
        if certain and layer is not None and layer.declared_shape() is None:
            certain = all(known[source].certain for source in layer.inputs)
        return LayerState(name, self.graph.groups.get(name), self._shape(name, known), standing, certain)

    def _shape(self, name: str, known: Mapping[str, LayerState]) -> Shape | None:
        graph, layer = self.graph, self.parts.layers[name]
        if layer is None:
            return None
        if name in graph.groups and all(node in self.shapes.outputs for node in graph.nodes[name]):
            return full_shape(graph, self.shapes.outputs, name)
        declared = layer.declared_shape()
        reads_all = layer.group is None or layer.cross_group or layer.split_field is not None
        if declared is not None or not reads_all or name in self.parts.unsound:
            return declared
        return _without_groups(layer, [s.shape for s in map(known.get, layer.inputs) if s])


def _without_groups(layer: Layer, inputs: Sequence[Shape | None]) -> Shape | None:
    """The shape of a full layer's output from those of its full inputs, as if there were but one group."""
    shapes = [shape for shape in inputs if shape is not None]
    if not shapes or len(shapes) < len(layer.inputs):
        return None
    try:
        if not layer.concatenates_inputs:
            return layer.output_shape(*shapes)
        if any(shape[1:] != shapes[0][1:] for shape in shapes):
            return None
        return layer.output_shape((sum(shape[0] for shape in shapes), *shapes[0][1:]))
    except LayerError:
        return None
