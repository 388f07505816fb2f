"""The walk over an ONNX graph: each tensor becomes a layer of a draft, a constant, or a layer in disguise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.convert.models.naming import of_parameters
from specnet.convert.models.onnx.model import DOMAINS, OnnxModel, attributes, said
from specnet.convert.models.values import Constant, Operation, Seen, Shown, Value
from specnet.diagnostics.errors import UsageError
from specnet.diagnostics.suggestions import nearest
from specnet.text import describe, one_line

MAX_FINDINGS = 1_000
_NUMBERED = re.compile(r"(?:(?:[A-Za-z]|node|op)?_?\d+)?")
"""Names that only count."""


class Node(Operation):
    """An operator with what its inputs have become."""

    def __init__(self, proto: Any, walk: Walk) -> None:
        self.walk = walk
        self.draft = walk.draft
        self.opset = walk.model.opset
        self.kind = said(proto.op_type)
        self.domain = said(proto.domain)
        self.inputs: Sequence[str] = [said(name) for name in proto.input]
        self.outputs: Sequence[str] = [said(name) for name in proto.output]
        self.name = said(proto.name)
        self.attributes: Mapping[str, Any] = attributes(proto)

    @property
    def place(self) -> str:
        called = self.name or next((name for name in self.outputs if name), "")
        return f"node '{one_line(called)}' ({one_line(self.kind)})"

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def value(self, index: int) -> Value:
        """What an input has become. Raises `UnsayableError` if it is not there."""
        if not self.has(index):
            raise self.refuse(f"its input {index} is missing")
        value = self.walk.values[self.inputs[index]]
        assert value is not None
        return value

    def part(self, index: int = 0) -> Part:
        """The layer that an input is. Raises `UnsayableError` if it is a constant, or in another order."""
        value = self.value(index)
        if isinstance(value, Part):
            return value
        what = "a constant" if isinstance(value, Constant) else "an image whose channels are not first"
        raise self.refuse(f"its input '{one_line(self.inputs[index])}' is {what}")

    def constant(self, index: int) -> Constant:
        """The constant that an input is. Raises `UnsayableError` if it is computed from an image."""
        value = self.value(index)
        if not isinstance(value, Constant):
            name = one_line(self.inputs[index])
            raise self.refuse(f"its input '{name}' is computed, and only one that is known is read here")
        return value

    def image(self, index: int = 0) -> Part:
        """The layer that an input is, if it is an image."""
        part = self.part(index)
        if len(part.shape) != 3:
            raise self.refuse(
                f"it reads {describe(part.shape)}; only images of two dimensions are known here"
            )
        return part

    def numbers(self, index: int, attribute: str, default: Sequence[int] | None = None) -> list[int]:
        """Whole numbers that stand in an attribute, or in newer operators as an input."""
        if attribute in self.attributes:
            return [int(number) for number in self.attributes[attribute]]
        if self.has(index):
            return self.whole(self.constant(index))
        if default is None:
            raise self.refuse(f"its '{attribute}' is missing")
        return list(default)

    def whole(self, constant: Constant) -> list[int]:
        """The whole numbers that a constant holds, a few at the most."""
        if constant.values.size > 64 or constant.values.dtype.kind not in "iu":
            raise self.refuse(f"'{one_line(constant.name)}' is no short list of whole numbers")
        return [int(number) for number in constant.values.reshape(-1)]

    def number(self, index: int, attribute: str, default: float | None) -> float | None:
        """A number that stands in an attribute, or in newer operators as an input."""
        if attribute in self.attributes:
            return float(self.attributes[attribute])
        if not self.has(index):
            return default
        values = self.constant(index).values
        if values.size != 1:
            raise self.refuse(f"its '{attribute}' is not one number")
        return float(values.reshape(-1)[0])

    def names(self, *inputs: int) -> list[str]:
        """The names of those of these inputs that are given."""
        return [self.inputs[index] for index in inputs if self.has(index)]

    def is_alone(self, index: int = 0) -> bool:
        """Whether nothing else reads an input, so that it may become one layer with what reads it."""
        return self.walk.uses[self.inputs[index]] == 1

    def called(self, *parameters: str) -> str:
        """The layer's name: that of its parameters' names, or the operator's own, or that of its output."""
        own = self.name.removesuffix(f"/{self.kind}")
        said = (own, *(name for name in self.outputs if name))
        return of_parameters(list(parameters)) or next(
            (name for name in said if not _NUMBERED.fullmatch(name)), ""
        )


Operator = Callable[[Node], "Value | list[Shown]"]
OPERATORS: dict[str, Operator] = {}
"""What each operator becomes."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Registers the function for operators of these names."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


class Walk:
    """One pass over the nodes of a graph, which stand in an order in which they can be computed."""

    def __init__(self, model: OnnxModel, draft: Draft) -> None:
        self.model = model
        self.draft = draft
        self.values: dict[str, Shown] = dict(model.initializers)
        self.batch = 1
        self.uses = Counter(said(name) for node in model.graph.node for name in node.input)
        self.uses.update(said(output.name) for output in model.graph.output)

    def go(self) -> None:
        """Add every layer to the draft, and a finding for whatever has no meaning here."""
        for entry in self.model.graph.input:
            name = said(entry.name)
            if name not in self.values:
                self._try(lambda entry=entry: self._input(entry), [name])  # type: ignore[misc]
        for proto in self.model.graph.node:
            if len(self.draft.findings) >= MAX_FINDINGS:
                return
            self._node(proto)
        self._outputs()

    def _try(self, make: Callable[[], Value | list[Shown]], names: Sequence[str]) -> None:
        made: list[Shown]
        try:
            result = make()
            made = result if isinstance(result, list) else [result]
        except UnsayableError as finding:
            self.draft.findings.append(finding.finding())
            made = [None] * len(names)
        except UsageError as error:  # a damaged tensor
            self.draft.findings.append(UnsayableError("the file", error.message, error.hint).finding())
            made = [None] * len(names)
        self.values.update(zip(names, made, strict=False))
        for name in names[len(made) :]:
            self.values[name] = None

    def _node(self, proto: Any) -> None:
        node = Node(proto, self)
        outputs = node.outputs
        unknown = [name for name in node.inputs if name and name not in self.values]
        if unknown:
            name = one_line(unknown[0])
            missing = node.refuse(f"it reads '{name}', which nothing before it makes")
            self.draft.findings.append(missing.finding())
        if unknown or any(self.values[name] is None for name in node.inputs if name):
            self.values.update(dict.fromkeys(outputs))
            return
        function = OPERATORS.get(node.kind) if node.domain in DOMAINS else None
        if function is None:
            self._try(lambda: _unknown(node), outputs)
            return
        self._try(lambda: _applied(function, node), outputs)

    def _input(self, entry: Any) -> Value:
        name = said(entry.name)
        place = f"input '{one_line(name)}'"
        dims = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
        if len(dims) not in (2, 4):
            raise UnsayableError(
                place, f"it has {len(dims)} dimensions; images have 4 with the batch, rows 2"
            )
        if any(size <= 0 for size in dims[1:]):
            hint = "onnx.tools.update_model_dims.update_inputs_outputs_dims gives it sizes"
            raise UnsayableError(place, "its sizes are left open, and all shapes follow from them", hint)
        self.batch = max(dims[0], 1)
        if self._is_last(name):
            part = self.draft.add("input", name, [], place, shape=[dims[3], *dims[1:3]])
            return Seen(part, "last")
        return self.draft.add("input", name, [], place, shape=dims[1:])

    def _is_last(self, name: str) -> bool:
        """Whether an input's channels are its last dimension: then all that reads it moves them."""
        readers = [node for node in self.model.graph.node if name in node.input]
        moved = [list(attributes(node).get("perm", ())) == [0, 3, 1, 2] for node in readers]
        return bool(moved) and all(moved)

    def _outputs(self) -> None:
        for output in self.model.graph.output:
            value = self.values.get(said(output.name))
            part = value.part if isinstance(value, Seen) else value
            if isinstance(part, Part):
                self.draft.outputs[part] = None
        if not self.draft.outputs and not self.draft.findings:
            raise UsageError("the graph gives nothing that is computed from its input")


def _applied(function: Operator, node: Node) -> Value | list[Shown]:
    """What the operator becomes. An attribute of another type than it should be is told as a finding."""
    try:
        return function(node)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise node.refuse(f"its attributes are damaged: {one_line(str(error))}") from None


def _unknown(node: Node) -> Value:
    if node.domain not in DOMAINS:
        raise node.refuse(f"operators of '{one_line(node.domain)}' are not ONNX's own")
    near = nearest(node.kind, list(OPERATORS))
    hint = f"did you mean '{near[0]}'?" if near else "docs/convert.md lists the operators that have"
    raise node.refuse("this operator has no meaning in a spec", hint)
