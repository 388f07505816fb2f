"""Network -> Table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from specnet.layers.base import Layer, Shape, Window
from specnet.layers.window import Pads
from specnet.network.graph import Node
from specnet.network.memory import VALUE, needed, step_images, traffic
from specnet.network.network import Network
from specnet.numerics.gc_pause import gc_paused
from specnet.tables.folding import folded
from specnet.tables.rows import Field, GroupTotal, Row, Totals
from specnet.tables.table import Table


@gc_paused()
def make(network: Network, images: int | None = None, *, fold: bool = False) -> Table:
    """The table of a network, its memory and traffic for a step of `images`, else of the recipe's.

    With `fold` the layers of each part of the network are one row.
    """
    graph, shares = network.graph, network.shares
    count = step_images(network) if images is None else images
    seen = _Seen()
    held = {group: [0, 0, 0, 0] for group in network.spec.groups}
    rows: list[Row] = []
    activations = 0
    for name in graph.order:
        layer = network.spec.layers[name]
        sums = [0, 0, 0, 0]
        for group in graph.groups[name]:
            share = shares[Node(name, group)]
            parameters = sum(w.size for w in share.parameters().values() if w.trainable)
            frozen = parameters if share.layer.is_frozen else 0
            values = VALUE * count * math.prod(share.output)
            for index, part in enumerate((parameters, share.macs(), values, frozen)):
                sums[index] += part
                held[group][index] += part
        shape = network.output_shape(name)
        activations += math.prod(shape) if sums[0] else 0
        window, padding = _window(layer, shares[Node(name, graph.groups[name][0])].inputs)
        rows.append(
            Row(
                name=name,
                kind=layer.kind,
                groups=graph.groups[name],
                reads=layer.inputs,
                cross_group=layer.cross_group,
                output_shape=shape,
                parameters=sums[0],
                macs=sums[1],
                window=window,
                padding=padding,
                receptive_field=seen.add(name, layer),
                memory=sums[2],
                frozen=sums[3] > 0,
            )
        )
    crossings = network.crossings()
    totals = Totals(
        parameters=sum(row.parameters for row in rows),
        macs=sum(row.macs for row in rows),
        activations=activations,
        cross_group_edges=len(crossings),
        cross_group_values=sum(math.prod(shares[source].output) for source, _ in crossings),
        memory=sum(row.memory for row in rows),
        frozen_parameters=sum(row.parameters for row in rows if row.frozen),
    )
    least = needed(network, count)
    groups = {
        group: GroupTotal(parameters, macs, memory, least[group], frozen)
        for group, (parameters, macs, memory, frozen) in held.items()
    }
    made = Table(network.spec.name, tuple(rows), groups, totals, count, traffic(network, count))
    return folded(made) if fold else made


def _window(layer: Layer, inputs: tuple[Shape, ...]) -> tuple[Window, Pads] | tuple[None, None]:
    """The window of a layer that slides a window, and the padding that it comes to."""
    sliding = layer.sliding_window(*inputs)
    return (None, None) if sliding is None else (sliding[0], Pads(*sliding[1]))


class _Seen:
    """Receptive fields, and the distances between the fields of neighbouring outputs, layer by layer.

    A field grows by (kernel - 1) times the distance below, which the strides multiply; of several inputs the
    largest counts. Padding is not looked at, so a field may be larger than the image.
    """

    def __init__(self) -> None:
        self._fields: dict[str, tuple[Field, Field] | None] = {}

    def add(self, name: str, layer: Layer) -> Field | None:
        """The receptive field of a layer whose inputs were added before."""
        below = [self._fields[source] for source in layer.inputs]
        window = layer.receptive_window()
        if window is None or any(known is None for known in below):
            self._fields[name] = None
            return None
        known = [side for side in below if side is not None] or [((1, 1), (1, 1))]
        (high, wide), (down, right) = known[0] if len(known) == 1 else _largest(known)
        field = high + (window.kernel[0] - 1) * down, wide + (window.kernel[1] - 1) * right
        self._fields[name] = field, (down * window.stride[0], right * window.stride[1])
        return field


def _largest(sides: Sequence[tuple[Field, Field]]) -> tuple[Field, Field]:
    """The largest fields and distances, down and right."""
    fields, steps = zip(*sides, strict=True)
    (high, wide), (down, right) = (map(max, zip(*pairs, strict=True)) for pairs in (fields, steps))
    return (high, wide), (down, right)
