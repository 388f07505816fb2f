"""Constants that are added to layers or multiplied with them: gains, offsets and biases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from specnet.convert.models.draft import Part
from specnet.convert.models.values import Constant, Operation, short
from specnet.text import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Make = Callable[[], Array]


def per_channel(constant: Constant, part: Part) -> bool:
    """Whether a constant has one number, or one for each channel of a layer."""
    size, shape = part.shape[0], constant.shape
    if all(extent == 1 for extent in shape):
        return True
    rank = len(part.shape)
    if rank == 1:
        return shape in ((size,), (1, size))
    return shape in ((size, *[1] * (rank - 1)), (1, size, *[1] * (rank - 1)))


def scaled(op: Operation, part: Part, constant: Constant, *, alone: bool, invert: bool = False) -> Part:
    """A layer times a constant: in its batch normalization, if nothing else reads that, or a `scale`."""
    if not per_channel(constant, part):
        raise op.refuse(f"it multiplies {describe(part.shape)} by constants of other sizes")

    def factor() -> Any:
        values: Any = spread(constant, part.shape[0])
        return 1 / values if invert else values

    if part.is_plain("batch_norm") and alone:
        for role in ("weight", "bias"):
            part.weights[role] = _product(part.weights[role], factor)
        return part
    return _scale(op, part, constant, {"weight": factor}, invert=invert)


def shifted(op: Operation, part: Part, constant: Constant, *, alone: bool, negate: bool = False) -> Part:
    """A layer plus a constant: its bias, if it has none and nothing else reads it, or a `scale`."""
    if not per_channel(constant, part):
        raise op.refuse(f"it adds constants of other sizes to {describe(part.shape)}")

    def offset() -> Any:
        values: Any = spread(constant, part.shape[0])
        return -values if negate else values

    if alone:
        if part.is_plain("batch_norm"):
            part.weights["bias"] = _sum(part.weights["bias"], offset)
            return part
        if part.kind in ("conv", "dense") and part.is_plain(part.kind) and part.fields.get("bias") == "none":
            del part.fields["bias"]
            part.weights["bias"] = offset
            return part
        is_number = _is_number(constant)
        is_alike = part.fields.get("trainable", True) is not is_number
        if part.is_plain("scale") and "bias" not in part.weights and is_alike:
            part.fields["offset"] = _shown(offset) if is_number else 0
            part.weights["bias"] = offset
            return part
    return _scale(op, part, constant, {"bias": offset}, invert=False)


def _scale(op: Operation, part: Part, constant: Constant, weights: dict[str, Make], *, invert: bool) -> Part:
    """A layer that has the constant as its gain or its offset; one number is no parameter but a value."""
    fields: dict[str, Any] = {"offset": 0, "gain": "none"} if "bias" in weights else {}
    if _is_number(constant):
        number = _shown(next(iter(weights.values())))
        fields.update({"offset" if "bias" in weights else "gain": number, "trainable": False})
    return op.draft.add("scale", op.called(constant.name), [part], op.place, weights, **fields)


def _product(one: Make, other: Make) -> Make:
    def made() -> Any:
        left: Any = one()
        return left * other()

    return made


def _sum(one: Make, other: Make) -> Make:
    def made() -> Any:
        left: Any = one()
        return left + other()

    return made


def _is_number(constant: Constant) -> bool:
    """Whether a constant is one number for all channels, which no training would change."""
    return all(extent == 1 for extent in constant.shape)


def _shown(make: Make) -> float:
    """The number that all channels have, with the digits of a float32."""
    values: Any = make()
    return short(float(values[0]))


def spread(constant: Constant, channels: int) -> Array:
    """One number for each channel, of which a constant may hold one for all."""
    import numpy as np

    return np.broadcast_to(constant.values.reshape(-1), (channels,))


GATED = {"sigmoid": "silu", "hard_sigmoid": "hard_swish"}
"""What x * f(x) is called, by f."""


def product(op: Operation, parts: Sequence[Part]) -> Part:
    """Layers multiplied; a layer times a function of itself may be a function that has a name."""
    for one, other in (parts, parts[::-1]) if len(parts) == 2 else ():
        gate = other.fields.get("function") if other.kind == "activation" else None
        if other.reads == [one] and isinstance(gate, str) and gate in GATED:
            return op.add("activation", [one], function=GATED[gate])
    return op.add("multiply", parts)
