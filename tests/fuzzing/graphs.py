"""Graphs of ONNX and of torch.export."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Sequence
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from onnx import ModelProto

from fuzzing.kind import Kind, check_words
from fuzzing.mutation import bytes_changed, json_changed, json_text
from specnet.convert.export.onnx.writer import onnx_bytes
from specnet.convert.models.importing import import_bytes
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.network import examine
from specnet.plans import plan as plans
from specnet.runs.stored_spec import as_text
from specnet.testing.random_specs import network_of, random_spec, random_state
from support import pt2_files
from support.onnx_models import model
from support.pt2_files import node

MANY = """
a = Conv <group=2, strides=[2,1], pads=[1,0,1,0]> (x, w, b)
c = BatchNormalization <epsilon=0.01> (a, g, o, m, var)
d = Mul(c, p)
e = Relu(d)
f, h = Split <axis=1> (e, s)
i = Concat <axis=1> (h, f)
j = MaxPool <kernel_shape=[2,2], ceil_mode=1> (i)
k = Pad(j, z)
l = AveragePool <kernel_shape=[2,2], count_include_pad=1, pads=[1,1,1,1]> (k)
q = Transpose <perm=[0,2,3,1]> (l)
r = Reshape(q, n)
y = Gemm <transB=1> (r, v, t)
"""
NODES = (
    node(
        "conv2d.default", "conv", "first", input="x", weight="first_weight", bias="first_bias", stride=[2, 2]
    ),
    node("relu_.default", "relu_", "act", self="conv"),
    node("chunk.default", ["getitem", "getitem_1"], self="relu_", chunks=2, dim=1),
    node("add.Tensor", "add", self="getitem", other="getitem_1", alpha=1),
    node("mul.Tensor", "mul", self="add", other=0.5),
    node("cat.default", "cat", tensors=["mul", "getitem"], dim=1),
    node("max_pool2d.default", "pool", "pool", self="cat", kernel_size=[2, 2], stride=[2, 2], ceil_mode=True),
    node("view.default", "view", self="pool", size=[2, 2, 2, 2, 2]),
    node("transpose.int", "turned", self="view", dim0=1, dim1=2),
    node("reshape.default", "back", self="turned", shape=[2, 4, 2, 2]),
    node("flatten.using_ints", "flat", self="back", start_dim=1),
    node("dropout.default", "drop", "drop", input="flat", p=0.5, train=False),
    node("linear.default", "y", "fc", input="drop", weight="fc_weight", bias="fc_bias"),
)
WEIGHTS = {"first_weight": (4, 3, 2, 2), "first_bias": (4,), "fc_weight": (5, 16), "fc_bias": (5,)}


def _onnx(_: Path) -> list[bytes]:
    sizes = {"w": (8, 2, 3, 3), "b": (8,), "g": (8,), "o": (8,), "m": (8,), "var": (8,), "p": (8, 1, 1)}
    lists = {"s": [4, 4], "z": [0, 0, 1, 1, 0, 0, 0, 0], "n": [2, -1]}
    many = model(MANY, {**sizes, **lists, "v": (5, 336), "t": (5,)})
    made = [many.SerializeToString()]
    for seed in (1, 4):
        network = network_of(random_spec(seed))
        made.append(onnx_bytes(network, random_state(plans.make(network), 0), as_text(network.spec)))
    lenet = examine(Path(__file__).parents[2] / "specs" / "lenet5.yaml").valid()
    return [*made, onnx_bytes(lenet, random_state(plans.make(lenet), 0), as_text(lenet.spec))]


def _onnx_changed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Other bytes, or another value of a field."""
    if draw.random() < 0.4:
        return bytes_changed(draw, data, others)
    proto = ModelProto.FromString(data)
    del proto.graph.initializer[draw.randrange(1, 1 + max(1, len(proto.graph.initializer))) :]
    written = MessageToDict(proto)
    for _ in range(draw.choice((1, 1, 2, 4))):
        written = json_changed(draw, written)
    try:
        changed = ParseDict(written, ModelProto(), ignore_unknown_fields=True)
    except (ParseError, ValueError, TypeError, RecursionError, AttributeError, SystemError):
        return bytes_changed(draw, data, others)
    changed.graph.initializer.extend(ModelProto.FromString(data).graph.initializer)
    return bytes(changed.SerializeToString())


def _pt2(_: Path) -> list[bytes]:
    return [pt2_files.archive(NODES, (2, 3, 8, 8), WEIGHTS, "y")]


def _pt2_changed(draw: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Other bytes, or another value in the graph or the list of weights."""
    if draw.random() < 0.25:
        return bytes_changed(draw, data, others)
    chosen = draw.choice(("net/models/model.json",) * 3 + ("net/data/weights/model_weights_config.json",))
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == chosen:
                content = json_text(draw, json.loads(content))
            new.writestr(info.filename, content)
    return made.getvalue()


def _read(data: bytes, name: str) -> str:
    try:
        made = import_bytes(data, name)
        held = [w.size for share in made.network.shares.values() for w in share.parameters().values()]
        if sum(held) < 10**7:
            made.weights()
    except (SpecError, UsageError) as error:
        check_words(error)
        return "refused"
    return "taken"


def _read_onnx(data: bytes, _: Path) -> str:
    return _read(data, "fuzz.onnx")


def _read_pt2(data: bytes, _: Path) -> str:
    return _read(data, "fuzz.pt2")


KINDS = {"onnx": Kind(_onnx, _onnx_changed, _read_onnx), "pt2": Kind(_pt2, _pt2_changed, _read_pt2)}
