"""Archives of torch.export, written by hand."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

FLOAT = 7
"""PyTorch's number for float32."""


def meta(shape: Sequence[int]) -> dict[str, Any]:
    """What a tensor of float32 says of itself."""
    steps = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    return {
        "dtype": FLOAT,
        "sizes": [{"as_int": size} for size in shape],
        "strides": [{"as_int": step} for step in steps],
        "storage_offset": {"as_int": 0},
        "layout": 7,
        "device": {"type": "cpu", "index": None},
        "requires_grad": False,
    }


def tensor(name: str) -> dict[str, Any]:
    return {"as_tensor": {"name": name}}


def node(kind: str, output: str | list[str], module: str = "", **given: Any) -> dict[str, Any]:
    """A call of `aten.KIND`; text among what is given is the name of a tensor."""
    inputs = []
    for name, value in given.items():
        if isinstance(value, str):
            argument = tensor(value)
        elif isinstance(value, bool):
            argument = {"as_bool": value}
        elif isinstance(value, int | float):
            argument = {"as_int" if isinstance(value, int) else "as_float": value}
        elif value and isinstance(value[0], str):
            argument = {"as_tensors": [{"name": each} for each in value]}
        else:
            argument = {"as_ints": list(value)}
        inputs.append({"name": name, "arg": argument, "kind": 1})
    several = {"as_tensors": [{"name": each} for each in output]}
    outputs = [tensor(output)] if isinstance(output, str) else [several]
    stack = f"L__self__,,Net;L__self__.{module},{module},torch.nn.modules.made.Made" if module else ""
    return {
        "target": f"torch.ops.aten.{kind}",
        "inputs": inputs,
        "outputs": outputs,
        "metadata": {"nn_module_stack": stack},
    }


def archive(
    nodes: Sequence[dict[str, Any]],
    image: Sequence[int],
    weights: Mapping[str, Sequence[int]],
    output: str,
    change: Any = None,
) -> bytes:
    """The archive of a graph that reads `x`; weights, by their arguments' names, count up from 0.

    `change` is a function of the graph's data that gives the bytes to store for it.
    """
    values = {"x": meta(image), **{name: meta(shape) for name, shape in weights.items()}}
    specs = [
        {"parameter": {"arg": {"name": name}, "parameter_name": name.replace("_", ".")}} for name in weights
    ]
    graph = {
        "graph_module": {
            "graph": {
                "inputs": [tensor(name) for name in values],
                "outputs": [tensor(output)],
                "nodes": list(nodes),
                "tensor_values": values,
            },
            "signature": {
                "input_specs": [*specs, {"user_input": {"arg": tensor("x")}}],
                "output_specs": [{"user_output": {"arg": tensor(output)}}],
            },
        },
        "torch_version": "2.13.0",
    }
    listing = {
        name.replace("_", "."): {
            "path_name": f"weight_{index}",
            "use_pickle": False,
            "tensor_meta": meta(shape),
        }
        for index, (name, shape) in enumerate(weights.items())
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("net/models/model.json", json.dumps(graph) if change is None else change(graph))
        file.writestr("net/data/weights/model_weights_config.json", json.dumps({"config": listing}))
        for index, shape in enumerate(weights.values()):
            file.writestr(
                f"net/data/weights/weight_{index}", np.arange(np.prod(shape), dtype="<f4").tobytes()
            )
    return made.getvalue()
