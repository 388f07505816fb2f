"""aten's operators that work value by value, and those that move values."""

from __future__ import annotations

from typing import Any

from specnet.convert.models.arithmetic import product, scaled, shifted
from specnet.convert.models.draft import Part
from specnet.convert.models.pytorch.call import Call, operator
from specnet.convert.models.rearranging import joined, parted, reshaped, row, transposed
from specnet.convert.models.values import Constant, Seen, Shown, Value, sizes_of

FUNCTIONS = {
    **dict.fromkeys(("relu.default", "relu_.default"), "relu"),
    **dict.fromkeys(("relu6.default", "relu6_.default"), "relu6"),
    **dict.fromkeys(("sigmoid.default", "sigmoid_.default"), "sigmoid"),
    **dict.fromkeys(("tanh.default", "tanh_.default"), "tanh"),
    **dict.fromkeys(("silu.default", "silu_.default"), "silu"),
    **dict.fromkeys(("hardswish.default", "hardswish_.default"), "hard_swish"),
    **dict.fromkeys(("hardsigmoid.default", "hardsigmoid_.default"), "hard_sigmoid"),
}


@operator(*FUNCTIONS)
def function(call: Call) -> Value:
    return _activation(call, FUNCTIONS[call.kind.removeprefix("aten.")])


def _activation(call: Call, written: Any) -> Value:
    value = call.moving()
    if isinstance(value, Seen):  # value by value, whatever the order
        return Seen(call.add("activation", [value.part], function=written), value.how, value.blocks)
    return call.add("activation", [value], function=written)


@operator("leaky_relu.default", "leaky_relu_.default")
def leaky_relu(call: Call) -> Value:
    return _activation(call, {"kind": "leaky_relu", "slope": call.number("negative_slope", 0.01)})


@operator("elu.default", "elu_.default")
def elu(call: Call) -> Value:
    if call.number("scale", 1) != 1 or call.number("input_scale", 1) != 1:
        raise call.refuse("an elu with a scale is not known here")
    return _activation(call, {"kind": "elu", "alpha": call.number("alpha", 1.0)})


@operator("softplus.default")
def softplus(call: Call) -> Value:
    if call.number("beta", 1) != 1:
        raise call.refuse("a softplus with another beta than 1 is not known here")
    return _activation(call, "softplus")


@operator("gelu.default")
def gelu(call: Call) -> Value:
    return _activation(call, "gelu_tanh" if call.text("approximate", "none") == "tanh" else "gelu")


@operator("hardtanh.default", "hardtanh_.default", "clamp.default", "clamp_.default")
def clamp(call: Call) -> Value:
    names = ("min_val", "max_val") if "hardtanh" in call.kind else ("min", "max")
    low, high = (call.number(name) if call.has(name) else None for name in names)
    if (low, high) == (0.0, 6.0):
        return _activation(call, "relu6")
    if (low, high) == (0.0, None):
        return _activation(call, "relu")
    raise call.refuse(f"values between {low} and {high} are not known here; relu6 has 0 and 6")


@operator("softmax.int")
def softmax(call: Call) -> Value:
    part = call.part()
    if call.whole("dim") % (1 + len(part.shape)) != 1:
        raise call.refuse("it is not along the channels")
    return _activation(call, "softmax")


@operator("dropout.default", "dropout_.default")
def dropout(call: Call) -> Value:
    value, rate = call.moving("input"), call.number("p")
    part = value.part if isinstance(value, Seen) else value
    if not rate:
        return value
    made = call.add("dropout", [part], rate=rate)
    return Seen(made, value.how, value.blocks) if isinstance(value, Seen) else made


SAME = (
    "contiguous.default",
    "clone.default",
    "alias.default",
    "detach.default",
    "detach_.default",
    "to.dtype",
)


@operator(*SAME)
def same(call: Call) -> Value:
    if call.kind == "aten.to.dtype" and call.given.get("dtype", {}).get("as_scalar_type") not in (
        6,
        7,
        8,
        13,
    ):
        raise call.refuse("it makes whole numbers of an image's values")
    return call.value("self")


@operator("add.Tensor", "add_.Tensor", "sub.Tensor", "mul.Tensor", "mul_.Tensor", "div.Tensor")
def combined(call: Call) -> Value:
    if call.number("alpha", 1) != 1:
        raise call.refuse("a sum with a factor is not known here")
    is_product = call.kind.startswith(("aten.mul", "aten.div"))
    is_inverse = call.kind.startswith(("aten.sub", "aten.div"))
    is_tensor = "as_tensor" in call.given["other"]
    other = call.value("other") if is_tensor else _number(call.number("other"))
    value = call.value("self")
    if isinstance(value, Constant) and not is_inverse:
        value, other = other, value
    if isinstance(other, Constant) and isinstance(value, Part):
        _claim(call, other)
        alone = call.is_alone("self")
        if is_product:
            return scaled(call, value, other, alone=alone, invert=is_inverse)
        return shifted(call, value, other, alone=alone, negate=is_inverse)
    if is_inverse or not isinstance(value, Part) or not isinstance(other, Part):
        return _in_disguise(call, value, other, is_product=is_product, is_inverse=is_inverse)
    return product(call, [value, other]) if is_product else call.add("add", [value, other])


def _in_disguise(call: Call, value: Value, other: Value, *, is_product: bool, is_inverse: bool) -> Value:
    """Images whose channels are last, with a constant for each channel, or with each other."""
    if isinstance(value, Seen) and value.how == "last" and isinstance(other, Constant) and not is_inverse:
        channels = value.part.shape[0]
        if other.shape in ((), (channels,)):
            _claim(call, other)
            moved = other.moved(other.name, (channels, 1, 1) if other.shape else (), _as_column)
            make = scaled if is_product else shifted
            return Seen(make(call, value.part, moved, alone=call.is_alone("self")), "last")
    if (
        isinstance(value, Seen)
        and isinstance(other, Seen)
        and value.how == other.how == "last"
        and not is_inverse
    ):
        parts = [value.part, other.part]
        return Seen(product(call, parts) if is_product else call.add("add", parts), "last")
    raise call.refuse("what it reads is no pair of images, or no image and a constant")


def _as_column(values: Any) -> Any:
    return values.reshape(-1, 1, 1) if values.ndim else values


def _claim(call: Call, constant: Constant) -> None:
    """A parameter that is added or multiplied belongs to this call alone."""
    if constant.name:
        owner = call.known.owners.setdefault(constant.name, call.place)
        if constant.name in call.known.spent:
            raise call.refuse(f"{constant.name} is used by {owner}, too; no parameter is shared here")
        call.spend(constant)


def _number(number: float) -> Constant:
    import numpy as np

    return Constant("", (), lambda: np.asarray(number, np.float64))


@operator("cat.default")
def cat(call: Call) -> Value:
    values = call.values("tensors")
    moving = [value for value in values if not isinstance(value, Constant)]
    return joined(call, moving, call.whole("dim", 0), len(values))


@operator("chunk.default", "split.Tensor", "split_with_sizes.default")
def split(call: Call) -> list[Shown]:
    part = call.part()
    if call.whole("dim", 0) % (1 + len(part.shape)) != 1:
        raise call.refuse("it cuts something else than channels apart")
    channels = part.shape[0]
    if call.kind == "aten.split_with_sizes.default":
        sizes = call.numbers("split_sizes")
    else:
        most = call.whole("split_size") if "split" in call.kind else -(-channels // call.whole("chunks"))
        if most <= 0:
            raise call.refuse(f"it cuts {channels} channels into pieces of {most}")
        sizes = [min(most, channels - start) for start in range(0, channels, most)]
    return parted(call, part, sizes, [call.called() for _ in call.outputs])


@operator("slice.Tensor")
def cut(call: Call) -> Value:
    part, axis = call.part(), call.whole("dim", 0)
    place = axis % (1 + len(part.shape))
    if call.whole("step", 1) != 1 or place == 0:
        first, last, _ = slice(call.whole("start", 0), call.whole("end", 2**62)).indices(call.known.batch)
        if place == 0 and (first, last) == (0, call.known.batch) and call.whole("step", 1) == 1:
            return part
        raise call.refuse("it takes some of the images, or leaves out what lies between")
    size = part.shape[place - 1]
    first, last, _ = slice(call.whole("start", 0), call.whole("end", 2**62)).indices(size)
    if (first, last) == (0, size):
        return part
    if place == 1:
        return call.add("slice", [part], channels=[first, last])
    pads = [0, 0, 0, 0]
    pads[2 * place - 4 : 2 * place - 2] = [-first, last - size]
    return call.add("pad", [part], padding=pads)


@operator("flatten.using_ints")
def flatten(call: Call) -> Value:
    value = call.moving()
    rank = 1 + len(sizes_of(value))
    start, end = call.whole("start_dim", 0) % rank, call.whole("end_dim", -1) % rank
    if (start, end) == (1, rank - 1):
        return row(call, value)
    sizes = [call.known.batch, *sizes_of(value)]
    merged = 1
    for size in sizes[start : end + 1]:
        merged *= size
    return reshaped(call, value, [*sizes[:start], merged, *sizes[end + 1 :]], call.known.batch)


@operator("view.default", "reshape.default", "_unsafe_view.default")
def view(call: Call) -> Value:
    name = "shape" if "reshape" in call.kind else "size"
    return reshaped(call, call.moving(), call.numbers(name), call.known.batch)


@operator("permute.default")
def permute(call: Call) -> Value:
    value, axes = call.moving(), call.numbers("dims")
    rank = 1 + len(sizes_of(value))
    return transposed(call, value, [axis % rank for axis in axes])


@operator("transpose.int")
def transpose(call: Call) -> Value:
    value = call.moving()
    axes = list(range(1 + len(sizes_of(value))))
    one, other = (call.whole(name) % len(axes) for name in ("dim0", "dim1"))
    axes[one], axes[other] = axes[other], axes[one]
    return transposed(call, value, axes)


@operator("channel_shuffle.default")
def channel_shuffle(call: Call) -> Value:
    return call.add("channel_shuffle", [call.image()], groups=call.whole("groups"))


@operator("squeeze.dim", "squeeze.dims", "squeeze.default")
def squeeze(call: Call) -> Value:
    part = call.part()
    axes = sorted(axis % (1 + len(part.shape)) for axis in call.numbers("dim", [2, 3]))
    if part.shape[1:] != (1, 1) or axes not in ([2, 3], [3], [2]):
        raise call.refuse("it takes away other dimensions than the rows and columns of one pixel")
    if axes != [2, 3]:
        raise call.refuse("it takes away one dimension of an image", "flatten(1) takes both")
    return call.add("flatten", [part])


@operator("unsqueeze.default")
def unsqueeze(call: Call) -> Value:
    raise call.refuse("it adds a dimension, which has no meaning in a spec")
