"""Activation functions, by name or as layers of their own."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.keras.entry import Entry, Value, alike, layer, shown

FUNCTIONS: dict[str, Any] = {
    **{name: name for name in ("relu", "relu6", "sigmoid", "tanh", "softmax", "softplus", "elu", "gelu")},
    **dict.fromkeys(("silu", "swish"), "silu"),
    **dict.fromkeys(("hard_silu", "hard_swish"), "hard_swish"),
    "leaky_relu": {"kind": "leaky_relu", "slope": 0.2},
    "hard_sigmoid": "hard_sigmoid",
}
"""Keras's functions with the numbers that their names alone stand for."""
NOTHING = ("linear", None)


def function_of(entry: Entry, key: str = "activation") -> Any:
    """The function that an option names; None for none. Raises `UnsayableError` for one that is not known."""
    value = entry.get(key)
    if isinstance(value, dict):
        if ">" in str(value.get("registered_name")):
            raise entry.refuse(f"its {key} is somebody's own, '{shown(value.get('registered_name'))}'")
        config = value.get("config")
        options = config if isinstance(config, dict) else {}
        name = config if isinstance(config, str) else options.get("name", value.get("class_name"))
        if set(options) - {"name", "dtype"}:
            raise entry.refuse(f"its {key} is a function with options, which are not known here")
        value = name
    if value in NOTHING:
        return None
    function = FUNCTIONS.get(value.lower()) if isinstance(value, str) else None
    if function is None:
        raise entry.refuse(
            f"its {key} '{shown(value)}' is not known here", f"known are {', '.join(FUNCTIONS)}"
        )
    if function == "hard_sigmoid" and not entry.setting.is_of_keras_3:
        message = "hard_sigmoid before Keras 3 is min(max(x / 5 + 1/2, 0), 1), which is not known here"
        raise entry.refuse(message, "hard_sigmoid of Keras 3 has x / 6")
    return function


def applied(entry: Entry, value: Value) -> Value:
    """A layer and its activation function, in a layer of its own until it is tidied."""
    function = function_of(entry)
    return value if function is None else _activation(entry, value, function, f"{entry.name}.activation")


def _activation(entry: Entry, value: Value, function: Any, name: str = "") -> Value:
    if function == "softmax" and value.is_image and not entry.setting.is_last and not value.is_pixel:
        raise entry.refuse("softmax along the last axis is over the columns of an image here")
    return alike(value, entry.add("activation", [value.part], name, function=function))


@layer("Activation")
def activation(entry: Entry) -> Value:
    function = function_of(entry)
    return entry.value() if function is None else _activation(entry, entry.value(), function)


@layer("ReLU")
def relu(entry: Entry) -> Value:
    entry.only("threshold", 0, 0.0)
    limit = entry.get("max_value")
    slope = entry.number("negative_slope", 0)
    if limit is None:
        return _activation(entry, entry.value(), {"kind": "leaky_relu", "slope": slope} if slope else "relu")
    if slope or limit != 6:
        raise entry.refuse(f"values between 0 and {shown(limit)} are not known here; relu6 has 0 and 6")
    return _activation(entry, entry.value(), "relu6")


@layer("LeakyReLU")
def leaky_relu(entry: Entry) -> Value:
    key = "alpha" if entry.get("alpha") is not None else "negative_slope"
    return _activation(entry, entry.value(), {"kind": "leaky_relu", "slope": entry.number(key, 0.3)})


@layer("ELU")
def elu(entry: Entry) -> Value:
    return _activation(entry, entry.value(), {"kind": "elu", "alpha": entry.number("alpha", 1.0)})


@layer("Softmax")
def softmax(entry: Entry) -> Value:
    value = entry.value()
    entry.check_channel_axis(entry.get("axis", -1), value)
    return alike(value, entry.add("activation", [value.part], function="softmax"))
