"""The JSON Schema of what stands in a block, where a parameter may stand for any value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.layers.base import Layer
from specnet.spec.blocks import PARAMETER
from specnet.spec.names import NAME_PATTERN
from specnet.spec.origins import BLOCK

WITHIN = "InBlock"
"""The end of the names of definitions of what stands in a block."""
PARAMETER_SCHEMA = {
    "type": "string",
    "pattern": rf"^\${PARAMETER.pattern}$",
    "description": "The value that a use of the block gives for this parameter.",
}
_REFERENCE = {"$ref": "#/definitions/Parameter"}
_TOLD = ("description", "default")


def use_schema() -> dict[str, Any]:
    """A layer that stands for a block. What else it says are the block's parameters."""
    common = Layer.model_json_schema(by_alias=True)["properties"]
    shared = {key: common[key] for key in ("from", "group", "cross_group")}
    of = {"type": "string", "pattern": NAME_PATTERN, "description": "The block that it stands for."}
    trainable = {"type": "boolean", "description": "For all of its layers that have something to train."}
    properties = {"kind": {"const": BLOCK, "type": "string"}, "of": of, **shared, "trainable": trainable}
    described = "All layers of a block, under this one's name and theirs. Its other keys are the parameters."
    return {
        "type": "object",
        "description": described,
        "required": ["of", "from"],
        "properties": properties,
        "additionalProperties": True,
    }


def within_blocks(part: Any) -> Any:
    """A schema of what stands among the layers, for what stands in a block."""
    if isinstance(part, list):
        return [within_blocks(item) for item in part]
    if not isinstance(part, dict):
        return part
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key == "properties":
            made[key] = {n: v if n in ("kind", "of") else _or_parameter(v) for n, v in value.items()}
        elif key == "items":
            made[key] = _or_parameter(value)
        elif key == "$ref":
            made[key] = f"{value}{WITHIN}"
        else:
            made[key] = value if key in ("enum", "const", "required", *_TOLD) else within_blocks(value)
    return made


def _or_parameter(part: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: part[key] for key in _TOLD if key in part}
    return {**told, "anyOf": [within_blocks({k: v for k, v in part.items() if k not in told}), _REFERENCE]}
