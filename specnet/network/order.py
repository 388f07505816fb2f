"""In which order layers can be computed: every layer after its inputs, ties in the order of the file.

What stands in the way is reported: names of unknown layers, networks without an input, cycles.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import is_affordable, nearest, suggestion, surely_named
from specnet.layers.base import Layer
from specnet.network.sink import Sink

MAX_TOLD = 5_000
"""Unknown names after which nothing more is said of others."""
SHOWN = 8
"""Layers of a cycle that a message names."""


def dependencies(
    layers: Mapping[str, Layer | None], misnamed: list[str], sink: Sink
) -> tuple[networkx.DiGraph, set[str]]:
    """The layers with an edge to each from what it reads, and those of which not all inputs are known.

    Reports names of unknown layers, and a missing input.
    """
    names = networkx.DiGraph()
    names.add_nodes_from(layers)
    edges: list[tuple[str, str]] = []
    lost = {name for name, layer in layers.items() if layer is None}
    sink.broken |= lost
    for name, layer in layers.items():
        for index, source in enumerate(layer.inputs if layer is not None else ()):
            if source in layers:
                edges.append((source, name))
                continue
            lost.add(name)
            sink.broken.add(name)
            if len(sink.diagnostics) < MAX_TOLD and not nearest(source, misnamed):
                slot = (index,) if layer is not None and len(layer.inputs) > 1 else ()
                message = f"there is no layer '{source}' to read"
                few = is_affordable(len(sink.diagnostics), len(layers))
                hint = suggestion(source, layers, noun="layer") if few else None
                meant = surely_named(source, [other for other in layers if other != name]) if few else None
                fix = sink.renaming(("layers", name, "from"), index, source, meant)
                sink.add(name, rules.UNKNOWN_LAYER, message, hint, "from", *slot, fix=fix)
    names.add_edges_from(edges)
    if layers and not sink.diagnostics:
        _report_missing_input(layers, sink)
    return names, lost


def _report_missing_input(layers: Mapping[str, Layer | None], sink: Sink) -> None:
    """Nothing is said where a layer is missing, for it may be the input."""
    first = next(iter(layers))
    if not any(layer is None or layer.is_input for layer in layers.values()):
        hint = "add one: image: {kind: input, shape: [3, 224, 224]}"
        sink.add(first, rules.INPUT_MISSING, "no layer is an input", hint, None)
    elif all(layer is not None and layer.is_input for layer in layers.values()):
        sink.add(first, rules.INPUT_MISSING, "nothing reads the input", "add a layer that does", None)


def ordered(names: networkx.DiGraph, sink: Sink) -> list[str]:
    """Every layer after what it reads. Reports cycles; the order within one is that of the file."""
    place = {name: index for index, name in enumerate(names)}
    try:
        return list(networkx.lexicographical_topological_sort(names, key=place.__getitem__))
    except networkx.NetworkXUnfeasible:
        cut = names.copy()
        cut.remove_edges_from(_report_cycles(names, place, sink))
        return list(networkx.lexicographical_topological_sort(cut, key=place.__getitem__))


def _report_cycles(names: networkx.DiGraph, place: Mapping[str, int], sink: Sink) -> list[tuple[str, str]]:
    """One error for each knot of layers that depend on one another, at its first layer in the file.

    Returns the edges within the knots.
    """
    knotted: list[tuple[str, str]] = []
    for knot in networkx.strongly_connected_components(names):
        anchor = min(knot, key=place.__getitem__)
        if len(knot) == 1 and not names.has_edge(anchor, anchor):
            continue
        within = names.subgraph(knot)
        cycle = [source for source, _ in networkx.find_cycle(within, anchor)]
        start = cycle.index(min(cycle, key=place.__getitem__))
        cycle = cycle[start:] + cycle[:start]
        shown = cycle if len(cycle) <= SHOWN else [*cycle[: SHOWN - 1], "...", cycle[-1]]
        hint = "a network is a graph without cycles; cut one of these edges"
        sink.add(cycle[0], rules.CYCLE, f"it depends on itself: {' -> '.join([*shown, cycle[0]])}", hint)
        sink.broken |= knot
        knotted += within.edges
    return knotted
