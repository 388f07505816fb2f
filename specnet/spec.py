"""The schema of a spec file, and the way from a document to a `Spec` or to its findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationError,
    model_validator,
)

from specnet import document, plugins
from specnet.data.base import Data
from specnet.document import Document, Path_
from specnet.errors import Diagnostic, PluginError, Position, SpecError, nearest, suggestion
from specnet.layers.base import Layer
from specnet.recipe import Training
from specnet.schema import Names, Strict, finding, kind_of, shown
from specnet.yaml_reader import Node

NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
DEFAULT_GROUP = "gpu0"
MAX_GROUPS = 256


def _layer(value: Any) -> Any:
    return value if isinstance(value, Layer) else _of_kind(value, "specnet.layers", "layer")


def _data(value: Any) -> Any:
    return value if isinstance(value, Data) else _of_kind(value, "specnet.datasets", "dataset")


def _of_kind(value: Any, group: str, noun: str) -> Any:
    """The instance of the registered class that a mapping's `kind` names."""
    kind = kind_of(
        value, plugins.names(group), noun, "; a plugin's kind is there once its package is installed"
    )
    try:
        cls = plugins.load(group, kind)
    except PluginError as error:
        raise finding("plugin", error.message, error.hint, at="kind") from error
    return cls.model_validate(value)


def _name(value: Any) -> Any:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    hint = "a name is 1 to 100 letters, digits, '_' and '-'"
    raise finding("name", f"{shown(value)} is not a name" if value else "a name is missing", hint)


Name = Annotated[str, BeforeValidator(_name)]


class Assumed(Strict):
    """What the network's description leaves open, and was filled in. Every value is reported as such."""

    from_: Annotated[str, Field(alias="from", min_length=1, description="Where the values come from.")]
    values: Annotated[
        Names, Field(description="Their paths, for example layers.conv2.padding; or whole layers.")
    ]


class Spec(Strict):
    """A network, where its parts live, and how it is trained."""

    specnet: Annotated[Literal[1], Field(description="Version of the spec language.")]
    name: Annotated[Name, Field(description="Name of the network, and of its run directory.")]
    groups: Annotated[
        Names, Field(description="Groups that layers live on; placed on devices at run time.")
    ] = (DEFAULT_GROUP,)
    data: Annotated[
        SerializeAsAny[Data] | None,
        BeforeValidator(_data),
        Field(description="The dataset, without its path."),
    ] = None
    layers: Annotated[
        dict[Name, Annotated[SerializeAsAny[Layer], BeforeValidator(_layer)]],
        Field(min_length=1, description="The layers by name. Their order means nothing."),
    ]
    training: Annotated[Training | None, Field(description="The training recipe.")] = None
    assumed: Annotated[
        Assumed | None, Field(description="What the network's source leaves open, filled in here.")
    ] = None

    _document: Document | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _group_names(self) -> Self:
        for group in self.groups:
            if not NAME.fullmatch(group):
                raise finding(
                    "name",
                    f"'{group}' is not a name for a group",
                    "use letters, digits, '_' and '-'",
                    at="groups",
                )
        if len(self.groups) > MAX_GROUPS:
            message = f"groups: {len(self.groups):,} are more than the {MAX_GROUPS} that a network may have"
            raise finding("too_many", message, "a group is a device or a part of one", at="groups")
        if len(set(self.groups)) != len(self.groups):
            raise finding("duplicate", "a group is named twice", "each group stands once", at="groups")
        return self

    def locate(self, path: Path_, *, key: bool = False) -> Position | None:
        """Where a part of the spec stands in its file; None for a spec built in Python."""
        return self._document.locate(path, key=key) if self._document else None


Locate = Callable[..., Position | None]


def load(source: str | Path | Mapping[str, Any] | Document) -> Spec:
    """A spec from a file, a mapping, or a parsed document.

    Raises `UsageError` if the file cannot be read, and `SpecError` with every finding if it is not a spec.
    Only the schema is checked here; `specnet.validate` checks the graph and the shapes as well.
    """
    if isinstance(source, Mapping):
        return _validated(dict(source), None)
    opened = source if isinstance(source, Document) else document.read(source)
    return _validated(opened.data(), opened)


def _validated(data: dict[str, Any], origin: Document | None) -> Spec:
    try:
        spec = Spec.model_validate(data)
    except ValidationError as error:
        raise SpecError(findings(error, origin)) from None
    empty = _empty_keys(origin) if origin else []
    if empty:
        raise SpecError(empty)
    spec._document = origin
    return spec


class Parts(NamedTuple):
    """What is sound in an invalid spec, so that one mistyped key does not hide a wrong edge elsewhere."""

    layers: dict[str, Layer | None]
    """None for a layer that is not sound itself."""
    groups: tuple[str, ...] | None
    """None if they are not known."""
    recipe: Any
    misnamed: tuple[str, ...]
    """Keys with findings of their own that may have been meant to name a layer."""


def understood(data: Mapping[str, Any]) -> Parts:
    """The parts of an invalid spec, each taken by itself."""
    raw = data.get("layers")
    layers: dict[str, Layer | None] = {}
    for name, value in raw.items() if isinstance(raw, dict) else ():
        try:
            layers[name] = _layer(value)
        except (ValidationError, ValueError):
            layers[name] = None
    unknown = [key for key in data if key not in Spec.model_fields]
    bad_names = [name for name in layers if not NAME.fullmatch(name)]
    lost = isinstance(raw, dict) or "layers" not in data or any(nearest(key, ["layers"]) for key in unknown)
    return Parts(
        layers=layers,
        groups=None if any(nearest(key, ["groups"]) for key in unknown) else _groups(data),
        recipe=data.get("training") if lost and layers else None,
        misnamed=(*unknown, *bad_names)[:50],
    )


def _groups(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    groups = data.get("groups", DEFAULT_GROUP)
    names = [groups] if isinstance(groups, str) else groups
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names) if 0 < len(set(names)) == len(names) <= MAX_GROUPS else None


CODES = {
    "unknown_key": "SN201",
    "missing": "SN202",
    "unknown_kind": "SN204",
    "kind_missing": "SN204",
    "kind_absent": "SN204",
    "kind_empty": "SN204",
    "name": "SN205",
    "literal_error": "SN206",
    "plugin": "SN208",
    "duplicate": "SN505",
}
RANGE_ERRORS = {
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "finite_number",
    "odd",
    "too_short",
    "too_many",
    "range",
}
TRUTH = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
EMPTY = "remove the key or give it one"
EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def findings(error: ValidationError, origin: Document | None) -> list[Diagnostic]:
    """Pydantic's errors as diagnostics with positions, in words for the person who edits the file."""
    found = [
        _finding(dict(e), origin)
        for e in error.errors(include_url=False)
        if e["type"] != "default_factory_not_called"  # it merely follows from another
    ]
    placed = {diagnostic.position for diagnostic in found}
    more = _empty_keys(origin) if origin else []
    return [*found, *(diagnostic for diagnostic in more if diagnostic.position not in placed)]


def _empty_keys(origin: Document) -> list[Diagnostic]:
    """A finding for each key that nothing stands behind, also where the key may be left out."""
    empty = _without_value(origin.root)
    return [Diagnostic("SN203", f"'{key}' has no value", node.key_position(), EMPTY) for key, node in empty]


def _without_value(node: Node) -> Iterator[tuple[str, Node]]:
    named = isinstance(node.value, dict)
    for key, inner in node.value.items() if named else enumerate(node.value):
        if isinstance(inner.value, dict | list):
            yield from _without_value(inner)
        elif named and inner.value is None:
            yield str(key), inner


def _finding(error: dict[str, Any], origin: Document | None) -> Diagnostic:
    kind, context = error["type"], error.get("ctx", {})
    path: Path_ = tuple(step for step in error["loc"] if step != "[key]")
    if "at" in context:
        path = (*path, context["at"])
    empty = kind != "unknown_key" and error["input"] is None and isinstance(path[-1], str)
    of_key = kind in ("unknown_key", "missing", "kind_absent", "kind_empty")
    at_key = empty or of_key or error["loc"][-1:] == ("[key]",)
    place = origin.locate(path[:-1] if kind == "missing" else path, key=at_key) if origin else None
    code = CODES.get(kind, "SN207" if kind in RANGE_ERRORS else "SN203")
    message, hint = _words(kind, error, context, path)
    if empty:
        message, hint = f"'{path[-1]}' has no value", context.get("hint") or EMPTY
    if origin is None or kind in ("missing", "plugin"):
        where = ".".join(str(step) for step in (path[:-1] if kind == "missing" else path))
        message = f"{where}: {message}" if where else message
    return Diagnostic(code, message, place, hint)


def _meant(kind: str, value: Any) -> str | None:
    """What a text was probably meant to be: YAML 1.1's truth values, or a number in quotes."""
    if not isinstance(value, str):
        return None
    if kind == "bool_type" and value.lower() in TRUTH:
        return f"write {TRUTH[value.lower()]}"
    if kind.startswith(("int", "float")) and re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", value):
        return f"write {value}, without quotes"
    return None


def _words(kind: str, error: dict[str, Any], context: dict[str, Any], path: Path_) -> tuple[str, str | None]:
    """Message and hint for one validation error."""
    value = error["input"]
    field = str(path[-1]) if path else "the spec"
    if path and isinstance(path[-1], int):
        field = f"{path[-2]}[{path[-1]}]"
    if kind == "missing":
        return f"the key '{field}' is missing", context.get("hint", "add it")
    if kind == "literal_error":
        valid = re.findall(r"'([^']+)'", context["expected"]) or [context["expected"]]
        if field == "specnet":
            return f"version {shown(value)} of the language is unknown", "write 'specnet: 1'"
        return f"{field}: {shown(value)} is not one of {', '.join(valid)}", suggestion(
            value, valid, noun="value"
        )
    if kind in EXPECTED:
        return f"{field}: expected {EXPECTED[kind]}, got {shown(value)}", _meant(kind, value)
    if kind == "too_short":
        return f"{field}: at least one entry is needed", None
    message = str(error["msg"])
    if kind in RANGE_ERRORS - {"odd", "too_many", "range"}:
        message = message.replace("Input should be", f"{field} must be") + f", not {shown(value)}"
    elif kind not in (
        "too_many",
        "unknown_key",
        "unknown_kind",
        "kind_missing",
        "kind_absent",
        "kind_empty",
        "plugin",
        "name",
        "duplicate",
        "input",
    ):
        message = f"{field}: {message}"
    return message, context.get("hint")
