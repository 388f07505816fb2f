"""Content -> Picture: coordinates for everything. A pure function, without a renderer in mind.

Groups are columns and rows go down. Under a row of boxes there is a strip for the labels that name each
output's shape, and under that a strip in which edges move sideways. Boxes and labels never stand in the
sideways strip, and edges pass rows of boxes only in gutters and empty lanes, so no edge runs through a box.
"""

from __future__ import annotations

from collections import defaultdict

from specnet.drawing import furniture
from specnet.drawing.content import EVERYWHERE, Content, Item, Link
from specnet.drawing.figure import Box, Edge, Label, Picture, Rect, Text
from specnet.drawing.frame import LABEL_HEIGHT, LABEL_STRIP, MARGIN, Frame, Leg
from specnet.drawing.lanes import arrange
from specnet.drawing.routes import legs, route
from specnet.drawing.style import (
    BACKGROUND,
    CROSSING,
    CROSSING_IN_DIFF,
    CROSSING_WEIGHT,
    FAMILIES,
    INSET,
    LINE,
    LINE_IN_DIFF,
    LINE_WEIGHT,
    NARROWEST,
    PANEL,
    SMALL,
    STATUS_TEXT,
    STATUSES,
    WIDEST,
    WIDEST_IN_DIFF,
    Paint,
    clipped,
    text_width,
)
from specnet.network.graph import Node

NAME_SIZE = 14.0
LINE_STEP = 15.0


def lay_out(content: Content) -> Picture:
    """The picture of a network, or of the difference of two."""
    grid = arrange(content)
    heights = {key: _height(item) for key, item in content.items.items()}
    widest = WIDEST_IN_DIFF if content.is_diff else WIDEST
    frame = Frame(content, grid, min(max(map(_width, content.items.values())), widest))
    routes = legs(content, grid, frame)
    frame.set_rows(heights, routes)
    boxes = tuple(_box(item, frame, heights[item.key], content.is_diff) for item in content.items.values())
    rects = {box.key: box.rect for box in boxes}
    edges = tuple(_edge(link, routes[link], rects, frame, content.is_diff) for link in content.links)
    ports: dict[Node, set[float]] = defaultdict(set)
    for link in content.links:
        ports[link.source].add(routes[link].start)
    labels = tuple(
        _label(item, x, rects[item.key])
        for item in content.items.values()
        for x in sorted(ports[item.key] or {rects[item.key].middle})
    )
    texts, swatches, width = furniture.around(content, frame)
    return Picture(
        width=width,
        height=frame.bottom + (72 if swatches else MARGIN),
        title=content.title,
        background=BACKGROUND,
        panels=furniture.panels(content, frame),
        # Crossing edges lie on top: they are what the picture is about.
        edges=tuple(sorted(edges, key=lambda edge: edge.crosses)),
        labels=labels,
        boxes=boxes,
        texts=texts,
        swatches=swatches,
    )


def _height(item: Item) -> float:
    lines = len(item.lines) + bool(item.amounts)
    return 27 + LINE_STEP * lines + (5 if lines else 4)


def _width(item: Item) -> float:
    """How wide a box would like to be."""
    head = text_width(item.name, NAME_SIZE, bold=True) + 22 + text_width(item.tag, SMALL)
    lines = [text_width(line, SMALL) for line in (*(line.text for line in item.lines), item.amounts)]
    output = text_width(item.leaving(), SMALL) + 16 - 2 * INSET
    return max(head, output, NARROWEST, *lines) + 2 * INSET


def _paint(item: Item, is_diff: bool) -> Paint:
    return STATUSES[item.status] if is_diff else FAMILIES[item.family]


def _box(item: Item, frame: Frame, height: float, is_diff: bool) -> Box:
    paint = _paint(item, is_diff)
    strong = item.family in ("map", "units") or item.status != "same"
    x, width = frame.span(item.key)
    rect = Rect(
        x,
        frame.top(item.key),
        width,
        height,
        paint.fill,
        paint.stroke,
        weight=1.5 if strong else 1,
        dashed=item.status == "removed",
    )
    room = width - 2 * INSET
    tag = clipped(item.tag, SMALL, room * 0.55)
    name = clipped(item.name, NAME_SIZE, room - text_width(tag, SMALL) - 14, bold=True)
    base = rect.y + 21
    texts = [
        Text(x + INSET, base, name, NAME_SIZE, paint.text, bold=True),
        Text(rect.right - INSET, base, tag, SMALL, paint.muted, "end"),
    ]
    plain = paint.muted if item.status == "changed" else paint.text
    lines = [(text, plain if status == "same" else STATUS_TEXT[status]) for text, status in item.lines]
    if item.amounts:
        same = item.amounts_status == "same"
        lines.append((item.amounts, paint.muted if same else STATUS_TEXT[item.amounts_status]))
    for index, (words, color) in enumerate(lines, 1):
        shown = clipped(words, SMALL, room)
        texts.append(Text(x + INSET, base + index * LINE_STEP + 1, shown, SMALL, color))
    return Box(item.key, item.nodes, rect, tuple(texts), item.hover)


def _label(item: Item, x: float, box: Rect) -> Label:
    shown = clipped(item.leaving(), SMALL, box.width - 12)
    width = text_width(shown, SMALL) + 12
    color = STATUS_TEXT[item.output_status]
    outside = item.key.group == EVERYWHERE
    back = BACKGROUND if outside else PANEL
    rect = Rect(x - width / 2, box.bottom + 7, width, LABEL_HEIGHT, back, back, radius=8)
    stem = Rect(x - LINE_WEIGHT / 2, box.bottom, LINE_WEIGHT, 8, LINE, LINE, radius=0, weight=0)
    return Label(item.key, rect, Text(x, rect.y + 12.5, shown, SMALL, color, "middle"), stem)


def _edge(link: Link, leg: Leg, boxes: dict[Node, Rect], frame: Frame, is_diff: bool) -> Edge:
    color = CROSSING if link.crosses else LINE
    if is_diff:
        color = CROSSING_IN_DIFF if link.crosses else LINE_IN_DIFF
        color = color if link.status == "same" else STATUSES[link.status].stroke
    weight = CROSSING_WEIGHT if link.crosses else LINE_WEIGHT
    return Edge(
        link.source,
        link.target,
        link.crosses,
        route(leg, boxes[link.source].bottom + LABEL_STRIP - 1, frame),
        color,
        weight if link.status == "same" else weight + 0.6,
        dashed=link.status == "removed",
        hover=f"{link.source.layer} to {link.target}: {link.values:,} values per image"
        + (", across groups" if link.crosses else ""),
    )
