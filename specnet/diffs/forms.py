"""Layers of one of two specs that only write out what the other one's layers do by themselves: a join, or the
row that a dense layer makes of an image."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from specnet.diffs import flow
from specnet.diffs.places import Host
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
    elsewhere: frozenset[str] = frozenset()
    """The new names of those that stand elsewhere in the second spec."""

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

    def host(self, side: Side, name: str, rewired: Container[str], moved: Mapping[str, Host]) -> Host | None:
        """The change that a layer comes along with which only one side has, and which writes out what its
        readers read: something else, for a reason that is told. None if it is no such layer.

        `moved` are the changes by which layers live elsewhere.
        """
        if not self._may_be_one(side, name) or not self._adds_nothing(side, name):
            return None
        hosts: list[Host] = []
        for reader in side.readers[name]:
            after = reader if side is self.new else self.names.get(reader)
            before = self.origins.get(reader) if side is self.new else reader
            if before is None or after is None or before not in self.names:
                return None
            if after in rewired:
                hosts.append(("from", after))
            elif not self._reads_the_same(before, after):
                reason = moved.get(after) or self._reason(before, after) or self._reason_below(before, after)
                if reason is None:
                    return None
                hosts.append(reason)
        return hosts[0] if hosts else None

    def _adds_nothing(self, side: Side, name: str) -> bool:
        """Whether its readers could read what it reads: of each input their own group's share, or all."""
        assert side.network is not None
        nodes = side.network.graph.nodes
        every = [node for source in side.reads[name] for node in nodes.get(source, ())]
        for reader in side.readers[name]:
            for node in nodes[reader]:
                read = [
                    s for argument in side.network.shares[node].reads for s in argument if s.layer == name
                ]
                behind = [s for r in read for argument in side.network.shares[r].reads for s in argument]
                if behind not in (every, [s for s in every if s.group == node.group]):
                    return False
        return True

    def _reason(self, before: str, after: str) -> Host | None:
        """Why a layer reads something else: one that came or went above it, or the groups' order."""
        was, now = self._read(before, after, everything=True)
        if was == now:
            for op, side, name, known in (
                ("add", self.new, after, self.origins),
                ("remove", self.old, before, self.names),
            ):
                above = [
                    s for s in self._above(side, name) if s not in known and not side.layers[s].passes_on
                ]
                if above:
                    return op, above[0]
        if self.old.spec.groups != self.new.spec.groups and list(map(sorted, was)) == list(map(sorted, now)):
            return "groups", ""
        return None

    def _reason_below(self, before: str, after: str) -> Host | None:
        """The change of a layer that stands elsewhere, without which a layer reads the same."""
        names = {name: new for name, new in self.names.items() if new not in self.elsewhere}
        without = replace(self, names=names, origins={new: name for name, new in names.items()})
        was, now = without._read(before, after, everything=True)
        if not self.elsewhere or was != now:
            return None
        olds = (self.names.get(name, "") for name in without._above(self.old, before))
        above = (name for name in (*without._above(self.new, after), *olds) if name in self.elsewhere)
        return next((("from", name) for name in above), None)

    def _above(self, side: Side, name: str) -> Iterator[str]:
        """What a layer reads, through all that only this side has."""
        known = self.origins if side is self.new else self.names
        waiting, met = list(side.reads[name]), set[str]()
        while waiting:
            source = waiting.pop()
            if source not in met and source in side.layers:
                met.add(source)
                yield source
                waiting += side.reads[source] if source not in known else ()

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
        """Whether all shares of a layer read the same shares in both networks, behind what only one of them
        has and what passes these on."""
        if self.old.network is None or self.new.network is None:
            return False
        was, now = self._read(before, after)
        return was == now

    def _read(
        self, before: str, after: str, *, everything: bool = False
    ) -> tuple[list[list[Node]], list[list[Node]]]:
        """What the shares of a layer read in both networks, in the second one's words; behind what passes on
        and only one of them has, or behind everything that only one has."""
        olds = [
            self._behind(self.old, self.names, node, everything=everything)
            for node in _nodes(self.old, before)
        ]
        news = [
            self._behind(self.new, self.origins, node, everything=everything)
            for node in _nodes(self.new, after)
        ]
        moved: dict[str, dict[Node, Node]] = {}
        for node in {node for read in olds for node in read}:
            if node.layer not in moved:
                moved[node.layer] = self._moved(node.layer)
        return [[moved[node.layer].get(node, node) for node in read] for read in olds], news

    def _behind(self, side: Side, known: Names, node: Node, *, everything: bool) -> list[Node]:
        assert side.network is not None
        shares, found = side.network.shares, list[Node]()
        waiting = [source for read in reversed(shares[node].reads) for source in reversed(read)]
        while waiting:
            source = waiting.pop()
            share = shares[source]
            is_seen_through = source.layer not in known and (everything or share.layer.passes_on)
            if is_seen_through and share.reads and len(found) + len(waiting) < flow.MOST:
                waiting += [inner for read in reversed(share.reads) for inner in reversed(read)]
            else:
                found.append(source)
        return found

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


def _nodes(side: Side, name: str) -> tuple[Node, ...]:
    assert side.network is not None
    return side.network.graph.nodes[name]


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
