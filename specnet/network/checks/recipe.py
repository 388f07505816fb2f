"""Whether the recipe fits the network. Works on the recipe as it stands in the file, sound or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.diagnostics.suggestions import nearest, suggestion
from specnet.layers.base import Layer
from specnet.layers.input import Input
from specnet.network.graph import Graph, Node
from specnet.network.shapes import Share, full_shape
from specnet.recipe.losses import layers_read
from specnet.schema.fields import is_whole
from specnet.spec.spec import Locate
from specnet.text import describe


def recipe_diagnostics(
    recipe: Any,
    layers: Mapping[str, Layer | None],
    graph: Graph,
    shares: Mapping[Node, Share],
    locate: Locate,
    misnamed: tuple[str, ...],
) -> Iterator[Diagnostic]:
    """What the loss reads, what is cropped and the batch, as far as the layers concerned are sound."""
    if not isinstance(recipe, dict):
        return
    yield from _batch_findings(recipe, shares, locate)
    homes: list[str] = []
    for key, source in layers_read(recipe).items():
        if isinstance(source, str) and not nearest(source, misnamed):
            place = locate(("training", "loss", key))
            if source not in layers:
                hint = suggestion(source, layers, noun="layer")
                yield Diagnostic("SN601", f"the loss reads '{source}', which is no layer", place, hint)
            elif _is_sound(source, graph, shares):
                yield from _loss_findings(source, homes, graph, shares, place)
                homes = homes or list(graph.groups[source])
    inputs = [name for name, layer in layers.items() if isinstance(layer, Input)]
    if inputs and _is_sound(inputs[0], graph, shares):
        yield from _crop_findings(recipe, full_shape(graph, shares, inputs[0]), locate)


def _batch_findings(
    recipe: Mapping[str, Any], shares: Mapping[Node, Share], locate: Locate
) -> Iterator[Diagnostic]:
    """Batches must have enough images for every layer."""
    size: Any = recipe.get("batch_size")
    node, least = neediest(shares)
    if node is not None and is_whole(size, 1) and size < least:
        kind = shares[node].layer.kind
        message = f"layer '{node.layer}' ({kind}) needs at least {least} images in a batch, not {size}"
        hint = f"use a batch_size of {least} or more; specnet explain SN609 says why"
        yield Diagnostic("SN609", message, locate(("training", "batch_size")), hint)


def neediest(shares: Mapping[Node, Share]) -> tuple[Node | None, int]:
    """The first node that needs the most images in a batch, and how many; None and 1 if one is enough."""
    found: tuple[Node | None, int] = (None, 1)
    for node, share in shares.items():
        least = share.layer.least_images(*share.inputs)
        if least > found[1]:
            found = node, least
    return found


def _is_sound(name: str, graph: Graph, shares: Mapping[Node, Share]) -> bool:
    return name in graph.groups and all(Node(name, group) in shares for group in graph.groups[name])


def _loss_findings(
    name: str, homes: list[str], graph: Graph, shares: Mapping[Node, Share], place: Position | None
) -> Iterator[Diagnostic]:
    """What the loss reads is a vector that lies in one place, where its head does: on a group of `homes`."""
    groups, shape = graph.groups[name], full_shape(graph, shares, name)
    if len(groups) > 1 and name not in graph.replicated:
        message = f"the loss reads '{name}', which is split over {'+'.join(groups)}"
        hint = f"put '{name}' in one place: group: {groups[0]}, with cross_group: true"
        yield Diagnostic("SN602", message, place, hint)
    elif homes and homes[0] not in groups:
        message = f"the loss reads '{name}', which is on {groups[0]}, and its head is on {homes[0]}"
        yield Diagnostic("SN602", message, place, f"put both in one place: group: {homes[0]}")
    elif len(shape) != 1:
        message = f"the loss reads '{name}', whose output is {describe(shape)}, not a number for each class"
        yield Diagnostic("SN603", message, place, "end the network with a dense layer")


def _crop_findings(recipe: Mapping[str, Any], shape: tuple[int, ...], locate: Locate) -> Iterator[Diagnostic]:
    """Crops must have the size of the network's input."""
    augment = recipe.get("augment")
    parts = [(("augment", i), part) for i, part in enumerate(augment if isinstance(augment, list) else [])]
    for path, part in [*parts, (("evaluate",), recipe.get("evaluate"))]:
        size = part.get("size") if isinstance(part, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or size < 1 or shape[1:] == (size, size):
            continue
        message = f"crops of {size}x{size} do not fit the input, which is {describe(shape)}"
        square = len(shape) == 3 and shape[1] == shape[2]
        hint = f"use size {shape[-1]}, or change the input's shape" if square else "crops are square images"
        yield Diagnostic("SN604", message, locate(("training", *path, "size")), hint)
