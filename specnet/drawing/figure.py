"""What a picture is made of: rectangles, texts and curves with their coordinates, in drawing units (pixels).

Renderers only walk these; all decisions about places and colours have been made by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from specnet.network.graph import Node

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; `y` is its baseline and `x` its start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    color: str
    anchor: Anchor = "start"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    fill: str
    stroke: str
    radius: float = 6
    weight: float = 1
    dashed: bool = False

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        """The horizontal centre."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """A path: where it starts, then a line for each piece of one point, a cubic Bezier for each of three."""

    start: Point
    pieces: tuple[tuple[Point, ...], ...]

    def points(self, steps: int = 16) -> Iterator[Point]:
        """The path as the corners of a polyline."""
        yield self.start
        last = self.start
        for piece in self.pieces:
            if len(piece) == 1:
                yield piece[0]
            else:
                one, two, end = piece
                for step in range(1, steps + 1):
                    yield _bezier(last, one, two, end, step / steps)
            last = piece[-1]

    @property
    def end(self) -> Point:
        return self.pieces[-1][-1]


def _bezier(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
    return x, y


@dataclass(frozen=True, slots=True)
class Box:
    """A layer's share on one group. `nodes` are the graph's nodes that it stands for."""

    key: Node
    nodes: tuple[Node, ...]
    rect: Rect
    texts: tuple[Text, ...]
    hover: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A share that another share reads. The arrow's head points down at the curve's end."""

    source: Node
    target: Node
    crosses: bool
    curve: Curve
    color: str
    weight: float
    dashed: bool = False
    hover: str = ""

    @property
    def head(self) -> tuple[Point, Point, Point]:
        x, y = self.curve.end
        half = 3.2 + self.weight * 0.9
        return (x - half, y - HEAD), (x + half, y - HEAD), (x, y)


HEAD = 8.0
"""Length of an arrow's head."""


@dataclass(frozen=True, slots=True)
class Label:
    """A shape, written on the line (`stem`) that leaves its box; edges start below it."""

    key: Node
    rect: Rect
    text: Text
    stem: Rect


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing. Later fields lie over earlier ones."""

    width: float
    height: float
    title: str
    background: str
    panels: tuple[Rect, ...]
    edges: tuple[Edge, ...]
    labels: tuple[Label, ...]
    boxes: tuple[Box, ...]
    texts: tuple[Text, ...]
    swatches: tuple[Rect, ...]
    """Samples in the legend."""
