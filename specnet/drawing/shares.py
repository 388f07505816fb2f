"""What changed in a layer that lies on several groups: said of the full layer, and of one group's share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from specnet.drawing.content import Item
from specnet.drawing.labels import amount
from specnet.network.network import Network

LAYER, SHARE = "layer: ", "share: "


def split(before: Network, after: Network, renamed: Mapping[str, str]) -> set[str]:
    """The layers, by their new names, that lie on several groups in one of the networks at least.

    An input lies on all of them and is not shared out.
    """
    return {
        renamed.get(name, name)
        for network in (before, after)
        for name, groups in network.graph.groups.items()
        if len(groups) > 1 and not network.graph.layers[name].is_input
    }


def phrases(before: Network, after: Network, renamed: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By the new names of split layers, what became of their filters or units: the layer's, and a share's.

    A layer in which neither changed is left out.
    """
    old_names = {renamed.get(name, name): name for name in before.graph.order}
    return dict(_phrases(before, after, old_names, split(before, after, renamed)))


def _phrases(
    before: Network, after: Network, old_names: Mapping[str, str], layers: set[str]
) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in layers & old_names.keys() & set(after.graph.order):
        old = old_names[name]
        was, now = before.spec.layers[old], after.spec.layers[name]
        field = now.split_field
        if field is None or was.kind != now.kind:
            continue
        full = getattr(was, field), getattr(now, field)
        share = getattr(before.graph.layers[old], field), getattr(after.graph.layers[name], field)
        if full[0] != full[1] or share[0] != share[1]:
            yield name, (f"{LAYER}{field} {_sides(*full)}", f"{SHARE}{field} {_sides(*share)}")


def _sides(before: int, after: int) -> str:
    return f"{before:,} -> {after:,}" if before != after else f"{after:,}, unchanged"


def marked(item: Item, was: Item, full: tuple[int, int], *, has_phrases: bool) -> Item:
    """A share that stands in both networks, with everything said to be the layer's or the share's.

    `full` are the parameters of its layer before and after. Without phrases its lines are its own numbers.
    """
    if item.output_status != "same":
        item = replace(item, whose=SHARE)
    if was.parameters == item.parameters and full[0] == full[1]:
        is_told = item.status != "same" and item.amounts
        return replace(item, amounts=f"{SHARE}{item.amounts}") if is_told else item
    own = item.lines if has_phrases else tuple(f"{SHARE}{line}" for line in item.lines)
    lines = (*own, f"{LAYER}{parameters(*full)}")
    amounts = f"{SHARE}{parameters(was.parameters, item.parameters)}"
    return replace(item, status="changed", lines=lines, amounts=amounts, amounts_status="changed")


def parameters(before: int, after: int) -> str:
    """A number of parameters before and after."""
    if before == after:
        return f"{amount(after)} parameters, unchanged"
    return f"{amount(before)} -> {amount(after)} parameters"
