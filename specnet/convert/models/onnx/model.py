"""The bytes of an ONNX file as a model, read by the `onnx` package; sizes are checked before use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specnet.convert.models import wire
from specnet.convert.models.values import Constant
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

OLDEST = 7
"""The first operator set in which batch normalization, dropout and broadcasting mean what they do today."""
MAX_DIMS = 8
DOMAINS = ("", "ai.onnx")
TENSOR = {1: "packed", 5: "packed", 6: "small", 7: "packed", 10: "packed", 11: "packed", 13: "small"}
NESTED: wire.Nested = {
    "model": {7: "graph", 8: "small", 14: "small", 20: "small", 25: "small", 26: "small"},
    "graph": {
        **{1: "node", 5: "tensor", 11: "small", 12: "small", 13: "small"},
        **{14: "small", 15: "small", 16: "small"},
    },
    "node": {5: "attribute", 9: "small", 10: "small"},
    "attribute": {
        **{5: "tensor", 6: "graph", 7: "packed", 8: "packed", 10: "tensor", 11: "graph"},
        **{14: "small", 15: "small", 22: "small", 23: "small"},
    },
    "tensor": TENSOR,
}
"""The fields of ONNX's messages (onnx.proto3) that hold more than one value."""


@dataclass(frozen=True)
class OnnxModel:
    """A parsed file: its graph, the version of its operators and what made it."""

    graph: Any
    opset: int
    producer: str
    metadata: Mapping[str, str]
    initializers: Mapping[str, Constant]


def parse(data: bytes, name: str) -> OnnxModel:
    """The model in the bytes of a file called `name`. Raises `UsageError` if there is none."""
    try:
        from google.protobuf.message import DecodeError
        from onnx import ModelProto
    except ModuleNotFoundError:
        raise UsageError("reading ONNX needs the package onnx", "pip install 'specnet[onnx]'") from None
    model = ModelProto()
    try:
        wire.count(data, "model", NESTED)
        model.ParseFromString(data)
    except wire.TooMuchError as error:
        raise UsageError(f"{one_line(name)} is no ONNX file that is read: it has {error}") from None
    except (DecodeError, RecursionError):
        raise UsageError(f"{one_line(name)} is no ONNX file", "its bytes are no model") from None
    versions = [entry.version for entry in model.opset_import if said(entry.domain) in DOMAINS]
    if not versions or not model.graph.node:
        raise UsageError(f"{one_line(name)} is no ONNX file", "it has no graph of ONNX's operators")
    if max(versions) < OLDEST:
        hint = "onnx.version_converter.convert_version(model, 13) writes it anew"
        raise UsageError(f"{one_line(name)} has operator set {max(versions)}; {OLDEST} is the first", hint)
    initializers = {said(tensor.name): of_tensor(tensor) for tensor in model.graph.initializer}
    metadata = {said(entry.key): said(entry.value) for entry in model.metadata_props}
    return OnnxModel(model.graph, max(versions), said(model.producer_name), metadata, initializers)


def said(text: str | bytes) -> str:
    """A text of the file; protobuf leaves those that are not UTF-8 as bytes."""
    return text if isinstance(text, str) else text.decode(errors="replace")


def of_tensor(tensor: Any, name: str = "") -> Constant:
    """A tensor of the file. Raises `UsageError` for sizes that it cannot have."""
    name = name or said(tensor.name)
    shape = tuple(tensor.dims)
    if len(shape) > MAX_DIMS or any(size < 0 for size in shape) or math.prod(shape) >= 2**62:
        raise UsageError(f"the tensor '{one_line(name)}' has impossible sizes")
    return Constant(name, shape, lambda: _values(tensor, name))


def _values(tensor: Any, name: str) -> Array:
    from onnx import TensorProto, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        message = f"the values of '{one_line(name)}' lie in another file, which is not opened"
        raise UsageError(message, "onnx.save(onnx.load(FILE), ONE_FILE) puts all into one file")
    try:
        values: Array = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise UsageError(f"the tensor '{one_line(name)}' is damaged: {one_line(str(error))}") from None
    if values.dtype.kind not in "fiub":
        raise UsageError(f"the tensor '{one_line(name)}' holds {values.dtype}, which are no numbers")
    return values


def attributes(node: Any) -> dict[str, Any]:
    """An operator's attributes by name, text decoded and lists as lists."""
    from onnx.helper import get_attribute_value

    found: dict[str, Any] = {}
    for attribute in node.attribute:
        value = get_attribute_value(attribute)
        found[said(attribute.name)] = said(value) if isinstance(value, bytes) else value
    return found
