"""An ONNX graph that is being written: operators, constants, and names that are not taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

OPSET = 20
"""The first operator set with Gelu."""


class Graph:
    """Operators in the order of computing, and the constants that they read."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Array] = {}
        self.is_renamed = False
        """Whether something has another name than its layer would give it."""
        self._taken: set[str] = set()

    def name(self, wanted: str) -> str:
        """A name like `wanted` that is not taken."""
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
            self.is_renamed = True
        self._taken.add(name)
        return name

    def constant(self, name: str, values: Any, kind: str = "float32") -> str:
        """A constant, under a name like the one given."""
        import numpy as np

        own = self.name(name)
        self.constants[own] = np.asarray(values, kind)
        return own

    def numbers(self, name: str, values: Sequence[int]) -> str:
        """A constant of whole numbers: sizes, places."""
        return self.constant(name, list(values), "int64")

    def add(self, kind: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """An operator with one output, which bears its name."""
        return self.several(kind, inputs, [name], **attributes)[0]

    def several(self, kind: str, inputs: Sequence[str], names: Sequence[str], **attributes: Any) -> list[str]:
        """An operator with several outputs."""
        from onnx import helper

        outputs = [self.name(name) for name in names]
        said = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, name=outputs[0], **said))
        return outputs
