"""Which layers are frozen: those that say so themselves, and those that the recipe names."""

from __future__ import annotations

from specnet.diagnostics import rules
from specnet.diagnostics.suggestions import nearest, suggestion
from specnet.layers.weighted import Trainable
from specnet.network.checks.unfit import are_too_many, at, report_too_many, report_unfit
from specnet.network.partial import PartialNetwork
from specnet.network.sink import Sink
from specnet.recipe.patterns import fitted_by, fitting, is_pattern
from specnet.spec.salvage import Parts
from specnet.syntax.document import Path_


def patterns(parts: Parts) -> list[str]:
    """The sound patterns of the recipe as it stands in the file, sound or not."""
    written = parts.recipe.get("frozen") if isinstance(parts.recipe, dict) else None
    every = written if isinstance(written, list | tuple) else [written]
    sound = [str(one) for one in every if is_pattern(one)]
    return [] if are_too_many(parts.recipe, len(parts.layers)) else sound


def frozen_by_recipe(parts: Parts) -> frozenset[str]:
    """The layers that a pattern of the recipe fits."""
    every = patterns(parts)
    return frozenset(fitting(every, parts.layers)) if every else frozenset()


def check_frozen(network: PartialNetwork, sink: Sink) -> None:
    """An error for each pattern that fits no layer with parameters, or one whose kind cannot be frozen, and
    where a recipe has nothing left to train."""
    report_too_many(network, sink)
    every = patterns(network.parts)
    for index in range(len(every)):
        _check_pattern(every, index, network, sink)
    if isinstance(network.parts.recipe, dict) and _is_known(network):
        _check_trained(network, sink)


def _check_pattern(every: list[str], index: int, network: PartialNetwork, sink: Sink) -> None:
    layers, unsound, pattern = network.parts.layers, network.parts.unsound, every[index]
    place: Path_ = ("training", "frozen")
    fit = list(fitted_by(pattern, layers))
    if any(name in unsound or layers[name] is None or isinstance(layers[name], Trainable) for name in fit):
        return
    names = [name for name, layer in layers.items() if isinstance(layer, Trainable)]
    if not fit:
        report_unfit(rules.FROZEN_NOTHING, "frozen", place, every, index, names, network, sink)
        return
    if nearest(pattern, network.parts.misnamed):
        return
    hint = suggestion(pattern, names, noun="layer")
    first = layers[fit[0]]
    assert first is not None
    lacks = "no parameters"
    if any(node.layer in fit and share.trained() for node, share in network.sound_shares().items()):
        lacks, hint = "no field 'trainable'", "its kind has to derive from specnet.layers.weighted.Trainable"
    message = f"frozen: the layer '{fit[0]}' ({first.kind}) has {lacks}"
    sink.error(rules.FROZEN_NOTHING, message, hint, at(place, index, every))


def _is_known(network: PartialNetwork) -> bool:
    """Whether all layers are sound, and their shares known."""
    graph = network.graph
    return (
        not network.doubtful
        and len(graph.order) == len(network.parts.layers)
        and len(network.shapes.shares) == len(graph.reads)
    )


def _check_trained(network: PartialNetwork, sink: Sink) -> None:
    shares = network.shapes.shares.values()
    if any(share.trained() for share in shares):
        return
    if any(share.layer.is_frozen for share in shares):
        place: Path_ = ("training", "frozen") if patterns(network.parts) else ("training",)
        message = "every layer with parameters is frozen, and a recipe needs something to train"
        hint = "take a layer out of training.frozen, or its trainable: false"
        sink.error(rules.NOTHING_TO_TRAIN, message, hint, place, key=True)
        return
    message = "no layer has parameters, and a recipe needs something to train"
    hint = "add a conv or dense layer, or remove 'training'"
    sink.error(rules.NOTHING_TO_TRAIN, message, hint, ("training",), key=True)
