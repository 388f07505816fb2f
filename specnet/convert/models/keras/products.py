"""Layers with a parameter for each unit or channel: dense layers, normalization, gains and offsets."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.keras.entry import Entry, Value, alike, layer, shown
from specnet.convert.models.keras.functions import applied

EPSILON = 1e-7
"""`keras.backend.epsilon()`, the least deviation that `Normalization` divides by."""


@layer("Dense")
def dense(entry: Entry) -> Value:
    """A product with the last axis: that of a row, or of the channels of each pixel."""
    value, units = entry.value(), entry.whole("units")
    if value.is_image and not value.is_pixel:
        return _of_pixels(entry, units)
    if len(value.part.shape) != 1:
        raise entry.refuse("it reads no row")
    shape = (value.part.shape[0], units)
    has_bias = entry.flag("use_bias", True)
    biases: dict[str, Any] = {"bias": (1, ("bias",), (units,), _same)} if has_bias else {}
    weights = entry.weights(weight=(0, ("kernel",), shape, lambda w: value.reordered(w.T, 1)), **biases)
    made = entry.add("dense", [value.part], "", weights, units=units, bias=None if has_bias else "none")
    return applied(entry, Value(made, is_pixel=value.is_pixel))


def _of_pixels(entry: Entry, units: int) -> Value:
    """The same weights at each pixel, which is a convolution of single pixels."""
    if not entry.setting.is_last:
        raise entry.refuse("it reads an image along its columns, which is not known here")
    part, has_bias = entry.image(), entry.flag("use_bias", True)
    biases: dict[str, Any] = {"bias": (1, ("bias",), (units,), _same)} if has_bias else {}
    shape = (part.shape[0], units)
    weights = entry.weights(weight=(0, ("kernel",), shape, lambda w: w.T[:, :, None, None]), **biases)
    bias = None if has_bias else "none"
    return applied(entry, Value(entry.add("conv", [part], "", weights, filters=units, kernel=1, bias=bias)))


def _same(values: Any) -> Any:
    return values


@layer("BatchNormalization")
def batch_norm(entry: Entry) -> Value:
    value = entry.value()
    entry.check_channel_axis(entry.get("axis", -1), value)
    _check_plain(entry)
    entry.get("renorm_clipping"), entry.get("renorm_momentum")  # numbers of what is refused
    roles = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    scale, shift = entry.flag("scale", True), entry.flag("center", True)
    held = {role: name for role, name in roles.items() if {"weight": scale, "bias": shift}.get(role, True)}
    made = entry.add(
        "batch_norm", [value.part], "", _per_unit(entry, value, held),
        epsilon=entry.number("epsilon", 1e-3), momentum=entry.number("momentum", 0.99),
        scale=None if scale else False, shift=None if shift else False,
    )  # fmt: skip
    return alike(value, made)


@layer("LayerNormalization")
def layer_norm(entry: Entry) -> Value:
    value = entry.value()
    entry.check_channel_axis(entry.get("axis", -1), value)
    entry.only("rms_scaling", False)
    scale, shift = entry.flag("scale", True), entry.flag("center", True)
    held = {"weight": "gamma"} if scale else {}
    held |= {"bias": "beta"} if shift else {}
    made = entry.add(
        "layer_norm", [value.part], "", _per_unit(entry, value, held),
        epsilon=entry.number("epsilon", 1e-3), scale=None if scale else False, shift=None if shift else False,
    )  # fmt: skip
    return alike(value, made)


def _check_plain(entry: Entry) -> None:
    """Refuse batch normalization of other kinds than the paper's."""
    entry.only("renorm", False)
    entry.only("virtual_batch_size")
    entry.only("adjustment")


def _per_unit(entry: Entry, value: Value, held: dict[str, str]) -> Any:
    """The parameters by role that have a number for each channel or unit, from their names in Keras."""
    shape = (value.part.shape[0],)
    makes = {
        role: (index, (name,), shape, lambda numbers: value.reordered(numbers, 0))
        for index, (role, name) in enumerate(held.items())
    }
    return entry.weights(**makes)


@layer("Rescaling")
def rescaling(entry: Entry) -> Value:
    """x * scale + offset, the same for all values."""
    value, scale, offset = entry.value(), entry.number("scale"), entry.number("offset", 0.0)
    return _constants(entry, value, [scale], [offset], {"gain": scale, "offset": offset or "none"})


@layer("Normalization")
def normalization(entry: Entry) -> Value:
    """(x - mean) / deviation, or x * deviation + mean; the two are constants, measured or given."""
    value, given = entry.value(), entry.get("mean") is not None
    entry.check_channel_axis(entry.get("axis", -1), value)
    invert, channels = entry.flag("invert", False), value.part.shape[0]
    if given:
        mean, variance = (_listed(entry, key, channels) for key in ("mean", "variance"))
        deviations = [max(max(each, 0.0) ** 0.5, EPSILON) for each in variance]
        gains = deviations if invert else [1 / each for each in deviations]
        offsets = mean if invert else [-m / d for m, d in zip(mean, deviations, strict=True)]
        one = len(set(gains)) == len(set(offsets)) == 1
        fields = {"gain": gains[0], "offset": offsets[0]} if one else {"gain": 1, "offset": 0}
        if not one:
            _say_lost(entry)
        return _constants(entry, value, gains, offsets, fields)
    _say_lost(entry)
    stored = entry.setting.stored
    weights: Any = {}
    if stored is not None:

        def held(index: int, name: str) -> Any:
            return value.reordered(stored.get(entry.path, index, (name,), (channels,)), 0)

        def deviation() -> Any:
            import numpy as np

            return np.maximum(np.sqrt(held(1, "variance")), EPSILON)

        weights = {
            "weight": lambda: deviation() if invert else 1 / deviation(),
            "bias": lambda: held(0, "mean") if invert else -held(0, "mean") / deviation(),
        }
    made = entry.add("scale", [value.part], "", weights, gain=1, offset=0, trainable=False)
    return alike(value, made)


def _say_lost(entry: Entry) -> None:
    entry.setting.draft.lost.append(f"The constants of '{entry.name}' are in its weights alone.")


def _listed(entry: Entry, key: str, channels: int) -> list[float]:
    """A number for each channel, of which one may stand for all."""
    value = entry.get(key)
    while isinstance(value, list) and len(value) == 1 and channels > 1:
        value = value[0]
    numbers = value if isinstance(value, list) else [value] * channels
    while len(numbers) == 1 and isinstance(numbers[0], list):
        numbers = numbers[0]
    if len(numbers) != channels:
        raise entry.refuse(f"its {key} is {shown(value)}, and not a number for each of {channels:,} channels")
    return [entry.real(number, key) for number in numbers]


def _constants(
    entry: Entry, value: Value, gains: list[float], offsets: list[float], fields: dict[str, Any]
) -> Value:
    """A `scale` that is not trained: one gain and one offset for all channels, or one for each."""
    channels = value.part.shape[0]

    def spread(numbers: list[float]) -> Any:
        import numpy as np

        own = np.asarray(numbers * channels if len(numbers) == 1 else numbers)
        return value.reordered(own, 0)

    weights: dict[str, Any] = {"weight": lambda: spread(gains)}
    if fields["offset"] != "none":
        weights["bias"] = lambda: spread(offsets)
    return alike(value, entry.add("scale", [value.part], "", weights, trainable=False, **fields))
