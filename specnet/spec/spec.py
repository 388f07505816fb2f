"""The schema of a spec file, and the way from a document to a `Spec` or to its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from specnet.data.base import Data
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.uses import told_once
from specnet.layers.base import Layer
from specnet.recipe.training import Training
from specnet.schema.fields import NameList
from specnet.schema.kinds import ADVICE, of_kind
from specnet.schema.strict import Strict, schema_error
from specnet.schema.translate import empty_keys, findings
from specnet.spec.names import NAME, LayerName, Name
from specnet.spec.origins import BLOCK, Blocks, Use, has_blocks, unused
from specnet.syntax import document
from specnet.syntax.document import Document, Path_
from specnet.syntax.emit import written
from specnet.syntax.lookalikes import explained
from specnet.text import few, html_lines, html_table

DEFAULT_GROUP = "gpu0"
MAX_GROUPS = 256


MAX_UNSOUND = 1_000
"""Layers with findings of their own after which the others are not looked at."""


@dataclass
class Reading:
    """A document as the schema reads it: the spec, or else what is wrong and the parts that are sound."""

    data: Mapping[str, Any]
    origin: Document | None = None
    spec: Spec | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)
    """Those of the keys `data`, `training` and `assumed` that are sound."""
    layers: dict[int, Layer] = field(default_factory=dict)
    """The sound layers, by the `id` of the mapping that they were read from."""
    unsound: int = 0
    """Layers with findings of their own."""
    blocks: Blocks = field(default_factory=Blocks)

    def locate(self, path: Path_, *, key: bool = False) -> Position | None:
        """Where a part stands in its file; None if that is not known."""
        return self.origin.locate(path, key=key) if self.origin else None


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
"""What is kept of the spec that is being validated."""


def _layer(value: Any) -> Any:
    if isinstance(value, Layer):
        return value
    reading = _reading.get()
    if reading is not None and reading.unsound >= MAX_UNSOUND:
        return Layer.model_construct(kind="", from_=())
    try:
        layer: Layer = of_kind(value, "specnet.layers", "layer", ADVICE, otherwise=Layer)
    except (ValidationError, PydanticCustomError):
        if reading is not None:
            reading.unsound += 1
        raise
    if reading is not None:
        reading.layers[id(value)] = layer
    return layer


def _kept(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    part, reading = handler(value), _reading.get()
    if reading is not None and info.field_name is not None:
        reading.parts[info.field_name] = part
    return part


def _data(value: Any) -> Any:
    return value if isinstance(value, Data) else of_kind(value, "specnet.datasets", "dataset", ADVICE)


def _no_blocks(value: Any) -> None:
    if value is not None:
        raise schema_error(
            "range", "a spec that is made from its parts has no blocks", "specnet.load expands them"
        )


class Assumed(Strict):
    """What the network's description leaves open, and was filled in. Every value is reported as such."""

    from_: Annotated[str, Field(alias="from", min_length=1, description="Where the values come from.")]
    values: Annotated[
        NameList, Field(description="Their paths, for example layers.conv2.padding; or whole layers.")
    ]


class Spec(Strict):
    """A network, where its parts live, and how it is trained."""

    model_config = ConfigDict(defer_build=False)  # its signature is public

    specnet: Annotated[Literal[1], Field(description="Version of the spec language.")]
    name: Annotated[Name, Field(description="Name of the network, and of its run directory.")]
    groups: Annotated[
        NameList, Field(description="Groups that layers live on; placed on devices at run time.")
    ] = (DEFAULT_GROUP,)
    data: Annotated[
        SerializeAsAny[Data] | None,
        BeforeValidator(_data),
        WrapValidator(_kept),
        Field(description="The dataset, without its path."),
    ] = None
    blocks: Annotated[
        None,
        BeforeValidator(_no_blocks),
        Field(
            exclude=True,
            description="Parts of the network, written once; layers of kind block stand for them.",
        ),
    ] = None
    layers: Annotated[
        dict[LayerName, Annotated[SerializeAsAny[Layer], BeforeValidator(_layer)]],
        Field(min_length=1, description="The layers by name. Their order means nothing."),
    ]
    training: Annotated[Training | None, WrapValidator(_kept), Field(description="The training recipe.")] = (
        None
    )
    assumed: Annotated[
        Assumed | None,
        WrapValidator(_kept),
        Field(description="What the network's source leaves open, filled in here."),
    ] = None

    _document: Document | None = PrivateAttr(default=None)
    _blocks: Blocks = PrivateAttr(default_factory=Blocks)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they stand written. The order of layers means nothing."""
        if not isinstance(other, Spec):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((self.name, self.groups, frozenset(self.layers)))

    @model_validator(mode="after")
    def _group_names(self) -> Self:
        for index, group in enumerate(self.groups):
            if not NAME.fullmatch(group):
                raise schema_error(
                    "name",
                    f"'{group}' is not a name for a group",
                    "use letters, digits, '_' and '-'",
                    at="groups" if len(self.groups) == 1 else ("groups", index),
                )
        if len(self.groups) > MAX_GROUPS:
            message = f"groups: {len(self.groups):,} are more than the {MAX_GROUPS} that a network may have"
            raise schema_error("too_many", message, "a group is a device or a part of one", at="groups")
        if len(set(self.groups)) != len(self.groups):
            raise schema_error("duplicate", "a group is named twice", "each group stands once", at="groups")
        return self

    def locate(self, path: Path_, *, key: bool = False) -> Position | None:
        """Where a part of the spec stands in its file; None for a spec built in Python."""
        return self._document.locate(path, key=key) if self._document else None

    @property
    def written_blocks(self) -> Blocks:
        """The blocks that the spec was written with. What they stand for is among `layers`."""
        return self._blocks

    def on_groups(self, names: Mapping[str, str]) -> Spec:
        """The spec with groups renamed, wherever they stand."""
        groups = tuple(names.get(group, group) for group in self.groups)
        layers = {name: layer.on_groups(names) for name, layer in self.layers.items()}
        return self.model_copy(update={"groups": groups, "layers": layers})

    def _repr_html_(self) -> str:
        """What a notebook shows: the layers as they are declared, and the recipe."""
        rows = [(name, *_declared(layer)) for name, layer in self.layers.items()]
        groups = f" on {few(self.groups)}"
        shown = html_table(("layer", "kind", "from", "settings"), rows, caption=self.name + groups)
        rest = {key: value for key, value in self.as_yaml().items() if key in ("data", "training", "assumed")}
        parts = {"data": rest.get("data"), **rest.get("training", {}), "assumed": rest.get("assumed")}
        lines = [f"{key}: {written(value)}" for key, value in parts.items() if value is not None]
        return shown + html_lines(lines)


Source: TypeAlias = Spec | str | Path | Mapping[str, Any]
"""What functions take for a spec: it, the path of its file, or a mapping."""


def _declared(layer: Layer) -> tuple[str, str, str]:
    """A layer's kind, what it reads, and its settings that differ from their defaults."""
    said = layer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    rest = {key: value for key, value in said.items() if key not in ("kind", "from")}
    settings = ", ".join(f"{key}: {written(value)}" for key, value in rest.items())
    return layer.kind, ", ".join(layer.inputs), settings


Locate = Callable[..., Position | None]


def load(source: str | Path | Mapping[str, Any] | Document) -> Spec:
    """A spec from a file, a mapping, or a parsed document.

    Raises `UsageError` if the file cannot be read, and `SpecError` with every finding if it is not a spec.
    Only the schema is checked here; `specnet.validate` checks the graph and the shapes as well.
    """
    reading = read(source)
    if reading.spec is None:
        raise SpecError(reading.diagnostics)
    return reading.spec


def read(source: str | Path | Mapping[str, Any] | Document) -> Reading:
    """The file at a path, a mapping or a parsed document as the schema reads it.

    Raises `UsageError` if the file cannot be read, and `SpecError` if it is not YAML.
    """
    if isinstance(source, str | Path):
        source = document.read(source)
    reading = _opened(source)
    origin = reading.origin
    token = _reading.set(reading)
    try:
        spec = Spec.model_validate(reading.data)
    except ValidationError as error:
        reading.diagnostics = told_once(explained([*reading.diagnostics, *findings(error, origin)]))
        if reading.unsound >= MAX_UNSOUND:
            message = f"{MAX_UNSOUND:,} layers have findings, and the others were not looked at"
            reading.diagnostics.append(rules.TOO_LARGE.at(None, message))
        return reading
    finally:
        _reading.reset(token)
    reading.diagnostics += empty_keys(origin.root) if origin else []
    reading.diagnostics = told_once(reading.diagnostics)
    if not reading.diagnostics:
        spec._document, spec._blocks = origin, reading.blocks
        reading.spec = spec
    return reading


def _opened(source: Document | Mapping[str, Any]) -> Reading:
    """A document or a mapping, with layers in place of the uses of blocks."""
    origin = source if isinstance(source, Document) else None
    data = source.data() if isinstance(source, Document) else dict(source)
    if not has_blocks(data):
        return Reading(data, origin)
    from specnet.spec.expansion import expand  # what most specs do without

    made = expand(source)
    flat = made.document.data()
    for name, read in made.left.items():
        flat["layers"][name] = Layer.model_construct(kind=BLOCK, from_=read)
    reading = Reading(flat, made.document if origin else None, diagnostics=made.findings)
    places = {n: origin.locate(("blocks", n), key=True) if origin else None for n in unused(data)}
    uses = {name: Use(data["layers"][name], own) for name, own in made.uses.items() if name in data["layers"]}
    reading.blocks, reading.unsound = Blocks(data.get("blocks"), made.origins, places, uses), len(made.left)
    return reading
