"""Nets of Caffe, in text and in bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from support import caffe_layers, caffe_nets, caffe_proto
from support.caffe_nets import layer, place

VARIED = (
    caffe_nets.given(1, 4, 9, 8)
    + layer("Convolution", "c", "data", options="convolution_param { num_output: 6 kernel_size: 3 group: 2 }")
    + place("BatchNorm", "bn", "c")
    + layer("Scale", "s", "c", options="scale_param { bias_term: true }")
    + layer("Pooling", "p", "s", options="pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }")
    + layer("LRN", "n", "p", options="lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }")
    + 'layer { name: "cut" type: "Slice" bottom: "n" top: "a" top: "b" slice_param { slice_point: 3 } }\n'
    + layer("Eltwise", "e", ["a", "b"], options="eltwise_param { coeff: 1 coeff: 1 }")
    + layer("Reshape", "r", "e", options="reshape_param { shape { dim: 0 dim: -1 } }")
    + layer("InnerProduct", "y", "r", options="inner_product_param { num_output: 5 transpose: true }")
    + layer("Softmax", "prob", "y")
)
"""A net of many types."""
WORDS = (
    *("0", "-1", "1", "2", "3", "1000000000", "99999999999999999999", "1e999", "-0.0", "nan", "inf"),
    *("0x7fffffffffffffff", "{", "}", "[", "]", "<", ":", "#"),
    *("MAX", "AVE", "true", "TEST", '""', '"data"', '"Convolution"', '"Split"'),
    *("name", "bottom", "top", "layer", "layers", "input_dim", "kernel_size", "param", "include", "blobs"),
)  # fmt: skip
SOLVER = (caffe_nets.SOLVER.encode(), "solver.prototxt")


def _texts(_: Path) -> list[bytes]:
    nets = (VARIED, caffe_nets.lenet(), caffe_nets.cifar(full=True), caffe_nets.alexnet())
    return [text.encode() for text in nets]


def _text_changed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Words and lines in other places, or another byte."""
    if draw.random() < 0.2:
        return bytes_changed(draw, data, others)
    text = data.decode()
    for _ in range(draw.choice((1, 1, 2, 4))):
        if draw.random() < 0.3:
            lines = text.split("\n")
            place_ = draw.randrange(len(lines))
            other = draw.choice(draw.choice(others).decode().split("\n"))
            lines[place_ : place_ + 1] = draw.choice(
                ([], [lines[place_]] * 2, [other], [lines[place_]] * 200)
            )
            text = "\n".join(lines)
            continue
        tokens = list(re.finditer(r"[A-Za-z0-9_.\"-]+|\S", text))
        if not tokens:
            return b""
        token = draw.choice(tokens)
        text = text[: token.start()] + draw.choice((*WORDS, "", token.group() * 2)) + text[token.end() :]
    return text.encode()


def _models(_: Path) -> list[bytes]:
    nets = (VARIED, caffe_nets.cifar(full=True))
    made = [caffe_layers.with_random_weights(caffe_proto.net(text), 0) for text in nets]
    old = caffe_proto.net('layers { name: "d" type: DATA top: "d" data_param { crop_size: 8 } }')
    return [*(net.SerializeToString() for net in made), old.SerializeToString()]


def _read_text(data: bytes, _: Path) -> str:
    return _read(data, "fuzz.prototxt", solver=SOLVER) if len(data) % 2 else _read(data, "fuzz.prototxt")


def _read_model(data: bytes, _: Path) -> str:
    return _read(data, "fuzz.caffemodel")


def _read(data: bytes, name: str, **options: object) -> str:
    try:
        made = import_bytes(data, name, image_size=(None, 28, 28), **options)
    except (SpecError, UsageError) as error:
        check_words(error)
        return "refused"
    try:
        count = sum(w.size for share in made.network.shares.values() for w in share.parameters().values())
        if count < 10**7:
            made.weights()
    except (SpecError, UsageError) as error:
        check_words(error)
        return "refused"
    return "taken"


KINDS = {
    "prototxt": Kind(_texts, _text_changed, _read_text),
    "caffemodel": Kind(_models, bytes_changed, _read_model),
}
