"""A network and its parameters -> an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.convert.export.onnx.graph import OPSET
from specnet.convert.export.onnx.walk import Walk
from specnet.diagnostics.errors import UsageError
from specnet.network.network import Network

IR_VERSION = 9
"""The version of ONNX's file format that came with the operator set."""
LARGEST = 2**31 - 2**20
"""Bytes of a model that protobuf holds, with room for the graph."""
SPEC = "specnet.spec"
"""The key under which a model's metadata has the spec that it was written from."""


def onnx_bytes(network: Network, state: Mapping[str, Any], text: str) -> bytes:
    """The ONNX file of a network with the parameters of a state, its batch left open.

    `text` is the spec's, which stands in the metadata. The graph computes what the network does when it
    evaluates. Raises `UsageError` for a network that ONNX has no operators for, or too large for a file.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper
    except ModuleNotFoundError:
        raise UsageError("writing ONNX needs the package onnx", "pip install 'specnet[onnx]'") from None
    values = sum(w.size for share in network.shares.values() for w in share.parameters().values())
    if 4 * values > LARGEST:
        raise UsageError(f"{values:,} parameters do not fit into an ONNX file, which holds 2 GiB")
    walk = Walk(network, state)
    walk.go()
    made = walk.outputs()

    def described(name: str, shape: tuple[int, ...]) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    graph = helper.make_graph(
        walk.graph.nodes,
        network.spec.name,
        [described(walk.whole[name], network.output_shape(name)) for name in network.graph.inputs()],
        [described(name, shape) for name, shape in made.items()],
        [numpy_helper.from_array(values, name) for name, values in walk.graph.constants.items()],
    )
    model = helper.make_model(
        graph, producer_name="specnet", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, {SPEC: text})
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
