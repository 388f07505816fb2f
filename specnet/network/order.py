"""In which order layers can be computed: every layer after its inputs, ties in the order of the file.

What stands in the way is reported: names that are no layer's, networks without an input, cycles.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import nearest, suggestion, surely_named
from specnet.layers.base import Layer
from specnet.layers.input import Input
from specnet.network.layer_diagnostics import LayerDiagnostics

SUGGESTIONS = 20
"""Unknown names that get a suggestion. Looking for the nearest of many names is slow."""
SHOWN = 8
"""Layers of a cycle that a message names."""


def ordered(layers: Mapping[str, Layer | None], misnamed: list[str], problems: LayerDiagnostics) -> list[str]:
    """Layer names in dependency order. Reports unknown inputs, missing inputs and cycles."""
    readers = _readers(layers, misnamed, problems)
    first = next(iter(layers), None)
    if first is None or problems.found:
        pass  # a layer that is missing may be the input
    elif not any(isinstance(layer, Input) or layer is None for layer in layers.values()):
        hint = "add one: image: {kind: input, shape: [3, 224, 224]}"
        problems.add(first, rules.INPUT_MISSING, "no layer is an input", hint, None)
    elif all(isinstance(layer, Input) for layer in layers.values()):
        problems.add(first, rules.INPUT_MISSING, "nothing reads the input", "add a layer that does", None)
    order = _sorted(readers)
    if len(order) < len(layers):
        _report_cycles(readers, set(layers) - set(order), problems)
    return order


def _readers(
    layers: Mapping[str, Layer | None], misnamed: list[str], problems: LayerDiagnostics
) -> dict[str, list[str]]:
    """Who reads each layer. Reports names that are no layer's."""
    readers: dict[str, list[str]] = {name: [] for name in layers}
    for name, layer in layers.items():
        for index, source in enumerate(layer.inputs if layer is not None else ()):
            if source in readers:
                readers[source].append(name)
            elif nearest(source, misnamed):
                problems.broken.add(name)
            else:
                slot = (index,) if layer is not None and len(layer.inputs) > 1 else ()
                message = f"there is no layer '{source}' to read"
                few = len(problems.found) < SUGGESTIONS
                hint = suggestion(source, layers, noun="layer") if few else None
                meant = surely_named(source, [other for other in layers if other != name]) if few else None
                fix = problems.renaming(name, "from", index, source, meant)
                problems.add(name, rules.UNKNOWN_LAYER, message, hint, "from", *slot, fix=fix)
    return readers


def _sorted(readers: Mapping[str, list[str]]) -> list[str]:
    """The names after what they read, ties in the order of the file; those behind a cycle are left out."""
    names = list(readers)
    place = {name: index for index, name in enumerate(names)}
    waiting = dict.fromkeys(names, 0)
    for reads in readers.values():
        for name in reads:
            waiting[name] += 1
    ready = [place[name] for name in names if not waiting[name]]
    order: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        order.append(name)
        for reader in readers[name]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, place[reader])
    return order


def _report_cycles(readers: Mapping[str, list[str]], left: set[str], problems: LayerDiagnostics) -> None:
    """One finding for each knot of layers that depend on one another, at its first layer in the file."""
    import networkx  # takes a tenth of a second, and a sound spec has no cycles

    place = {name: index for index, name in enumerate(readers)}
    names = networkx.DiGraph((source, name) for source in left for name in readers[source] if name in left)
    for component in networkx.strongly_connected_components(names):
        anchor = min(component, key=place.__getitem__)
        if len(component) == 1 and not names.has_edge(anchor, anchor):
            continue  # it only lies behind a cycle
        cycle = [source for source, _ in networkx.find_cycle(names.subgraph(component), anchor)]
        start = cycle.index(min(cycle, key=place.__getitem__))
        cycle = cycle[start:] + cycle[:start]
        shown = cycle if len(cycle) <= SHOWN else [*cycle[: SHOWN - 1], "...", cycle[-1]]
        hint = "a network is a graph without cycles; cut one of these edges"
        problems.add(cycle[0], rules.CYCLE, f"it depends on itself: {' -> '.join([*shown, cycle[0]])}", hint)
    problems.broken.update(left)
