"""Changes of blocks: one line in a block is one change, in however many uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from specnet.diffs.change import Change, Op
from specnet.spec.origins import Blocks, Origin


@dataclass(frozen=True)
class BlockDiff:
    """The blocks of two specs, as they are written in each."""

    before: Blocks = field(default_factory=Blocks)
    after: Blocks = field(default_factory=Blocks)

    def told(self, changes: Iterable[Change]) -> list[Change]:
        """The changes, of which those that come from one place in a block are one, where the first stood, and
        so are the layers of a use that came or went with all of them.

        What a use gives is no part of the block: a change of that is told of the layers that it reaches.
        """
        made: dict[object, Change] = {}
        every = list(changes)
        full = {**_full(every, "remove", self.before), **_full(every, "add", self.after)}
        for number, change in enumerate(every):
            use = full.get((change.op, change.path))
            if use is not None:
                made[use.op, use.path] = use
                continue
            of_block = self._of_block(change)
            if of_block is None:
                made[number] = change
            else:
                known = made.get(of_block.path, of_block)
                made[of_block.path] = replace(known, uses=known.uses + 1)
        return list(made.values())

    def _of_block(self, change: Change) -> Change | None:
        """What a change of a layer is in its block, if it comes from there."""
        was, now = (side.origins.get(change.layer) for side in (self.before, self.after))
        origin = now or was
        if origin is None or change.op == "rename" or (was and now and was != now):
            return None
        before, after = (_written(side, origin, change.field) for side in (self.before, self.after))
        if before == after or not all(_has(side, origin) for side in (self.before, self.after)):
            return None
        path = f"blocks.{origin.block}.layers.{origin.layer}{f'.{change.field}' if change.field else ''}"
        if change.op == "change":
            # A side that is not written has its default, which the change itself knows.
            before = change.before if before is None else before
            after = change.after if after is None else after
        return Change(change.op, path, before, after)


def _full(changes: Iterable[Change], op: Op, side: Blocks) -> dict[tuple[str, str], Change]:
    """The uses of blocks of one spec whose layers all came or went, by the change of each of these."""
    moved = {change.layer for change in changes if change.op == op and not change.field}
    made: dict[tuple[str, str], Change] = {}
    for name, use in side.uses.items():
        if use.layers and moved.issuperset(use.layers):
            written = {"before": None, "after": None, "before" if op == "remove" else "after": use.written}
            made |= {(op, f"layers.{layer}"): Change(op, f"layers.{name}", **written) for layer in use.layers}
    return made


def _has(side: Blocks, origin: Origin) -> bool:
    return isinstance(side.written, Mapping) and origin.block in side.written


def _written(side: Blocks, origin: Origin, field: str) -> Any:
    """What a block says at a field of one of its layers, or of the full layer."""
    value = side.written
    for step in (origin.block, "layers", origin.layer, *(field.split(".") if field else ())):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
