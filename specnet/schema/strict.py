"""The strict pydantic base of everything a spec can say, and its field types.

Fields take exactly what they name: `true` is not a number, nor is `"3"`, and an unknown key is an error
that knows the valid ones. Messages are written for the person who edits the YAML file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from specnet.diagnostics.suggestions import nearest, suggestion, sure

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
    **dict.fromkeys(("requires_grad",), "trainable"),
    **dict.fromkeys(("freeze", "freeze_layers", "frozen_layers"), "frozen"),
    **dict.fromkeys(("step_size", "decay_steps"), "every"),
    **dict.fromkeys(("eps",), "epsilon"),
    **dict.fromkeys(("stdev", "stddev", "sigma"), "std"),
    **dict.fromkeys(("dilations", "dilation_rate"), "dilation"),
    **dict.fromkeys(("keepdim", "keepdims", "keep_dim"), "keep_dims"),
    **dict.fromkeys(("center",), "shift"),
    **dict.fromkeys(("count_include_pad",), "count_padding"),
    **dict.fromkeys(("norm_region",), "region"),
    **dict.fromkeys(("negative_slope", "alpha"), "slope"),
    **dict.fromkeys(("beta_1", "b1"), "beta1"),
    **dict.fromkeys(("beta_2", "b2"), "beta2"),
    **dict.fromkeys(("decay_rate",), "rho"),
    **dict.fromkeys(("pad", "pads"), "padding"),
    **dict.fromkeys(("type", "class", "class_name"), "kind"),
}
"""What other frameworks call some of the language's keys."""


class Strict(BaseModel):
    """A frozen part of a spec: no unknown keys, no conversions, no infinities."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_valid_keys(cls, data: Any, handler: Callable[[Any], Self]) -> Self:
        """Give every unknown key the nearest valid one, while the class that knows them is at hand."""
        try:
            return handler(data)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            if not any(e["type"] == "extra_forbidden" for e in errors):
                raise
            raise ValidationError.from_exception_data(cls.__name__, cls._translate(errors)) from None

    @classmethod
    def _translate(cls, errors: list[ErrorDetails]) -> list[InitErrorDetails]:
        """The errors with unknown keys explained. A key missing because it is misspelt is one error."""
        unknown = [str(e["loc"][0]) for e in errors if e["type"] == "extra_forbidden" and len(e["loc"]) == 1]
        missing = [str(e["loc"][0]) for e in errors if e["type"] == "missing" and len(e["loc"]) == 1]
        translated: list[InitErrorDetails] = []
        misspelt: set[str] = set()
        for e in errors:
            kind = PydanticCustomError(e["type"], e["msg"], e.get("ctx", {}))
            if e["type"] == "extra_forbidden" and len(e["loc"]) == 1:
                key = str(e["loc"][0])
                other = other_name(key, cls.keys())
                meant = [other] if other else nearest(key, missing) or nearest(key, cls.keys())
                if not meant and len(unknown) == len(missing) == 1:
                    meant = missing
                misspelt.update(meant)
                hint = suggestion(key, cls.keys(), noun="key") if not meant else f"did you mean '{meant[0]}'?"
                certain = other or sure(key, cls.keys())
                certain = certain if [certain] == meant else None
                together = run_together(key, cls.keys())
                if together is not None:
                    hint, certain = f"write '{together}', with a space", together
                hint = cls.hint_about(key) or hint
                kind = schema_error("unknown_key", f"unknown key '{key}'", hint, meant=certain)
            translated.append(InitErrorDetails(type=kind, loc=e["loc"], input=e["input"]))
        return [
            e
            for e, original in zip(translated, errors, strict=True)
            if not (original["type"] == "missing" and original["loc"] and original["loc"][-1] in misspelt)
        ]

    @classmethod
    def hint_about(cls, key: str) -> str | None:
        """What to do about an unknown key that means something elsewhere; None if nothing is known of it."""
        return None

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that may stand in the YAML mapping."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def as_yaml(self) -> dict[str, Any]:
        """The part as plain data under its YAML keys, defaults written out and unset options left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def behind(written: dict[str, Any], *keys: str) -> dict[str, Any]:
    """What was written, with these keys behind all others: those that a kind adds stand before them."""
    return {key: written[key] for key in sorted(written, key=keys.__contains__)}


def other_name(key: str, valid: Iterable[str]) -> str | None:
    """The one of the valid keys that a key of another framework stands for, or that has '_' for its '-'."""
    plain = key.lower().replace("-", "_")
    names = set(valid)
    return next((name for name in (plain, ALIASES.get(plain)) if name in names), None)


def run_together(key: str, valid: Iterable[str]) -> str | None:
    """A key and its value, `kind: conv`, where a forgotten space has made one key of both."""
    name, _, value = key.partition(":")
    return f"{name}: {value}" if value == value.strip() != "" and name in set(valid) else None


def schema_error(type_: str, message: str, hint: str | None = None, **context: Any) -> PydanticCustomError:
    """A validation error whose message is final and whose hint travels along. Raise it in a validator.

    `at` in the context is where it is, below the value, and `of_key` whether at the key there; `meant` what
    stands there if it is certain: a key, a kind, or a value as it is written; `needless` whether the key
    means nothing and goes.
    """
    return PydanticCustomError(type_, message, {"hint": hint, **context})
