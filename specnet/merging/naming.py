"""The names that layers and groups have in a merged spec, and specs brought under these names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from specnet.diagnostics.errors import SpecError
from specnet.diffs.comparison import Comparison
from specnet.diffs.normal_form import with_layers
from specnet.spec.origins import Use
from specnet.spec.spec import Spec
from specnet.syntax import edits
from specnet.syntax.amending import amended
from specnet.syntax.document import Document, parse
from specnet.syntax.patch import Patch

Names = Mapping[str, str]


@dataclass(frozen=True)
class Clash:
    """A layer or a group that both sides gave another name, or that one gave a name that is taken."""

    what: str
    """`layers` or `groups`."""
    base: str
    ours: str
    theirs: str


@dataclass
class Naming:
    """The merged names by those of each of the three specs."""

    base: dict[str, str] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)


def kept_layers(before: Spec, after: Spec, found: Comparison) -> dict[str, str]:
    """The names in a second spec of what the file of the first has under `layers`, uses of blocks too."""
    uses, others = before.written_blocks.uses, after.written_blocks.uses
    inner = {layer for side in (uses, others) for use in side.values() for layer in use.layers}
    names = {old: new for old, new in found.names.items() if old not in inner and new not in inner}
    for name, use in uses.items():
        counterpart = name if name in others else _use_of(use, others, found.names)
        if counterpart is not None:
            names[name] = counterpart
    return names


def _use_of(use: Use, others: Mapping[str, Use], names: Names) -> str | None:
    held = {names.get(layer) for layer in use.layers}
    return next((name for name, other in others.items() if held and held <= set(other.layers)), None)


def merged_names(
    what: str, base: list[str], ours: Names, theirs: Names, taken: tuple[set[str], ...]
) -> Naming:
    """The names of those in `base`, by its names and those of both sides. `taken` are all names of each side;
    whoever clashes keeps the name that it has in ours."""
    made = Naming()
    for name in base:
        one, other = ours.get(name, name), theirs.get(name, name)
        chosen = other if one == name else one
        if other not in (name, one) and one != name:
            made.clashes.append(Clash(what, name, one, other))
        _give(made, name, chosen, ours, theirs)
    news = [names - set(kept.values()) for names, kept in zip(taken, (ours, theirs), strict=True)]
    bearers = Counter(made.base.values())
    for name, chosen in list(made.base.items()):
        is_taken = (chosen in news[0] and name in ours) or (chosen in news[1] and name in theirs)
        if chosen != name and chosen != ours.get(name, name) and (bearers[chosen] > 1 or is_taken):
            made.clashes.append(Clash(what, name, ours.get(name, name), theirs.get(name, name)))
            _give(made, name, ours.get(name, name), ours, theirs)
            bearers[chosen] -= 1
            bearers[made.base[name]] += 1
    return made


def _give(made: Naming, name: str, chosen: str, ours: Names, theirs: Names) -> None:
    made.base[name] = chosen
    if name in ours:
        made.ours[ours[name]] = chosen
    if name in theirs:
        made.theirs[theirs[name]] = chosen


def under_names(document: Document, spec: Spec, layers: Names, groups: Names) -> Document:
    """A spec's text with layers and groups under other names, wherever they are named."""
    layers = {old: new for old, new in layers.items() if old != new}
    groups = {old: new for old, new in groups.items() if old != new}
    if not layers and not groups:
        return document
    target = _data_under_names(document.data(), spec, layers, groups)
    return amended(_with_keys(document, layers), target)


def _with_keys(document: Document, layers: Names) -> Document:
    """The text with other names where layers stand, as far as these are in one piece."""
    nodes, patch = document.root.value["layers"].value, Patch(document.root.source.text)
    for old, new in layers.items():
        fix = edits.renamed(nodes[old].key_position(), old, new) if old in nodes else None
        patch.accept(fix.edits if fix else ())
    try:
        return parse(patch.result(), document.name)
    except SpecError:
        return document


def _data_under_names(data: dict[str, Any], spec: Spec, layers: Names, groups: Names) -> dict[str, Any]:
    inner = {
        layer: f"{layers[name]}{layer.removeprefix(name)}"
        for name, use in spec.written_blocks.uses.items()
        if name in layers
        for layer in use.layers
    }
    names = {**inner, **layers}
    made = with_layers(data, names)
    if groups:
        made = _on_groups(made, groups)
    if "assumed" in made:
        assumed = made["assumed"]
        values = assumed["values"]
        paths = [_path(one, names) for one in values] if isinstance(values, list) else _path(values, names)
        made["assumed"] = {**assumed, "values": paths}
    return made


def _path(path: Any, names: Names) -> Any:
    """A path to a layer or into it, under the layer's new name."""
    if not isinstance(path, str) or not path.startswith("layers."):
        return path
    rest = path.removeprefix("layers.")
    for start in _starts(rest):
        if start in names:
            return f"layers.{names[start]}{rest.removeprefix(start)}"
    return path


def _starts(path: str) -> Iterator[str]:
    """The path and its beginnings up to a dot, the longest first: names of layers may have dots."""
    while path:
        yield path
        path = path.rpartition(".")[0]


def _on_groups(data: dict[str, Any], names: Names) -> dict[str, Any]:
    def named(group: Any) -> Any:
        return [named(one) for one in group] if isinstance(group, list) else names.get(group, group)

    def placed(layers: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {**layer, "group": named(layer["group"])} if "group" in layer else layer
            for name, layer in layers.items()
        }

    made = {**data, "layers": placed(data["layers"])}
    if "groups" in data:
        made["groups"] = named(data["groups"])
    if data.get("blocks"):
        blocks = data["blocks"].items()
        made["blocks"] = {name: {**block, "layers": placed(block["layers"])} for name, block in blocks}
    return made
