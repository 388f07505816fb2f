"""Picture -> SVG, self-contained and with its own background."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from specnet.drawing.figure import Curve, Edge, Picture, Point, Rect, Text
from specnet.drawing.style import FONT


def render(picture: Picture) -> str:
    """The picture as an SVG document."""
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    width, height = _number(picture.width), _number(picture.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{escape(FONT)}">'
    )
    yield f"<title>{escape(picture.title)}</title>"
    yield f'<rect width="{width}" height="{height}" rx="10" fill="{picture.background}"/>'
    for panel in picture.panels:
        yield _rect(panel)
    yield '<g fill="none">'
    for edge in picture.edges:
        yield _edge(edge)
    yield "</g>"
    for label in picture.labels:
        inside = _rect(label.stem) + _rect(label.rect) + _text(label.text)
        yield f'<g class="label" data-node="{_id(label.key)}">{inside}</g>'
    for box in picture.boxes:
        inside = _rect(box.rect) + "".join(map(_text, box.texts))
        yield (
            f'<g class="box" data-node="{_id(box.key)}" data-layer="{escape(box.key.layer)}">'
            f"<title>{escape(box.hover)}</title>{inside}</g>"
        )
    yield from map(_rect, picture.swatches)
    yield from map(_text, picture.texts)
    yield "</svg>"


def _id(key: tuple[str, str]) -> str:
    """A node's text form; an input has no group."""
    return escape(".".join(part for part in key if part))


def _edge(edge: Edge) -> str:
    dash = ' stroke-dasharray="6 4"' if edge.dashed else ""
    corners = " ".join(_point(corner) for corner in edge.head)
    kind = "edge crosses" if edge.crosses else "edge"
    return (
        f'<g class="{kind}" data-from="{_id(edge.source)}" data-to="{_id(edge.target)}">'
        f"<title>{escape(edge.hover)}</title>"
        f'<path d="{_path(edge.curve)}" stroke="{edge.color}" stroke-width="{_number(edge.weight)}"{dash}/>'
        f'<polygon points="{corners}" fill="{edge.color}"/></g>'
    )


def _path(curve: Curve) -> str:
    steps = [f"M{_point(curve.start)}"]
    # The line ends inside the head, or it would blunt the tip.
    for piece in [*curve.pieces[:-1], ((curve.end[0], curve.end[1] - 5),)]:
        steps.append(("L" if len(piece) == 1 else "C") + " ".join(map(_point, piece)))
    return "".join(steps)


def _rect(rect: Rect) -> str:
    dash = ' stroke-dasharray="6 4"' if rect.dashed else ""
    return (
        f'<rect x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.width)}" '
        f'height="{_number(rect.height)}" rx="{_number(rect.radius)}" fill="{rect.fill}" '
        f'stroke="{rect.stroke}" stroke-width="{_number(rect.weight)}"{dash}/>'
    )


def _text(text: Text) -> str:
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    weight = ' font-weight="600"' if text.bold else ""
    return (
        f'<text x="{_number(text.x)}" y="{_number(text.y)}" font-size="{_number(text.size)}" '
        f'fill="{text.color}"{anchor}{weight}>{escape(text.text)}</text>'
    )


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
