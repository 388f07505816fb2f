"""A bitmap to draw on with Pillow. Lines and areas are smoothed, texts are set at the final size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from specnet.diagnostics.errors import PluginError
from specnet.drawing.style import BACKGROUND

if TYPE_CHECKING:
    from specnet.drawing.figure import Point

SMOOTH = 2
Anchor = Literal["ls", "ms", "rs", "lm", "mm", "rm"]
"""Pillow's: left, middle or right; on the baseline or about the middle."""


class Canvas:
    """Coordinates are pixels of the finished picture. Raises `PluginError` without Pillow."""

    def __init__(self, width: int, height: int, background: str = BACKGROUND) -> None:
        try:
            from PIL import Image, ImageDraw
        except ModuleNotFoundError as error:
            message = "pictures need the package pillow, which is not installed"
            raise PluginError(message, "pip install 'specnet[data]'") from error
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SMOOTH, height * SMOOTH), background)
        self._pen = ImageDraw.Draw(self._image)
        self._texts: list[tuple[Point, str, float, str, Anchor]] = []
        self._bitmaps: list[tuple[tuple[int, int], Any]] = []

    def rectangle(
        self, x: float, y: float, width: float, height: float, fill: str | None, stroke: str | None = None
    ) -> None:
        corners = [x * SMOOTH, y * SMOOTH, (x + width) * SMOOTH - 1, (y + height) * SMOOTH - 1]
        self._pen.rectangle(corners, fill, stroke, SMOOTH if stroke else 0)

    def line(self, points: Sequence[Point], color: str, weight: float = 1) -> None:
        scaled = [(x * SMOOTH, y * SMOOTH) for x, y in points]
        self._pen.line(scaled, color, max(1, round(weight * SMOOTH)), joint="curve")

    def area(self, points: Sequence[Point], color: str) -> None:
        self._pen.polygon([(x * SMOOTH, y * SMOOTH) for x, y in points], color)

    def dot(self, x: float, y: float, radius: float, color: str) -> None:
        self._pen.circle((x * SMOOTH, y * SMOOTH), radius * SMOOTH, color)

    def text(self, x: float, y: float, text: str, size: float, color: str, anchor: Anchor = "ls") -> None:
        self._texts.append(((x, y), text, size, color, anchor))

    def bitmap(self, x: int, y: int, pixels: Any, factor: int) -> None:
        """An array (height, width, 3) of bytes, each pixel a square of `factor` pixels."""
        from PIL import Image

        image = Image.fromarray(pixels)
        size = (image.width * factor, image.height * factor)
        self._bitmaps.append(((x, y), image.resize(size, Image.Resampling.NEAREST)))

    def png(self) -> bytes:
        """The picture as a PNG file."""
        from PIL import ImageDraw, ImageFont

        image = self._image.reduce(SMOOTH)
        for corner, bitmap in self._bitmaps:
            image.paste(bitmap, corner)
        pen = ImageDraw.Draw(image)
        fonts: dict[float, Any] = {}
        for place, text, size, color, anchor in self._texts:
            font = fonts.setdefault(size, ImageFont.load_default(size))
            pen.text(place, text, color, font, anchor)
        file = io.BytesIO()
        image.save(file, "PNG")
        return file.getvalue()


def text_width(text: str, size: float) -> float:
    """Width in pixels of a text as `Canvas.text` sets it."""
    from PIL import ImageFont

    return float(ImageFont.load_default(size).getlength(text))
