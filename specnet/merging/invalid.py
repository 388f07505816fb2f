"""Findings about a merged spec, and which changes of which side they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    entries = Entries(document)
    spans = [(entries.of(("layers", name)), name) for name in layers]
    for finding in findings:
        line = finding.position.line if finding.position else 0
        held = next((name for span, name in spans if span and span[0] <= line < span[1]), None)
        near = _nearest(layers, held, changed)
        told = {side: [".".join(map(str, path)) for path in paths[:MOST]] for side, paths in near.items()}
        path = f"layers.{held}" if held else ""
        yield Conflict("invalid", path, finding=finding, changes=told)


def _nearest(
    layers: Mapping[str, Any], start: str | None, changed: Mapping[str, Sequence[Path_]]
) -> dict[str, list[Path_]]:
    """The changes of each side of the layer that a finding is at, or of the nearest below or above it that
    the side has changed; all of them where there are none, or where it is at no layer."""
    near = _by_distance(layers, start) if start else []
    made: dict[str, list[Path_]] = {}
    for side, paths in changed.items():
        rings = ([p for p in paths if p[0] == "layers" and len(p) > 1 and p[1] in ring] for ring in near)
        made[side] = next((found for found in rings if found), list(paths))
    return made


def _by_distance(layers: Mapping[str, Any], start: str) -> list[set[str]]:
    """The layers by their distance from one, along what layers read."""
    beside: dict[str, set[str]] = {name: set() for name in layers}
    for name, layer in layers.items():
        read = layer.get("from", []) if isinstance(layer, Mapping) else []
        for source in [read] if isinstance(read, str) else read:
            if source in beside:
                beside[name].add(source)
                beside[source].add(name)
            else:
                beside[name].add(source)
    rings, met = [{start}], {start}
    while rings[-1]:
        ring = {other for name in rings[-1] for other in beside.get(name, ())} - met
        met |= ring
        rings.append(ring)
    return rings
