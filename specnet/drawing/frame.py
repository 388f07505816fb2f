"""The frame of a picture: where columns, lanes, gutters and rows lie. Filled in x first, then in y."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specnet.drawing.content import EVERYWHERE, Content, Link
from specnet.drawing.lanes import Grid, Track
from specnet.network.graph import Node

MARGIN = 24.0
TITLE_HEIGHT = 62.0
PAD = 18.0
"""Between a panel's edge and its boxes."""
BETWEEN_PANELS = 56.0
TRACK = 13.0
LABEL_HEIGHT = 17.0
LABEL_STRIP = LABEL_HEIGHT + 9
PANEL_HEAD = 34.0
PANEL_FOOT = 40.0


@dataclass(frozen=True, slots=True)
class Leg:
    """The x of an edge: where it starts, where it passes rows, where it ends; and the rows of both ends."""

    start: float
    way: float
    end: float
    top: int
    bottom: int

    def moves(self) -> Iterator[tuple[int, float]]:
        """How far the edge goes sideways under which row."""
        if self.bottom - self.top == 1:
            yield self.top, abs(self.end - self.start)
        else:
            yield self.top, abs(self.way - self.start)
            yield self.bottom - 1, abs(self.end - self.way)


class Frame:
    """Coordinates of the grid. `set_rows` must come before anything that asks for a y."""

    def __init__(self, content: Content, grid: Grid, box_width: float) -> None:
        self.grid = grid
        self.box_width = box_width
        self.lane_x: dict[tuple[str, int], float] = {}
        self.panel_x: dict[str, tuple[float, float]] = {}
        x = MARGIN
        for column in content.columns:
            left, x = x, x + PAD
            for lane in range(grid.lanes[column.name]):
                self.lane_x[column.name, lane] = x
                x += box_width + self._gutter(column.name, lane)
            x += PAD
            self.panel_x[column.name] = (left, x)
            x += BETWEEN_PANELS
        inputs = [key for key in content.items if key.group == EVERYWHERE]
        self.inputs = {key: index for index, key in enumerate(inputs)}
        narrowest = len(self.inputs) * (box_width + PAD) - PAD
        self.left, self.right = MARGIN, max(x - BETWEEN_PANELS, MARGIN + narrowest)

    def _gutter(self, group: str, lane: int) -> float:
        tracks = self.grid.gutters.get((group, lane), 0)
        is_last = lane == self.grid.lanes[group] - 1
        if not tracks:
            return 0 if is_last else 22
        return 10 + TRACK * tracks + (0 if is_last else 8)

    def span(self, key: Node) -> tuple[float, float]:
        """Left edge and width of a box. Inputs share the full width: they lie on every group."""
        if key.group != EVERYWHERE:
            return self.lane_x[key.group, self.grid.lane[key]], self.box_width
        width = (self.right - self.left + PAD) / len(self.inputs) - PAD
        return self.left + self.inputs[key] * (width + PAD), width

    def middle(self, key: Node) -> float:
        x, width = self.span(key)
        return x + width / 2

    def port(self, link: Link) -> float:
        """Where a link leaves its source: right above each group's first lane if there is but one input."""
        if link.source.group == EVERYWHERE and len(self.inputs) == 1:
            return self.lane_x[link.group, 0] + self.box_width / 2
        return self.middle(link.source)

    def track_x(self, track: Track) -> float:
        return self.lane_x[track.group, track.gutter] + self.box_width + 14 + TRACK * track.index

    def set_rows(self, heights: Mapping[Node, float], routes: Mapping[Link, Leg]) -> None:
        """Rows as high as their highest box, strips between them as high as their widest curve needs."""
        count = max(self.grid.row.values()) + 1
        self.row_height = [0.0] * count
        for key, height in heights.items():
            row = self.grid.row[key]
            self.row_height[row] = max(self.row_height[row], height)
        # Under the last row there is only the way back of an edge that goes up, if a diff has one.
        strips = [16.0] * (count - 1) + [0.0]
        for link, leg in routes.items():
            for strip, distance in leg.moves():
                strips[strip] = max(strips[strip], _strip(distance, link.crosses))
        y = TITLE_HEIGHT + MARGIN
        self.row_y: list[float] = []
        self.strip_y: list[tuple[float, float]] = []
        for row in range(count):
            self.row_y.append(y)
            y += self.row_height[row] + LABEL_STRIP
            self.strip_y.append((y, y + strips[row]))
            y += strips[row] + (PANEL_HEAD if row == 0 else 0)
        self.panel_y = (self.strip_y[0][1], y + PANEL_FOOT)
        self.bottom = self.panel_y[1]

    def top(self, key: Node) -> float:
        return self.row_y[self.grid.row[key]]


def _strip(distance: float, crosses: bool) -> float:
    """The height in which a curve can go `distance` sideways without looking like a fold."""
    if distance < 1:
        return 16
    least, slope = (40, 0.15) if crosses else (27, 0.11)
    return min(least + distance * slope, 150)
