"""Activation functions by name: what `activation` of a layer and `function` of the kind `activation` say."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from specnet import plugins
from specnet.diagnostics.errors import PluginError
from specnet.plugins import Group
from specnet.schema.strict import schema_error

GROUP: Group = "specnet.activations"


class ActivationFunction:
    """Base of all activation functions. The name of its entry point is the one that a spec says.

    Each backend has one function for it, from a value to a value of the same shape.
    """

    needs_all_units: ClassVar[bool] = False
    """Whether an output depends on all units of a layer, so that these must be in one place."""


class ReLU(ActivationFunction):
    """max(x, 0), with derivative 0 at 0."""


class Tanh(ActivationFunction):
    """(exp(x) - exp(-x)) / (exp(x) + exp(-x))."""


class Sigmoid(ActivationFunction):
    """1 / (1 + exp(-x))."""


class ELU(ActivationFunction):
    """x above 0, exp(x) - 1 below (Clevert et al. 2016, equation 15, with alpha = 1)."""


class Softmax(ActivationFunction):
    """exp(x[c]) / sum over d of exp(x[d]), along the channels (or units)."""

    needs_all_units = True


def function_named(name: str) -> type[ActivationFunction]:
    """The class registered under a name. Raises `PluginError` if there is none, or it cannot be imported."""
    function: type[ActivationFunction] = plugins.load(GROUP, name)
    return function


def _registered(value: Any) -> Any:
    names = plugins.names(GROUP)
    if not isinstance(value, str) or value not in names:
        raise schema_error("literal_error", "unknown", expected=", ".join(f"'{name}'" for name in names))
    try:
        function_named(value)
    except PluginError as error:
        raise schema_error("plugin", error.message, error.hint) from error
    return value


class _Names:
    """The registered names in a JSON Schema, as they are when it is made."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"enum": plugins.names(GROUP), "type": "string"}


FunctionName = Annotated[str, BeforeValidator(_registered), _Names()]
"""The name of a registered activation function."""
