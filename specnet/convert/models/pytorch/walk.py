"""The walk over an exported graph, in the order of its nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specnet.convert.models.draft import Draft, Part, UnsayableError
from specnet.convert.models.pytorch.call import OPERATORS, Call, Known
from specnet.convert.models.pytorch.program import Program
from specnet.convert.models.values import Seen, Shown, Value
from specnet.diagnostics.errors import UsageError
from specnet.text import one_line

MAX_FINDINGS = 1_000


class Walk:
    """One pass over the nodes of a program."""

    def __init__(self, program: Program, draft: Draft) -> None:
        self.program = program
        self.draft = draft
        uses = Counter(name for node in program.nodes for name in _read(node))
        uses.update(program.outputs)
        self.known = Known(draft, dict(program.tensors), uses)

    def go(self) -> None:
        """Add every layer to the draft, and a finding for whatever has no meaning here."""
        for name, sizes in self.program.inputs.items():
            self._try(lambda name=name, sizes=sizes: self._input(name, sizes), [name])  # type: ignore[misc]
        waiting = list(self.program.nodes)[::-1]
        while waiting and len(self.draft.findings) < MAX_FINDINGS:
            call = Call(waiting.pop(), self.known)
            if call.module.endswith("normalization.LocalResponseNorm"):
                waiting = self._normalization(call, waiting)
            else:
                self._call(call)
        for name in self.program.outputs:
            value = self.known.values.get(name)
            part = value.part if isinstance(value, Seen) else value
            if isinstance(part, Part):
                self.draft.outputs[part] = None
        if not self.draft.outputs and not self.draft.findings:
            raise UsageError("the model gives nothing that is computed from its input")

    def _try(self, make: Callable[[], Value | list[Shown]], names: Sequence[str]) -> None:
        try:
            made = make()
            values = made if isinstance(made, list) else [made]
        except UnsayableError as finding:
            self.draft.findings.append(finding.finding())
            values = []
        self.known.values.update(dict.fromkeys(names))
        self.known.values.update(zip(names, values, strict=False))

    def _input(self, name: str, sizes: list[Any]) -> Value:
        place = f"input '{one_line(name)}'"
        if len(sizes) not in (2, 4):
            raise UnsayableError(
                place, f"it has {len(sizes)} dimensions; images have 4 with the batch, rows 2"
            )
        if any("as_int" not in size for size in sizes[1:]):
            hint = "export the model with fixed sizes; the batch's may be left open"
            raise UnsayableError(place, "its sizes are left open, and all shapes follow from them", hint)
        first = sizes[0]
        self.known.batch = int(
            first["as_int"] if "as_int" in first else first["as_expr"].get("hint", {}).get("as_int", 1)
        )
        return self.draft.add("input", name, [], place, shape=[int(size["as_int"]) for size in sizes[1:]])

    def _call(self, call: Call) -> None:
        read = [name for entry in call.given.values() for name in _tensors(entry)]
        for name in read:
            if name not in self.known.values:
                missing = call.refuse(f"it reads '{one_line(name)}', which nothing before it makes")
                self.draft.findings.append(missing.finding())
        if any(self.known.values.get(name) is None for name in read):
            self.known.values.update(dict.fromkeys(call.outputs))
            return
        if call.kind == "aten.sym_size.int":
            sizes = [self.known.batch, *_shape(call.value("self"))]
            self.known.sizes[call.outputs[0]] = sizes[call.whole("dim")]
            return
        self._try(lambda: OPERATORS.get(call.kind, _unknown)(call), call.outputs)

    def _normalization(self, first: Call, waiting: list[Any]) -> list[Any]:
        """A module that PyTorch takes apart into ten operators, known by its name; returns what follows."""
        calls = [first]
        while (
            waiting
            and (call := Call(waiting[-1], self.known)).path == first.path
            and call.module == first.module
        ):
            calls.append(call)
            waiting.pop()
        last = calls[-1].outputs

        def made() -> Value:
            size = next(
                call for call in calls if call.kind.startswith(("aten.avg_pool2d", "aten.avg_pool3d"))
            )
            factor = next(call for call in reversed(calls) if call.kind == "aten.mul.Tensor")
            added = next(call for call in calls if call.kind == "aten.add.Tensor")
            power = next(call for call in calls if call.kind == "aten.pow.Tensor_Scalar")
            reads = [first.part()]
            return first.add(
                "lrn",
                reads,
                size=size.numbers("kernel_size")[0],
                k=added.number("other"),
                alpha=factor.number("other"),
                beta=power.number("exponent"),
                alpha_over="size",
            )

        if self.known.values.get(first.given.get("self", {}).get("as_tensor", {}).get("name")) is None:
            self.known.values.update(dict.fromkeys(last))
            return waiting
        try:
            self._try(made, last)
        except StopIteration:
            finding = first.refuse("it is not the response normalization that PyTorch has")
            self.draft.findings.append(finding.finding())
            self.known.values.update(dict.fromkeys(last))
        return waiting


def _shape(value: Value) -> tuple[int, ...]:
    return value.sizes if isinstance(value, Seen) else value.shape


def _tensors(argument: Mapping[str, Any]) -> list[str]:
    if "as_tensor" in argument:
        return [str(argument["as_tensor"]["name"])]
    return [str(entry["name"]) for entry in argument.get("as_tensors", ())]


def _read(node: Mapping[str, Any]) -> list[str]:
    return [name for entry in node["inputs"] for name in _tensors(entry["arg"])]


def _unknown(call: Call) -> Value:
    raise call.refuse(
        "this operator has no meaning in a spec", "docs/convert.md lists the operators that have"
    )
