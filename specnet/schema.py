"""The strict pydantic base of everything a spec can say, and its field types.

Fields take exactly what they name: `true` is no number, `"3"` is no number, and an unknown key is an error
that knows the valid ones. Messages are written for the person who edits the YAML file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from specnet.errors import mistyped, nearest, suggestion

LARGEST = 10**9
"""The largest size, count or kernel, and the largest magnitude of any number, that a spec may name.

float32 holds the product of four of them."""


_LONGEST = 100
"""Letters of a key or a kind that are compared with the valid ones."""


ALIASES = {
    **dict.fromkeys(("lr", "base_lr", "initial_lr"), "learning_rate"),
    **dict.fromkeys(("wd", "l2", "l2_penalty", "l2_regularization"), "weight_decay"),
    **dict.fromkeys(("batch", "bs", "minibatch", "batchsize"), "batch_size"),
    **dict.fromkeys(("n_epochs", "num_epochs", "max_epochs", "max_epoch"), "epochs"),
    **dict.fromkeys(("clipnorm", "grad_clip", "max_norm", "max_grad_norm", "gradient_clip"), "clip_norm"),
    **dict.fromkeys(("out_channels", "channels_out", "num_filters", "n_filters", "num_output"), "filters"),
    **dict.fromkeys(("kernel_size", "ksize", "window", "pool_size"), "kernel"),
    **dict.fromkeys(("out_features", "num_units", "n_units", "neurons", "outputs"), "units"),
    **dict.fromkeys(("input", "inputs", "bottom", "source"), "from"),
    **dict.fromkeys(("nonlinearity", "act"), "activation"),
    **dict.fromkeys(("initializer", "init", "kernel_initializer", "weight_filler"), "weights"),
    **dict.fromkeys(("p", "prob", "dropout_rate", "dropout_ratio"), "rate"),
    **dict.fromkeys(("gamma", "drop"), "factor"),
    **dict.fromkeys(("milestones", "boundaries"), "at"),
    **dict.fromkeys(("strides", "subsample"), "stride"),
    **dict.fromkeys(("step_size", "decay_steps"), "every"),
    **dict.fromkeys(("eps",), "epsilon"),
    **dict.fromkeys(("pad", "pads"), "padding"),
    **dict.fromkeys(("type", "class", "class_name"), "kind"),
}
"""What other frameworks call some of the language's keys."""


class Strict(BaseModel):
    """A frozen part of a spec: no unknown keys, no conversions, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_valid_keys(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        """Give every unknown key the nearest valid one, while the class that knows them is at hand."""
        try:
            return handler(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
            if not any(e["type"] == "extra_forbidden" for e in found):
                raise
            raise ValidationError.from_exception_data(cls.__name__, cls._translate(found)) from None

    @classmethod
    def _translate(cls, found: list[ErrorDetails]) -> list[InitErrorDetails]:
        """The errors with unknown keys explained. A key missing because it is misspelt is one error."""
        unknown = [str(e["loc"][0]) for e in found if e["type"] == "extra_forbidden" and len(e["loc"]) == 1]
        missing = [str(e["loc"][0]) for e in found if e["type"] == "missing" and len(e["loc"]) == 1]
        translated: list[InitErrorDetails] = []
        misspelt: set[str] = set()
        for e in found:
            kind = PydanticCustomError(e["type"], e["msg"], e.get("ctx", {}))
            if e["type"] == "extra_forbidden" and len(e["loc"]) == 1:
                key = str(e["loc"][0])
                other = other_name(key, cls.keys())
                meant = [other] if other else nearest(key, missing) or nearest(key, cls.keys())
                if not meant and len(unknown) == len(missing) == 1:
                    meant = missing
                misspelt.update(meant)
                hint = suggestion(key, cls.keys(), noun="key") if not meant else f"did you mean '{meant[0]}'?"
                kind = finding("unknown_key", f"unknown key '{key}'", hint)
            translated.append(InitErrorDetails(type=kind, loc=e["loc"], input=e["input"]))
        return [
            e
            for e, original in zip(translated, found, strict=True)
            if not (original["type"] == "missing" and original["loc"] and original["loc"][-1] in misspelt)
        ]

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that may stand in the YAML mapping."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def as_yaml(self) -> dict[str, Any]:
        """The part as plain data under its YAML keys, defaults written out and unset options left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def other_name(key: str, valid: Iterable[str]) -> str | None:
    """The one of the valid keys that a key of another framework stands for, or that has '_' for its '-'."""
    plain = key.lower().replace("-", "_")
    names = set(valid)
    return next((name for name in (plain, ALIASES.get(plain)) if name in names), None)


def finding(type_: str, message: str, hint: str | None = None, **context: Any) -> PydanticCustomError:
    """A validation error whose message is final and whose hint travels along. Raise it in a validator."""
    return PydanticCustomError(type_, message, {"hint": hint, **context})


def by_kind(noun: str, *classes: type[Strict]) -> BeforeValidator:
    """A validator that picks the class by the mapping's `kind`; instances of the classes pass."""
    table = {str(cls.model_fields["kind"].default): cls for cls in classes}

    def choose(value: Any) -> Any:
        if isinstance(value, classes):
            return value
        try:
            kind = kind_of(value, list(table), noun)
        except PydanticCustomError as unknown:
            raise with_the_rest(unknown, value, table) from None
        return table[kind].model_validate(value)

    return BeforeValidator(choose)


def kind_of(value: Any, valid: list[str], noun: str, advice: str = "") -> str:
    """The `kind` that a mapping names. Raises the finding for anything else, with `advice` in its hint."""
    if not isinstance(value, dict):
        meant = value if isinstance(value, str) and value in valid else None
        raise finding(
            "kind_missing",
            f"expected a mapping with a 'kind', got {shown(value)}",
            f"write {{kind: {meant}}}" if meant else f"{noun} kinds: {', '.join(valid)}",
        )
    kind = value.get("kind")
    misspelt = [
        key for key in value if "kind" not in value and (nearest(key, ["kind"]) or ALIASES.get(key) == "kind")
    ]
    if misspelt:
        hint = "did you mean 'kind'?"
        raise finding("unknown_key", f"unknown key '{misspelt[0]}'", hint, at=misspelt[0])
    hint = f"{noun} kinds: {', '.join(valid)}"
    if "kind" not in value:
        raise finding("kind_absent", "the key 'kind' is missing", hint)
    if kind is None:
        raise finding("kind_empty", "'kind' has no value", hint, at="kind")
    if not isinstance(kind, str) or kind not in valid:
        got = f"'{kind}'" if isinstance(kind, str) else shown(kind)
        near = isinstance(kind, str) and nearest(kind, valid)
        meant = mistyped(kind, valid) if isinstance(kind, str) else None
        if advice:  # there are many, so the nearest will do
            hint = suggestion(kind, valid, noun=f"{noun} kind") + ("" if near else advice)
        elif meant:
            hint = f"did you mean '{meant}'? {hint}"
        raise finding("unknown_kind", f"unknown {noun} kind {got}", hint, at="kind")
    return kind


def with_the_rest(
    unknown: PydanticCustomError, value: Any, classes: Mapping[str, type[Strict]], *, keys: bool = True
) -> ValidationError:
    """A finding about a part's `kind`, with what else is wrong in the part.

    Where the kind is mistyped, that is all that is wrong for the kind that was meant. Otherwise it is what
    is wrong for all kinds alike: values that every kind with such a key refuses, and, if asked for, `keys`
    that are mistyped. Other keys may be those of the kind that is not known.
    """
    found = [InitErrorDetails(type=unknown, loc=(), input=value)]
    if not isinstance(value, dict):
        return ValidationError.from_exception_data("kind", found)
    context = unknown.context or {}
    named = value.get(context["at"]) if context.get("at") else None
    meant = mistyped(named, classes) if isinstance(named, str) and len(named) <= _LONGEST else None
    rest = {key: part for key, part in value.items() if key not in ("kind", context.get("at"))}
    if meant is not None:
        return ValidationError.from_exception_data("kind", [*found, *_refused(classes[meant], rest, meant)])
    refused = [(cls.keys(), _refused(cls, rest, kind)) for kind, cls in classes.items()]
    known = {key for valid, _ in refused for key in valid}
    for key, part in rest.items():
        about = [[e for e in errors if e["loc"][:1] == (key,)] for valid, errors in refused if key in valid]
        if about and all(about):
            found += about[0]
        near = mistyped(str(key)[:_LONGEST], known - set(rest)) if keys else None
        if near and not about:
            kind = finding("unknown_key", f"unknown key '{key}'", f"did you mean '{near}'?")
            found.append(InitErrorDetails(type=kind, loc=(key,), input=part))
    return ValidationError.from_exception_data("kind", found)


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


def shown(value: object, limit: int = 40) -> str:
    """A YAML value in words, for 'expected X, got Y'."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int) and len(str(value)) > limit and str(value).lstrip("+-").isdecimal():
        return f"a number of {len(str(value).lstrip('+-')):,} digits"
    if isinstance(value, str):
        return f"the text '{value[:limit]}{'...' if len(value) > limit else ''}'"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        inner = ", ".join(v[:limit] if isinstance(v, str) else shown(v) for v in value[:6])
        return f"the list [{inner}{', ...' if len(value) > 6 else ''}]"
    return str(value)[:limit]


def is_whole(value: object, least: int = 0) -> bool:
    """Whether a YAML value is a whole number from `least` to `LARGEST`."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def is_number(value: object) -> bool:
    """Whether a YAML value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pair(value: Any) -> Any:
    if is_whole(value, 1):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(is_whole(v, 1) for v in value):
        return tuple(value)
    raise finding(
        "pair", f"expected a size of at least 1, or [height, width], got {shown(value)}", "for example 3"
    )


def _names(value: Any) -> Any:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and value and all(isinstance(v, str) for v in value):
        return tuple(value)
    raise finding("names", f"expected a name or a list of names, got {shown(value)}")


def _sizes(value: Any) -> Any:
    if isinstance(value, list | tuple) and value and all(is_whole(v, 1) for v in value):
        return tuple(value)
    hint = "sizes stand in a list, as in [channels, height, width] or [units]"
    raise finding("sizes", f"expected a list of sizes, got {shown(value)}", hint)


_SIZE = {"type": "integer", "minimum": 1, "maximum": LARGEST}

Count = Annotated[int, Field(ge=1, le=LARGEST)]
"""A whole number of at least 1."""

Positive = Annotated[float, Field(gt=0, le=LARGEST)]
"""A number above 0."""

NonNegative = Annotated[float, Field(ge=0, le=LARGEST)]
"""A number of at least 0."""

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
"""Any number."""


def _short(values: tuple[Any, ...]) -> Any:
    """A tuple as one would write it: a single value where all are equal, else a list."""
    return values[0] if len(set(values)) == 1 else list(values)


Pair = Annotated[
    tuple[int, int],
    BeforeValidator(_pair),
    PlainSerializer(_short),
    WithJsonSchema(
        {
            "oneOf": [
                _SIZE,
                {"type": "array", "items": _SIZE, "minItems": 2, "maxItems": 2},
            ]
        }
    ),
]
"""`3` or `[height, width]`."""

Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    PlainSerializer(lambda names: names[0] if len(names) == 1 else list(names)),
    WithJsonSchema(
        {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
    ),
]
"""One name or a list of names."""

Sizes = Annotated[
    tuple[int, ...],
    BeforeValidator(_sizes),
    WithJsonSchema({"type": "array", "items": _SIZE, "minItems": 1}),
]
"""A list of sizes of at least 1."""
