"""In which order layers can be computed: every layer after its inputs, ties in the order of the file.

What stands in the way is reported: names of unknown layers, networks without an input, cycles.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import is_affordable, nearest, suggestion, surely_named
from specnet.layers.base import Layer
from specnet.network.sink import Sink

if TYPE_CHECKING:
    import networkx

Sources = Mapping[str, tuple[str, ...]]
"""What each layer reads, by name, each once; in the order of the file."""

MAX_TOLD = 5_000
"""Unknown names after which nothing more is said of others."""
SHOWN = 8
"""Layers of a cycle that a message names."""


def dependencies(
    layers: Mapping[str, Layer | None], misnamed: list[str], sink: Sink
) -> tuple[Sources, set[str]]:
    """What each layer reads of those that are known, and the layers of which not all inputs are.

    Reports names of unknown layers, and a missing input.
    """
    sources: dict[str, tuple[str, ...]] = {}
    lost = {name for name, layer in layers.items() if layer is None}
    sink.broken |= lost
    for name, layer in layers.items():
        inputs = layer.inputs if layer is not None else ()
        sources[name] = tuple(dict.fromkeys(source for source in inputs if source in layers))
        for index, source in enumerate(inputs):
            if source in layers:
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
    if layers and not sink.diagnostics:
        _report_missing_input(layers, sink)
    return sources, lost


def _report_missing_input(layers: Mapping[str, Layer | None], sink: Sink) -> None:
    """Nothing is said where a layer is missing, for it may be the input."""
    first = next(iter(layers))
    if not any(layer is None or layer.is_input for layer in layers.values()):
        hint = "add one: image: {kind: input, shape: [3, 224, 224]}"
        sink.add(first, rules.INPUT_MISSING, "no layer is an input", hint, None)
    elif all(layer is not None and layer.is_input for layer in layers.values()):
        sink.add(first, rules.INPUT_MISSING, "nothing reads the input", "add a layer that does", None)


def directed(sources: Sources) -> networkx.DiGraph:
    """The layers by name, in the order of the file, with an edge from each to those that read it."""
    from networkx import DiGraph

    graph = DiGraph()
    graph.add_nodes_from(sources)
    graph.add_edges_from((source, name) for name, own in sources.items() for source in own)
    return graph


def ordered(sources: Sources, sink: Sink) -> list[str]:
    """Every layer after what it reads. Reports cycles; the order within one is that of the file."""
    place = {name: index for index, name in enumerate(sources)}
    try:
        return _sorted(sources, place)
    except CycleError:
        knotted = _report_cycles(sources, place, sink)
        cut = {name: tuple(s for s in own if (s, name) not in knotted) for name, own in sources.items()}
        return _sorted(cut, place)


def _sorted(sources: Sources, place: Mapping[str, int]) -> list[str]:
    """Of the layers of which all that they read has had its turn, the first in the file is next."""
    sorter = TopologicalSorter(sources)
    sorter.prepare()
    order: list[str] = []
    ready: list[tuple[int, str]] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (place[name], name))
        _, name = heappop(ready)
        order.append(name)
        sorter.done(name)
    return order


def _report_cycles(sources: Sources, place: Mapping[str, int], sink: Sink) -> set[tuple[str, str]]:
    """One error for each knot of layers that depend on one another, at its first layer in the file.

    Returns the edges within the knots.
    """
    import networkx  # here only, since most networks have no cycle

    names = directed(sources)
    knotted: set[tuple[str, str]] = set()
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
        knotted.update(within.edges)
    return knotted
