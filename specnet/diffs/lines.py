"""A spec as lines of text that compare by meaning: what git diffs where it is told to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specnet.diffs.normal_form import canonical
from specnet.spec.spec import Spec
from specnet.syntax.emit import written
from specnet.text import printable

HEAD = ("kind", "from", "group")
"""What a layer says first, whatever else it says."""


def lines(spec: Spec) -> list[str]:
    """Each value of a spec under its path, `layers.conv1.filters: 96`, defaults written out.

    Comments, style and the order of keys leave no trace. Layers are in the order of the file.
    """
    data = canonical(spec)
    layers = {
        name: {key: layer[key] for key in HEAD if key in layer} | layer
        for name, layer in data["layers"].items()
    }
    return [printable(line) for line in _lines("", {**data, "layers": layers})]


def _lines(path: str, data: Mapping[str, Any]) -> Iterator[str]:
    for key, value in data.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from _lines(where, value)
        else:
            yield f"{where}: {written(value)}"
