"""Operators on constants alone: what exporters leave in the graph to compute sizes, and small tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from specnet.convert.models.onnx.model import of_tensor
from specnet.convert.models.onnx.walk import Node, operator
from specnet.convert.models.values import Constant, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

LARGEST = 2**24
"""Values in a constant that is worked out here: parameters come as they are."""


@operator("Constant")
def constant(node: Node) -> Value:
    import numpy as np

    said, name = node.attributes, node.outputs[0]
    if "value" in said:
        return of_tensor(said["value"], name)
    for key in ("value_int", "value_ints", "value_float", "value_floats"):
        if key in said:
            kind = np.int64 if "int" in key else np.float32
            return of_array(name, np.asarray(said[key], kind))
    raise node.refuse("it holds no tensor of numbers")


@operator("ConstantOfShape")
def constant_of_shape(node: Node) -> Value:
    import numpy as np

    shape = tuple(node.whole(node.constant(0)))
    if any(size < 0 for size in shape) or math.prod(shape) >= 2**62 or len(shape) > 8:
        raise node.refuse("its sizes are impossible")
    filled = node.attributes.get("value")
    value = of_tensor(filled).values.reshape(-1)[:1] if filled is not None else np.zeros(1, np.float32)
    if value.size != 1:
        raise node.refuse("its value is not one number")
    return Constant(node.outputs[0], shape, lambda: np.broadcast_to(value, shape))  # which takes no memory


def of_array(name: str, values: Array) -> Constant:
    """A constant that was worked out."""
    return Constant(name, values.shape, lambda: values)


FOLDED: dict[str, Callable[..., Any]] = {
    "Add": lambda a, b: a + b,
    "Sum": lambda *parts: sum(parts[1:], start=parts[0]),
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
}


def folded(node: Node, constants: Sequence[Constant]) -> Constant:
    """What an operator makes of constants alone. Raises `UnsayableError` if it is not one of a few."""
    import numpy as np

    if any(math.prod(each.shape) > LARGEST for each in constants):
        raise node.refuse("constants as large as these are not computed with")
    values: list[Any] = [each.values for each in constants]
    if node.kind == "Cast":
        kinds = {1: np.float32, 6: np.int32, 7: np.int64, 11: np.float64}
        if node.attributes.get("to") not in kinds:
            raise node.refuse("it makes something else of a constant than numbers of 32 or 64 bits")
        return of_array(node.outputs[0], values[0].astype(kinds[node.attributes["to"]]))
    try:
        if node.kind == "Div":
            whole = values[0].dtype.kind in "iu"
            return of_array(node.outputs[0], values[0] // values[1] if whole else values[0] / values[1])
        shape = np.broadcast_shapes(*(value.shape for value in values))
        if math.prod(shape) > LARGEST:
            raise node.refuse("constants as large as these are not computed with")
        return of_array(node.outputs[0], np.asarray(FOLDED[node.kind](*values)))
    except (ValueError, TypeError, ZeroDivisionError, FloatingPointError):
        raise node.refuse("its constants do not fit each other") from None
