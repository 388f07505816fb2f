"""Parts of a spec whose class is named by their `kind`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.diagnostics.suggestions import mistyped, nearest, suggestion, sure
from specnet.plugins import Group
from specnet.schema.fields import shown
from specnet.schema.strict import ALIASES, Strict, run_together, schema_error

KINDS_OF = "kinds of"
"""The key under which a part's JSON Schema names the group of its kinds, until these are put in."""
ADVICE = "; a plugin's kind is there once its package is installed"
"""The end of a hint about an unknown kind that is not a slip of a known one."""
_LONGEST = 100
"""Letters of a key or a kind that are compared with the valid ones."""


@dataclass(frozen=True)
class registered:  # noqa: N801  (it is written like pydantic's own annotations)
    """Annotates a part whose class is chosen among a group's entry points by the mapping's `kind`.

    Instances of `base`, from which all those classes are derived, pass. A union of pydantic would import all
    of them, a broken plugin's too, before a spec names one.
    """

    group: Group
    noun: str
    base: type[Strict]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        optional = type(None) in get_args(source)

        def choose(value: Any) -> Any:
            ready = isinstance(value, self.base) or (value is None and optional)
            return value if ready else of_kind(value, self.group, self.noun)

        return no_info_before_validator_function(choose, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {KINDS_OF: self.group}


def of_kind(
    value: Any, group: Group, noun: str, advice: str = "", *, otherwise: type[Strict] | None = None
) -> Any:
    """The instance of the registered class that a mapping's `kind` names.

    For a kind that is not known the rest is checked by the class that was meant, else by all there are; where
    these are many, by `otherwise`, which has what they have in common. `advice` ends the hint.
    """
    try:
        kind = kind_of(value, plugins.names(group), noun, advice)
    except PydanticCustomError as unknown:
        likely = {"": otherwise} if otherwise and not _meant(value, group) else classes_of(value, group)
        raise with_the_rest(unknown, value, likely, keys=otherwise is None) from None
    try:
        cls = plugins.load(group, kind)
    except PluginError as error:
        raise schema_error("plugin", error.message, error.hint, at="kind") from error
    return cls.model_validate(value)


def classes_of(value: Any, group: Group) -> dict[str, type[Strict]]:
    """The classes that a part can be of: the one of its `kind`, or of the kind that was meant; else all."""
    meant, classes = _meant(value, group), dict[str, type[Strict]]()
    for kind in plugins.names(group) if meant is None else [meant]:
        with suppress(PluginError):
            classes[kind] = plugins.load(group, kind)
    return classes


def _meant(value: Any, group: Group) -> str | None:
    """The kind that a part names, or of which the one that it names is a slip."""
    named, known = value.get("kind") if isinstance(value, dict) else None, plugins.names(group)
    if not isinstance(named, str) or len(named) >= _LONGEST:
        return None
    return named if named in known else mistyped(named, known)


def kind_of(value: Any, valid: list[str], noun: str, advice: str = "") -> str:
    """The `kind` that a mapping names. Raises the finding for anything else, with `advice` in its hint."""
    if not isinstance(value, dict):
        meant = value if isinstance(value, str) and value in valid else None
        raise schema_error(
            "kind_missing",
            f"expected a mapping with a 'kind', got {shown(value)}",
            f"write {{kind: {meant}}}" if meant else f"{noun} kinds: {', '.join(valid)}",
            meant=f"{{kind: {meant}}}" if meant else None,
        )
    kind = value.get("kind")
    misspelt = [
        key
        for key in value
        if "kind" not in value
        and (nearest(key, ["kind"]) or ALIASES.get(key) == "kind" or run_together(key, ["kind"]))
    ]
    together = next((key for key in misspelt if run_together(key, ["kind"])), None)
    if together is not None:
        meant = run_together(together, ["kind"])
        hint = f"write '{meant}', with a space"
        raise schema_error("unknown_key", f"unknown key '{together}'", hint, at=together, meant=meant)
    if misspelt:
        hint = "did you mean 'kind'?"
        (first, *others) = misspelt
        certain = "kind" if not others and (first in ALIASES or sure(first, ["kind"])) else None
        raise schema_error("unknown_key", f"unknown key '{misspelt[0]}'", hint, at=misspelt[0], meant=certain)
    hint = f"{noun} kinds: {', '.join(valid)}"
    if "kind" not in value:
        raise schema_error("kind_absent", "the key 'kind' is missing", hint)
    if kind is None:
        raise schema_error("kind_empty", "'kind' has no value", hint, at="kind")
    if not isinstance(kind, str) or kind not in valid:
        got = f"'{kind}'" if isinstance(kind, str) else shown(kind)
        near = isinstance(kind, str) and nearest(kind, valid)
        meant = mistyped(kind, valid) if isinstance(kind, str) else None
        if advice:  # there are many, so the nearest will do
            hint = suggestion(kind, valid, noun=f"{noun} kind") + ("" if near else advice)
        elif meant:
            hint = f"did you mean '{meant}'? {hint}"
        else:
            hint += ADVICE
        certain = sure(kind, valid) if isinstance(kind, str) else None
        raise schema_error("unknown_kind", f"unknown {noun} kind {got}", hint, at="kind", meant=certain)
    return kind


def with_the_rest(
    unknown: PydanticCustomError, value: Any, classes: Mapping[str, type[Strict]], *, keys: bool = True
) -> ValidationError:
    """A finding about a part's `kind`, with what else is wrong in the part.

    Where the kind is mistyped, that is all that is wrong for the kind that was meant. Otherwise it is what
    is wrong for all kinds alike: values that every kind with such a key refuses, and, if asked for, `keys`
    that are mistyped. Other keys may be those of the kind that is not known.
    """
    details = [InitErrorDetails(type=unknown, loc=(), input=value)]
    if not isinstance(value, dict):
        return ValidationError.from_exception_data("kind", details)
    context = unknown.context or {}
    named = value.get(context["at"]) if context.get("at") else None
    meant = mistyped(named, classes) if isinstance(named, str) and len(named) <= _LONGEST else None
    rest = {key: part for key, part in value.items() if key not in ("kind", context.get("at"))}
    if meant is not None:
        return ValidationError.from_exception_data("kind", [*details, *_refused(classes[meant], rest, meant)])
    refused = [(cls.keys(), _refused(cls, rest, kind)) for kind, cls in classes.items()]
    known = {key for valid, _ in refused for key in valid}
    for key, part in rest.items():
        about = [[e for e in errors if e["loc"][:1] == (key,)] for valid, errors in refused if key in valid]
        if about and all(about):
            details += about[0]
        near = mistyped(str(key)[:_LONGEST], known - set(rest)) if keys else None
        if near and not about:
            certain = sure(str(key), known - set(rest))
            kind = schema_error(
                "unknown_key", f"unknown key '{key}'", f"did you mean '{near}'?", meant=certain
            )
            details.append(InitErrorDetails(type=kind, loc=(key,), input=part))
    return ValidationError.from_exception_data("kind", details)


def _refused(cls: type[Strict], fields: Mapping[str, Any], kind: str) -> list[InitErrorDetails]:
    """What a class says against fields, in a form in which it can be raised again."""
    try:
        cls.model_validate({**fields, "kind": kind})
    except ValidationError as error:
        return [
            InitErrorDetails(
                type=PydanticCustomError(e["type"], e["msg"], e.get("ctx", {})),
                loc=e["loc"],
                input=e["input"],
            )
            for e in error.errors(include_url=False)
        ]
    return []
