"""The language as a JSON Schema, for editors and other checkers. Made from the classes of all kinds.

A schema sees one value at a time, so it knows keys, kinds, types and ranges; edges, groups and shapes are
what `specnet validate` adds. An editor completes and explains the keys of a `kind` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.recipe.training import Training
from specnet.schema.strict import Strict
from specnet.spec.spec import MAX_GROUPS, Assumed, Spec

DIALECT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors know best."""
NAME_PATTERN = "^[A-Za-z0-9_-]{1,100}$"


def json_schema() -> dict[str, Any]:
    """The schema of a spec file, with every installed layer kind and dataset."""
    fields = {name: field.description for name, field in Spec.model_fields.items()}
    name: dict[str, Any] = {"type": "string", "pattern": NAME_PATTERN}
    definitions: dict[str, Any] = {}
    layer = _kinds("specnet.layers", definitions)
    data = _kinds("specnet.datasets", definitions)
    training = _of(Training, definitions)
    groups = {
        "oneOf": [
            name,
            {"type": "array", "items": name, "minItems": 1, "maxItems": MAX_GROUPS, "uniqueItems": True},
        ]
    }
    layers = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": NAME_PATTERN},
        "additionalProperties": layer,
    }
    properties: dict[str, dict[str, Any]] = {
        "specnet": {"const": 1},
        "name": name,
        "groups": groups,
        "data": data,
        "layers": layers,
        "training": training,
        "assumed": _of(Assumed, definitions),
    }
    return {
        "$schema": DIALECT,
        "title": "specnet",
        "description": (Spec.__doc__ or "").strip(),
        "type": "object",
        "required": ["specnet", "name", "layers"],
        "additionalProperties": False,
        "properties": {key: {"description": fields[key], **value} for key, value in properties.items()},
        "definitions": dict(sorted(definitions.items())),
    }


def _kinds(group: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """A mapping whose `kind` chooses among all registered kinds; a broken plugin's are left out."""
    found: dict[str, dict[str, Any]] = {}
    for kind in plugins.names(group):
        try:
            cls = plugins.load(group, kind)
        except PluginError:
            continue
        found[kind] = _of(cls, definitions)
    return _chosen(found)


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


def _of(cls: type[Strict], definitions: dict[str, Any]) -> dict[str, Any]:
    """A reference to a class's schema, which is put among the definitions with all that it refers to."""
    made = cls.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    parts = made.pop("$defs", {})
    parts[cls.__name__] = made
    for name, part in parts.items():
        definitions[name] = _tidy(part, parts)
    properties, valid = definitions[cls.__name__]["properties"], cls.keys()
    definitions[cls.__name__]["properties"] = {key: properties[key] for key in properties if key in valid}
    return {"$ref": f"#/definitions/{cls.__name__}"}


def _tidy(part: Any, parts: Mapping[str, Any]) -> Any:
    """Without titles and unset options, docstrings on one line, and unions of kinds chosen by `kind`."""
    if isinstance(part, list):
        return [_tidy(item, parts) for item in part]
    if not isinstance(part, dict):
        return part
    choices = part.get("anyOf") or ([{"$ref": part["$ref"]}] if "$ref" in part else [])
    kinds = {kind: choice for choice in choices if (kind := _kind(choice, parts))}
    if kinds:
        described = {key: part[key] for key in ("description",) if key in part}
        return {**described, **_chosen(kinds)}
    real = [choice for choice in choices if choice != {"type": "null"}]
    if "anyOf" in part and len(real) == 1:  # None stands for a key that is left out
        part = {**{key: value for key, value in part.items() if key != "anyOf"}, **real[0]}
    made: dict[str, Any] = {}
    for key, value in part.items():
        if key == "description":
            made[key] = " ".join(value.split())
        elif key == "properties":
            made[key] = {name: _tidy(item, parts) for name, item in value.items()}
        elif key != "title" and not (key == "default" and (value is None or "const" in part)):
            made[key] = _tidy(value, parts)
    if "const" in made.get("properties", {}).get("kind", {}):
        made["required"] = ["kind", *made.get("required", [])]
    return made


def _kind(choice: Mapping[str, Any], parts: Mapping[str, Any]) -> str | None:
    """The kind that a reference leads to, if it leads to one."""
    target = parts.get(str(choice.get("$ref", "")).rpartition("/")[2], {})
    found: str | None = target.get("properties", {}).get("kind", {}).get("const")
    return found
