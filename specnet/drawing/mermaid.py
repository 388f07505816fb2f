"""Content -> Mermaid flowchart, for pages that draw Mermaid themselves."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.drawing.content import EVERYWHERE, Content, Item, Link
from specnet.drawing.style import CROSSING, FAMILIES, INK, PANEL, PANEL_LINE, STATUSES, Paint


def render(content: Content) -> str:
    """The network as a Mermaid document. Nodes have plain ids, for a layer may be called `end`."""
    return "\n".join(_lines(content)) + "\n"


def _lines(content: Content) -> Iterator[str]:
    ids = {key: f"n{index}" for index, key in enumerate(content.items)}
    yield "---"
    told = f": {content.subtitle}" if content.is_diff else ""
    yield f'title: "{content.title}{told}"'
    yield "config: {flowchart: {wrappingWidth: 360}}"
    yield "---"
    yield "flowchart TB"
    for item in content.items.values():
        if item.key.group == EVERYWHERE:
            yield f"  {ids[item.key]}{_box(item)}"
    for index, column in enumerate(content.columns):
        yield f'  subgraph g{index}["{quoted(column.name)}"]'
        for item in content.items.values():
            if item.key.group == column.name:
                yield f"    {ids[item.key]}{_box(item)}"
        yield "  end"
    labelled = content.labelled()
    for link in content.links:
        arrow = "-.->" if link.status == "removed" else "==>" if link.crosses else "-->"
        if link in labelled:
            arrow += f'|"{quoted(content.items[link.source].leaving())}"|'
        yield f"  {ids[link.source]} {arrow} {ids[link.target]}"
    yield from _styles(content)


def _box(item: Item) -> str:
    lines = [f"<b>{quoted(item.name)}</b>", *map(quoted, item.under_name())]
    return f'["{"<br/>".join(lines)}"]:::{item.status if item.status != "same" else item.family}'


def _styles(content: Content) -> Iterator[str]:
    classes: list[tuple[str, Paint]] = [*FAMILIES.items(), *STATUSES.items()]
    used = {item.status if item.status != "same" else item.family for item in content.items.values()}
    for name, paint in classes:
        if name in used:
            yield f"  classDef {name} fill:{paint.fill},stroke:{paint.stroke},color:{paint.text}"
    for index, column in enumerate(content.columns):
        stroke = PANEL_LINE if column.status == "same" else STATUSES[column.status].stroke
        yield f"  style g{index} fill:{PANEL},stroke:{stroke},color:{INK}"
    colors: dict[str, list[int]] = {}
    for index, link in enumerate(content.links):
        if color := _color(link):
            colors.setdefault(color, []).append(index)
    for color, links in colors.items():
        yield f"  linkStyle {','.join(map(str, links))} stroke:{color},stroke-width:3px"


def _color(link: Link) -> str | None:
    if link.status != "same":
        return STATUSES[link.status].stroke
    return CROSSING if link.crosses else None


def quoted(text: str) -> str:
    """Text for a Mermaid string, with Mermaid's own entities."""
    escaped = {"#": "#35;", '"': "#quot;", "&": "#amp;", "<": "#lt;", ">": "#gt;", "\n": " "}
    return "".join(escaped.get(c, c) for c in text)
