"""What changed in a layer that lies on several groups: said of the full layer, and of one group's share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from specnet.drawing.content import Item, Line
from specnet.drawing.labels import amount
from specnet.drawing.style import ROOM_IN_DIFF, SMALL, text_width
from specnet.network.network import Network

LAYER, SHARE = "layer: ", "share: "
Sides = tuple[int, int]
"""A number before and after."""


def is_split(network: Network, layer: str) -> bool:
    """Whether a layer lies on several groups. An input lies on all of them and is not shared out."""
    return len(network.graph.groups[layer]) > 1 and not network.graph.layers[layer].is_input


def compared(was: Item, item: Item, full: Sides, before: Network, after: Network) -> Item:
    """A share that stands in both networks, with every number said to be the layer's or the share's.

    `full` are the parameters of its layer. Where filters, units or parameters changed, of the layer or of the
    share, there is a line on each of the two, and both sides of what changed.
    """
    if item.output_status != "same":
        item = replace(item, whose=SHARE)
    held = was.parameters, item.parameters
    field = _split_field(before, after, was.key.layer, item.key.layer)
    counts = [
        (getattr(old[was.key.layer], field), getattr(new[item.key.layer], field))
        for old, new in (
            (before.spec.layers, after.spec.layers),
            (before.graph.layers, after.graph.layers),
        )
        if field
    ]
    if all(one == other for one, other in (*counts, full, held)):
        is_told = item.status != "same" and item.amounts
        return replace(item, amounts=f"{SHARE}{item.amounts}") if is_told else item
    told = [line for line in item.lines if line.status != "same"]
    owners = zip((LAYER, SHARE), counts or (None, None), (full, held), strict=True)
    lines = (line for owner, count, parts in owners for line in _lines(owner, field, count, parts))
    return replace(item, status="changed", lines=(*told, *lines), amounts="")


def _split_field(before: Network, after: Network, old: str, new: str) -> str:
    """What the layer is split by on both sides, `filters` say; empty if it has no such field."""
    one, other = before.spec.layers[old], after.spec.layers[new]
    return other.split_field or "" if one.kind == other.kind else ""


def _lines(owner: str, field: str, counts: Sides | None, held: Sides) -> Iterator[Line]:
    """All about one owner in a line, or a line for each number where that is too wide."""
    parts = [(_sides(counts, "{:,}".format, field), counts)] if counts else []
    parts += [(_sides(held, amount, "parameters"), held)] if any(held) else []
    joined = " · ".join(words for words, _ in parts)
    if text_width(owner + joined, SMALL) <= ROOM_IN_DIFF:
        changed = any(one != other for _, (one, other) in parts)
        yield Line(owner + joined + ("" if changed else UNCHANGED), "changed" if changed else "same")
        return
    for words, (one, other) in parts:
        yield Line(owner + words, "changed") if one != other else Line(owner + words + UNCHANGED)


UNCHANGED = ", unchanged"


def _sides(sides: Sides, form: Callable[[int], str], noun: str) -> str:
    return f"{' -> '.join(dict.fromkeys(map(form, sides)))} {noun}"


def parameters(before: int, after: int) -> str:
    """A number of parameters before and after."""
    return _sides((before, after), amount, "parameters") + (UNCHANGED if before == after else "")
