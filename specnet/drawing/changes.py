"""Two networks -> Content: the later one, with what was removed drawn in and every change marked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from specnet.diffs.change import Change
from specnet.diffs.comparison import comparison
from specnet.drawing import content, shares
from specnet.drawing.content import Column, Content, Item, Line, Link
from specnet.drawing.partners import Partners, partners
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.syntax.emit import written
from specnet.text import plural

MOST_LINES = 4


class Phrase(NamedTuple):
    """What changed in a field of a layer, in the words that its box will show."""

    field: str
    text: str


def between(before: Network, after: Network) -> Content:
    """What leads from one network to the other. A layer that was renamed or moved is one changed layer."""
    found = comparison(before.spec, after.spec, before, after)
    before = before.on_groups(found.groups)
    old, new = content.of(before), content.of(after)
    pairs = partners(found, before, after, old, new)
    items = _items(old, new, pairs, _phrases(found.changes, pairs))
    order = _merged(list(dict.fromkeys(key.layer for key in pairs.keys.values())), new.order)
    by_layer: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_layer[item.key.layer].append(item)
    return Content(
        title=old.title if old.title == new.title else f"{old.title} -> {new.title}",
        subtitle=_subtitle(items, old, new, found.changes),
        columns=_columns(old, new),
        order=order,
        items={item.key: item for layer in order for item in by_layer[layer]},
        links=tuple(_links(old, new, pairs)),
        is_diff=True,
    )


def _phrases(changes: Iterable[Change], pairs: Partners) -> dict[str, list[Phrase]]:
    """What changed in each layer, by its name in the second network."""
    phrases: dict[str, list[Phrase]] = defaultdict(list)
    for change in changes:
        if change.op == "rename" and change.layer:
            phrases[str(change.after)].append(Phrase("", f"was {change.before}"))
        elif change.layer and (change.field or change.op == "change"):
            for name in pairs.named(change.layer):
                phrases[name].append(Phrase(change.field, _phrase(change)))
    return phrases


def _phrase(change: Change) -> str:
    if change.op == "add":
        return f"+ {change.field} {written(change.after)}"
    if change.op == "remove":
        return f"- {change.field} {written(change.before)}"
    if not change.field:
        return f"{change.before['kind']} -> {change.after['kind']}"
    return f"{change.field} {written(change.before)} -> {written(change.after)}"


def _items(old: Content, new: Content, pairs: Partners, phrases: dict[str, list[Phrase]]) -> list[Item]:
    held, now_held = _held(old), _held(new)
    known = set(pairs.origins.values())
    items = [_removed(old.items[key], place) for key, place in pairs.keys.items() if key not in known]
    for key, item in new.items.items():
        if key not in pairs.origins:
            items.append(replace(item, status="added", output_status="added", hover=f"added\n{item.hover}"))
            continue
        was = old.items[pairs.origins[key]]
        told = phrases.get(key.layer, [])
        if not _is_split(pairs, was, item):
            items.append(_compared(was, item, told))
            continue
        field = pairs.new.spec.layers[key.layer].split_field
        item = _compared(was, item, [phrase for phrase in told if phrase.field != field])
        full = held[was.key.layer], now_held[key.layer]
        items.append(shares.compared(was, item, full, pairs.old, pairs.new))
    return items


def _removed(item: Item, place: Node) -> Item:
    nodes = tuple(Node(place.layer, node.group) for node in item.nodes)
    hover = f"removed\n{item.hover}"
    return replace(item, key=place, nodes=nodes, status="removed", output_status="removed", hover=hover)


def _is_split(pairs: Partners, was: Item, item: Item) -> bool:
    """Whether the two are shares of one layer that lies on several groups before or after."""
    is_one = pairs.layers.get(item.key.layer) == was.key.layer
    sides = (pairs.old, was), (pairs.new, item)
    return is_one and any(shares.is_split(network, side.key.layer) for network, side in sides)


def _held(content: Content) -> Counter[str]:
    """The parameters of each layer, over all its groups."""
    counts: Counter[str] = Counter()
    for key, item in content.items.items():
        counts[key.layer] += item.parameters
    return counts


def _compared(was: Item, item: Item, told: Sequence[Phrase]) -> Item:
    """An item that stands in both networks."""
    phrases = [phrase.text for phrase in told]
    if was.key.group != item.key.group and not any(phrase.field == "group" for phrase in told):
        phrases.append(f"was on {was.key.group}")
    if was.output != item.output:
        item = replace(item, output=f"{was.output} -> {item.output}", output_status="changed")
    if was.parameters != item.parameters:
        moved = shares.parameters(was.parameters, item.parameters)
        item = replace(item, status="changed", amounts=moved, amounts_status="changed")
    if not phrases:
        return item
    lines = phrases[:MOST_LINES]
    if len(phrases) > MOST_LINES:
        lines.append(f"and {len(phrases) - MOST_LINES} more")
    hover = "\n".join(["changed", *phrases, "", item.hover])
    return replace(item, status="changed", lines=tuple(Line(text, "changed") for text in lines), hover=hover)


def _links(old: Content, new: Content, pairs: Partners) -> list[Link]:
    """The new links, and the old ones between the same boxes that are gone."""
    were = {(pairs.keys[link.source], pairs.keys[link.target]): link for link in old.links}
    kept = {(link.source, link.target) for link in new.links}
    links = []
    for link in new.links:
        was = were.get((link.source, link.target))
        links.append(replace(link, crossed=_crossed(was)) if was else replace(link, status="added"))
    gone = ((ends, link) for ends, link in were.items() if ends not in kept)
    return links + [
        replace(link, source=a, target=b, status="removed", crossed=_crossed(link)) for (a, b), link in gone
    ]


def _crossed(link: Link) -> int:
    return link.values if link.crosses else 0


def _columns(old: Content, new: Content) -> tuple[Column, ...]:
    before = {column.name: column for column in old.columns}
    columns: list[Column] = []
    for column in new.columns:
        was = before.pop(column.name, None)
        if was is None:
            columns.append(replace(column, status="added"))
        elif was.parameters != column.parameters:
            columns.append(replace(column, note=shares.parameters(was.parameters, column.parameters)))
        else:
            columns.append(column)
    return (*columns, *(replace(column, status="removed") for column in before.values()))


def _merged(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """The new order, each removed layer after the one that it followed."""
    kept, following = set(new), defaultdict[str | None, list[str]](list)
    last: str | None = None
    for name in old:
        if name in kept:
            last = name
        else:
            following[last].append(name)
    return (*following[None], *(n for name in new for n in (name, *following[name])))


def _subtitle(items: Sequence[Item], old: Content, new: Content, changes: Iterable[Change]) -> str:
    counts = Counter(item.status for item in items)
    notes = [f"{plural(counts[status], 'share')} {status}" for status in ("added", "removed", "changed")]
    notes = [words for words in notes if not words.startswith("0 ")] or ["no layer changed"]
    crossings = len(old.crossings()), len(new.crossings())
    if crossings[0] != crossings[1]:
        notes.append(f"{crossings[0]} -> {crossings[1]} cross-group edges")
    if any(line.text.startswith(shares.LAYER) for item in items for line in item.lines):
        notes.append("a box is one group's share, and 'layer:' is the whole")
    undrawn = sum(change.path.split(".")[0] in ("training", "data") for change in changes)
    if undrawn:
        notes.append(f"{plural(undrawn, 'change')} of the recipe not drawn")
    return " · ".join(notes)
