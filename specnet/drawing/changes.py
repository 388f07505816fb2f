"""Two networks -> Content: the later one, with what was removed drawn in and every change marked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from specnet.diffs.change import Change
from specnet.diffs.diff import differences
from specnet.diffs.normal_form import renamed_groups
from specnet.drawing import content, shares
from specnet.drawing.content import Column, Content, Item, Link
from specnet.network.graph import Node
from specnet.network.network import Network
from specnet.syntax.emit import written
from specnet.text import plural

MOST_LINES = 4


def between(before: Network, after: Network) -> Content:
    """What leads from one network to the other. A renamed layer is one changed layer."""
    changes = differences(before.spec, after.spec)
    groups = renamed_groups(before.spec, after.spec)
    before = before.on_groups(groups)
    renamed = _renamed(changes)
    old, new = _under(renamed, content.of(before)), content.of(after)
    parts = shares.phrases(before, after, renamed)
    order = _merged(old.order, new.order)
    items = _items(old, new, _phrases(changes, renamed, parts), shares.split(before, after, renamed))
    by_layer: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_layer[item.key.layer].append(item)
    return Content(
        title=old.title if old.title == new.title else f"{old.title} -> {new.title}",
        subtitle=_subtitle(items, old, new, changes),
        columns=_columns(old, new),
        order=order,
        items={item.key: item for layer in order for item in by_layer[layer]},
        links=tuple(_links(old, new)),
        is_diff=True,
    )


def _renamed(changes: Iterable[Change]) -> dict[str, str]:
    """New names of layers by their old ones."""
    return {str(c.before): str(c.after) for c in changes if c.op == "rename" and c.path.startswith("layers.")}


def _under(renamed: dict[str, str], old: Content) -> Content:
    """The old content under the new names."""

    def key(node: Node) -> Node:
        return Node(renamed.get(node.layer, node.layer), node.group)

    return replace(
        old,
        order=tuple(renamed.get(name, name) for name in old.order),
        items={key(k): replace(item, key=key(k)) for k, item in old.items.items()},
        links=tuple(replace(link, source=key(link.source), target=key(link.target)) for link in old.links),
    )


def _phrases(
    changes: Iterable[Change], renamed: dict[str, str], parts: Mapping[str, tuple[str, str]]
) -> dict[str, list[str]]:
    """What changed in each layer, in the words that its box will show; `parts` are those of split layers."""
    phrases: dict[str, list[str]] = {new: [f"was {old}"] for old, new in renamed.items()}
    for name, lines in parts.items():
        phrases.setdefault(name, []).extend(lines)
    for change in changes:
        field = change.field
        name = renamed.get(change.layer, change.layer)
        if not change.layer or change.op == "rename" or (field in ("filters", "units") and name in parts):
            continue
        if field or change.op == "change":
            phrases.setdefault(name, []).append(_phrase(change, field))
    return phrases


def _phrase(change: Change, field: str) -> str:
    if change.op == "add":
        return f"+ {field} {written(change.after)}"
    if change.op == "remove":
        return f"- {field} {written(change.before)}"
    if not field:
        return f"{change.before['kind']} -> {change.after['kind']}"
    return f"{field} {written(change.before)} -> {written(change.after)}"


def _items(old: Content, new: Content, phrases: dict[str, list[str]], split: set[str]) -> list[Item]:
    held = [_held(old), _held(new)]
    items = [
        replace(item, status="removed", output_status="removed", hover=f"removed\n{item.hover}")
        for key, item in old.items.items()
        if key not in new.items
    ]
    for key, item in new.items.items():
        was = old.items.get(key)
        if was is None:
            items.append(replace(item, status="added", output_status="added", hover=f"added\n{item.hover}"))
        else:
            told = phrases.get(key.layer, [])
            item = _compared(was, item, told)
            if key.layer in split:
                layer_parameters = held[0][key.layer], held[1][key.layer]
                item = shares.marked(item, was, layer_parameters, has_phrases=bool(told))
            items.append(item)
    return items


def _held(content: Content) -> Counter[str]:
    """The parameters of each layer, over all its groups."""
    counts: Counter[str] = Counter()
    for key, item in content.items.items():
        counts[key.layer] += item.parameters
    return counts


def _compared(was: Item, item: Item, phrases: Sequence[str]) -> Item:
    """An item that stands in both networks."""
    if was.output != item.output:
        item = replace(item, output=f"{was.output} -> {item.output}", output_status="changed")
    if was.parameters != item.parameters:
        moved = shares.parameters(was.parameters, item.parameters)
        item = replace(item, status="changed", amounts=moved, amounts_status="changed")
    if not phrases:
        return item
    lines = tuple(phrases[:MOST_LINES])
    if len(phrases) > MOST_LINES:
        lines += (f"and {len(phrases) - MOST_LINES} more",)
    hover = "\n".join(["changed", *phrases, "", item.hover])
    return replace(item, status="changed", lines=lines, hover=hover)


def _links(old: Content, new: Content) -> list[Link]:
    ends = {(link.source, link.target) for link in old.links}
    kept = {(link.source, link.target) for link in new.links}
    links = [
        link if (link.source, link.target) in ends else replace(link, status="added") for link in new.links
    ]
    gone = (link for link in old.links if (link.source, link.target) not in kept)
    return links + [replace(link, status="removed") for link in gone]


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
    if any(line.startswith(shares.LAYER) for item in items for line in item.lines):
        notes.append("a box is one group's share, and 'layer:' is the whole")
    undrawn = sum(change.path.split(".")[0] in ("training", "data") for change in changes)
    if undrawn:
        notes.append(f"{plural(undrawn, 'change')} of the recipe not drawn")
    return " · ".join(notes)
