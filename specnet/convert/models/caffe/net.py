"""A net of Caffe as its layers: what a phase leaves out, and what older files say in other words.

The words are those of `layer`, as Caffe's own upgrade has them (`upgrade_proto.cpp`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from specnet.convert.models.caffe.message import Entry, Message, short
from specnet.convert.models.caffe.schema import OLD_TYPES
from specnet.convert.models.draft import Place
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

MOST_LAYERS = 10_000
"""Of a net; ResNet-1001 has some 4,000."""
MOST_TOPS = 1_000
"""Blobs that one layer reads, or makes."""


@dataclass(frozen=True)
class Multipliers:
    """What the solver's rate and decay are multiplied by for one blob of a layer."""

    rate: float = 1.0
    decay: float = 1.0


@dataclass(frozen=True)
class Layer:
    """One layer in the words of `layer`."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    message: Message

    @property
    def place(self) -> Place:
        """Where its type stands, or which layer it is."""
        place = self.message.place_of("type")
        return f"{place} ({one_line(self.type)})" if isinstance(place, str) else place

    def param(self, name: str) -> Message:
        """A message of the layer's own options; one without fields if it is not there."""
        return self.message.message(name)

    @property
    def blobs(self) -> list[Message]:
        return self.message.many("blobs")

    def multipliers(self, index: int) -> Multipliers:
        """Those of a blob."""
        if self.message.kind == "V1LayerParameter":
            rates, decays = self.message.many("blobs_lr"), self.message.many("weight_decay")
            rate = rates[index] if index < len(rates) else 1.0
            return Multipliers(short(rate), short(decays[index] if index < len(decays) else 1.0))
        params = self.message.many("param")
        if index >= len(params):
            return Multipliers()
        return Multipliers(
            short(params[index].one("lr_mult", 1.0)), short(params[index].one("decay_mult", 1.0))
        )

    def shared(self) -> Iterator[str]:
        """The names under which it shares blobs with other layers."""
        for param in self.message.many("param"):
            name = param if isinstance(param, str) else param.one("name", "")
            if name:
                yield name

    def transform(self) -> Message:
        """`transform_param`, and what older files say of it among the options of their data."""
        made = self.param("transform_param")
        for name in ("data_param", "image_data_param", "window_data_param"):
            for key in ("scale", "mean_file", "crop_size", "mirror"):
                if self.param(name).has(key) and not made.has(key):
                    made.fields[key] = self.param(name).fields[key]
        return made


def layers(net: Message, file: str) -> list[Layer]:
    """Every layer of a net, whatever the phase. Raises `UsageError` for what Caffe would not load."""
    new, old = net.many("layer"), net.many("layers")
    if new and old:
        raise UsageError(f"{one_line(file)} has both 'layer' and 'layers', which Caffe does not read")
    if len(new) + len(old) + len(net.many("input")) > MOST_LAYERS:
        raise UsageError(f"a net of more than {MOST_LAYERS:,} layers and inputs is not read")
    found = [*_inputs(net), *map(_layer, new or old)]
    if not found:
        raise UsageError(f"{one_line(file)} is no net of Caffe's", "it has no layers")
    for layer in found:
        if max(len(layer.bottoms), len(layer.tops)) > MOST_TOPS:
            raise UsageError(f"layer '{one_line(layer.name)}' reads or makes more than {MOST_TOPS:,} blobs")
    return found


def _layer(message: Message) -> Layer:
    kind = message.one("type", "")
    if message.kind == "V1LayerParameter":
        kind = OLD_TYPES.get(kind, kind)
    blobs = (tuple(message.many("bottom")), tuple(message.many("top")))
    return Layer(message.one("name", ""), kind, *blobs, message)


def _inputs(net: Message) -> Iterator[Layer]:
    """`input:` with its sizes, as layers of the type Input."""
    dims, shapes = net.many("input_dim"), net.many("input_shape")
    for index, name in enumerate(net.many("input")):
        sizes = shapes[index].many("dim") if index < len(shapes) else dims[4 * index : 4 * index + 4]
        place = net.place_of("input", index)
        if isinstance(place, str):
            place = f"input '{one_line(name)}'"
        shape = Message("BlobShape", place, fields={"dim": [Entry(size) for size in sizes]})
        options = Message("InputParameter", place, fields={"shape": [Entry(shape)]})
        made = Message("LayerParameter", place, fields={"input_param": [Entry(options)]})
        yield Layer(name, "Input", (), (name,), made)


def of_phase(found: list[Layer], phase: str) -> list[Layer]:
    """The layers that a net has in a phase, at level 0 and without stages."""
    return [layer for layer in found if _is_included(layer.message, phase)]


def _is_included(message: Message, phase: str) -> bool:
    include, exclude = message.many("include"), message.many("exclude")
    if include:
        return any(_fits(rule, phase) for rule in include)
    return not any(_fits(rule, phase) for rule in exclude)


def _fits(rule: Message, phase: str) -> bool:
    level_fits = rule.one("min_level", 0) <= 0 <= rule.one("max_level", 0)
    return rule.one("phase", phase) == phase and level_fits and not rule.has("stage")


@dataclass
class Flow:
    """Which blob each layer reads: a blob is written anew by every layer that has it as a top."""

    reads: dict[int, list[tuple[str, int]]]
    """For each layer by its index, the blobs and how often each had been written."""
    readers: dict[tuple[str, int], int]
    """How many layers read a blob, through those that only copy it."""
    heads_only: set[tuple[str, int]]
    """Blobs that are the labels of losses, and nothing else."""


COPIES = ("Split",)
LABELLED = ("Accuracy",)


def flow(found: list[Layer]) -> Flow:
    """What each layer reads. Blobs that nothing has written count as written 0 times."""
    written: dict[str, int] = {}
    same: dict[tuple[str, int], tuple[str, int]] = {}
    made = Flow({}, {}, set())
    other: set[tuple[str, int]] = set()
    for index, layer in enumerate(found):
        keys = [(name, written.get(name, 0)) for name in layer.bottoms]
        keys = [same.get(key, key) for key in keys]
        made.reads[index] = keys
        is_head = layer.type.endswith("Loss") or layer.type in LABELLED
        for place, key in enumerate(keys):
            if layer.type not in (*COPIES, "Silence"):
                made.readers[key] = made.readers.get(key, 0) + 1
                (made.heads_only if is_head and place else other).add(key)
        for top in layer.tops:
            written[top] = written.get(top, 0) + 1
            if layer.type in COPIES and keys:
                same[(top, written[top])] = keys[0]
    made.heads_only -= other
    return made
