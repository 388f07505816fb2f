"""Picture -> PNG, drawn by Pillow in Pillow's own font.

Lines and areas are drawn enlarged and reduced, which smooths them; texts are set at the final size.
"""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from specnet.diagnostics.errors import PluginError, UsageError
from specnet.drawing.figure import Edge, Picture, Point, Rect, Text

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

SMOOTH = 2
LARGEST = 60_000_000
"""Pixels of the final image. Beyond this a bitmap is of no use, and memory is at stake."""
DASH = (6.0, 4.0)


def render(picture: Picture, scale: int = 2) -> bytes:
    """The picture as a PNG file with `scale` pixels for each unit, or one if it would be too large."""
    try:
        from PIL import Image, ImageDraw
    except ModuleNotFoundError as error:
        message = "PNG pictures need the package pillow, which is not installed"
        raise PluginError(message, "pip install 'specnet[data]', or write SVG") from error
    if picture.width * picture.height * scale**2 > LARGEST:
        scale = 1
    width, height = round(picture.width * scale), round(picture.height * scale)
    if width * height > LARGEST:
        message = f"a PNG of {width:,} x {height:,} pixels is too large"
        raise UsageError(message, "write SVG or HTML, which have no such limit")
    large = Image.new("RGB", (width * SMOOTH, height * SMOOTH), picture.background)
    pen = ImageDraw.Draw(large)
    texts = _draw_shapes(picture, pen, scale * SMOOTH)
    image = large.reduce(SMOOTH)
    pen = ImageDraw.Draw(image)
    fonts: dict[float, Any] = {}
    for text in texts:
        _draw_text(pen, text, scale, fonts)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw_shapes(picture: Picture, pen: ImageDraw, scale: float) -> list[Text]:
    """Everything but the texts, which are returned."""
    for panel in picture.panels:
        _draw_rect(pen, panel, scale)
    for edge in picture.edges:
        _draw_edge(pen, edge, scale)
    for label in picture.labels:
        _draw_rect(pen, label.stem, scale)
        _draw_rect(pen, label.rect, scale)
    for box in picture.boxes:
        _draw_rect(pen, box.rect, scale)
    for swatch in picture.swatches:
        _draw_rect(pen, swatch, scale)
    return [
        *(label.text for label in picture.labels),
        *(text for box in picture.boxes for text in box.texts),
        *picture.texts,
    ]


def _draw_rect(pen: ImageDraw, rect: Rect, scale: float) -> None:
    # SVG centres an outline on the edge, and Pillow puts it inside.
    half = rect.weight / 2
    corners = [
        (rect.x - half) * scale,
        (rect.y - half) * scale,
        (rect.right + half) * scale,
        (rect.bottom + half) * scale,
    ]
    line = 0 if rect.dashed else round(rect.weight * scale)
    pen.rounded_rectangle(corners, (rect.radius + half) * scale, rect.fill, rect.stroke, line)
    if rect.dashed:
        _draw_line(pen, _outline(rect), rect.stroke, rect.weight, scale, dashed=True)


def _outline(rect: Rect) -> list[Point]:
    """The rectangle's border, its corners cut."""
    r = rect.radius * 0.6
    x, y, right, bottom = rect.x, rect.y, rect.right, rect.bottom
    top = [(x, y + r), (x + r, y), (right - r, y), (right, y + r)]
    return [*top, (right, bottom - r), (right - r, bottom), (x + r, bottom), (x, bottom - r), top[0]]


def _draw_edge(pen: ImageDraw, edge: Edge, scale: float) -> None:
    *points, (x, y) = edge.curve.points(24)
    _draw_line(pen, [*points, (x, y - 5)], edge.color, edge.weight, scale, dashed=edge.dashed)
    pen.polygon([(x * scale, y * scale) for x, y in edge.head], fill=edge.color)


def _draw_line(
    pen: ImageDraw, points: list[Point], color: str, weight: float, scale: float, *, dashed: bool
) -> None:
    for part in _dashes(points) if dashed else [points]:
        scaled = [(x * scale, y * scale) for x, y in part]
        pen.line(scaled, fill=color, width=round(weight * scale), joint="curve")


def _dashes(points: list[Point]) -> list[list[Point]]:
    """A polyline cut into dashes."""
    parts: list[list[Point]] = []
    is_drawn, left = True, DASH[0]
    part = [points[0]]
    for start, end in pairwise(points):
        at, length = 0.0, ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        while length - at > left:
            at += left
            corner = (
                start[0] + (end[0] - start[0]) * at / length,
                start[1] + (end[1] - start[1]) * at / length,
            )
            if is_drawn:
                parts.append([*part, corner])
            is_drawn, part = not is_drawn, [corner]
            left = DASH[0] if is_drawn else DASH[1]
        left -= length - at
        part.append(end)
    return [*parts, part] if is_drawn and len(part) > 1 else parts


def _draw_text(pen: ImageDraw, text: Text, scale: float, fonts: dict[float, Any]) -> None:
    from PIL import ImageFont

    font = fonts.setdefault(text.size, ImageFont.load_default(text.size * scale))
    anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
    at = (text.x * scale, text.y * scale)
    pen.text(at, text.text, text.color, font, anchor)
    if text.bold:
        # The built-in font has one weight; a second print half a unit to the right stands for the bold one.
        pen.text((at[0] + 0.5 * scale, at[1]), text.text, text.color, font, anchor)
