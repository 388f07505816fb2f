"""Layers that images and labels come from."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.convert.models.caffe import blobs
from specnet.convert.models.caffe.net import Layer
from specnet.convert.models.caffe.walk import LABELS, Node, Shown, layer_type

CHANNELS = 3
"""Of images whose file does not say it."""


@layer_type("Data", "ImageData", "WindowData", "HDF5Data", "MemoryData")
def data(node: Node) -> list[Shown]:
    """The first blob is the images, the others are labels."""
    node.walk.data.append(node.layer)
    made: list[Shown] = [LABELS] * len(node.layer.tops)
    if node.layer.tops and not _is_label(node, node.layer.tops[0]):
        made[0] = _input(node, node.layer.tops[0], _sizes(node))
    return made


@layer_type("Input", "DummyData")
def given(node: Node) -> list[Shown]:
    tops = node.layer.tops
    return [
        LABELS if _is_label(node, top) else _input(node, top, _shape(node, i)) for i, top in enumerate(tops)
    ]


def _is_label(node: Node, top: str) -> bool:
    """Whether only losses read a blob, and as their labels."""
    return any(name == top for name, count in node.walk.flow.heads_only if count == 1)


def _input(node: Node, name: str, sizes: Sequence[int]) -> Shown:
    if len(sizes) not in (1, 3) or any(size <= 0 for size in sizes):
        told = " x ".join(map(str, sizes)) or "no sizes"
        raise node.refuse(f"it gives {told}; images have channels, height and width, rows one size")
    return node.draft.add("input", name, [], node.layer.place, shape=list(sizes))


def _shape(node: Node, index: int) -> list[int]:
    """The sizes of one image of `Input` and `DummyData`: all but the batch's."""
    options = node.layer.param("input_param" if node.type == "Input" else "dummy_data_param")
    shapes = options.many("shape")
    if shapes:
        dims = shapes[index if index < len(shapes) else 0].many("dim")
    else:
        parts = [options.many(name) for name in ("num", "channels", "height", "width")]
        dims = [part[index if index < len(part) else 0] for part in parts if part]
    if len(dims) < 2:
        return _asked(node, None)
    rest: list[int] = dims[1:]
    return rest


def _sizes(node: Node) -> list[int]:
    """The sizes of the images of a database, as far as the net says them."""
    layer = node.layer
    if node.type == "MemoryData":
        options = layer.param("memory_data_param")
        return [options.one(name, 0) for name in ("channels", "height", "width")]
    side = layer.transform().one("crop_size", 0)
    if side:
        return _asked(node, (side, side))
    options = layer.param("image_data_param")
    if options.one("new_height", 0) and options.one("new_width", 0):
        return _asked(node, (options.one("new_height"), options.one("new_width")))
    return _asked(node, None)


def _asked(node: Node, said: tuple[int, int] | None) -> list[int]:
    """The sizes that are asked for, or those that the net says, with as many channels as can be known."""
    asked = node.walk.given.image
    window = said or (asked[1:] if asked else None)
    if window is None:
        hint = "--image-size 224, or --image-size 1x28x28 with the channels"
        raise node.refuse("the sizes of its images are those of its data, which are not read", hint)
    channels = _channels(node.layer) or (asked[0] if asked else None) or _of_weights(node)
    if channels is None:
        node.draft.assumed.append(f"layers.{node.layer.tops[0]}.shape")
    return [channels or CHANNELS, *window]


def _channels(layer: Layer) -> int | None:
    """The channels of its images, where a layer says them."""
    transform = layer.transform()
    colours = layer.param("data_param").one("force_encoded_color", False)
    if transform.one("force_gray", False) or not layer.param("image_data_param").one("is_color", True):
        return 1
    if layer.type in ("ImageData", "WindowData") or colours or transform.one("force_color", False):
        return CHANNELS
    means = transform.many("mean_value")
    return len(means) if len(means) > 1 else None


def _of_weights(node: Node) -> int | None:
    """The channels that the weights of the first convolution read, where they are known."""
    for layer in node.walk.layers:
        if layer.type == "Convolution" and node.layer.tops[0] in layer.bottoms:
            found = layer.blobs or (node.walk.given.weights or {}).get(layer.name, [])
            if found and len(blobs.sizes(found[0])) == 4:
                return blobs.sizes(found[0])[1] * int(layer.param("convolution_param").one("group", 1))
    return None
