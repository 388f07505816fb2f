"""The walk over the layers of a net: each blob becomes a layer of a draft."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from specnet.convert.models.caffe import blobs
from specnet.convert.models.caffe.fillers import Filled
from specnet.convert.models.caffe.message import Message
from specnet.convert.models.caffe.net import Flow, Layer, Multipliers
from specnet.convert.models.caffe.schema import MESSAGES
from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.diagnostics.suggestions import nearest
from specnet.text import describe, one_line

if TYPE_CHECKING:
    from specnet.convert.models.draft import Values

MAX_FINDINGS = 1_000
Shown = Part | str | None
"""What a blob is: a layer, `LABELS`, or None for what could not be said, which is passed over."""
LABELS = "labels"


@dataclass
class Head:
    """A loss, or an accuracy, and the layer that it reads."""

    kind: str
    part: Part
    weight: float
    layer: Layer


@dataclass
class Given:
    """What is said beside the net: sizes of its images, and weights by the names of their layers."""

    image: tuple[int | None, int, int] | None = None
    weights: dict[str, list[Message]] | None = None


class Node:
    """A layer with what its blobs have become."""

    def __init__(self, layer: Layer, index: int, walk: Walk) -> None:
        self.layer = layer
        self.walk = walk
        self.draft = walk.draft
        self.keys = walk.flow.reads[index]

    @property
    def type(self) -> str:
        return self.layer.type

    def refuse(self, message: str, hint: str | None = None) -> UnsayableError:
        """The finding that this layer has no meaning here, to be raised."""
        return UnsayableError(self.layer.place, message, hint)

    def inputs(self, least: int, most: int) -> list[Part]:
        """The layers that it reads, at least and at most so many. Raises `UnsayableError`."""
        found = [self.walk.values[key] for key in self.keys]
        if not least <= len(found) <= most:
            told = (
                f"{least}"
                if least == most
                else f"{least} or more"
                if most > least + 1
                else f"{least} or {most}"
            )
            raise self.refuse(f"it reads {len(found)} blobs, not {told}")
        if any(not isinstance(part, Part) for part in found):
            raise self.refuse("it reads labels, which only losses do here")
        return [part for part in found if isinstance(part, Part)]

    def part(self) -> Part:
        """The one layer that it reads."""
        return self.inputs(1, 1)[0]

    def image(self) -> Part:
        """The one layer that it reads, which gives images."""
        part = self.part()
        if len(part.shape) != 3:
            raise self.refuse(f"it reads {describe(part.shape)}, not images")
        return part

    def is_alone(self, index: int = 0) -> bool:
        """Whether nothing else reads a blob, so that it may become one layer with what reads it."""
        return self.walk.flow.readers.get(self.keys[index]) == 1

    def axis(self, options: Message, name: str, part: Part, default: int = 1) -> int:
        """A dimension of a blob, the images of a batch being dimension 0."""
        said: int = options.one(name, default)
        rank = 1 + len(part.shape)
        if not -rank <= said < rank:
            raise options.refuse(f"{said} is no dimension of {describe(part.shape)}", name)
        return said % rank

    def weights(self, *roles: str) -> dict[str, Message]:
        """The blobs of weights that are known, by their roles. Raises `UnsayableError` for another number."""
        found = self.layer.blobs
        if self.walk.given.weights is not None:
            found = self.walk.given.weights.get(self.layer.name, [])
            if not found and roles:
                self.walk.without.append(self.layer.name)
        if found and len(found) != len(roles):
            raise self.refuse(f"the file of weights has {len(found)} blobs for it, and it has {len(roles)}")
        return dict(zip(roles, found, strict=False))

    def add(
        self, kind: str, reads: Sequence[Part], weights: dict[str, Values] | None = None, **fields: Any
    ) -> Part:
        """Add a layer to the draft under its own name."""
        return self.draft.add(kind, self.layer.name, reads, self.layer.place, weights, **fields)

    def trains(self, part: Part, roles: Sequence[str]) -> None:
        """Note the multipliers of its blobs, and refuse what is shared."""
        shared = next(self.layer.shared(), None)
        if shared is not None:
            hint = "each layer has weights of its own here"
            raise self.refuse(f"it shares its weights by the name '{one_line(shared)}'", hint)
        for index, role in enumerate(roles):
            self.walk.multipliers.setdefault(part, {})[role] = self.layer.multipliers(index)

    def check(self, part: Part, role: str, blob: Message, shape: Sequence[int] | None = None) -> None:
        """Refuse a blob whose sizes are not those of a parameter, or the ones given."""
        wanted = shape or part.layer().parameters(*[read.shape for read in part.reads])[role].shape
        if not blobs.fits(blob, wanted):
            told = " x ".join(map(str, blobs.sizes(blob)[:8]))
            raise self.refuse(f"its {role} has {told} values, where {' x '.join(map(str, wanted))} fit")


Type = Callable[[Node], "Shown | list[Shown]"]
TYPES: dict[str, Type] = {}
"""What a layer of each type becomes."""


def layer_type(*names: str) -> Callable[[Type], Type]:
    """Registers the function for layers of these types."""

    def register(function: Type) -> Type:
        TYPES.update(dict.fromkeys(names, function))
        return function

    return register


@dataclass
class Walk:
    """One pass over the layers of a net."""

    draft: Draft
    flow: Flow
    given: Given
    values: dict[tuple[str, int], Shown] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    measured: list[Head] = field(default_factory=list)
    data: list[Layer] = field(default_factory=list)
    """The layers that images come from."""
    filled: list[Filled] = field(default_factory=list)
    multipliers: dict[Part, dict[str, Multipliers]] = field(default_factory=dict)
    is_training: bool = False
    """Whether the net has a loss."""
    silenced: set[Part] = field(default_factory=set)
    """Layers that give no answers, though nothing reads them."""
    without: list[str] = field(default_factory=list)
    """Layers that the file of weights has nothing for."""
    unsaid_fillers: list[str] = field(default_factory=list)
    """Layers whose initial values no kind has."""

    def go(self, found: list[Layer]) -> None:
        """Add every layer to the draft, and a finding for whatever has no meaning here."""
        self.layers = found
        self.is_training = any(layer.type.endswith("Loss") for layer in found)
        written: dict[str, int] = {}
        for index, layer in enumerate(found):
            if len(self.draft.findings) >= MAX_FINDINGS:
                return
            made = self._made(layer, index)
            for place, top in enumerate(layer.tops):
                written[top] = written.get(top, 0) + 1
                self.values[(top, written[top])] = made[place] if place < len(made) else None
        if not self.heads:
            self._unread()

    def _made(self, layer: Layer, index: int) -> list[Shown]:
        missing = [key[0] for key in self.flow.reads[index] if key not in self.values]
        try:
            if missing:
                told = f"it reads '{one_line(missing[0])}', which nothing before it makes"
                raise UnsayableError(layer.place, told)
            if any(self.values[key] is None for key in self.flow.reads[index]):
                return []
            made = self._function(layer)(Node(layer, index, self))
        except UnsayableError as finding:
            self.draft.findings.append(finding.finding())
            return []
        return made if isinstance(made, list) else [made]

    def _function(self, layer: Layer) -> Type:
        function = TYPES.get(layer.type)
        if function is None:
            near = nearest(layer.type, list(TYPES))
            hint = f"did you mean '{near[0]}'?" if near else "docs/convert.md lists the types that have"
            told = one_line(layer.type)[:80] or "without a type"
            raise UnsayableError(layer.place, f"a layer of the type {told} has no meaning in a spec", hint)
        check_fields(layer.message)
        return function

    def _unread(self) -> None:
        """Every blob that no layer reads is an output."""
        last = dict(self.values.keys())
        for key, value in self.values.items():
            is_last = last[key[0]] == key[1]
            if isinstance(value, Part) and is_last and not value.readers and value not in self.silenced:
                self.draft.outputs[value] = None


def check_fields(message: Message, *, deep: bool = True) -> None:
    """Refuse fields that Caffe does not have: those of some other version of it. Raises `UnsayableError`."""
    if message.unknown:
        name, start = message.unknown[0]
        near = nearest(name, list(MESSAGES[message.kind]))
        hint = f"did you mean '{near[0]}'?" if near else "fields of other versions of Caffe are not known"
        place = message.source.position(start, len(name)) if message.source else message.place
        raise UnsayableError(place, f"Caffe has no field '{one_line(name)}' in {message.kind}", hint)
    for entries in message.fields.values() if deep else ():
        for entry in entries:
            if isinstance(entry.value, Message):
                check_fields(entry.value)
