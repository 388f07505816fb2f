"""Layers -> Graph: where each layer lives, and what its share on each group reads.

The rules of the language live here. A layer lives on the groups of its first input unless `group` names
others, and `input` lives on all of them. It reads its own group's share of each input, or with
`cross_group: true` every group's share in group order.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import suggestion, surely_named
from specnet.layers.base import Layer, LayerError
from specnet.network.crossing_fixes import crossing_declared
from specnet.network.graph import Graph, Node, Read
from specnet.network.order import dependencies, ordered
from specnet.network.sink import Sink

MAX_EDGES = 300_000
"""Shares read, over all layers and groups, and shares of inputs: what a network may take of memory before its
sizes are known."""


class Builder:
    """Places the layers one after another, as far as their groups are known."""

    def __init__(self, groups: tuple[str, ...] | None, sink: Sink, frozen: Set[str] = frozenset()) -> None:
        """`frozen` are the layers that the recipe freezes."""
        self.graph = Graph()
        self.order: list[str] = []
        """All layers, every one after its inputs, also those that are not placed."""
        self.lost: set[str] = set()
        """Layers of which not all inputs are known."""
        self.adrift: set[str] = set()
        """Layers that another one's error may have put on the wrong groups, or on unknown ones."""
        self.undivided: set[str] = set()
        """Layers that cannot be shared out over their groups."""
        self._groups = groups or ()
        self._frozen = frozen
        self._sink = sink

    def build(self, layers: Mapping[str, Layer | None], misnamed: tuple[str, ...]) -> None:
        """Put every layer in the graph, and say what is wrong with those that are sound themselves.

        Nothing is said of names that are among the `misnamed` ones, which a reader may have meant. Without
        groups, only the order of the layers is checked.
        """
        sink = self._sink
        self.graph.sources, self.lost = dependencies(layers, list(misnamed), sink)
        self.order = ordered(self.graph.sources, sink)
        edges = 0
        for name in self.order if self._groups else ():
            layer = layers[name]
            if layer is None:
                continue
            width = len(self._groups) if layer.cross_group else 1
            if edges + width * len(self._groups) * max(1, len(layer.inputs)) > MAX_EDGES:
                message = f"the network has more than {MAX_EDGES:,} edges and shares of inputs up to here"
                sink.add(name, rules.TOO_MANY_EDGES, message, "use fewer layers, groups or crossings", None)
                break
            edges += max(self._place(name, layer), len(self._groups) if layer.is_input else 0)
        else:
            self.graph.connect()

    def _place(self, name: str, layer: Layer) -> int:
        """Place one layer and say what it reads. Returns the number of its edges."""
        graph, sink = self.graph, self._sink
        own = self._groups_of(name, layer)
        if own is None:
            self.adrift.add(name)
            return 0
        if not layer.cross_group and name not in sink.broken and name not in self.adrift:
            self._check_reads(name, layer, own)
        parts = 1
        if len(own) > 1:
            known = all(source in graph.groups for source in layer.inputs)
            full = all(layer.cross_group or source in graph.replicated for source in layer.inputs)
            if layer.split_field is not None or (known and not full):
                parts = len(own)
            elif known:
                graph.replicated.add(name)
        if name in self._frozen:
            layer = layer.frozen()
        try:
            graph.layers[name] = layer.split(parts)
        except LayerError as error:
            if name not in sink.broken and name not in self.adrift:
                sink.add_error(name, error, breaks=False)
            graph.layers[name] = layer
            self.undivided.add(name)
        graph.order.append(name)
        graph.groups[name] = own
        graph.nodes[name] = nodes = tuple(Node(name, group) for group in own)
        edges = 0
        for node in nodes:
            graph.reads[node] = reads = tuple(self._read(layer, s, node.group) for s in layer.inputs)
            edges += sum(map(len, reads))
        return edges

    def _groups_of(self, name: str, layer: Layer) -> tuple[str, ...] | None:
        """The groups a layer lives on, in group order; None if they are not known. Reports unknown ones."""
        if layer.is_input:
            return self._groups
        if layer.group is not None:
            if not self._named_groups(name, layer):
                return None
            return tuple(group for group in self._groups if group in layer.group)
        if len(self._groups) == 1:
            return self._groups
        first = layer.inputs[0]
        if name in self._sink.broken or self._is_unsure(first):
            self.adrift.add(name)
        return self.graph.groups.get(first)

    def _named_groups(self, name: str, layer: Layer) -> bool:
        """Whether the groups that a layer names exist. Reports the first that does not."""
        for index, group in enumerate(layer.group or ()):
            if group not in self._groups:
                slot = (index,) if layer.group and len(layer.group) > 1 else ()
                hint = suggestion(group, self._groups, noun="group")
                message, meant = f"there is no group '{group}'", surely_named(group, self._groups)
                fix = self._sink.renaming(("layers", name, "group"), index, group, meant)
                self._sink.add(name, rules.UNKNOWN_GROUP, message, hint, "group", *slot, fix=fix)
                return False
        return True

    def _is_unsure(self, name: str) -> bool:
        """Whether an error may have put a layer on the wrong groups."""
        return name in self.adrift or name in self._sink.broken or name not in self.graph.groups

    def _read(self, layer: Layer, source: str, group: str) -> Read:
        """What a layer's share on `group` reads of `source`; nothing if that is not placed."""
        shares = self.graph.nodes.get(source, ())
        if layer.cross_group and source not in self.graph.replicated:
            return shares
        own = tuple(share for share in shares if share.group == group)
        return own or (shares[:1] if source in self.graph.replicated else shares)

    def _check_reads(self, name: str, layer: Layer, own: tuple[str, ...]) -> None:
        """Reports crossings that are not declared."""
        for index, source in enumerate(layer.inputs):
            if self._is_unsure(source):
                continue
            lives = self.graph.groups[source]
            for group in own:
                if group not in lives:
                    slot = (index,) if len(layer.inputs) > 1 else ()
                    message = f"on {group} it reads '{source}', which lives on {'+'.join(lives)} only"
                    hint = "declare the crossing with cross_group: true, or move one of the two layers"
                    fix = crossing_declared(name, self._sink.locate)
                    self._sink.add(name, rules.UNDECLARED_CROSSING, message, hint, "from", *slot, fix=fix)
