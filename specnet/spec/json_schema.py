"""The language as a JSON Schema, for editors and other checkers. Made from the classes of all kinds.

A schema sees one value at a time, so it knows keys, kinds, types and ranges; edges, groups and shapes are
what `specnet validate` adds. An editor completes and explains the keys of a `kind` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic.json_schema import models_json_schema

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.recipe.training import Training
from specnet.schema.kinds import KINDS_OF
from specnet.schema.strict import Strict
from specnet.spec.block_schema import PARAMETER_SCHEMA, WITHIN, use_schema, within_blocks
from specnet.spec.blocks import INPUT, Block
from specnet.spec.names import LAYER_PATTERN, NAME_PATTERN
from specnet.spec.origins import BLOCK
from specnet.spec.spec import MAX_GROUPS, Assumed, Spec

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors know best."""
REFERENCE = "#/definitions/{}"
REFERRED = re.compile(r'"#/definitions/([^"]+)"')


def json_schema() -> dict[str, Any]:
    """The schema of a spec file, with all installed kinds; those of a broken plugin are left out."""
    kinds = {group: _sound(group) for group in plugins.BASES}
    classes: list[type[Strict]] = [Training, Assumed, Block]
    classes += (cls for of_group in kinds.values() for cls in of_group.values())
    references, definitions = _schemas(classes)
    by_kind = {group: {kind: references[cls] for kind, cls in of.items()} for group, of in kinds.items()}
    by_kind["specnet.layers"][BLOCK] = {"$ref": REFERENCE.format("Use")}
    chosen = {group: _chosen(of_group) for group, of_group in by_kind.items()}
    name: dict[str, Any] = {"type": "string", "pattern": NAME_PATTERN}
    groups = {
        "oneOf": [
            name,
            {"type": "array", "items": name, "minItems": 1, "maxItems": MAX_GROUPS, "uniqueItems": True},
        ]
    }
    layers = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": LAYER_PATTERN},
        "additionalProperties": chosen["specnet.layers"],
    }
    blocks = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": NAME_PATTERN},
        "additionalProperties": references[Block],
    }
    properties: dict[str, dict[str, Any]] = {
        "specnet": {"const": 1},
        "name": name,
        "groups": groups,
        "data": chosen["specnet.datasets"],
        "blocks": blocks,
        "layers": layers,
        "training": references[Training],
        "assumed": references[Assumed],
    }
    fields = {key: field.description for key, field in Spec.model_fields.items()}
    definitions = {**definitions, "Use": use_schema()}
    definitions = {key: _tidy(part, chosen) for key, part in sorted(definitions.items())}
    inner = definitions[references[Block]["$ref"].rpartition("/")[2]]["properties"]
    inner["layers"] |= {
        **layers,
        "propertyNames": {"pattern": LAYER_PATTERN, "not": {"const": INPUT}},
        "additionalProperties": within_blocks(layers["additionalProperties"]),
    }
    definitions |= {f"{key}{WITHIN}": within_blocks(part) for key, part in definitions.items()}
    definitions["Parameter"] = PARAMETER_SCHEMA
    # The kinds stand in the places of their base classes, which nothing refers to any more.
    definitions = _referred_to(properties, definitions)
    return {
        "$schema": DIALECT,
        "title": "specnet",
        "description": (Spec.__doc__ or "").strip(),
        "type": "object",
        "required": ["specnet", "name", "layers"],
        "additionalProperties": False,
        "properties": {key: {"description": fields[key], **value} for key, value in properties.items()},
        "definitions": definitions,
    }


def _referred_to(properties: Mapping[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that something refers to, directly or by others."""
    found: dict[str, Any] = {}
    waiting = [json.dumps(properties)]
    while waiting:
        for name in REFERRED.findall(waiting.pop()):
            if name not in found:
                found[name] = definitions[name]
                waiting.append(json.dumps(definitions[name]))
    return {key: found[key] for key in definitions if key in found}


def _sound(group: str) -> dict[str, type[Strict]]:
    """The classes of a group by their kinds, without those that cannot be loaded or are not spec parts."""
    classes: dict[str, Any] = {}
    for kind in plugins.names(group):
        with suppress(PluginError):
            classes[kind] = plugins.load(group, kind)
    return {kind: cls for kind, cls in classes.items() if issubclass(cls, Strict)}


def _schemas(classes: Sequence[type[Strict]]) -> tuple[dict[type[Strict], dict[str, Any]], dict[str, Any]]:
    """A reference to the schema of each class, and all that is referred to by name.

    Classes of one name, of two packages for example, get longer names.
    """
    classes = list(dict.fromkeys(classes))
    made, schema = models_json_schema(
        [(cls, "validation") for cls in classes], by_alias=True, ref_template=REFERENCE.format("{model}")
    )
    references, parts = {cls: made[cls, "validation"] for cls in classes}, schema["$defs"]
    for cls, reference in references.items():
        part, valid = parts[reference["$ref"].rpartition("/")[2]], cls.keys()
        part["properties"] = {key: value for key, value in part["properties"].items() if key in valid}
    return references, parts


def _chosen(kinds: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A mapping whose `kind` chooses its schema."""
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(kinds)}},
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": schema}
            for kind, schema in kinds.items()
        ],
    }


def _tidy(part: Any, chosen: Mapping[str, Any]) -> Any:
    """Without titles and unset options, docstrings on one line, and with the kinds of every group."""
    if isinstance(part, list):
        return [_tidy(item, chosen) for item in part]
    if not isinstance(part, dict):
        return part
    real = [choice for choice in part.get("anyOf", []) if choice != {"type": "null"}]
    if "anyOf" in part and len(real) == 1:  # None stands for a key that is left out
        part = {**{key: value for key, value in part.items() if key != "anyOf"}, **real[0]}
    elif real:
        part = {**part, "anyOf": real}
    if KINDS_OF in part:
        described = {key: part[key] for key in ("description",) if key in part}
        return {**described, **chosen[part[KINDS_OF]]}
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key == "description":
            made[key] = " ".join(value.split())
        elif key == "properties":
            made[key] = {name: _tidy(item, chosen) for name, item in value.items()}
        elif key != "title" and not (key == "default" and (value is None or "const" in part)):
            made[key] = _tidy(value, chosen)
    if "const" in made.get("properties", {}).get("kind", {}):
        made["required"] = ["kind", *made.get("required", [])]
    return made
