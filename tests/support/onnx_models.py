"""ONNX models made by tests, and what ONNX Runtime answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.parser import parse_model

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
"""Nine published networks whose weights are all one number: they ship with the package."""


def model(
    nodes: str, constants: Mapping[str, Any] | None = None, *, image: str = "2,4,9,8", opset: int = 13
) -> Any:
    """The model of nodes in ONNX's text form that read `x` and give `y`.

    `constants` are arrays, or tuples of sizes: then they are drawn at random, positive for a name with `var`.
    """
    text = f'<ir_version: 8, opset_import: ["": {opset}]>\nmade (float[{image}] x) => (y) {{\n{nodes}\n}}'
    made, draw = parse_model(text), np.random.default_rng(len(nodes))
    for name, value in (constants or {}).items():
        if isinstance(value, tuple):
            drawn = draw.standard_normal(value) if "var" not in name else draw.uniform(0.5, 1.5, value)
            value = drawn.astype(np.float32)
        made.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    return made


def run(made: Any, images: Any) -> list[Any]:
    """What ONNX Runtime answers, in float32."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [entry.name for entry in session.get_inputs()]
    return list(session.run(None, dict.fromkeys(names, images)))


def with_random_weights(made: Any, seed: int) -> Any:
    """The model with each filled tensor drawn at random instead, so that the outputs say something.

    Variances are positive, and weights as small as keeps values within reason in a hundred layers.
    """
    draw = np.random.default_rng(seed)
    positive = {node.input[4] for node in made.graph.node if node.op_type == "BatchNormalization"}
    sizes = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    kept = [node for node in made.graph.node if node.op_type != "ConstantOfShape"]
    for node in made.graph.node:
        if node.op_type == "ConstantOfShape":
            shape: Sequence[int] = [int(size) for size in sizes[node.input[0]]]
            spread = np.sqrt(2 / np.prod(shape[1:])) if len(shape) > 1 else 0.2
            values = draw.standard_normal(shape) * spread
            if node.output[0] in positive:
                values = draw.uniform(0.5, 1.5, shape)
            made.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), node.output[0]))
    del made.graph.node[:]
    made.graph.node.extend(kept)
    return made
