"""Activation functions: what `activation` of a layer and `function` of the kind `activation` say.

One with its usual numbers is said by its name, `activation: leaky_relu`; other numbers make a mapping of it,
`activation: {kind: leaky_relu, slope: 0.2}`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, GetJsonSchemaHandler, PlainSerializer, SerializeAsAny
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.plugins import Group
from specnet.schema.kinds import KINDS_OF, of_kind
from specnet.schema.strict import Strict, schema_error

GROUP: Group = "specnet.activations"


class ActivationFunction(Strict):
    """Base of all activation functions. The name of its entry point is the one that a spec says.

    Each backend has one function for it, from a value to a value of the same shape. Fields reach that
    function as named arguments; each needs a default, so that the name alone means something.
    """

    kind: str

    needs_all_units: ClassVar[bool] = False
    """Whether an output depends on all units of a layer, so that these must be in one place."""

    @property
    def options(self) -> dict[str, Any]:
        """Its numbers by name."""
        return {name: value for name, value in self if name != "kind"}


class ReLU(ActivationFunction):
    """max(x, 0), with derivative 0 at 0."""


class Softmax(ActivationFunction):
    """exp(x[c]) / sum over d of exp(x[d]), along the channels (or units)."""

    needs_all_units = True


def function_class(name: str) -> type[ActivationFunction]:
    """The class registered under a name. Raises `PluginError` if there is none, or it cannot be imported."""
    function: type[ActivationFunction] = plugins.load(GROUP, name)
    return function


NUMBERS = {"slope": "leaky_relu", "negative_slope": "leaky_relu", "alpha": "elu", "amplitude": "scaled_tanh"}
"""Numbers of activation functions that people write beside the name."""


OTHER_NAMES = {
    "swish": "did you mean 'silu'?",
    **dict.fromkeys(("linear", "identity"), "leave the activation out"),
}
"""What to do about names that other programs have for these functions, and for having none."""


def hint_about_number(key: str, field: str) -> str | None:
    """What to do about a function's number where it stands beside `field`; None if it is none."""
    if key not in NUMBERS:
        return None
    number = "slope" if key == "negative_slope" else key
    return f"a function's numbers stand with its name: {field}: {{kind: {NUMBERS[key]}, {number}: ...}}"


def _registered(value: Any) -> Any:
    """The function that a name or a mapping stands for."""
    if isinstance(value, ActivationFunction):
        return value
    if isinstance(value, dict):
        return of_kind(value, GROUP, "activation function")
    names = plugins.names(GROUP)
    if not isinstance(value, str) or value not in names:
        hint = OTHER_NAMES.get(value.lower()) if isinstance(value, str) else None
        expected = ", ".join(f"'{name}'" for name in names)
        raise schema_error("literal_error", "unknown", hint, expected=expected)
    try:
        cls = function_class(value)
    except PluginError as error:
        raise schema_error("plugin", error.message, error.hint) from error
    return cls.model_validate({"kind": value})


def _short(function: ActivationFunction) -> Any:
    """Its name where its numbers are the usual ones."""
    usual = all(info.default == getattr(function, name) for name, info in _fields(function).items())
    return function.kind if usual else function.as_yaml()


def _fields(function: ActivationFunction) -> dict[str, Any]:
    return {name: info for name, info in type(function).model_fields.items() if name != "kind"}


class _Forms:
    """A registered name, or a mapping with a `kind`, in a JSON Schema, as these are when it is made."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"enum": plugins.names(GROUP), "type": "string"}, {KINDS_OF: GROUP}]}


Function = Annotated[
    SerializeAsAny[ActivationFunction], BeforeValidator(_registered), PlainSerializer(_short), _Forms()
]
"""A registered activation function: its name, or a mapping of its `kind` and its numbers."""
