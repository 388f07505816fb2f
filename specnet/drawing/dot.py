"""Content -> Graphviz, for those who have it and want its layout."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.drawing.content import EVERYWHERE, Content, Item, Link
from specnet.drawing.style import CROSSING, FAMILIES, LINE, STATUSES


def render(content: Content) -> str:
    """The network as a DOT document, a cluster for each group."""
    return "\n".join(_lines(content)) + "\n"


def _lines(content: Content) -> Iterator[str]:
    yield f"digraph {quoted(content.title)} {{"
    yield "  rankdir=TB; newrank=true; nodesep=0.4; ranksep=0.45; bgcolor=white; labelloc=t;"
    yield f"  label={quoted(content.title, content.subtitle)}; fontname=Helvetica;"
    yield "  node [shape=box, style=filled, fontname=Helvetica, fontsize=11];"
    yield f'  edge [fontname=Helvetica, fontsize=9, color="{LINE}"];'
    for item in content.items.values():
        if item.key.group == EVERYWHERE:
            yield f"  {_node(item)}"
    for index, column in enumerate(content.columns):
        yield f"  subgraph cluster_{index} {{"
        yield f"    label={quoted(column.name, column.note)}; style=rounded;"
        for item in content.items.values():
            if item.key.group == column.name:
                yield f"    {_node(item)}"
        yield "  }"
    labelled = content.labelled()
    for link in content.links:
        yield f"  {_edge(link, content, link in labelled)}"
    yield "}"


def _id(item: Item) -> str:
    return quoted(item.key.layer if item.key.group == EVERYWHERE else str(item.key))


def _node(item: Item) -> str:
    paint = FAMILIES[item.family] if item.status == "same" else STATUSES[item.status]
    label = quoted(item.name, *item.under_name())
    return (
        f'{_id(item)} [label={label}, fillcolor="{paint.fill}", '
        f'color="{paint.stroke}", fontcolor="{paint.text}"];'
    )


def _edge(link: Link, content: Content, is_labelled: bool) -> str:
    source, target = content.items[link.source], content.items[link.target]
    marks = [f"label={quoted(source.leaving())}"] if is_labelled else []
    if link.crosses:
        # A crossing must not pull the towers into one another.
        marks += ["penwidth=2.5", "weight=0"]
    if link.status != "same":
        marks.append(f'color="{STATUSES[link.status].stroke}"')
    elif link.crosses:
        marks.append(f'color="{CROSSING}"')
    if link.status == "removed":
        marks.append("style=dashed")
    return f"{_id(source)} -> {_id(target)} [{', '.join(marks)}];"


def quoted(*lines: str) -> str:
    """Lines of text as one DOT string."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines)
    return '"' + "\\n".join(escaped) + '"'
