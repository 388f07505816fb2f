"""A model of another framework on its way into a spec: its layers, already in the words of the language.

A reader of a format adds one layer after another. Each is checked at once, so that what does not fit is said
with its place in the model, and its shape is known to what reads it. What has no meaning here is a finding,
and what is computed from it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from specnet import plugins
from specnet.convert.models.naming import Names
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.diagnostics.errors import SpecnetError
from specnet.layers.base import Layer, LayerError, Shape
from specnet.text import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specnet.backend.protocol import State

    Values = Callable[[], NDArray[np.generic]]
    """A parameter's values, made when they are asked for: most specs are read without."""

Place = Position | str
"""Where a layer stands in its model: in a text, or by name, `node 'conv1' (Conv)`."""

MAX_LAYERS = 100_000


class UnsayableError(SpecnetError):
    """Something in a model that has no meaning here."""

    def __init__(self, place: Place, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.place = place
        self.message = message
        self.hint = hint

    def finding(self) -> Diagnostic:
        if isinstance(self.place, Position):
            return rules.FOREIGN_OPERATION.at(self.place, self.message, self.hint)
        return rules.FOREIGN_OPERATION.at(None, f"{self.place}: {self.message}", self.hint)


@dataclass(eq=False)
class Part:
    """A layer: `fields` are those of its kind but for `from`, `weights` its parameters by role, in the
    layouts of a state, and `shape` that of its output."""

    name: str
    kind: str
    fields: dict[str, Any]
    reads: list[Part]
    place: Place
    shape: Shape
    weights: dict[str, Values] = field(default_factory=dict)
    readers: list[Part] = field(default_factory=list)
    """The layers that read it, once for each time that they do."""

    def layer(self) -> Layer:
        """The layer as the spec declares it. Raises `UnsayableError` for fields that its kind refuses."""
        return _layer(self.kind, self.fields, [read.name for read in self.reads], self.place)

    def is_plain(self, kind: str) -> bool:
        """Whether it is of a kind, and no activation function has been put into it."""
        return self.kind == kind and "activation" not in self.fields


@dataclass
class Draft:
    """The layers of a model in an order in which they can be computed."""

    source: str
    """What the model is called in findings: its file's name."""
    parts: dict[Part, None] = field(default_factory=dict)
    outputs: dict[Part, None] = field(default_factory=dict)
    """What the model gives as its answers."""
    groups: tuple[str, ...] = ()
    training: dict[str, Any] | None = None
    """The recipe, in which a layer is its part: names are settled when everything else is."""
    lost: list[str] = field(default_factory=list)
    """What the format or the exporter does not say, a sentence each."""
    assumed: list[str] = field(default_factory=list)
    """Paths of values that were filled in."""
    findings: list[Diagnostic] = field(default_factory=list)
    spec: str | None = None
    """The text of the spec that the model was written from, where that is known: then there are no parts."""
    state: State = field(default_factory=dict)
    """The parameters, by the names of that spec's state."""
    names: Names = field(default_factory=Names)
    title: str = ""
    """What the model calls itself, if it does."""

    def add(
        self,
        kind: str,
        name: str,
        reads: Sequence[Part],
        place: Place,
        weights: Mapping[str, Values] | None = None,
        **fields: Any,
    ) -> Part:
        """Add a layer under a name like `name` that no other one has.

        Raises `UnsayableError` if the language does not have it, or its inputs do not fit.
        """
        if len(self.parts) >= MAX_LAYERS:
            raise UnsayableError(place, f"a model of more than {MAX_LAYERS:,} layers is not read")
        written = {key: value for key, value in fields.items() if value is not None}
        layer = _layer(kind, written, [read.name for read in reads], place)
        shape = output_shape(layer, reads, place)
        part = Part(self.names.free(name, kind), kind, written, list(reads), place, shape, {})
        part.weights.update(weights or {})
        for read in reads:
            read.readers.append(part)
        self.parts[part] = None
        return part

    def remove(self, part: Part) -> None:
        """Take a layer out that reads one other, which is then read in its place."""
        (source,) = part.reads
        source.readers.remove(part)
        source.readers += part.readers
        for reader in dict.fromkeys(part.readers):
            reader.reads = [source if read is part else read for read in reader.reads]
        if part in self.outputs:
            self.outputs = {source if output is part else output: None for output in self.outputs}
        self.training = exchanged(self.training, lambda named: source if named is part else named)
        del self.parts[part]

    def prune(self) -> None:
        """Take out what no output is computed from, but for inputs."""
        wanted, waiting = set[Part](), list(self.outputs)
        while waiting:
            part = waiting.pop()
            if part not in wanted:
                wanted.add(part)
                waiting += part.reads
        self.parts = {part: None for part in self.parts if part in wanted or part.kind == "input"}
        for part in self.parts:
            part.readers = [reader for reader in part.readers if reader in wanted]


def exchanged(value: Any, of: Callable[[Part], Any]) -> Any:
    """A value of a recipe with each part that it names exchanged for what the function has for it."""
    if isinstance(value, dict):
        return {key: exchanged(each, of) for key, each in value.items()}
    return of(value) if isinstance(value, Part) else value


def _layer(kind: str, fields: Mapping[str, Any], reads: Sequence[str], place: Place) -> Layer:
    written = {"kind": kind, **({"from": list(reads)} if kind != "input" else {}), **fields}
    try:
        layer: Layer = plugins.load("specnet.layers", kind).model_validate(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"] if isinstance(key, str))
        message = f"{where}: {first['msg']}" if where else first["msg"]
        raise UnsayableError(place, f"as a {kind} it is not sound: {message}") from None
    return layer


def output_shape(layer: Layer, reads: Sequence[Part], place: Place) -> Shape:
    """The shape of what a layer makes of its inputs. Raises `UnsayableError` where they do not fit."""
    shapes = [read.shape for read in reads]
    if layer.concatenates_inputs and len(shapes) > 1:
        if len({shape[1:] for shape in shapes}) > 1:
            told = " and ".join(map(describe, shapes))
            raise UnsayableError(place, f"{told} cannot be joined along the channels")
        shapes = [(sum(shape[0] for shape in shapes), *shapes[0][1:])]
    try:
        return layer.output_shape(*shapes)
    except LayerError as error:
        raise UnsayableError(place, error.message, error.hint) from None
