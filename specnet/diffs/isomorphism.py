"""Two networks of which each share is one of the other's: found from what the loss reads upwards, by what
every share computes from what, whatever the layers are called and wherever they live.

Shares that compute alike from alike sources bear one number, in both networks. Where a share reads in order,
its sources are those of its counterpart in order; the terms of a sum may change places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from specnet.diffs import flow
from specnet.diffs.meaning import computes
from specnet.diffs.side import Side
from specnet.network.graph import Node
from specnet.network.network import Network

Reads = tuple[tuple[Node, ...], ...]
Key = tuple[str, tuple[tuple[int, ...], ...]]
Nodes = Sequence[Node]


def same_shares(before: Network, after: Network) -> dict[Node, Node] | None:
    """The share of the second network that each share of the first is, but for those that merely pass on what
    they read. None where some share has no counterpart, or none was found."""
    numbers: dict[Key, int] = {}
    old, new = (_Numbered.of(network, numbers) for network in (before, after))
    if len(old.reads) != len(new.reads) or sorted(old.number.values()) != sorted(new.number.values()):
        return None
    matching = _Matching(old, new)
    return matching.names if matching.go() and len(matching.names) == len(old.reads) else None


@dataclass
class _Numbered:
    """One of the networks. `reads` are the sources of each share that does something, for each of its
    arguments, behind what passes them on."""

    network: Network
    reads: dict[Node, Reads] = field(default_factory=dict)
    number: dict[Node, int] = field(default_factory=dict)
    ends: list[tuple[Node, ...]] = field(default_factory=list)
    """What the loss reads, in the order of its keys, and what nothing reads."""

    @classmethod
    def of(cls, network: Network, numbers: dict[Key, int]) -> _Numbered:
        made = cls(network)
        behind: dict[Node, tuple[Node, ...]] = {}
        for node, share in network.shares.items():
            reads = tuple(_joined(behind[source] for source in argument) for argument in share.reads)
            if share.layer.passes_on and sum(map(len, reads)) <= flow.MOST:
                behind[node] = _joined(reads)
                continue
            behind[node] = (node,)
            made.reads[node] = reads
            said = sorted(computes(share.layer, share.inputs).items())
            roles = sorted((role, weight.shape) for role, weight in share.parameters().items())
            known = [tuple(made.number[source] for source in argument) for argument in reads]
            known = sorted(known) if share.layer.is_commutative else known
            key = f"{said} {roles} {share.output}", tuple(known)
            made.number[node] = numbers.setdefault(key, len(numbers))
        made.ends = list(made._ends(behind))
        return made

    def _ends(self, behind: Mapping[Node, tuple[Node, ...]]) -> Iterator[tuple[Node, ...]]:
        nodes, training = self.network.graph.nodes, self.network.spec.training
        sources = training.loss.sources if training else {}
        yield from (_joined(behind[n] for n in nodes[sources[key]]) for key in sorted(sources))
        read = {source for share in self.network.shares.values() for read in share.reads for source in read}
        yield _joined(behind[node] for node in self.network.shares if node not in read)


def _joined(parts: Iterable[tuple[Node, ...]]) -> tuple[Node, ...]:
    return tuple(node for part in parts for node in part)


@dataclass
class _Matching:
    old: _Numbered
    new: _Numbered
    names: dict[Node, Node] = field(default_factory=dict)
    origins: dict[Node, Node] = field(default_factory=dict)

    def go(self) -> bool:
        """Whether all pairs that follow from each other fit together."""
        if len(self.old.ends) != len(self.new.ends):
            return False
        *heads, (olds, news) = zip(self.old.ends, self.new.ends, strict=True)
        waiting: list[tuple[Node, Node]] = []
        if any(len(one) != len(other) for one, other in (*heads, (olds, news))):
            return False
        for one, other in heads:
            waiting += zip(one, other, strict=True)
        sums: list[tuple[Node, Node]] = []
        while True:
            while waiting:
                pair = waiting.pop()
                known = self._note(*pair)
                if known is None:
                    return False
                if known:
                    continue
                if self.old.network.shares[pair[0]].layer.is_commutative:
                    sums.append(pair)
                else:
                    waiting += _in_order(self.old.reads[pair[0]], self.new.reads[pair[1]])
            if sums:  # what is read in order comes first: it leaves no choice
                term, partner = sums.pop(0)
                waiting += self._alike(self.old.reads[term], self.new.reads[partner])
            elif olds:
                waiting += self._alike([(node,) for node in olds], [(node,) for node in news])
                olds = ()
            else:
                return True

    def _note(self, one: Node, other: Node) -> bool | None:
        """Note a pair. Whether it was known; None if it does not fit."""
        if self.old.number[one] != self.new.number[other]:
            return None
        if one in self.names or other in self.origins:
            return True if self.names.get(one) == other else None
        self.names[one], self.origins[other] = other, one
        return False

    def _alike(self, olds: Sequence[Nodes], news: Sequence[Nodes]) -> Iterator[tuple[Node, Node]]:
        """Terms that may stand in any order, in pairs: those that are known to be one, those of one name, and
        what is left as it stands."""
        left: dict[tuple[int, ...], list[Nodes]] = {}
        for term in news:
            left.setdefault(tuple(self.new.number[node] for node in term), []).append(term)
        waiting, rest = list(olds), list[Nodes]()
        for choice in (self._is_known, _is_named_alike, None):
            for term in waiting:
                there = left.get(tuple(self.old.number[node] for node in term), [])
                free = (t for t in there if self._may_be(term, t))
                found = next((t for t in free if choice is None or choice(term, t)), None)
                if found is None:
                    rest.append(term)
                    continue
                there.remove(found)
                yield from zip(term, found, strict=True)
            waiting, rest = rest, []

    def _is_known(self, one: Nodes, other: Nodes) -> bool:
        return any(self.names.get(a) == b for a, b in zip(one, other, strict=True))

    def _may_be(self, one: Nodes, other: Nodes) -> bool:
        pairs = zip(one, other, strict=True)
        return all(self.names.get(a, b) == b and self.origins.get(b, a) == a for a, b in pairs)


def _is_named_alike(one: Nodes, other: Nodes) -> bool:
    return [node.layer for node in one] == [node.layer for node in other]


def _in_order(olds: Reads, news: Reads) -> Iterator[tuple[Node, Node]]:
    for one, other in zip(olds, news, strict=True):
        yield from zip(one, other, strict=True)


def passes_nearby(network: Network) -> bool:
    """Whether all that merely pass on what they read stand where that is made, or where it is read."""
    readers: dict[Node, set[str]] = {}
    for node, share in network.shares.items():
        for source in (source for argument in share.reads for source in argument):
            readers.setdefault(source, set()).add(node.group)
    return all(
        {node.group} in ({s.group for read in share.reads for s in read}, readers.get(node, set()))
        for node, share in network.shares.items()
        if share.layer.passes_on
    )


def layer_names(old: Side, new: Side, found: Mapping[Node, Node]) -> dict[str, str] | None:
    """The names in the second spec of the layers of the first, by their shares. None where the shares of one
    layer are those of several, or on the other way round."""
    assert old.network is not None
    assert new.network is not None
    places, there = old.network.graph.nodes, new.network.graph.nodes
    passing = {
        name: old.layers[name].passes_on and not any(node in found for node in places[name])
        for name in old.below
    }
    names: dict[str, str] = {}
    for name in (name for name in old.below if not passing[name]):
        nodes = [found[node] for node in places[name]]
        if {*nodes} != {*there[nodes[0].layer]}:
            return None
        names[name] = nodes[0].layer
    taken = set(names.values())
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in new.below:
        if name not in taken:
            alike.setdefault((new.layers[name].kind, new.reads[name]), []).append(name)
    for name in (name for name in old.below if passing[name]):
        read = tuple(names.get(source, source) for source in old.reads[name])
        free = alike.get((old.layers[name].kind, read), [])
        if free:
            names[name] = name if name in free else free[0]
            free.remove(names[name])
    return names
