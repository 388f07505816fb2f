"""aten's operators with parameters or windows: convolution, dense layers, normalization, pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specnet.convert.models.draft import Part
from specnet.convert.models.pytorch.call import Call, operator
from specnet.convert.models.values import Constant, Seen, Shown, Value
from specnet.layers.base import LayerError
from specnet.layers.window import Windowed
from specnet.text import describe

if TYPE_CHECKING:
    from specnet.convert.models.draft import Values


def _weights(call: Call, **roles: str) -> dict[str, Constant]:
    """The parameters that are given, by the roles that they have here."""
    found = {role: call.constant(name) for role, name in roles.items() if call.has(name)}
    call.spend(*found.values())
    return found


def _values(given: dict[str, Constant]) -> dict[str, Values]:
    return {role: (lambda constant=constant: constant.values) for role, constant in given.items()}  # type: ignore[misc]


def _named(given: dict[str, Constant]) -> list[str]:
    return [constant.name for constant in given.values()]


def _checked(call: Call, part: Part, given: dict[str, Constant]) -> Part:
    """The layer, if its parameters have the sizes of those given. Raises `UnsayableError`."""
    wanted = part.layer().parameters(*[read.shape for read in part.reads])
    for role, constant in given.items():
        if role not in wanted or wanted[role].shape != constant.shape:
            fits = describe(wanted[role].shape) if role in wanted else "none"
            raise call.refuse(f"its {role} is {describe(constant.shape)}, where {fits} fits")
    return part


@operator("conv2d.default", "conv2d.padding")
def conv(call: Call) -> Value:
    part = call.image("input")
    given = _weights(call, weight="weight", bias="bias")
    weight = given["weight"]
    if len(weight.shape) != 4:
        raise call.refuse(f"its weights have {len(weight.shape)} dimensions; those of an image's have 4")
    padding: Any = call.text("padding", "")
    if padding not in ("", "valid", "same"):
        raise call.refuse(f"padding '{padding}' is not known")
    if padding != "same":
        down, right = (0, 0) if padding == "valid" else call.pair("padding", [0])
        padding = [down, down, right, right]
    made = call.draft.add(
        "conv",
        call.called(*_named(given)),
        [part],
        call.place,
        _values(given),
        filters=weight.shape[0],
        kernel=list(weight.shape[2:]),
        stride=call.pair("stride", [1]),
        padding=padding,
        rounding="floor",
        dilation=call.pair("dilation", [1]),
        groups=call.whole("groups", 1),
        bias=None if "bias" in given else "none",
    )
    return _checked(call, made, given)


@operator("linear.default")
def dense(call: Call) -> Value:
    value = call.moving("input")
    part = value.part if isinstance(value, Seen) else value
    if isinstance(value, Seen):
        raise call.refuse("it reads an image whose channels are last")
    if len(part.shape) != 1:
        raise call.refuse(f"it reads {describe(part.shape)}; a dense layer reads rows")
    given = _weights(call, weight="weight", bias="bias")
    made = call.draft.add(
        "dense",
        call.called(*_named(given)),
        [part],
        call.place,
        _values(given),
        units=given["weight"].shape[0],
        bias=None if "bias" in given else "none",
    )
    return _checked(call, made, given)


@operator("batch_norm.default")
def batch_norm(call: Call) -> Value:
    roles = {"weight": "weight", "bias": "bias", "running_mean": "running_mean", "running_var": "running_var"}
    given = _weights(call, **roles)
    if "running_mean" not in given:
        raise call.refuse("without running statistics it is not known here")
    made = call.draft.add(
        "batch_norm",
        call.called(*_named(given)),
        [call.part("input")],
        call.place,
        _values(given),
        epsilon=call.number("eps", 1e-5),
        momentum=round(1 - call.number("momentum", 0.1), 12),
        scale=None if "weight" in given else False,
        shift=None if "bias" in given else False,
    )
    return _checked(call, made, given)


@operator("layer_norm.default")
def layer_norm(call: Call) -> Value:
    """Over the channels: the last dimension of a row, or of an image with its channels last."""
    value = call.moving("input")
    is_last = isinstance(value, Seen) and value.how == "last"
    part = value.part if isinstance(value, Seen) else value
    is_row = isinstance(value, Part) and len(part.shape) == 1
    if call.numbers("normalized_shape") != [part.shape[0]] or not (is_last or is_row):
        raise call.refuse("it is not over the channels alone")
    given = _weights(call, weight="weight", bias="bias")
    made = call.draft.add(
        "layer_norm",
        call.called(*_named(given)),
        [part],
        call.place,
        _values(given),
        epsilon=call.number("eps", 1e-5),
        scale=None if "weight" in given else False,
        shift=None if "bias" in given else False,
    )
    _checked(call, made, given)
    return Seen(made, "last") if is_last else made


def _pool(call: Call, part: Part) -> dict[str, Any]:
    """The window of a pool."""
    kernel = call.pair("kernel_size")
    down, right = call.pair("padding", [0])
    fields: dict[str, Any] = {
        "kernel": kernel,
        "stride": call.pair("stride", kernel) if call.numbers("stride") else kernel,
        "padding": [down, down, right, right],
    }
    ceil = bool(call.number("ceil_mode", 0))
    return {**fields, "rounding": "clip" if ceil and _matters(fields, part) else "floor"}


def _matters(fields: dict[str, Any], part: Part) -> bool:
    """Whether rounding up gives another size."""
    shapes = []
    for rounding in ("floor", "clip"):
        said = {"kind": "window", "from": ["x"], **fields, "rounding": rounding}
        try:
            shapes.append(Windowed.model_validate(said).window(part.shape)[1:])
        except LayerError:
            return True
    return shapes[0] != shapes[1]


@operator("max_pool2d.default", "max_pool2d_with_indices.default")
def max_pool(call: Call) -> Value | list[Shown]:
    part = call.image()
    if call.pair("dilation", [1]) != [1, 1]:
        raise call.refuse("a pool with dilation is not known here")
    return [call.add("max_pool", [part], **_pool(call, part)), None]


@operator("avg_pool2d.default")
def avg_pool(call: Call) -> Value:
    part = call.image()
    if call.has("divisor_override"):
        raise call.refuse("a mean over another number than the window's is not known here")
    fields = _pool(call, part)
    is_counted = bool(call.number("count_include_pad", 1)) and any(fields["padding"])
    if fields["kernel"] == list(part.shape[1:]) and not any(fields["padding"]):
        return call.add("global_avg_pool", [part], keep_dims=True)
    return call.add("avg_pool", [part], count_padding=is_counted or None, **fields)


@operator("adaptive_avg_pool2d.default", "adaptive_max_pool2d.default")
def adaptive(call: Call) -> Value | list[Shown]:
    """Pools to a size that the input's is a multiple of."""
    part, wanted = call.image(), call.pair("output_size")
    kind = "avg" if "avg" in call.kind else "max"
    sizes = part.shape[1:]
    if tuple(wanted) == sizes:
        return [part, None]
    if wanted == [1, 1]:
        return [call.add(f"global_{kind}_pool", [part], keep_dims=True), None]
    if any(own % size for own, size in zip(sizes, wanted, strict=True)):
        raise call.refuse(
            f"its windows differ in size, for {describe(sizes)} is no multiple of {describe(wanted)}"
        )
    kernel = [own // size for own, size in zip(sizes, wanted, strict=True)]
    return [call.add(f"{kind}_pool", [part], kernel=kernel, stride=kernel), None]


@operator("mean.dim", "amax.default")
def mean(call: Call) -> Value:
    value = call.moving()
    is_last = isinstance(value, Seen) and value.how == "last"
    part = value.part if isinstance(value, Seen) else value
    axes = sorted(axis % (1 + len(part.shape)) for axis in call.numbers("dim"))
    if len(part.shape) != 3 or axes != ([1, 2] if is_last else [2, 3]):
        raise call.refuse(f"over the dimensions {axes} it is not known here; [2, 3] are those of an image")
    keeps = bool(call.number("keepdim", 0))
    kind = "global_avg_pool" if call.kind.startswith("aten.mean") else "global_max_pool"
    made = call.add(kind, [part], keep_dims=keeps or None)
    return Seen(made, "last") if keeps and is_last else made


@operator("pad.default", "constant_pad_nd.default")
def pad(call: Call) -> Value:
    part = call.image()
    if call.text("mode", "constant") != "constant" or call.number("value", 0.0):
        raise call.refuse("padding by anything else than zeros is not known here")
    pads = call.numbers("pad")
    left, right, top, bottom = (*pads, 0, 0)[:4]
    if len(pads) not in (2, 4):
        raise call.refuse("it puts zeros around something else than the rows and columns of an image")
    return call.add("pad", [part], padding=[top, bottom, left, right])
