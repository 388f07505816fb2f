"""The bytes of a `.pt2` archive as a program: its graph and its weights, without PyTorch.

What PyTorch's own loader does is not done: it evaluates the symbolic sizes in the graph as expressions, and
reads sample inputs, and weights that are marked so, as pickles. Here the graph is JSON and a
weight its bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specnet.convert.models.archive import Archive
from specnet.convert.models.values import Constant
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

LARGEST_GRAPH = 2**24
"""Bytes of the graph; that of DenseNet-201 has two million."""
GRAPH = "/models/model.json"
WEIGHTS = "/data/weights/"
CONSTANTS = "/data/constants/"
TYPES = {4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 12: "bool", 13: "bfloat16"}
"""PyTorch's numbers for types of values (torch/_export/serde/schema.py, ScalarType)."""


@dataclass(frozen=True)
class Program:
    """An exported model: nodes in the order of computing, inputs, outputs, and tensors by argument name."""

    nodes: list[Any]
    inputs: dict[str, list[Any]]
    """The sizes of what the user gives, by name."""
    outputs: list[str]
    tensors: Mapping[str, Constant]
    version: str


def parse(data: bytes, name: str) -> Program:
    """The program in the bytes of a file called `name`. Raises `UsageError` if there is none."""
    archive = Archive(data, name)
    graphs = [member for member in archive.members if f"/{member}".endswith(GRAPH)]
    if len(graphs) != 1:
        hint = "torch.export.save of PyTorch 2.9 and later writes one; pickles of older ones are not read"
        raise UsageError(f"{one_line(name)} is no archive of one exported model", hint)
    top = graphs[0].removesuffix(GRAPH)
    written = _json(archive.read(graphs[0], LARGEST_GRAPH), name)
    try:
        module = written["graph_module"]
        graph, signature = module["graph"], module["signature"]
        stored = {
            **_stored(archive, top, WEIGHTS, "model_weights_config.json", name),
            **_stored(archive, top, CONSTANTS, "model_constants_config.json", name),
        }
        inputs: dict[str, list[Any]] = {}
        tensors: dict[str, Constant] = {}
        for spec in signature["input_specs"]:
            ((kind, said),) = spec.items()
            if kind == "user_input":
                own = said["arg"]["as_tensor"]["name"]
                inputs[own] = graph["tensor_values"][own]["sizes"]
            elif kind in ("parameter", "buffer", "tensor_constant"):
                key = said.get(f"{kind}_name") or said.get("tensor_constant_name")
                tensors[said["arg"]["name"]] = stored.get(key) or _missing(key, name)
            else:
                raise UsageError(
                    f"{one_line(name)} has an input of the kind '{one_line(kind)}', which is not read"
                )
        outputs = [
            spec["user_output"]["arg"]["as_tensor"]["name"]
            for spec in signature["output_specs"]
            if "user_output" in spec and "as_tensor" in spec["user_output"]["arg"]
        ]
        return Program(list(graph["nodes"]), inputs, outputs, tensors, str(written.get("torch_version", "")))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UsageError(f"the graph of {one_line(name)} is damaged: {one_line(repr(error))}") from None


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise UsageError(f"the graph of {one_line(name)} is no JSON") from None


def _missing(key: object, name: str) -> Constant:
    raise UsageError(f"{one_line(name)} has no values for '{one_line(str(key))}'")


def _stored(archive: Archive, top: str, folder: str, listing: str, name: str) -> dict[str, Constant]:
    """The tensors of one folder of the archive by their names in the model."""
    path = f"{top}{folder}{listing}"
    if path not in archive:
        return {}
    found: dict[str, Constant] = {}
    for key, entry in _json(archive.read(path, LARGEST_GRAPH), name)["config"].items():
        meta = entry["tensor_meta"]
        shape = tuple(_whole(size) for size in meta["sizes"])
        if len(shape) > 8 or any(size < 0 for size in shape) or math.prod(shape) >= 2**62:
            raise UsageError(f"the tensor '{one_line(key)}' has impossible sizes")
        member = f"{top}{folder}{entry['path_name']}"
        found[key] = Constant(key, shape, _reader(archive, member, key, entry, meta, shape))
    return found


def _whole(said: Mapping[str, Any]) -> int:
    """A whole number that stands in the graph as one."""
    number = said["as_int"]
    if not isinstance(number, int):
        raise TypeError(number)
    return number


def _reader(archive: Archive, member: str, key: str, entry: Any, meta: Any, shape: tuple[int, ...]) -> Any:
    def values() -> Array:
        try:
            return read()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the tensor '{one_line(key)}' is damaged: {one_line(repr(error))}"
            raise UsageError(message) from None

    def read() -> Array:
        import numpy as np

        if entry.get("use_pickle"):
            raise UsageError(f"the values of '{one_line(key)}' are a pickle, which is not read")
        kind = TYPES.get(meta["dtype"])
        if kind is None:
            raise UsageError(f"the tensor '{one_line(key)}' is of a type that is not read")
        strides = [_whole(step) for step in meta["strides"]]
        plain = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
        is_plain = all(a == b or size == 1 for a, b, size in zip(strides, plain, shape, strict=True))
        if not is_plain or _whole(meta["storage_offset"]):
            raise UsageError(f"the tensor '{one_line(key)}' is a view of another one, which is not read")
        data = archive.read(member)
        width = 2 if kind == "bfloat16" else np.dtype(kind).itemsize
        if len(data) != width * math.prod(shape):
            raise UsageError(f"the tensor '{one_line(key)}' has not as many values as it says")
        if kind == "bfloat16":
            halves = np.frombuffer(data, "<u2").astype(np.uint32) << 16
            return halves.view(np.float32).reshape(shape)
        return np.frombuffer(data, np.dtype(kind).newbyteorder("<")).reshape(shape)

    return values
