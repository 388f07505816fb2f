"""Ways of edges: down from the source, sideways once or twice between rows, down into the reader."""

from __future__ import annotations

from collections import defaultdict

from specnet.drawing.content import Content, Link
from specnet.drawing.figure import Curve, Point
from specnet.drawing.frame import Frame, Leg
from specnet.drawing.lanes import Grid
from specnet.network.graph import Node

PORT_STEP = 15.0


def legs(content: Content, grid: Grid, frame: Frame) -> dict[Link, Leg]:
    """The way of every edge. Edges that reach a box from the left end left of its middle, and so on."""
    arrivals: dict[Node, list[tuple[float, Link]]] = defaultdict(list)
    for link in content.links:
        track = grid.tracks.get(link)
        way = frame.track_x(track) if track else frame.port(link)
        arrivals[link.target].append((way, link))
    legs_by_link: dict[Link, Leg] = {}
    for target, ways in arrivals.items():
        middle = frame.middle(target)
        ways.sort(key=lambda entry: entry[0])
        left = [entry for entry in ways if entry[0] < middle - 0.5]
        right = [entry for entry in ways if entry[0] > middle + 0.5]
        step = min(PORT_STEP, (frame.box_width / 2 - 20) / max(len(left), len(right), 1))
        ends = {link: middle - step * (len(left) - index) for index, (_, link) in enumerate(left)}
        ends |= {link: middle + step * (index + 1) for index, (_, link) in enumerate(right)}
        for way, link in ways:
            rows = grid.row[link.source], grid.row[target]
            legs_by_link[link] = Leg(frame.port(link), way, ends.get(link, middle), *rows)
    return legs_by_link


def route(leg: Leg, start_y: float, frame: Frame) -> Curve:
    """The curve of an edge that leaves its box at `start_y`."""
    upper, lower = frame.strip_y[leg.top], frame.strip_y[leg.bottom - 1]
    end: Point = (leg.end, frame.row_y[leg.bottom])
    pieces: list[tuple[Point, ...]] = [((leg.start, upper[0]),)]
    if leg.bottom - leg.top == 1:
        pieces.append(_sideways(leg.start, leg.end, *upper))
    elif leg.bottom > leg.top:
        pieces.append(_sideways(leg.start, leg.way, *upper))
        pieces.append(((leg.way, lower[0]),))
        pieces.append(_sideways(leg.way, leg.end, *lower))
    else:
        # Only a removed edge of a diff can go up: it turns round under its source and over its reader.
        pieces.append(((leg.start, upper[1]), (leg.way, upper[1]), (leg.way, upper[0])))
        pieces.append(((leg.way, lower[1]),))
        pieces.append(((leg.way, lower[0]), (leg.end, lower[0]), (leg.end, lower[1])))
    pieces.append((end,))
    return Curve((leg.start, start_y), tuple(pieces))


def _sideways(start: float, end: float, top: float, bottom: float) -> tuple[Point, ...]:
    """An S from one x to another that leaves and arrives vertically, with room for the arrow's head."""
    bottom -= 9
    if abs(end - start) < 0.5:
        return ((end, bottom),)
    bend = (bottom - top) * 0.45
    return (start, top + bend), (end, bottom - bend), (end, bottom)
