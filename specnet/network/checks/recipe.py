"""Whether the recipe fits the network. Works on the recipe as it stands in the file, sound or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import is_affordable, nearest, suggestion, surely_named
from specnet.layers.base import Shape
from specnet.network.checks.rates import check_rates
from specnet.network.graph import Node
from specnet.network.partial import PartialNetwork
from specnet.network.shapes import Share, full_shape
from specnet.network.sink import Sink
from specnet.recipe.cropping import mixing_kinds, resized_without_crop, wanted_channels, written_crops
from specnet.recipe.losses import layers_read, place_of, written_heads
from specnet.recipe.metrics import written_metric
from specnet.schema.fields import is_integer
from specnet.syntax.document import Path_
from specnet.text import describe, plural


def read_by_loss(recipe: Any) -> dict[str, str]:
    """The names of the layers that the loss reads by the keys that name them, the head first."""
    return {key: name for key, name in layers_read(recipe).items() if isinstance(name, str)}


def check_recipe(network: PartialNetwork, sink: Sink) -> None:
    """What the loss reads, what is cropped and the batch, as far as the layers concerned are sound."""
    recipe, layers = network.parts.recipe, network.parts.layers
    if not isinstance(recipe, dict):
        return
    certain, graph, outputs = network.shapes.certain, network.graph, network.shapes.outputs
    _check_batch(recipe, network.sound_shares(), sink)
    check_rates(recipe, network, sink)
    for key, source in read_by_loss(recipe).items():
        place = ("training", *place_of(key))
        if nearest(source, network.parts.misnamed):
            continue
        if source not in layers:
            few = is_affordable(len(sink.diagnostics), len(layers))
            hint = suggestion(source, layers, noun="layer") if few else None
            message = f"the loss reads '{source}', which is not a layer"
            fix = sink.renaming(place, 0, source, surely_named(source, layers) if few else None)
            sink.error(rules.LOSS_OF_NO_LAYER, message, hint, place, fix)
        elif source in certain:
            _check_loss(source, place, network, sink)
    _check_heads(recipe, network, sink)
    _check_metrics(recipe, network, sink)
    inputs = network.inputs()
    if inputs and inputs[0] in certain:
        shape = full_shape(graph, outputs, inputs[0])
        _check_crops(recipe, inputs[0], shape, sink)
        _check_channels(recipe, inputs[0], shape, sink)
    _check_mixing(recipe, sink)


def _check_batch(recipe: Mapping[str, Any], shares: Mapping[Node, Share], sink: Sink) -> None:
    """Batches must have enough images for every layer."""
    size: Any = recipe.get("batch_size")
    node, least = neediest(shares)
    if node is not None and is_integer(size, 1) and size < least:
        kind = shares[node].layer.kind
        message = f"layer '{node.layer}' ({kind}) needs at least {least} images in a batch, not {size}"
        hint = f"use a batch_size of {least} or more; specnet explain {rules.BATCH_TOO_SMALL.code} says why"
        sink.error(rules.BATCH_TOO_SMALL, message, hint, ("training", "batch_size"))


def neediest(shares: Mapping[Node, Share]) -> tuple[Node | None, int]:
    """The first node that needs the most images in a batch, and how many; None and 1 if one is enough."""
    most: tuple[Node | None, int] = (None, 1)
    for node, share in shares.items():
        least = share.layer.least_images(*share.inputs)
        if least > most[1]:
            most = node, least
    return most


def _check_heads(recipe: Mapping[str, Any], network: PartialNetwork, sink: Sink) -> None:
    """All heads of losses that are added up tell the same classes apart."""
    first: tuple[str, int] | None = None
    for key, cls, name in written_heads(recipe):
        if cls.labels != "class" or not isinstance(name, str) or name not in network.shapes.certain:
            continue
        shape = full_shape(network.graph, network.shapes.outputs, name)
        is_split = len(network.graph.groups[name]) > 1 and name not in network.graph.replicated
        if len(shape) != 1 or is_split:
            continue
        first = first or (name, shape[0])
        if shape[0] != first[1]:
            has = plural(shape[0], "output")
            message = f"the loss reads '{name}', which has {has}, and '{first[0]}', which has {first[1]}"
            hint = f"give '{name}' {plural(first[1], 'unit')}: both tell the same classes apart"
            place = ("training", *place_of(key))
            sink.error(rules.UNLIKE_HEADS, message, hint, place)


def _check_loss(name: str, place: Path_, network: PartialNetwork, sink: Sink) -> None:
    """What the loss reads is a vector that lies in one place."""
    graph = network.graph
    groups, shape = graph.groups[name], full_shape(graph, network.shapes.outputs, name)
    if len(groups) > 1 and name not in graph.replicated:
        message = f"the loss reads '{name}', which is split over {'+'.join(groups)}"
        hint = f"put '{name}' in one place: group: {groups[0]}, with cross_group: true"
        sink.error(rules.LOSS_OF_SPLIT_LAYER, message, hint, place)
    elif len(shape) != 1:
        message = f"the loss reads '{name}', whose output is {describe(shape)}, not a number for each class"
        sink.error(rules.LOSS_OF_IMAGE, message, "end the network with a dense layer", place)


def _check_metrics(recipe: Mapping[str, Any], network: PartialNetwork, sink: Sink) -> None:
    """What is measured tells something about the network, and one thing once."""
    _, loss, head = next(written_heads(recipe), ("", None, None))
    listed, known = recipe.get("metrics"), set[str]()
    for index, part in enumerate(listed if isinstance(listed, list) else []):
        metric, place = written_metric(part), ("training", "metrics", index)
        if metric is None:
            continue
        fault = metric.misnamed()
        if metric.name in known:
            fault = f"'{metric.name}' is measured already", "remove one of the two"
        elif fault is None and loss is not None and isinstance(head, str) and head in network.shapes.certain:
            (outputs, *_) = full_shape(network.graph, network.shapes.outputs, head)
            fault = metric.unfit(outputs, loss.head)
        known.add(metric.name)
        if fault is not None:
            sink.error(rules.UNFIT_METRIC, *fault, place)


def _check_crops(recipe: Mapping[str, Any], name: str, shape: Shape, sink: Sink) -> None:
    """Crops must have the size of the network's input. One of the two is wrong, and which is not known."""
    for crop in written_crops(recipe):
        if crop.of is None and shape[1:] == crop.out:
            continue
        size, place = f"{crop.size}x{crop.size}", ("training", *crop.path)
        sink.faulty.add(name)
        if crop.of is not None:
            message = f"crops of {size} do not fit into images that are {_by(crop.of)} by then"
            sink.error(rules.CROP_SIZE, message, "take a smaller crop, or leave the earlier one out", place)
            continue
        later = "" if crop.out == (crop.size, crop.size) else f", which come out as {_by(crop.out)},"
        message = f"crops of {size}{later} do not fit the input, which is {describe(shape)}"
        square = len(shape) == 3 and shape[1] == shape[2]
        fitting = shape[-1] - (crop.out[0] - crop.size)
        change = f"use {crop.path[-1]} {fitting}, or change the input's shape"
        sink.error(rules.CROP_SIZE, message, change if square else "crops are square images", place)
    resized = resized_without_crop(recipe, shape)
    if resized is not None:
        path, made = resized
        sink.faulty.add(name)
        message = f"images of the input's {describe(shape)} are {describe(made)} after {path[0]}"
        hint = f"cut them to size after it: {{kind: random_crop, size: {shape[-1]}}}"
        sink.error(rules.CROP_SIZE, message, hint, ("training", *path))


def _by(size: Shape) -> str:
    return "x".join(str(side) for side in size)


def _check_mixing(recipe: Mapping[str, Any], sink: Sink) -> None:
    """Images are mixed with others of their batch."""
    if recipe.get("batch_size") != 1:
        return
    for kind in mixing_kinds(recipe):
        message = f"{kind} mixes the images of a batch, and each batch has one"
        sink.error(
            rules.BATCH_TOO_SMALL, message, "use a batch_size of 2 or more", ("training", "batch_size")
        )


def _check_channels(recipe: Mapping[str, Any], name: str, shape: Shape, sink: Sink) -> None:
    """What is done to each channel is said for as many as the network's input has."""
    for path, wanted in wanted_channels(recipe):
        if wanted.count == shape[0]:
            continue
        has = plural(shape[0], "channel" if len(shape) == 3 else "unit")
        message = f"{wanted.why}, and the input '{name}' has {has}"
        sink.error(rules.CHANNEL_COUNT, message, wanted.hint, ("training", *path))
