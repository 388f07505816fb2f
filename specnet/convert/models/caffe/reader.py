"""A net of Caffe, its solver and its weights -> a draft."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.convert.models.caffe import (  # noqa: F401  (they register types)
    binary,
    heads,
    inputs,
    products,
    text_format,
    values,
    windows,
)
from specnet.convert.models.caffe.message import Message
from specnet.convert.models.caffe.net import Layer, flow, layers, of_phase
from specnet.convert.models.caffe.rates import freeze
from specnet.convert.models.caffe.recipe import fillers, main_first, recipe
from specnet.convert.models.caffe.schema import MESSAGES
from specnet.convert.models.caffe.walk import Given, Walk, check_fields
from specnet.convert.models.draft import Draft, UnsayableError
from specnet.convert.models.tidy import tidy
from specnet.diagnostics.errors import UsageError
from specnet.text import few, one_line

Bytes = tuple[bytes, str]
"""The content of a file, and how it is called."""
SOURCES = ("Data", "ImageData", "WindowData", "HDF5Data", "MemoryData", "Input", "DummyData")


def read(
    data: bytes,
    name: str,
    *,
    solver: Bytes | None = None,
    caffemodel: Bytes | None = None,
    image_size: tuple[int | None, int, int] | None = None,
    train_images: int | None = None,
) -> Draft:
    """The network in the bytes of a file called `name`, a net in text or a `.caffemodel`.

    `solver` is its recipe, `caffemodel` has its weights; `image_size` (channels, height, width) stands where
    the net leaves the sizes of its images to its data, and `train_images` is the size of the training set.
    Raises `UsageError` for what is none of Caffe's files.
    """
    draft = Draft(name)
    parsed, rule = _net(data, name)
    if solver is not None:
        rule = text_format.parse(*solver, "SolverParameter")
    weights = None if caffemodel is None else _weights(*caffemodel)
    try:
        for message in (parsed, rule):
            if message is not None:
                _check_top(message)
    except UnsayableError as finding:
        draft.findings.append(finding.finding())
        return draft
    draft.title = parsed.one("name", "")
    every = layers(parsed, name)
    found = _of_training(every)
    walk = Walk(draft, flow(found), Given(image_size, weights))
    walk.go(found)
    if draft.findings:
        return draft
    for head in main_first(walk.heads) or walk.measured:
        draft.outputs[head.part] = None
    if not draft.outputs:
        raise UsageError(f"{one_line(name)} gives nothing that is computed from its input")
    try:
        common = fillers(walk, has_recipe=rule is not None)
        freeze(walk.multipliers)
        tidy(draft)
        if rule is not None:
            draft.training = recipe(walk, every, rule, common, train_images)
    except UnsayableError as finding:
        draft.findings.append(finding.finding())
    _tell(walk, parsed, has_recipe=rule is not None, weights=caffemodel)
    return draft


def _net(data: bytes, name: str) -> tuple[Message, Message | None]:
    """The net in a file, and the solver, if it is one that holds its net."""
    if name.lower().endswith(".caffemodel"):
        return binary.parse(data, name, "NetParameter"), None
    parsed = text_format.parse(data, name, "NetParameter")
    own = {field for field, _ in parsed.unknown}
    if not own & (MESSAGES["SolverParameter"].keys() - MESSAGES["NetParameter"].keys()):
        return parsed, None
    rule = text_format.parse(data, name, "SolverParameter")
    for held in ("train_net_param", "net_param"):
        if rule.has(held):
            return rule.message(held), rule
    hint = "import the net, and give this file as its --solver"
    raise UsageError(f"{one_line(name)} is a solver, and its net is another file", hint)


def _weights(data: bytes, name: str) -> dict[str, list[Message]]:
    """The blobs of a file of weights by the names of their layers, of which the first holds."""
    held: dict[str, list[Message]] = {}
    for layer in layers(binary.parse(data, name, "NetParameter"), name):
        if layer.blobs:
            held.setdefault(layer.name, layer.blobs)
    if not held:
        raise UsageError(f"{one_line(name)} has no weights")
    return held


def _check_top(message: Message) -> None:
    """Refuse what the whole net or the whole solver has of another Caffe, and stages."""
    check_fields(message, deep=False)
    for name in ("state", "train_state"):
        state = message.message(name, "NetState")
        if state.has("stage") or state.one("level", 0):
            raise message.refuse("a net at a level or of a stage is not known here; its phases are", name)


def _of_training(every: Sequence[Layer]) -> list[Layer]:
    """The layers of training, or those of testing if images come in only there."""
    found = of_phase(list(every), "TRAIN")
    if any(layer.type in SOURCES for layer in found):
        return found
    tested = of_phase(list(every), "TEST")
    return tested if any(layer.type in SOURCES for layer in tested) else found


def _tell(walk: Walk, parsed: Message, *, has_recipe: bool, weights: Bytes | None) -> None:
    """What the files do not say, and what of them is lost."""
    lost = walk.draft.lost
    if not walk.is_training:
        lost.insert(0, "A net of Caffe for deployment: it has no recipe, and Caffe has no devices in a net.")
    elif not has_recipe:
        lost.insert(0, "A net of Caffe; its recipe is in its solver, which --solver names.")
    else:
        lost.insert(0, "A net of Caffe with its solver; Caffe has no devices in a net.")
    if walk.data and any(part.kind == "input" and part.shape[0] == 3 for part in walk.draft.parts):
        lost.append("Caffe reads images as blue, green, red; weights of the first layer are in that order.")
    if any(part.kind == "batch_norm" for part in walk.draft.parts):
        lost.append(
            "Caffe weighs the running statistics of the first steps otherwise, and corrects variances."
        )
    if walk.unsaid_fillers:
        lost.append(f"The initial values of {_named(walk.unsaid_fillers)} cannot be said.")
    stopped = [layer.name for layer in walk.layers if not all(_passes(layer))]
    if stopped:
        lost.append(f"No gradient goes through {_named(stopped)} (propagate_down), and here it does.")
    if weights is not None and walk.without:
        lost.append(f"{weights[1]} has no weights for {_named(walk.without)}.")


def _named(names: Sequence[str]) -> str:
    return few([f"'{name}'" for name in dict.fromkeys(names)])


def _passes(layer: Layer) -> list[bool]:
    """Whether a layer passes gradients on, but for those of labels."""
    said = layer.message.many("propagate_down")
    is_head = layer.type.endswith("Loss") or layer.type == "Accuracy"
    return said[:1] if is_head else said
