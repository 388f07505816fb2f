"""Content -> Grid: the row and the lane of every box, and a track for every edge that passes by others.

A row holds the layers that are equally far from the input. In its group a layer stays in the first lane of
its inputs if it can, the longest branch first, so that a chain is a straight line. An edge that skips rows
runs down its own lane while that is empty, and else in a gutter to the right of it, where no box can be.
Edges of one share that skip rows share their track. Everything is sorted or swept once: O(n log n).
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

from specnet.drawing.content import EVERYWHERE, Content, Link
from specnet.network.graph import Node


@dataclass(frozen=True, slots=True)
class Track:
    """A vertical way down the gutter to the right of a lane. Tracks count from the lane outwards."""

    group: str
    gutter: int
    index: int


@dataclass
class Grid:
    """Whole-number places. A link without a track goes straight down from its source to the row above."""

    row: dict[Node, int] = field(default_factory=dict)
    lane: dict[Node, int] = field(default_factory=dict)
    lanes: dict[str, int] = field(default_factory=dict)
    tracks: dict[Link, Track] = field(default_factory=dict)
    gutters: dict[tuple[str, int], int] = field(default_factory=dict)
    """How many tracks each gutter has."""


def arrange(content: Content) -> Grid:
    """Rows, lanes and tracks."""
    grid = Grid(row=_rows(content), lanes={column.name: 1 for column in content.columns})
    _assign_lanes(content, grid)
    _assign_tracks(content, grid)
    return grid


def _rows(content: Content) -> dict[Node, int]:
    """Longest distance from the input by layer, so that the shares of a layer stand side by side.

    Only links that go forward in the order count: a removed edge may point backwards in a diff.
    """
    place = {name: index for index, name in enumerate(content.order)}
    sources: dict[str, set[str]] = defaultdict(set)
    for link in content.links:
        if place[link.source.layer] < place[link.target.layer]:
            sources[link.target.layer].add(link.source.layer)
    inputs = {key.layer for key in content.items if key.group == EVERYWHERE}
    row: dict[str, int] = {}
    for name in content.order:
        least = 0 if name in inputs and not sources[name] else 1
        row[name] = max((row[source] + 1 for source in sources[name]), default=least)
    return {key: 0 if key.group == EVERYWHERE else max(row[key.layer], 1) for key in content.items}


def _assign_lanes(content: Content, grid: Grid) -> None:
    sources: dict[Node, list[Node]] = defaultdict(list)
    readers: dict[Node, list[Node]] = defaultdict(list)
    for link in content.links:
        if not link.crosses and link.source.group == link.target.group:
            sources[link.target].append(link.source)
            readers[link.source].append(link.target)
    depth: dict[Node, int] = {}
    for key in reversed(content.items):
        depth[key] = 1 + max((depth.get(reader, 0) for reader in readers[key]), default=0)
    taken: dict[tuple[str, int], set[int]] = defaultdict(set)
    free: dict[tuple[str, int], int] = defaultdict(int)
    for key in sorted(content.items, key=lambda key: (grid.row[key], -depth[key])):
        if key.group == EVERYWHERE:
            continue
        cell = (key.group, grid.row[key])
        lane = min((grid.lane[s] for s in sources[key] if s in grid.lane), default=0)
        if lane in taken[cell]:
            while free[cell] in taken[cell]:
                free[cell] += 1
            lane = free[cell]
        taken[cell].add(lane)
        grid.lane[key] = lane
        grid.lanes[key.group] = max(grid.lanes[key.group], lane + 1)


def _assign_tracks(content: Content, grid: Grid) -> None:
    occupied: dict[tuple[str, int], list[int]] = defaultdict(list)
    for key, lane in grid.lane.items():
        occupied[key.group, lane].append(grid.row[key])
    for rows in occupied.values():
        rows.sort()
    wanted: dict[tuple[str, int], dict[tuple[Node, bool], list[Link]]] = defaultdict(dict)
    for link in content.links:
        top, bottom = grid.row[link.source], grid.row[link.target]
        if bottom - top == 1 or (top < bottom and _lane_is_free(link.source, bottom, grid, occupied)):
            continue
        place = _gutter(link, grid)
        wanted[place].setdefault((link.source, link.crosses), []).append(link)
    for (group, gutter), bundles in wanted.items():
        spans = [_span(links, grid) for links in bundles.values()]
        indices = colour(spans)
        grid.gutters[group, gutter] = max(indices) + 1
        for links, index in zip(bundles.values(), indices, strict=True):
            for link in links:
                grid.tracks[link] = Track(group, gutter, index)


def _lane_is_free(source: Node, bottom: int, grid: Grid, occupied: dict[tuple[str, int], list[int]]) -> bool:
    """Whether no box stands below the source in its own lane, down to the row above `bottom`."""
    if source.group == EVERYWHERE:
        return False
    rows = occupied[source.group, grid.lane[source]]
    following = bisect_right(rows, grid.row[source])
    return following == len(rows) or rows[following] >= bottom


def _gutter(link: Link, grid: Grid) -> tuple[str, int]:
    """A crossing edge goes down beside its source and crosses right above its reader, as data does."""
    if link.source.group == EVERYWHERE:
        return link.group, 0
    lane = grid.lane[link.source]
    if not link.crosses:
        lane = min(lane, grid.lane[link.target])
    return link.source.group, lane


def _span(links: list[Link], grid: Grid) -> tuple[int, int]:
    """The first and last space between rows that a bundle of edges uses."""
    ends = [grid.row[link.source] for link in links] + [grid.row[link.target] - 1 for link in links]
    return min(ends), max(ends)


def colour(spans: list[tuple[int, int]]) -> list[int]:
    """A track for each span, so that no two on one track touch; the fewest tracks that do."""
    tracks = [0] * len(spans)
    active: list[tuple[int, int]] = []
    idle: list[int] = []
    count = 0
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        while active and active[0][0] < start:
            heapq.heappush(idle, heapq.heappop(active)[1])
        if idle:
            track = heapq.heappop(idle)
        else:
            track, count = count, count + 1
        tracks[index] = track
        heapq.heappush(active, (end, track))
    return tracks
