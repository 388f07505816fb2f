"""Which tensor of a file is which parameter of a network, decided and checked before a value is read."""

from __future__ import annotations

from collections.abc import Iterable

from specnet.errors import Diagnostic, SpecError, suggestion
from specnet.plan import Plan
from specnet.text import describe
from specnet.weights.files import DTYPES, TensorFile
from specnet.weights.layouts import Steps, keras_order, keras_shape, torch_shape
from specnet.weights.mapping import Mapping, tensor_name
from specnet.weights.names import Entry, Names

SHOWN = 20
"""More findings of one kind are counted, not listed."""


def match(plan: Plan, file: TensorFile, mapping: Mapping) -> list[Entry]:
    """An entry for every tensor that is used; together they fill every parameter exactly once.

    The mapping is asked first; what it does not mention must bear the network's own names. Raises
    `SpecError` with everything that is missing, extra or misshapen.
    """
    names = Names(plan)
    tensors = list(file.tensors)
    entries, problems = mapping.entries(names, file.layout)
    ignored, more = mapping.ignored(tensors)
    problems += more
    for entry in entries:
        if entry.tensor not in file.tensors:
            problems.append(_not_in_file(entry, tensors))
    mentioned = {entry.tensor for entry in entries} | ignored
    rest = [t for t in tensors if t not in mentioned and not t.endswith(".num_batches_tracked")]
    agreeing = [found for tensor in rest if (found := _by_name(tensor, names, file.layout))]
    known = {entry.tensor for entry in agreeing}
    entries += agreeing
    if not entries and not problems:
        raise SpecError([_nothing_agrees(tensors, plan)])
    problems += _shortened([_extra(t, names) for t in rest if t not in known], "tensors like these")
    problems += _coverage(entries, plan)
    steps: Steps = {step.name: step for step in plan.steps}
    problems += [p for e in entries if e.tensor in file.tensors for p in _fit(e, file, steps)]
    if problems:
        raise SpecError(problems)
    return entries


def _by_name(tensor: str, names: Names, layout: str) -> Entry | None:
    """The parameter that bears the tensor's own name. A leading dot is what Keras's names may need."""
    if layout == "torch":
        found = names.find(tensor)
        return Entry(tensor, found.shares, found.role) if found and found.role else None
    module = tensor.rpartition("/")[0]
    found = names.find(module.removeprefix("."))
    if found is None or found.role is not None:
        return None
    for index, role in enumerate(found.shares[0].weights):
        if tensor == tensor_name("keras", module, role, index):
            return Entry(tensor, found.shares, role)
    return None


def _nothing_agrees(tensors: list[str], plan: Plan) -> Diagnostic:
    if not tensors:
        return Diagnostic("SN706", "the file holds no tensors")
    wanted = plan.parameters[0].name if plan.parameters else "no parameter at all"
    message = f"no tensor of the file bears a name of the network: '{tensors[0]}', say, against '{wanted}'"
    return Diagnostic("SN706", message, hint="write a mapping file (--map); docs/weights.md shows how")


def _not_in_file(entry: Entry, tensors: list[str]) -> Diagnostic:
    hint = suggestion(entry.tensor, tensors, noun="tensor")
    return Diagnostic("SN704", f"the file has no tensor '{entry.tensor}'", entry.place, hint)


def _extra(tensor: str, names: Names) -> Diagnostic:
    message = f"the file's tensor '{tensor}' is not in the network"
    hint = f"map it, or name it under ignore; {suggestion(tensor, names.valid(), noun='name')}"
    return Diagnostic("SN707", message, hint=hint)


def _coverage(entries: list[Entry], plan: Plan) -> list[Diagnostic]:
    """Every parameter from one tensor: what is missing, and what is given twice."""
    source: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for entry in entries:
        for name in entry.parameters:
            if name in source:
                message = f"'{name}' is given twice, by '{source[name]}' and by '{entry.tensor}'"
                problems.append(Diagnostic("SN708", message, entry.place, "name one of them under ignore"))
            source[name] = entry.tensor
    missing = [
        Diagnostic("SN706", f"the file has nothing for the network's '{p.name}'", hint="map it (--map)")
        for p in plan.parameters
        if p.name not in source
    ]
    return problems + _shortened(missing, "parameters like these")


def _fit(entry: Entry, file: TensorFile, steps: Steps) -> Iterable[Diagnostic]:
    """Whether a tensor's type, shape and layout are what the parameters need."""
    header = file.tensors[entry.tensor]
    if header.dtype not in DTYPES.values():
        valid = ", ".join(DTYPES.values())
        message = f"'{entry.tensor}' has the type {header.dtype}, and weights are {valid}"
        yield Diagnostic("SN709", message, entry.place)
    shape = torch_shape(entry) if file.layout == "torch" else keras_shape(entry)
    if header.shape != shape:
        whole = " and ".join(f"'{name}'" for name in entry.parameters)
        message = f"'{entry.tensor}' is {_words(header.shape)}, and {_words(shape)} is what fits {whole}"
        yield Diagnostic("SN710", message, entry.place, "was the network changed, or is it another layer's?")
    elif file.layout == "keras" and keras_order(entry, steps, own=header.own) is None:
        message = f"how Keras lays out '{entry.tensor}' for '{entry.step.name}' cannot be known"
        hint = "load it with the native Keras model, and export safetensors from there"
        yield Diagnostic("SN711", message, entry.place, hint)


def _words(shape: tuple[int, ...]) -> str:
    return describe(shape) if shape else "a single number"


def _shortened(found: list[Diagnostic], noun: str) -> list[Diagnostic]:
    """The first few findings, and how many more there are."""
    rest = len(found) - SHOWN
    return found if rest <= 0 else [*found[:SHOWN], Diagnostic(found[0].code, f"and {rest:,} more {noun}")]
