"""Configurations of Keras models, written by hand."""

from __future__ import annotations

from typing import Any

IMAGE = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 9, 8, 4]}}


def layer(kind: str, name: str = "y", **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def sequential(*layers: dict[str, Any], image: dict[str, Any] = IMAGE, **more: Any) -> dict[str, Any]:
    config = {"name": "net", "layers": [image, *layers]}
    return {"class_name": "Sequential", "module": "keras", "config": config, **more}


def functional(*layers: tuple[dict[str, Any], list[Any]], outputs: Any) -> dict[str, Any]:
    entries = [{**IMAGE, "name": "x", "inbound_nodes": []}]
    for entry, nodes in layers:
        entries.append({**entry, "name": entry["config"]["name"], "inbound_nodes": nodes})
    config = {"name": "net", "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": outputs}
    return {"class_name": "Functional", "config": config}
