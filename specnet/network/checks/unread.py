"""Shares of a layer that nothing reads: half of a network that is computed and then dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.layers.base import Layer
from specnet.network.graph import Graph
from specnet.recipe.losses import layers_read
from specnet.spec.spec import Locate

HINT = "cross_group: true reads every share; cross_group: false says that this one alone is meant"


def unread_shares(
    graph: Graph, layers: Mapping[str, Layer | None], recipe: Any, locate: Locate
) -> Iterator[Diagnostic]:
    """A finding for each layer that reads one share of another while nothing reads the rest.

    There is none for a layer that has `cross_group: false` written in it. A layer of which no share is read
    is an output or feeds nothing, which is another matter, as is what the loss reads. Nothing is said while
    a layer is missing from the graph, for it may read the rest.
    """
    if len(graph.order) < len(layers):
        return
    read = layers_read(recipe).values()
    dropped = {
        name: idle
        for name, idle in graph.unread().items()
        if len(idle) < len(graph.groups[name]) and name not in graph.replicated and name not in read
    }
    for name in graph.order if dropped else ():
        layer = layers[name]
        if layer is None or layer.own_share_meant:
            continue
        for index, source in enumerate(layer.inputs):
            if source in dropped and source not in layer.inputs[:index]:
                slot = (index,) if len(layer.inputs) > 1 else ()
                rest = "the one" if len(dropped[source]) == 1 else "those"
                message = f"it reads its own group's share of '{source}' only, and nothing reads {rest}"
                message = f"layer '{name}': {message} on {'+'.join(dropped[source])}"
                yield Diagnostic("SN305", message, locate(("layers", name, "from", *slot)), HINT)
