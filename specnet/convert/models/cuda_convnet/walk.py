"""The walk over the sections of a layer file, which stand in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.convert.models.cuda_convnet.ini import Section
from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.diagnostics.suggestions import nearest
from specnet.text import describe, one_line

MAX_FINDINGS = 1_000
LABELS = "labels"
Shown = Part | str | None
"""What a layer is: one of the draft, `LABELS`, or None for what could not be said, which is passed over."""


class Node:
    """A section with what its inputs have become."""

    def __init__(self, section: Section, walk: Walk) -> None:
        self.section = section
        self.walk = walk
        self.draft = walk.draft
        self.inputs = section.names("inputs", [])
        self.group = self._group()

    def _group(self) -> int | None:
        """The GPU that the layer is on: its own, or that of its first input; None if it is not said."""
        said = self.section.wholes("gpu", [])
        if len(said) > 1:
            self.walk.replicated = True
            return None
        if said:
            return said[0] if said[0] >= 0 else None
        return self.walk.groups.get(self.inputs[0]) if self.inputs else None

    @property
    def name(self) -> str:
        return self.section.name

    @property
    def params(self) -> Section:
        """What the file of parameters says of it; nothing, if that is not given."""
        return self.walk.params.get(self.name) or Section(self.name, self.section.place)

    def parts(self, least: int = 1, most: int = 1) -> list[Part]:
        """The layers that it reads."""
        found = [self.walk.values.get(name) for name in self.inputs]
        parts = [part for part in found if isinstance(part, Part)]
        if len(parts) < len(found):
            raise self.section.refuse("it reads labels, which only costs do here", "inputs")
        if not least <= len(parts) <= most:
            raise self.section.refuse(f"it reads {len(parts)} layers, which this type does not", "inputs")
        return parts

    def part(self) -> Part:
        return self.parts()[0]

    def image(self) -> Part:
        """The one layer that it reads, with the channels that the section says."""
        part = self.part()
        self.check_channels([part])
        return part

    def check_channels(self, parts: Sequence[Part]) -> None:
        """Refuse inputs that have other channels than the section says."""
        said = self.section.wholes("channels")
        said = said * len(parts) if len(said) == 1 else said
        for part, channels in zip(parts, said, strict=False):
            if len(part.shape) != 3 or part.shape[0] != channels:
                told = f"'{part.name}' gives {describe(part.shape)}, not images of {channels} channels"
                raise self.section.refuse(told, "channels")

    def alike(self, key: str, default: int | None = None) -> int:
        """A number that is the same for all inputs."""
        values = self.section.wholes(key, None if default is None else [default])
        if len(set(values)) != 1:
            raise self.section.refuse(f"{key} differs between its inputs, which are joined here", key)
        return values[0]

    def add(self, kind: str, reads: Sequence[Part], name: str = "", **fields: Any) -> Part:
        """Add a layer to the draft, on the layer's GPU."""
        start = fields.pop("weights", None)
        made = self.draft.add(kind, name or self.name, reads, self.section.place, **fields)
        if start is not None:
            made.fields["weights"] = start
            made.layer()  # which refuses what is no deviation
        self.walk.placed[made] = self.group
        return made


Type = Callable[[Node], Shown]
TYPES: dict[str, Type] = {}
"""What a layer of each type becomes."""


def layer_type(*names: str) -> Callable[[Type], Type]:
    """Registers the function for layers of these types."""

    def register(function: Type) -> Type:
        TYPES.update(dict.fromkeys(names, function))
        return function

    return register


@dataclass
class Cost:
    """A cost: its kind, the layer that it reads, and how much it counts."""

    kind: str
    part: Part
    weight: float
    section: Section
    top: int = 1


@dataclass
class Walk:
    """One pass over the sections of a file."""

    draft: Draft
    params: dict[str, Section]
    image: tuple[int | None, int, int] | None
    values: dict[str, Shown] = field(default_factory=dict)
    groups: dict[str, int | None] = field(default_factory=dict)
    placed: dict[Part, int | None] = field(default_factory=dict)
    trained: dict[Part, Section] = field(default_factory=dict)
    """Layers with weights, and their sections."""
    costs: list[Cost] = field(default_factory=list)
    replicated: bool = False
    """Whether a layer is on several GPUs, each with images of its own."""
    readers: dict[str, Section] = field(default_factory=dict)
    """The first section that reads each layer and says its channels."""

    def go(self, sections: dict[str, Section], finish: Callable[[Node, Shown], Shown]) -> None:
        """Add every layer to the draft, and a finding for whatever has no meaning here."""
        for section in sections.values():
            for name in section.names("inputs", []) if section.has("channels") else ():
                self.readers.setdefault(name, section)
        for section in sections.values():
            if len(self.draft.findings) >= MAX_FINDINGS:
                return
            try:
                self.values[section.name] = self._made(section, finish)
            except UnsayableError as finding:
                self.draft.findings.append(finding.finding())
                self.values[section.name] = None

    def _made(self, section: Section, finish: Callable[[Node, Shown], Shown]) -> Shown:
        kind = section.text("type")
        function = TYPES.get(kind)
        if function is None:
            near = nearest(kind, list(TYPES))
            hint = f"did you mean '{near[0]}'?" if near else "docs/convert.md lists the types that have"
            raise section.refuse(
                f"a layer of the type {one_line(kind)[:80]} has no meaning in a spec", "type", hint
            )
        node = Node(section, self)
        for name in node.inputs:
            if name not in self.values:
                raise section.refuse(f"it reads '{one_line(name)}', which no layer before it is", "inputs")
        self.groups[section.name] = node.group
        if any(self.values[name] is None for name in node.inputs):
            return None
        return finish(node, function(node))
