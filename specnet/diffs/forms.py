"""Layers of one of two specs that only write out what the other one's layers do by themselves: a join, or the
row that a dense layer makes of an image."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from specnet.diffs import flow
from specnet.diffs.side import Side
from specnet.network.graph import Node

Names = Mapping[str, str]


@dataclass(frozen=True)
class Forms:
    """`names` are new names of the layers that stand in both specs by their old ones; `origins` are the old
    names by new ones."""

    old: Side
    new: Side
    names: Names
    origins: Names

    def is_one(self, side: Side, name: str, rewired: Container[str]) -> bool:
        """Whether a layer that only one side has is one. `rewired` are layers, under their new names, that
        read something else."""
        if not self._may_be_one(side, name):
            return False
        for reader in side.readers[name]:
            after = reader if side is self.new else self.names.get(reader)
            before = self.origins.get(reader) if side is self.new else reader
            if after in rewired:
                return False
            is_in_both = before in self.names and after in self.origins
            if is_in_both and before and after and not self._reads_the_same(before, after):
                return False
        return True

    def rewired_by(self, side: Side, name: str, rewired: Container[str]) -> str | None:
        """The reader, under its new name, of which a layer that only one side has merely writes out what it
        reads: something else, as all its readers do. None if it is no such layer."""
        if not self._may_be_one(side, name):
            return None
        readers = [
            reader if side is self.new else self.names.get(reader, "") for reader in side.readers[name]
        ]
        return readers[0] if all(reader in rewired for reader in readers) else None

    def _may_be_one(self, side: Side, name: str) -> bool:
        """Whether each of its readers, if it read what the layer reads, would do the same."""
        if side.network is None or not side.layers[name].passes_on or not side.readers[name]:
            return False
        return all(
            self._is_near(side, name, reader)
            and (self._keeps_shape(side, name) or _makes_rows(side, name, reader))
            for reader in side.readers[name]
        )

    def _is_near(self, side: Side, name: str, reader: str) -> bool:
        """Whether it lives where its reader does, or where all that it reads does."""
        here = side.place(name)
        sources = [source for source in side.reads[name] if source in side.layers]
        return here == side.place(reader) or all(here == side.place(source) for source in sources)

    def _keeps_shape(self, side: Side, name: str) -> bool:
        assert side.network is not None
        sizes = len(side.network.output_shape(name))
        sources = [source for source in side.reads[name] if source in side.layers]
        return all(len(side.network.output_shape(source)) == sizes for source in sources)

    def _reads_the_same(self, before: str, after: str) -> bool:
        """Whether all shares of a layer read the same shares in both networks, behind what passes them on."""
        old, new = self.old.network, self.new.network
        if old is None or new is None:
            return False
        sides = old.graph.nodes[before], new.graph.nodes[after]
        if len(sides[0]) != len(sides[1]):
            return False
        was, now = (
            [flow.behind(net, node) for node in nodes] for net, nodes in zip((old, new), sides, strict=True)
        )
        moved: dict[str, dict[Node, Node]] = {}
        for node in {node for read in was for node in read}:
            if node.layer not in moved:
                moved[node.layer] = self._moved(node.layer)
        return [[moved[node.layer].get(node, node) for node in read] for read in was] == now

    def _moved(self, layer: str) -> dict[Node, Node]:
        """The shares of a layer of the first network by those of the second that they are, wherever these
        live."""
        assert self.old.network is not None
        assert self.new.network is not None
        olds = self.old.network.graph.nodes[layer]
        news = self.new.network.graph.nodes.get(self.names.get(layer, ""), ())
        if {node.group for node in olds} == {node.group for node in news}:
            return {node: Node(self.names[layer], node.group) for node in olds}
        return dict(zip(olds, news, strict=True)) if len(olds) == len(news) else {}


def _makes_rows(side: Side, name: str, reader: str) -> bool:
    """Whether what reads a layer makes rows of the images that this one reads, or passes them on to layers
    that all do."""
    assert side.network is not None
    image = side.network.output_shape(side.reads[name][0])
    waiting, met = [reader], {reader}
    while waiting:
        layer = side.layers[reader := waiting.pop()]
        if layer.declared_shape() is not None:
            continue
        if not layer.passes_on:
            return False
        if len(layer.output_shape(image)) < len(image):
            continue
        if reader in side.loss or not side.readers[reader]:
            return False
        waiting += [other for other in side.readers[reader] if other not in met]
        met.update(side.readers[reader])
    return True
