"""Warnings: what is allowed and yet seldom meant. None is given that an error may have caused."""

from __future__ import annotations

from specnet.diagnostics import rules
from specnet.layers.base import Layer, Shape
from specnet.network.checks.recipe import read_by_loss
from specnet.network.partial import PartialNetwork
from specnet.network.shapes import full_shape
from specnet.network.sink import Sink
from specnet.recipe.losses import place_of, written_heads
from specnet.recipe.training import fits
from specnet.syntax.document import Path_
from specnet.text import describe, plural

SHOWN = 8
"""Layers that a message names."""
UNEVEN = 3
"""A group with that many times the parameters of another is worth a word ..."""
UNEVEN_PARAMETERS = 1_000_000
"""... where the difference is at least this many."""


def advise(network: PartialNetwork, sink: Sink) -> None:
    """Warn of what is seldom meant, in those parts of a network that no error concerns."""
    for name, layer in network.parts.layers.items():
        if layer is not None and name not in network.parts.unsound:
            _advise_on_layer(name, layer, network, sink)
    if not sink.has(rules.LOSS_OF_NO_LAYER, rules.LOSS_OF_SPLIT_LAYER, rules.LOSS_OF_IMAGE):
        _feeds_nothing(network, sink)
        _logits(network, sink)
        _classes(network, sink)
    _images(network, sink)
    _constants(network, sink)
    _unused_blocks(network, sink)
    _unused_groups(network, sink)
    _uneven_groups(network, sink)


def _advise_on_layer(name: str, layer: Layer, network: PartialNetwork, sink: Sink) -> None:
    """What a kind says about its layer."""
    share = None
    if name in network.shapes.certain and name not in network.doubtful:
        share = network.shapes.shares.get(network.graph.nodes[name][0])
    for advice in layer.advice(share.inputs if share is not None else None):
        sink.add_advice(name, advice)


def _feeds_nothing(network: PartialNetwork, sink: Sink) -> None:
    """Layers that feed nothing although another layer is the output.

    Nothing is said while a layer may read something that is not known.
    """
    parts, graph = network.parts, network.graph
    if network.lost or parts.misnamed or sink.has(rules.CYCLE, rules.TOO_MANY_EDGES):
        return
    read = {source for sources in graph.sources.values() for source in sources}
    sinks = [name for name in network.order if name not in read]
    outputs = set(read_by_loss(parts.recipe).values())
    if parts.recipe is None and not parts.unsound.intersection(sinks):
        outputs = set(sinks[-1:])
    if not outputs or not outputs.issubset(graph.sources) or outputs.issuperset(sinks):
        return
    import networkx  # here only, since in most networks every layer feeds the output

    left = graph.names.copy()
    for output in outputs:
        left.remove_nodes_from([output, *networkx.ancestors(graph.names, output)])
    for name in sinks:
        if name in left and name not in sink.broken:
            vain = networkx.ancestors(left, name)
            left.remove_nodes_from(vain)  # each is named once
            why = f", so {_listed(vain)} {'is' if len(vain) == 1 else 'are'} computed in vain" if vain else ""
            message, hint = f"layer '{name}' feeds nothing{why}", "read it somewhere, or remove it"
            sink.warn(rules.UNREAD_LAYER, message, hint, ("layers", name), key=True)


def _unused_blocks(network: PartialNetwork, sink: Sink) -> None:
    """Blocks that nothing uses."""
    for name, place in network.parts.unused_blocks.items():
        message = f"no layer uses the block '{name}'"
        hint = f"use it in layers, {{kind: block, of: {name}, ...}}, or remove it"
        sink.diagnostics.append(rules.UNUSED_BLOCK.at(place, message, hint))


def _listed(names: set[str]) -> str:
    shown = sorted(names)[:SHOWN]
    more = f" and {plural(len(names) - SHOWN, 'other')}" if len(names) > SHOWN else ""
    return ", ".join(shown) + more


def _logits(network: PartialNetwork, sink: Sink) -> None:
    """Losses on something that is not logits."""
    for key, loss, name in written_heads(network.parts.recipe):
        if loss.head.function is not None and isinstance(name, str):
            _logits_of(name, ("training", *place_of(key)), loss.head.function, network, sink)


def _logits_of(name: str, place: Path_, applied: str, network: PartialNetwork, sink: Sink) -> None:
    """A loss on what is behind dropout, an activation function, or both, which applies one itself."""
    layer = _sound_layer(network, name)
    while layer is not None and layer.drop_rate() is not None and name not in sink.broken:
        message = f"the loss reads '{name}', whose {layer.kind} sets logits to zero at random"
        sink.warn(rules.LOSS_OF_NO_LOGITS, message, f"read {layer.inputs[0]}: the loss takes logits", place)
        name = layer.inputs[0]
        layer = _sound_layer(network, name)
    last = layer.applied_function() if layer is not None else None
    function = last.kind if last is not None else None
    if function == applied:
        message = f"the loss reads '{name}', which applies {function}, and the loss applies it again"
        hint = f"leave the {function} out: the loss takes logits"
        sink.warn(rules.LOSS_OF_NO_LOGITS, message, hint, place)
    elif function is not None:
        message = f"the loss reads '{name}', which applies {function}, so the logits cannot take every value"
        sink.warn(rules.LOSS_OF_NO_LOGITS, message, f"leave {function} out of the last layer", place)


def _head(network: PartialNetwork) -> tuple[Path_, str | None]:
    """Where the recipe names the head of the loss, and the name; None if it does not."""
    for key, name in read_by_loss(network.parts.recipe).items():
        return ("training", *place_of(key)), name
    return ("training", "loss"), None


def _sound_layer(network: PartialNetwork, name: str | None) -> Layer | None:
    """A layer of that name, if its schema is sound."""
    return network.parts.layers.get(name) if name is not None and name not in network.parts.unsound else None


def _classes(network: PartialNetwork, sink: Sink) -> None:
    """Classes of the dataset that differ from the output."""
    parts, (place, name) = network.parts, _head(network)
    classes = parts.data.class_count() if parts.data is not None else None
    shape = _shape_of(name, network, sink)
    if parts.data is None or classes is None or shape is None:
        return
    (units, *_) = shape
    if classes != units:
        outputs = plural(units, "output")
        message = f"the dataset '{parts.data.kind}' has {classes} classes, and '{name}' has {outputs}"
        sink.warn(rules.CLASS_COUNT, message, f"give '{name}' {classes} units", place)


def _shape_of(name: str | None, network: PartialNetwork, sink: Sink) -> Shape | None:
    """The shape of a full layer, unless an error casts doubt on it. One in what it reads need not."""
    layer = _sound_layer(network, name)
    if name is None or layer is None:
        return None
    if name in network.shapes.certain and name not in network.faulty:
        return full_shape(network.graph, network.shapes.outputs, name)
    return layer.declared_shape() if name in sink.broken and name not in network.undivided else None


def _images(network: PartialNetwork, sink: Sink) -> None:
    """A dataset whose images do not come out as the network's input."""
    parts, inputs = network.parts, network.inputs()
    size = parts.data.image_shape() if parts.data is not None else None
    if parts.training is None or parts.data is None or size is None or len(inputs) != 1 or network.lost:
        return
    if inputs[0] not in network.shapes.certain or inputs[0] in network.faulty:
        return
    shape = full_shape(network.graph, network.shapes.outputs, inputs[0])
    if not fits(parts.training, size, shape):
        message = f"the dataset '{parts.data.kind}' has images of {describe(size)}, and '{inputs[0]}' takes"
        hint = "change one of the two, or crop in both training.augment and training.evaluate"
        sink.warn(rules.IMAGE_SHAPE, f"{message} {describe(shape)}", hint, ("data",), key=True)


def _constants(network: PartialNetwork, sink: Sink) -> None:
    """A normalization whose numbers are for pixels of another range."""
    training = network.parts.training
    doubt = training.normalize.doubt() if training is not None and training.normalize is not None else None
    if doubt is not None:
        sink.warn(rules.SMALL_CONSTANTS, *doubt, ("training", "normalize"))


def _unused_groups(network: PartialNetwork, sink: Sink) -> None:
    """Groups that hold no layer; not while one is not placed, or may be on the wrong groups."""
    graph, groups = network.graph, network.parts.groups or ()
    is_open = network.adrift or network.undivided or len(graph.order) < len(network.parts.layers)
    if (
        len(groups) < 2
        or is_open
        or network.parts.misnamed
        or sink.has(rules.UNDECLARED_CROSSING, rules.NEEDLESS_CROSSING, rules.TRAINED_COPIES)
    ):
        return
    used = {g for name, own in graph.groups.items() if not graph.layers[name].is_input for g in own}
    for index, group in enumerate(groups):
        if used and group not in used:
            hint = "put a layer on it (group: NAME), or remove the group"
            sink.warn(rules.EMPTY_GROUP, f"no layer lives on group '{group}'", hint, ("groups", index))


def _uneven_groups(network: PartialNetwork, sink: Sink) -> None:
    """Groups that hold many more parameters than another; not where some are not known."""
    groups, shares = network.parts.groups or (), network.shapes.shares
    if len(groups) < 2 or network.doubtful or len(shares) < len(network.graph.reads):
        return
    held = {node.group: 0 for node, share in shares.items() if not share.layer.is_input}
    for node, share in shares.items():
        if node.group in held:
            held[node.group] += sum(w.size for w in share.parameters().values() if w.trainable)
    used = [group for group in groups if group in held]
    if not used:
        return
    least, most = min(used, key=held.__getitem__), max(used, key=held.__getitem__)
    if held[most] >= UNEVEN * held[least] and held[most] - held[least] >= UNEVEN_PARAMETERS:
        message = f"group '{most}' holds {held[most]:,} parameters and '{least}' only {held[least]:,}"
        hint = f"split the largest layers over both, or move some to '{least}'"
        sink.warn(rules.UNEVEN_GROUPS, message, hint, ("groups", groups.index(most)))
