"""A draft as the text of a spec: one line a layer, the source's names, no default written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from specnet import plugins
from specnet.convert.models.draft import Draft, Part, exchanged
from specnet.convert.models.naming import valid
from specnet.spec.names import NAME
from specnet.spec.spec import DEFAULT_GROUP
from specnet.syntax.emit import written
from specnet.text import one_line

ORDER = (
    *("kind", "from", "group", "cross_group", "filters", "units", "kernel", "stride", "padding", "rounding"),
    *("dilation", "groups", "", "bias", "activation", "trainable"),
)
"""The order in which people write keys; all others stand in the place of the empty one."""


def spec_text(draft: Draft, name: str) -> str:
    """The spec of a draft under a name like `name`."""
    return "\n".join(_lines(draft, name)) + "\n"


def _lines(draft: Draft, name: str) -> Iterator[str]:
    yield f"# Imported from {one_line(draft.source)}."
    yield from (f"# {one_line(sentence)}" for sentence in draft.lost)
    yield "specnet: 1"
    yield f"name: {written(_network_name(name))}"
    if draft.groups not in ((), (DEFAULT_GROUP,)):
        yield f"groups: {written(list(draft.groups))}"
    yield ""
    yield "layers:"
    for part in draft.parts:
        yield f"  {written(part.name)}: {written(fields(part))}"
    if draft.training:
        yield ""
        yield "training:"
        recipe = exchanged(draft.training, lambda part: part.name)
        yield from (f"  {key}: {written(value)}" for key, value in recipe.items())
    if draft.assumed:
        yield ""
        yield "assumed:"
        yield f"  from: {written(f'{draft.source}, which does not say it')}"
        yield f"  values: {written(draft.assumed)}"


def fields(part: Part) -> dict[str, Any]:
    """What a spec says of a layer: its kind, what it reads, and all that is not the default.

    A default stays that the checker would ask about if it were not written.
    """
    cls = plugins.load("specnet.layers", part.kind)
    layer = part.layer()
    said = layer.as_yaml()
    if "weights" in said:
        said["weights"] = part.fields["weights"]  # without the defaults of its own
    inputs = tuple(read.shape for read in part.reads)
    for key in [key for key in said if key not in ("kind", "from")]:
        rest = {name: value for name, value in said.items() if name != key}
        try:
            shorter = cls.model_validate(rest)
        except ValidationError:
            continue
        if shorter == layer and not list(shorter.advice(inputs)):
            said = rest
    said = {key: said[key] for key in sorted(said, key=_rank)}
    if len(said.get("from", ())) == 1 and isinstance(said["from"], list):
        said["from"] = said["from"][0]
    return said


def _rank(key: str) -> int:
    return ORDER.index(key) if key in ORDER else ORDER.index("")


def _network_name(name: str) -> str:
    cleaned = valid(name).replace(".", "_")
    return cleaned if NAME.fullmatch(cleaned) else "imported"
