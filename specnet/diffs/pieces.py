"""The pieces that a parameter of a network is made of in another: rows, with their columns in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from specnet.diffs import flow
from specnet.diffs.carrying import How, Index, Piece, Place, runs, without_order
from specnet.diffs.flow import Expression
from specnet.diffs.rows import Effort, Rows, blocks_of, columns_of, together
from specnet.network.graph import Node
from specnet.network.network import Network


@dataclass(frozen=True)
class Reading:
    """What rows of two networks read. `old` and `new` are what the shares of each make, as far as that is
    known, by the first one's shares."""

    before: Network
    after: Network
    old: Mapping[Node, Expression]
    new: Mapping[Node, Expression]
    effort: Effort = field(default_factory=Effort)
    _known: dict[Node, list[Expression]] = field(default_factory=dict)
    """What each block of rows of a share of the first network reads."""

    def row_reads(self, old: Node, row: int) -> Expression:
        """What a row of a share of the first network reads, as it stands in the columns."""
        share = self.before.shares[old]
        blocks = share.layer.channel_blocks()
        if old not in self._known:
            parts = blocks_of(flow.read(self.before, old, self.old)[0], blocks)
            self._known[old] = [flow.row_of(self.before, old, part) for part in parts]
        return self._known[old][row * blocks // share.output[0]]

    def own_columns(self, node: Node) -> list[Expression]:
        blocks = self.after.shares[node].layer.channel_blocks()
        reads = flow.read(self.after, node, self.new)[0]
        return [flow.row_of(self.after, node, part) for part in blocks_of(reads, blocks)]

    def are_few_blocks(self, node: Node, olds: Sequence[Node]) -> bool:
        """Whether the blocks of a share and of its counterparts may be looked at one by one."""
        sides = [(self.after.shares[node], flow.read(self.after, node, self.new))]
        sides += [(self.before.shares[old], flow.read(self.before, old, self.old)) for old in olds]
        blocks = ((share.layer.channel_blocks(), reads[0]) for share, reads in sides)
        return self.effort.allows(sum(count + len(reads) for count, reads in blocks if count > 1))

    def alike(self, rows: Rows, *, mixes: bool) -> Iterator[Sequence[int]]:
        """Rows in runs that read the same."""
        blocks = self.before.shares[rows.node].layer.channel_blocks() if mixes else 1
        size = self.before.shares[rows.node].output[0] // blocks
        start = 0
        while start < len(rows.rows):
            block, stop = rows.rows[start] // size, len(rows.rows)
            if blocks > 1 and isinstance(rows.rows, range):
                stop = min(stop, start + (block + 1) * size - rows.rows[start])
            elif blocks > 1:
                stop = next((at for at in range(start, stop) if rows.rows[at] // size != block), stop)
            yield rows.rows[start:stop]
            start = stop

    def pieces(self, node: Node, role: str, made: Sequence[Rows]) -> list[Piece] | None:
        """The pieces of a parameter, or None if there is no way to make it of any."""
        if not made:
            return None
        share, parts = self.after.shares[node], list[tuple[Place, Sequence[int], Index | None]]()
        mixes = share.layer.reads_channels() == "all" and role == "weight"
        mine = self.own_columns(node) if mixes else [()]
        per_block, at = max(1, share.output[0] // len(mine)), 0
        for rows in made:
            old = self.before.shares[rows.node]
            weight = old.parameters().get(role)
            if weight is None:
                return None
            for part in self.alike(rows, mixes=mixes):
                columns, stop = None, len(part)
                if mixes:
                    theirs = self.row_reads(rows.node, part[0])
                    found = columns_of(mine[min(at // per_block, len(mine) - 1)], theirs, self.effort)
                    if found is None:
                        return None
                    columns = without_order(found, weight.shape[1])
                place = Place(rows.node, role)
                if parts and (parts[-1][0], parts[-1][2]) == (place, columns):
                    part = together(parts.pop()[1], part)
                parts.append((place, part, columns))
                at += stop
        return [
            Piece(place, without_order(rows, self._height(place)), columns) for place, rows, columns in parts
        ]

    def _height(self, place: Place) -> int:
        """How many rows a parameter of the first network has."""
        return self.before.shares[place.node].parameters()[place.role].shape[0]

    def shape(self, piece: Piece) -> tuple[int, ...]:
        """The shape of a piece."""
        shape = self.before.shares[piece.place.node].parameters()[piece.place.role].shape
        rows = shape[0] if piece.rows is None else len(piece.rows)
        columns = shape[1:2] if piece.columns is None else (len(piece.columns),)
        return (rows, *columns, *shape[2:])

    def how(self, node: Node, pieces: Sequence[Piece]) -> How:
        """What was done to a parameter that is made of these."""
        if len({piece.place for piece in pieces}) > 1:
            return "joined"
        height = self._height(pieces[0].place)
        taken = sorted(run for piece in pieces for run in runs(piece.rows or range(height)))
        if sum(stop - start for start, stop in taken) != height or any(
            after[0] < before[1] for before, after in pairwise(taken)
        ):
            return "joined"  # a row may be there twice
        if any(piece.rows is not None or piece.columns is not None for piece in pieces):
            return "permuted"
        return "same" if pieces[0].place.node.group == node.group else "moved"
