"""AlexNet as an ONNX graph: one column, grouped convolutions where the towers do not meet."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSET = 17


def alexnet(batch: int) -> ModelProto:
    """The network for batches of `batch` images, its weights random."""
    random = np.random.default_rng(0)
    nodes: list[Any] = []
    initial: list[Any] = []

    def weights(name: str, *shape: int) -> str:
        values = (0.01 * random.standard_normal(shape)).astype(np.float32)
        initial.append(numpy_helper.from_array(values, name))
        return name

    def node(kind: str, name: str, *read: str, **fields: Any) -> str:
        nodes.append(helper.make_node(kind, list(read), [name], **fields))
        return name

    def conv(name: str, x: str, filters: int, channels: int, kernel: int, **fields: Any) -> str:
        groups = fields.get("group", 1)
        read = (
            x,
            weights(f"{name}.w", filters, channels // groups, kernel, kernel),
            weights(f"{name}.b", filters),
        )
        return node("Relu", name, node("Conv", f"{name}.conv", *read, kernel_shape=[kernel] * 2, **fields))

    def lrn(name: str, x: str) -> str:
        return node("LRN", name, x, size=5, alpha=5e-4, beta=0.75, bias=2.0)

    def pool(name: str, x: str) -> str:
        return node("MaxPool", name, x, kernel_shape=[3, 3], strides=[2, 2])

    def dense(name: str, x: str, units: int, inputs: int) -> str:
        return node(
            "Gemm", name, x, weights(f"{name}.w", units, inputs), weights(f"{name}.b", units), transB=1
        )

    x = conv("conv1", "image", 96, 3, 11, strides=[4, 4], pads=[0, 0, 3, 3])
    x = pool("pool1", lrn("norm1", x))
    x = pool("pool2", lrn("norm2", conv("conv2", x, 256, 96, 5, pads=[2] * 4, group=2)))
    x = conv("conv3", x, 384, 256, 3, pads=[1] * 4)
    x = conv(
        "conv5", conv("conv4", x, 384, 384, 3, pads=[1] * 4, group=2), 256, 384, 3, pads=[1] * 4, group=2
    )
    x = node("Flatten", "flat", pool("pool5", x))
    x = node("Relu", "relu6", dense("fc6", x, 4096, 9216))
    x = node("Relu", "relu7", dense("fc7", x, 4096, 4096))
    x = dense("fc8", x, 1000, 4096)
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, 224, 224])
    output = helper.make_tensor_value_info(x, TensorProto.FLOAT, [batch, 1000])
    graph = helper.make_graph(nodes, "alexnet", [image], [output], initial)
    made: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    made.ir_version = 8
    return made
