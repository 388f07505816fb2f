"""The parts of a spec, valid or not: what is sound, and what can still be told of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from specnet import plugins
from specnet.data.base import Data
from specnet.diagnostics.diagnostic import Position
from specnet.diagnostics.errors import PluginError
from specnet.diagnostics.suggestions import mistyped, nearest
from specnet.layers.base import Layer
from specnet.recipe.training import Training
from specnet.spec.names import LAYER_NAME, NAME
from specnet.spec.spec import DEFAULT_GROUP, MAX_GROUPS, Assumed, Reading, Spec


@dataclass(frozen=True)
class Parts:
    """What is known of a spec, so that one mistyped key does not hide a wrong edge elsewhere."""

    layers: Mapping[str, Layer | None]
    """None for a layer of which not even the inputs are known."""
    groups: tuple[str, ...] | None
    """None if they are not known."""
    recipe: Any
    """The training recipe as plain data, as far as it is there, sound or not."""
    training: Training | None = None
    data: Data | None = None
    assumed: Assumed | None = None
    unsound: frozenset[str] = frozenset()
    """Layers with a finding of their own: of those, only the edges and groups are to be relied on."""
    misnamed: tuple[str, ...] = ()
    """Keys with findings of their own that may have been meant to name a layer."""
    unused_blocks: Mapping[str, Position | None] = field(default_factory=dict)
    """Blocks that no layer is made of, and where each begins; none where an error may be why."""
    yaml: Mapping[str, Any] = field(default_factory=dict)
    """The sound parts as plain data with defaults written out."""


def parts_of(spec: Spec) -> Parts:
    """The parts of a spec whose schema is sound."""
    return Parts(
        layers=spec.layers,
        groups=spec.groups,
        recipe=spec.training.as_yaml() if spec.training else None,
        training=spec.training,
        data=spec.data,
        assumed=spec.assumed,
        unused_blocks=spec.written_blocks.unused,
        yaml=spec.as_yaml() if spec.assumed else {},
    )


def salvage(reading: Reading) -> Parts:
    """The parts of an invalid spec, each by itself."""
    data = reading.data
    raw = data.get("layers")
    named = raw if isinstance(raw, dict) else {}
    sound = {name: reading.layers[id(value)] for name, value in named.items() if id(value) in reading.layers}
    rest = _rest({name: value for name, value in named.items() if name not in sound}, reading)
    layers = {name: sound[name] if name in sound else next(rest) for name in named}
    unknown = [key for key in data if key not in Spec.model_fields]
    bad_names = [name for name in named if not LAYER_NAME.fullmatch(name)]
    lost = isinstance(raw, dict) or "layers" not in data or any(nearest(key, ["layers"]) for key in unknown)
    assumed: Assumed | None = reading.parts.get("assumed")
    return Parts(
        layers=layers,
        groups=None if any(nearest(key, ["groups"]) for key in unknown) else _groups(data),
        recipe=data.get("training") if lost and layers else None,
        training=reading.parts.get("training"),
        data=reading.parts.get("data"),
        assumed=assumed,
        unsound=frozenset(layers.keys() - sound.keys()),
        misnamed=(*unknown, *bad_names)[:50],
        yaml=_yaml(reading, sound) if assumed else {},
    )


def _rest(layers: Mapping[str, Any], reading: Reading) -> Iterator[Layer | None]:
    """What is known of the unsound layers; nothing of those that the schema did not look at."""
    for index, value in enumerate(layers.values()):
        yield _edges(value) if index < reading.unsound else None


def _edges(value: Any) -> Layer | None:
    """A layer of which only its edges and groups are known, and the shape of its output if that is declared.

    None where not even its inputs are known.
    """
    if isinstance(value, Layer):  # a use of a block that could not be expanded
        return value if value.inputs else None
    if not isinstance(value, dict):
        return None
    kind = str(value.get("kind"))[:100]
    if "from" not in value or mistyped(kind, ["input"]):
        return None
    common = {key: value[key] for key in Layer.keys() if key in value}  # noqa: SIM118 - no mapping's keys
    common["kind"] = ""
    try:
        plain = Layer.model_validate(common)
    except ValidationError as error:
        wrong = {e["loc"][0] for e in error.errors(include_url=False) if e["loc"]}
        if "from" in wrong:
            return None
        common = {key: part for key, part in common.items() if key not in wrong}
        plain = Layer.model_validate(common)
    return _declared(kind, value, common) or plain


def _declared(kind: str, value: Mapping[str, Any], common: Mapping[str, Any]) -> Layer | None:
    """The layer without what else it says, if its kind declares a shape and that is sound."""
    if kind not in plugins.names("specnet.layers"):
        return None
    try:
        cls: type[Layer] = plugins.load("specnet.layers", kind)
        if cls.shape_field is None or cls.shape_field not in value:
            return None
        return cls.model_validate({**common, "kind": kind, cls.shape_field: value[cls.shape_field]})
    except (ValueError, PluginError):
        return None


def _groups(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    groups = data.get("groups", DEFAULT_GROUP)
    names = [groups] if isinstance(groups, str) else groups
    if not isinstance(names, list) or not all(isinstance(n, str) and NAME.fullmatch(n) for n in names):
        return None
    return tuple(names) if 0 < len(set(names)) == len(names) <= MAX_GROUPS else None


def _yaml(reading: Reading, layers: Mapping[str, Layer]) -> dict[str, Any]:
    sound = {key: reading.data[key] for key in ("specnet", "name", "groups") if key in reading.data}
    known = {key: part.as_yaml() for key, part in reading.parts.items() if part is not None}
    return {**sound, "layers": {name: layer.as_yaml() for name, layer in layers.items()}, **known}
