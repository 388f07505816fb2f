"""Which values of one network belong where in another, and whether the two then compute the same.

Channels are followed through both networks. Those of matched shares are known by the share of the first, so
that what a share of the second reads can be laid beside what its counterpart reads: the same channels in
another order are another order of its weights' columns, and nothing to be trained anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.diffs import answers, flow
from specnet.diffs.carrying import Carried, Piece, Place, WeightMapping
from specnet.diffs.flow import Channels, Expression
from specnet.diffs.meaning import UNMEANT, computes
from specnet.diffs.pieces import Reading
from specnet.diffs.rows import Rows, all_rows, gathered, is_permuted, made_by, parts_of
from specnet.layers.base import Layer
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.network.shapes import Share

Counterparts = Mapping[Node, Sequence[Node]]
"""The shares of the first network that a share of the second one is made of."""


def follow(before: Network, after: Network, counterparts: Counterparts) -> WeightMapping:
    """The mapping between two networks whose groups bear the second one's names."""
    flows = _Flows(before, after, counterparts)
    flows.go()
    anew = [Place(node, role) for node, share in after.shares.items() for role in share.parameters()]
    return WeightMapping(
        entries=flows.entries,
        anew=tuple(place for place in anew if place not in flows.entries),
        same_network=flows.are_one(),
        in_order=flows.are_in_order(),
        refused=flows.refused,
    )


@dataclass
class _Flows:
    before: Network
    after: Network
    counterparts: Counterparts
    entries: dict[Place, Carried] = field(default_factory=dict)
    refused: dict[Place, Place] = field(default_factory=dict)
    old: dict[Node, Expression] = field(default_factory=dict)
    """What each share of the first network makes."""
    new: dict[Node, Expression] = field(default_factory=dict)
    """What each share of the second network makes, by the first one's shares."""
    equal: set[Node] = field(default_factory=set)
    """The shares of the second that make the same as their counterparts."""
    reading: Reading = field(init=False)

    def go(self) -> None:
        self.reading = Reading(self.before, self.after, self.old, self.new)
        self.matched = {node for nodes in self.counterparts.values() for node in nodes}
        for node, share in self.before.shares.items():
            reads = flow.read(self.before, node, self.old)
            is_seen_through = node not in self.matched and share.layer.reads_channels() == "each"
            passed = flow.passed_on(self.before, node, reads) if share.layer.passes_on else ()
            if passed and len(passed) <= flow.MOST:
                self.old[node] = passed
            elif is_seen_through and reads and flow.length(reads[0]) == share.output[0]:
                self.old[node] = reads[0]
            else:
                known = flow.own(node, self.before)
                self.old[node] = (Channels(known, 0, share.output[0]),)
        for node in self.after.shares:
            self._follow(node)

    def _follow(self, node: Node) -> None:
        share = self.after.shares[node]
        reads = flow.read(self.after, node, self.new)
        if share.layer.passes_on:
            passed = flow.passed_on(self.after, node, reads)
            own = (Channels(("new", node), 0, share.output[0]),)
            self.new[node] = passed if len(passed) <= flow.MOST else own
            return
        olds = self._counterparts(node)
        reading = share.layer.reads_channels()
        if not olds:
            is_seen_through = reading == "each" and reads and flow.length(reads[0]) == share.output[0]
            self.new[node] = reads[0] if is_seen_through else (Channels(("new", node), 0, share.output[0]),)
            return
        if len(olds) == 1 and self._stays(node, olds[0], reads):
            return
        same = [_same_function(share.layer, share.inputs, *self._old(n)) for n in olds]
        exact = all(same) and self._reads_equal(node, olds)
        if share.layer.is_input:
            made, fits = [all_rows(self.before, olds[0])], True
        elif reading == "each":
            made, fits = self._each(node, reads, olds, share.output[0])
        elif reading == "all":
            made, fits = self._all(node, olds)
        else:
            made, fits = self._in_order(node, reads, olds)
        known = flow.joined(made_by(rows, flow.own(rows.node, self.before)) for rows in made)
        is_known = sum(len(rows.rows) for rows in made) == share.output[0]
        self.new[node] = known if is_known else (Channels(("new", node), 0, share.output[0]),)
        self._carry(node, made if is_known else [], olds)
        complete = all(Place(node, role) in self.entries for role in share.parameters())
        roles = all(share.parameters().keys() == self.before.shares[n].parameters().keys() for n in olds)
        if exact and fits and is_known and complete and roles:
            self.equal.add(node)

    def _stays(self, node: Node, old: Node, reads: Sequence[Expression]) -> bool:
        """Note a share that says and reads what its counterpart does: all of it stays as it is."""
        share, was = self.after.shares[node], self.before.shares[old]
        if (share.inputs, share.output) != (was.inputs, was.output) or not _is_said_alike(share, was):
            return False
        if reads != flow.read(self.before, old, self.old):
            return False
        self.new[node] = (Channels(flow.own(old, self.before), 0, share.output[0]),)
        for role in share.parameters():
            pieces = (Piece(Place(old, role), None, None),)
            self.entries[Place(node, role)] = Carried(pieces, self.reading.how(node, pieces))
        if self._reads_equal(node, [old]):
            self.equal.add(node)
        return True

    def _counterparts(self, node: Node) -> list[Node]:
        """The counterparts of a share; of full copies, one. Where only some shares of a layer are left, or
        others came, that on the same group."""
        olds = list(dict.fromkeys(flow.own(old, self.before) for old in self.counterparts.get(node, ())))
        here = [old for old in olds if old.group == node.group]
        if len(olds) > 1 and here:
            own = self.after.shares[node].output[0]
            total = sum(self.after.shares[n].output[0] for n in self.after.graph.nodes[node.layer])
            held = sum(self.before.shares[old].output[0] for old in olds)
            if held not in (own, total) and self.before.shares[here[0]].output[0] == own:
                return here
        return olds

    def _old(self, node: Node) -> tuple[Layer, Any]:
        share = self.before.shares[node]
        return share.layer, share.inputs

    def _reads_equal(self, node: Node, olds: Sequence[Node]) -> bool:
        """Whether all that a share and its counterparts read are shares that make the same in both."""
        here = flow.behind(self.after, node)
        there = (source for old in olds for source in flow.behind(self.before, old))
        return all(n in self.equal for n in here) and all(
            flow.own(source, self.before) in self.matched or source in self.matched for source in there
        )

    def _each(
        self, node: Node, reads: Sequence[Expression], olds: Sequence[Node], channels: int
    ) -> tuple[list[Rows], bool]:
        """The channels of a share that treats each of them alike, and whether it reads these."""
        theirs = [flow.read(self.before, old, self.old) for old in olds]
        if len(olds) == 1 and list(reads) == theirs[0]:
            return [all_rows(self.before, olds[0])], True
        sizes = [self.before.shares[old].output[0] for old in olds]
        longest = max(map(flow.length, (*reads, *(arg for args in theirs for arg in args))))
        if not self.reading.effort.allows(longest):
            return self._rows(node, olds), False
        places = {
            units: (old, row)
            for old, args, size in zip(olds, theirs, sizes, strict=True)
            for row, units in enumerate(zip(*(map(tuple, parts_of(arg, size)) for arg in args), strict=True))
        }
        wanted = list(zip(*(map(tuple, parts_of(arg, channels)) for arg in reads), strict=True))
        if len(theirs[0]) > 1 and any(units not in places for units in wanted):  # a sum in another order
            places = {tuple(sorted(units, key=repr)): place for units, place in places.items()}
            wanted = [tuple(sorted(units, key=repr)) for units in wanted]
        if len(wanted) == channels and all(units in places for units in wanted):
            return gathered(places[units] for units in wanted), True
        return self._rows(node, olds), False

    def _all(self, node: Node, olds: Sequence[Node]) -> tuple[list[Rows], bool]:
        """The rows of a share whose weights read all channels, and whether they read the same ones."""
        made = self._rows(node, olds)
        if not self.reading.are_few_blocks(node, olds):
            return [], False
        share, fits, at = self.after.shares[node], True, 0
        mine = self.reading.own_columns(node)
        per_block = share.output[0] // len(mine)
        for rows in made:
            for part in self.reading.alike(rows, mixes=True):
                expected, theirs = (
                    mine[min(at // per_block, len(mine) - 1)],
                    self.reading.row_reads(rows.node, part[0]),
                )
                fits = fits and is_permuted(expected, theirs, self.reading.effort)
                at += len(part)
        return made, fits

    def _in_order(
        self, node: Node, reads: Sequence[Expression], olds: Sequence[Node]
    ) -> tuple[list[Rows], bool]:
        """The channels of a share that may treat each of them by its place, and whether it treats all of them
        as its counterpart does: a part of these has other places."""
        is_whole = len(olds) == 1 and self.after.shares[node].output == self.before.shares[olds[0]].output
        return self._rows(node, olds), is_whole and list(reads) == flow.read(self.before, olds[0], self.old)

    def _rows(self, node: Node, olds: Sequence[Node]) -> list[Rows]:
        """The rows of the first network's layer that are a share's, by their place in the full layer."""
        nodes = self.after.graph.nodes[node.layer]
        sizes = [self.after.shares[n].output[0] for n in nodes]
        held = [self.before.shares[old].output[0] for old in olds]
        own = self.after.shares[node].output[0]
        is_all = {*olds} == {flow.own(old, self.before) for old in self.before.graph.nodes[olds[0].layer]}
        if sum(held) != own and not (is_all and sum(held) == sum(sizes)):
            return []
        start = 0 if sum(held) == own else sum(sizes[: nodes.index(node)])
        made, at = list[Rows](), 0
        for old, size in zip(olds, held, strict=True):
            first, last = max(start - at, 0), min(start + own - at, size)
            if first < last:
                made.append(Rows(old, range(first, last)))
            at += size
        return made

    def _carry(self, node: Node, made: Sequence[Rows], olds: Sequence[Node]) -> None:
        """Note what of a share's parameters is carried."""
        share = self.after.shares[node]
        for role, weight in share.parameters().items():
            pieces = self.reading.pieces(node, role, made)
            shapes = [self.reading.shape(piece) for piece in pieces or ()]
            rows = sum(shape[0] for shape in shapes)
            if shapes and all((rows, *shape[1:]) == weight.shape for shape in shapes):
                assert pieces is not None
                self.entries[Place(node, role)] = Carried(tuple(pieces), self.reading.how(node, pieces))
            elif role in self.before.shares[olds[0]].parameters():
                self.refused[Place(node, role)] = Place(olds[0], role)

    def are_in_order(self) -> bool:
        """Whether every share has one counterpart, whose channels it makes in their order."""
        for node, share in self.after.shares.items():
            olds = self._counterparts(node)
            if share.layer.passes_on:
                continue
            if len(olds) != 1 or self.new[node] != (Channels(olds[0], 0, share.output[0]),):
                return False
        return all(entry.how in ("same", "moved") for entry in self.entries.values())

    def are_one(self) -> bool:
        """Whether every share has a counterpart that computes the same, and the answers are the same."""
        olds, news = (
            [n for n, share in network.shares.items() if not share.layer.passes_on and n in counted]
            for network in (self.before, self.after)
            for counted in [answers.counted(network)]
        )
        every = {flow.own(n, self.before) for n in olds} <= {flow.own(n, self.before) for n in self.matched}
        if not every or not all(node in self.equal for node in news):
            return False
        heads, read = answers.heads(self.before, self.old), answers.heads(self.after, self.new)
        if heads and read:
            return heads == read
        return answers.unread(self.before, self.old) == answers.unread(self.after, self.new)


def _is_said_alike(share: Share, was: Share) -> bool:
    """Whether two shares are one layer, word for word, wherever they stand."""
    if share.layer is was.layer:
        return True
    fields = type(share.layer).model_fields
    return type(share.layer) is type(was.layer) and all(
        getattr(share.layer, name) == getattr(was.layer, name) for name in fields if name not in UNMEANT
    )


def _same_function(layer: Layer, inputs: Any, other: Layer, theirs: Any) -> bool:
    """Whether two shares of a kind compute alike, but for how many channels they make of how many."""
    if layer.kind != other.kind:
        return False
    free = {layer.split_field, layer.block_field if layer.reads_channels() == "all" else None}
    one, two = computes(layer, inputs), computes(other, theirs)
    return all(one[name] == two.get(name) for name in one if name not in free)
