"""A call of one of aten's operators, with what its arguments have become."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.convert.models.draft import Draft, Part
from specnet.convert.models.naming import of_parameters
from specnet.convert.models.values import Constant, Operation, Seen, Shown, Value
from specnet.text import describe, one_line

PREFIX = "torch.ops."
CONTAINERS = ("container.Sequential", "container.ModuleList", "container.ModuleDict")


@dataclass
class Known:
    """What is known of a program while its nodes are gone over."""

    draft: Draft
    values: dict[str, Shown]
    uses: Counter[str]
    """How often each tensor is read."""
    batch: int = 1
    sizes: dict[str, int] = field(default_factory=dict)
    """Sizes that were asked for, by the names of their values."""
    owners: dict[str, str] = field(default_factory=dict)
    """The call that has each parameter."""
    spent: set[str] = field(default_factory=set)
    """Parameters that no other call may have."""


class Call(Operation):
    """A call of an operator with what its arguments have become."""

    def __init__(self, node: Mapping[str, Any], known: Known) -> None:
        self.known = known
        self.draft: Draft = known.draft
        self.kind = str(node["target"]).removeprefix(PREFIX)
        self.given = {str(entry["name"]): entry["arg"] for entry in node["inputs"]}
        self.outputs = outputs_of(node)
        stack = str(node["metadata"].get("nn_module_stack", ""))
        modules = [entry.split(",") for entry in stack.split(";")]
        is_known = len(modules[-1]) == 3
        self.path: str = modules[-1][1] if is_known else ""
        self.module: str = modules[-1][2] if is_known else ""
        """The innermost module that makes the call, and its class."""

    @property
    def place(self) -> str:
        where = f"module '{one_line(self.path)}'" if self.path else f"value '{one_line(self._own)}'"
        return f"{where} ({one_line(self.kind)})"

    @property
    def _own(self) -> str:
        return self.outputs[0] if self.outputs else self.kind

    @property
    def is_of_torch(self) -> bool:
        """Whether the innermost module is one of PyTorch's own that does one thing."""
        return self.module.startswith("torch.nn.modules.") and not self.module.endswith(CONTAINERS)

    def called(self, *parameters: str) -> str:
        """The layer's name: that of its parameters, or of its module, or the value's in its module."""
        name = of_parameters(list(parameters))
        if name:
            return name
        if self.is_of_torch:
            return self.path
        own = self.kind.split(".")[1].strip("_") if self.kind.count(".") == 2 else self._own
        return f"{self.path}.{own}" if self.path else own

    def has(self, name: str) -> bool:
        return name in self.given and "as_none" not in self.given[name]

    def value(self, name: str) -> Value:
        """What a tensor that is given has become. Raises `UnsayableError` if none is."""
        if not self.has(name) or "as_tensor" not in self.given[name]:
            raise self.refuse(f"its '{name}' is no tensor")
        value = self.known.values[self.given[name]["as_tensor"]["name"]]
        assert value is not None
        return value

    def values(self, name: str) -> list[Value]:
        """What the tensors of a list have become."""
        found = [self.known.values[entry["name"]] for entry in self.given[name]["as_tensors"]]
        return [value for value in found if value is not None]

    def part(self, name: str = "self") -> Part:
        """The layer that a tensor is."""
        value = self.value(name)
        if isinstance(value, Part):
            return value
        what = "a constant" if isinstance(value, Constant) else "an image whose channels are not first"
        raise self.refuse(f"its '{name}' is {what}")

    def image(self, name: str = "self") -> Part:
        """The layer that a tensor is, if it is an image."""
        part = self.part(name)
        if len(part.shape) != 3:
            raise self.refuse(
                f"it reads {describe(part.shape)}; only images of two dimensions are known here"
            )
        return part

    def moving(self, name: str = "self") -> Part | Seen:
        """The layer that a tensor is, in whatever order."""
        value = self.value(name)
        if isinstance(value, Constant):
            raise self.refuse(f"its '{name}' is a constant")
        return value

    def constant(self, name: str) -> Constant:
        """A parameter. Raises `UnsayableError` if it is computed, or if another layer has it already."""
        value = self.value(name)
        if not isinstance(value, Constant):
            raise self.refuse(f"its '{name}' is computed, and only parameters are read here")
        owner = self.known.owners.setdefault(value.name, self.place)
        if owner != self.place or value.name in self.known.spent:
            raise self.refuse(
                f"its '{name}', {one_line(value.name)}, is used by {owner}, too; none is shared here"
            )
        return value

    def spend(self, *constants: Constant) -> None:
        """Note parameters that no other call may have."""
        self.known.spent.update(constant.name for constant in constants)

    def number(self, name: str, default: float | None = None) -> float:
        """A number that is given, or a truth as one."""
        for key in ("as_float", "as_int", "as_bool"):
            if key in self.given.get(name, {}):
                return float(self.given[name][key])
        if default is None or self.has(name):
            raise self.refuse(f"its '{name}' is no number")
        return default

    def whole(self, name: str, default: int | None = None) -> int:
        return int(self.number(name, default))

    def text(self, name: str, default: str) -> str:
        return str(self.given.get(name, {}).get("as_string", default))

    def numbers(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """Whole numbers that are given; sizes that were left open are those of the batch."""
        said = self.given.get(name, {})
        if "as_int" in said:
            return [int(said["as_int"])]
        if "as_ints" in said:
            return [int(number) for number in said["as_ints"]]
        if "as_sym_ints" in said:
            return [self._size(entry) for entry in said["as_sym_ints"]]
        if self.has(name):
            raise self.refuse(f"its '{name}' is no list of whole numbers")
        return list(default)

    def _size(self, entry: Mapping[str, Any]) -> int:
        if "as_int" in entry:
            return int(entry["as_int"])
        known = self.known.sizes.get(str(entry.get("as_name")))
        if known is None:
            raise self.refuse("a size is computed in a way that is not followed")
        return known

    def pair(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """Two whole numbers, or one for both."""
        numbers = self.numbers(name, default)
        if len(numbers) not in (1, 2):
            raise self.refuse(f"its '{name}' has {len(numbers)} numbers; images have two dimensions")
        return numbers * 2 if len(numbers) == 1 else numbers

    def is_alone(self, name: str = "self") -> bool:
        """Whether nothing else reads a tensor."""
        return self.known.uses[self.given[name]["as_tensor"]["name"]] == 1


Operator = Callable[[Call], "Value | list[Shown]"]
OPERATORS: dict[str, Operator] = {}
"""What each operator becomes."""


def operator(*names: str) -> Callable[[Operator], Operator]:
    """Registers the function for operators of these names, `aten.NAME.OVERLOAD`, `aten.` left out."""

    def register(function: Operator) -> Operator:
        OPERATORS.update(dict.fromkeys((f"aten.{name}" for name in names), function))
        return function

    return register


def outputs_of(node: Mapping[str, Any]) -> list[str]:
    names: list[str] = []
    for output in node["outputs"]:
        if "as_tensor" in output:
            names.append(str(output["as_tensor"]["name"]))
        elif "as_tensors" in output:
            names += [str(entry["name"]) for entry in output["as_tensors"]]
        elif "as_sym_int" in output:
            names.append(str(output["as_sym_int"]["as_name"]))
    return names
