"""Which tensor of a file is which parameter of a network, decided and checked before a value is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from specnet.convert.weights.flattening import Flattening, ImpossibleOrderError
from specnet.convert.weights.joining import Joining
from specnet.convert.weights.layouts import keras_shapes, torch_shapes
from specnet.convert.weights.mapping import Constants, Mapping, constant
from specnet.convert.weights.modules import COUNTER, Modules
from specnet.convert.weights.names import Entry, ParameterNames
from specnet.convert.weights.safetensors_file import DTYPES
from specnet.convert.weights.tensor_file import TensorFile
from specnet.convert.weights.unmatched import absent, extra, not_in_file, nothing_agrees, shortened
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.layers.batch_norm import BatchNorm
from specnet.plans.operations import parameter_name
from specnet.plans.plan import Plan
from specnet.text import describe


@dataclass(frozen=True)
class Matched:
    """The tensors that are used, and the parameters that have one value throughout, by canonical name.

    `implied` are constants that no mapping names: the weight and bias that a batch norm of the file lacks.
    """

    entries: list[Entry]
    named: Constants
    implied: Constants
    joining: Joining


def match(plan: Plan, file: TensorFile, mapping: Mapping) -> Matched:
    """What fills every parameter exactly once: a tensor or a constant.

    The mapping is asked first; what it does not mention must bear the network's own names. Raises
    `SpecError` with everything that is missing, extra or misshapen.
    """
    names = ParameterNames(plan)
    tensors = list(file.tensors)
    constants, problems = mapping.constants(names)
    modules, more = mapping.modules(file.layout, tensors, names)
    problems += more
    entries, more = mapping.entries(names, modules, constants)
    problems += more
    ignored, more = mapping.ignored(modules, tensors)
    problems += more
    mentioned = {entry.tensor for entry in entries} | ignored
    unused = [t for t in tensors if t not in mentioned]
    absentees = [entry for entry in entries if entry.tensor not in file.tensors]
    problems += [not_in_file(entry, modules, unused) for entry in absentees]
    rest = [t for t in unused if not t.endswith(f".{COUNTER}")]
    agreeing, unclear = _by_name(rest, names, modules, constants)
    problems += shortened(unclear, "layers like these")
    if any(problem.rule in (rules.GIVEN_TWICE, rules.HALF_BATCH_NORM) for problem in problems):
        raise SpecError(problems)  # what is missing and what is left over follows from the answer
    entries += agreeing
    if not entries and not problems and not (constants and not rest):
        raise SpecError([nothing_agrees(tensors, plan, names)])
    implied = _implied(plan, entries, constants, modules)
    given = {name for entry in entries for name in entry.parameters} | {*constants, *implied}
    missing = [p.name for p in plan.parameters if p.name not in given]
    known = {entry.tensor for entry in agreeing}
    taken = {modules.parent(entry.tensor): entry for entry in entries}
    left = [extra(t, names, modules, taken, missing) for t in rest if t not in known]
    problems += shortened(left, "tensors like these")
    problems += _twice(entries, constants)
    steps = {parameter_name(op, role): (op, role) for op in plan.computes for role in op.weights}
    problems += shortened([absent(*steps[name]) for name in missing], "parameters like these")
    joining = Joining(plan, entries, mapping.contents.concat)
    problems += unlike(joining)
    flattening = Flattening(plan, entries, joining)
    there = [entry for entry in entries if entry.tensor in file.tensors]
    problems += [problem for entry in there for problem in _fit(entry, file, flattening)]
    if file.layout == "keras" and not any(file.tensors[entry.tensor].own for entry in there):
        problems += _clashes(flattening)
    if problems:
        raise SpecError(problems)
    return Matched(entries, constants, implied, joining)


def _by_name(
    tensors: Sequence[str], names: ParameterNames, modules: Modules, constants: Constants
) -> tuple[list[Entry], list[Diagnostic]]:
    """The tensors that bear a parameter's own name. A leading dot is what Keras's names may need."""
    entries: list[Entry] = []
    problems: list[Diagnostic] = []
    by_module: dict[str, list[str]] = {}
    for tensor in tensors:
        by_module.setdefault(modules.split(tensor)[0], []).append(tensor)
    for module, inside in by_module.items():
        found = names.find(module.removeprefix("."))
        if found is None or found.role is not None:
            continue
        try:
            roles = constant(found.shares, constants)
            taken = modules.parameters(module, found.shares[0].weights, roles, found.name)
        except SpecError as error:
            problems += error.diagnostics
            continue
        entries += [Entry(t, found.shares, role) for role, t in taken.items() if t in inside]
    return entries, problems


def _implied(plan: Plan, entries: Iterable[Entry], constants: Constants, modules: Modules) -> Constants:
    """The 1 and 0 of batch norms without weight or bias, where the file surely has none."""
    tensors = {name: entry.tensor for entry in entries for name in entry.parameters}
    found: Constants = {}
    for op in plan.computes:
        mean, variance = (tensors.get(parameter_name(op, f"running_{what}")) for what in ("mean", "var"))
        if not isinstance(op.layer, BatchNorm) or mean is None or variance is None:
            continue
        for role, weight in op.weights.items():
            name = parameter_name(op, role)
            if name not in tensors and name not in constants and modules.lacks(mean, role):
                assert weight.initial is not None
                found[name] = weight.initial
    return found


def _twice(entries: Iterable[Entry], constants: Constants) -> list[Diagnostic]:
    """What is given twice."""
    source = dict.fromkeys(constants, "constants")
    problems: list[Diagnostic] = []
    for entry in entries:
        for name in entry.parameters:
            if name in source:
                message = f"'{name}' is given twice, by '{source[name]}' and by '{entry.tensor}'"
                problems.append(rules.GIVEN_TWICE.at(entry.place, message, "name one of them under ignore"))
            source[name] = entry.tensor
    return problems


def _fit(entry: Entry, file: TensorFile, flattening: Flattening) -> Iterable[Diagnostic]:
    """Whether a tensor's type, shape and layout are what the parameters need."""
    header = file.tensors[entry.tensor]
    if header.dtype not in DTYPES.values():
        valid = ", ".join(DTYPES.values())
        message = f"'{entry.tensor}' has the type {header.dtype}, and weights are {valid}"
        yield rules.TENSOR_TYPE.at(entry.place, message)
    shapes = torch_shapes(entry) if file.layout == "torch" else keras_shapes(entry)
    if header.shape not in shapes:
        whole = " and ".join(f"'{name}'" for name in entry.parameters)
        fitting = " or ".join(_words(shape) for shape in shapes)
        message = f"'{entry.tensor}' is {_words(header.shape)}, and {fitting} is what fits {whole}"
        yield rules.TENSOR_SHAPE.at(
            entry.place, message, "was the network changed, or is it another layer's?"
        )
        return
    try:
        if file.layout == "torch" or flattening.order(entry, own=header.own) is not None:
            return
    except ImpossibleOrderError:
        message = f"what '{entry.op.name}' reads cannot have been joined before it was flattened"
        hint = "leave flatten out, and let the spec's own flatten layers say what was flattened"
        yield rules.FLATTEN.at(entry.place, message, hint)
        return
    message = f"how Keras lays out '{entry.tensor}' for '{entry.op.name}' cannot be known"
    yield rules.UNKNOWN_LAYOUT.at(entry.place, message, NATIVE)


NATIVE = "load it with the native Keras model, and export safetensors from there"


def unlike(joining: Joining) -> list[Diagnostic]:
    """What cannot be one network if the file's model joins layers whole."""
    found = []
    for op in joining.clashes.values():
        message = (
            f"'{op.name}' has parts of several layers that are one tensor each in the file; a model that "
            "joins those whole has other channels there, or an order that cannot be known"
        )
        hint = (
            "if the model joins them part by part as the spec does, write 'concat: parts' in a mapping file "
            "(--map); if not, it is another network"
        )
        found.append(rules.UNKNOWN_LAYOUT.at(None, message, hint))
    return found


def _clashes(flattening: Flattening) -> list[Diagnostic]:
    found = []
    for op in flattening.clashes():
        message = (
            f"'{op.name}' adds vectors that Keras holds in unlike orders: one was flattened, one was not"
        )
        hint = "flatten after the sum, in the spec and in Keras"
        found.append(rules.UNKNOWN_LAYOUT.at(None, message, hint))
    return found


def _words(shape: tuple[int, ...]) -> str:
    return describe(shape) if shape else "a single number"
