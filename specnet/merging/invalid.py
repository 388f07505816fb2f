"""Findings about a merged spec, and which changes of which side they come from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.merging.conflicts import Conflict
from specnet.syntax.document import Document, Path_
from specnet.syntax.entries import Entries

MOST = 5
"""Paths that are told of each side."""


def conflicts_of(
    document: Document, findings: Sequence[Diagnostic], changed: Mapping[str, Sequence[Path_]]
) -> Iterator[Conflict]:
    """A conflict for each finding; `changed` are the paths that each side has changed."""
    layers = document.data().get("layers", {})
    starts, spans = _spans(document, layers)
    near = _Nearest(layers, changed)
    for finding in findings:
        line = finding.position.line if finding.position else 0
        before = bisect_right(starts, line)
        held = spans[before - 1][1] if before and line < spans[before - 1][0] else None
        told = {side: [".".join(map(str, path)) for path in near.of(side, held)[:MOST]] for side in changed}
        path = f"layers.{held}" if held else ""
        yield Conflict("invalid", path, finding=finding, changes=told)


def _spans(document: Document, layers: Iterable[str]) -> tuple[list[int], list[tuple[int, str]]]:
    """The first lines of layers, in order, and the line behind each one's last with its name."""
    entries = Entries(document)
    found = sorted((span, name) for name in layers if (span := entries.of(("layers", name))))
    return [start for (start, _), _ in found], [(end, name) for (_, end), name in found]


class _Nearest:
    """The changes of each side of a layer, or of the nearest below or above it that the side has changed; all
    of them where there are none, or for no layer."""

    def __init__(self, layers: Mapping[str, Any], changed: Mapping[str, Sequence[Path_]]) -> None:
        self.changed = changed
        self._touched = {
            side: {str(path[1]) for path in paths if path[0] == "layers" and len(path) > 1}
            for side, paths in changed.items()
        }
        self._beside = _beside(layers)
        self._known: dict[tuple[str, str], list[Path_]] = {}

    def of(self, side: str, start: str | None) -> list[Path_]:
        if start is None:
            return list(self.changed[side])
        if (side, start) not in self._known:
            self._known[side, start] = self._found(side, start)
        return self._known[side, start]

    def _found(self, side: str, start: str) -> list[Path_]:
        touched, paths = self._touched[side], self.changed[side]
        for ring in self._rings(start) if touched else ():
            if not touched.isdisjoint(ring):
                return [p for p in paths if p[0] == "layers" and len(p) > 1 and p[1] in ring]
        return list(paths)

    def _rings(self, start: str) -> Iterator[set[str]]:
        """The layers by their distance from one, along what layers read."""
        ring, met = {start}, {start}
        while ring:
            yield ring
            ring = {other for name in ring for other in self._beside.get(name, ())} - met
            met |= ring


def _beside(layers: Mapping[str, Any]) -> dict[str, set[str]]:
    """The layers that each one reads and is read by; what is read need not be there."""
    beside: dict[str, set[str]] = {name: set() for name in layers}
    for name, layer in layers.items():
        read = layer.get("from", []) if isinstance(layer, Mapping) else []
        for source in [read] if isinstance(read, str) else read:
            beside[name].add(source)
            if source in beside:
                beside[source].add(name)
    return beside
