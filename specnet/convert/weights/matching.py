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
from specnet.convert.weights.unmatched import SHOWN, absent, extra, not_in_file, nothing_agrees, shortened
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.suggestions import is_affordable
from specnet.layers.batch_norm import BatchNorm
from specnet.plans.operations import parameter_name
from specnet.plans.plan import Plan
from specnet.text import describe


@dataclass(frozen=True)
class Matched:
    """The tensors that are used, and the parameters that have one value throughout, by canonical name.

    `implied` are constants that no mapping names: the weight and bias that a batch norm of the file lacks.
    `every` are the entries that tell how the file's model is built, also where they are not used.
    """

    entries: list[Entry]
    named: Constants
    implied: Constants
    joining: Joining
    every: list[Entry]


@dataclass(frozen=True)
class Partly:
    """What of a file fits; why some parameters are refused, by name; the tensors that nothing is made of."""

    matched: Matched
    refused: dict[str, str]
    ignored: list[str]


def match(plan: Plan, file: TensorFile, mapping: Mapping) -> Matched:
    """What fills every parameter exactly once: a tensor or a constant.

    The mapping is asked first; what it does not mention must bear the network's own names. Raises
    `SpecError` with everything that is missing, extra or misshapen.
    """
    asked = _ask(plan, file, mapping)
    names, modules, constants, rest = asked.names, asked.modules, asked.constants, asked.rest
    diagnostics, agreeing = list(asked.diagnostics), asked.agreeing
    unclear = [d for of_module in asked.unclear.values() for d in of_module]
    diagnostics += shortened(unclear, "layers like these")
    if any(diagnostic.rule in (rules.GIVEN_TWICE, rules.HALF_BATCH_NORM) for diagnostic in diagnostics):
        raise SpecError(diagnostics)  # what is missing and what is left over follows from the answer
    entries = [*asked.said, *agreeing]
    if not entries and not diagnostics and not (constants and not rest):
        raise SpecError([nothing_agrees(list(file.tensors), plan, names)])
    implied = _implied(plan, entries, constants, modules)
    given = {name for entry in entries for name in entry.parameters} | {*constants, *implied}
    missing = [p.name for p in plan.parameters if p.name not in given]
    known = {entry.tensor for entry in agreeing}
    taken = {modules.parent(entry.tensor): entry for entry in entries}
    left = [tensor for tensor in rest if tensor not in known]
    told = [extra(tensor, names, modules, taken, missing) for tensor in left[:SHOWN]]
    diagnostics += shortened(told, "tensors like these", len(left))
    diagnostics += _twice(entries, constants)
    operations = {parameter_name(op, role): (op, role) for op in plan.computes for role in op.weights}
    diagnostics += shortened([absent(*operations[name]) for name in missing], "parameters like these")
    joining = Joining(plan, entries, mapping.contents.concat)
    diagnostics += unlike(joining)
    flattening = Flattening(plan, entries, joining)
    present = [entry for entry in entries if entry.tensor in file.tensors]
    diagnostics += [diagnostic for entry in present for diagnostic in _fit(entry, file, flattening)]
    if file.layout == "keras" and not any(file.tensors[entry.tensor].own for entry in present):
        diagnostics += _clashes(flattening)
    if diagnostics:
        raise SpecError(diagnostics)
    return Matched(entries, constants, implied, joining, entries)


def match_partly(plan: Plan, file: TensorFile, mapping: Mapping) -> Partly:
    """What fills some of the parameters. The mapping is asked first, and what it names must be there.

    Raises `SpecError` with all that is wrong with the mapping, or with a file of which no name agrees.
    """
    asked = _ask(plan, file, mapping)
    names, modules, constants = asked.names, asked.modules, asked.constants
    every = [*asked.said, *asked.agreeing]
    diagnostics = [*asked.diagnostics, *_twice(every, constants)]
    if diagnostics:
        raise SpecError(diagnostics)
    if not every and not constants:
        raise SpecError([nothing_agrees(list(file.tensors), plan, names)])
    joining = Joining(plan, every, mapping.contents.concat)
    flattening = Flattening(plan, every, joining)
    clashing = {op.name: d for op, d in zip(joining.clashes.values(), unlike(joining), strict=True)}
    own = {share.name for entry in every for share in entry.shares}
    diagnostics += [d for name, d in clashing.items() if name not in own]  # what reads it is in doubt
    if file.layout == "keras" and not any(file.tensors[entry.tensor].own for entry in every):
        diagnostics += _clashes(flattening)
    if diagnostics:
        raise SpecError(diagnostics)
    entries: list[Entry] = []
    refused: dict[str, str] = {}
    for entry in every:
        faults = [
            *_fit(entry, file, flattening),
            *(clashing[s.name] for s in entry.shares if s.name in clashing),
        ]
        if faults:
            refused |= dict.fromkeys(entry.parameters, faults[0].message)
        else:
            entries.append(entry)
    for module, of_module in asked.unclear.items():
        layer = names.find(module.removeprefix("."))
        shares = layer.shares if layer is not None else ()
        named = [parameter_name(share, role) for share in shares for role in share.weights]
        refused |= dict.fromkeys(named, of_module[0].message)
    known = {entry.tensor for entry in every}
    ignored = [t for t in asked.rest if t not in known and modules.split(t)[0] not in asked.unclear]
    implied = _implied(plan, entries, constants, modules)
    refused = {name: why for name, why in refused.items() if name not in constants and name not in implied}
    return Partly(Matched(entries, constants, implied, joining, every), refused, ignored)


@dataclass(frozen=True)
class _Asked:
    """What the tensors of a file are: as the mapping says, or else by the network's own names.

    `rest` are the tensors that the mapping does not mention; `unclear` has by module what is wrong with them,
    `diagnostics` what is wrong with the mapping.
    """

    names: ParameterNames
    modules: Modules
    constants: Constants
    said: list[Entry]
    agreeing: list[Entry]
    rest: list[str]
    unclear: dict[str, list[Diagnostic]]
    diagnostics: list[Diagnostic]


def _ask(plan: Plan, file: TensorFile, mapping: Mapping) -> _Asked:
    names = ParameterNames(plan)
    tensors = list(file.tensors)
    constants, diagnostics = mapping.constants(names)
    modules, more = mapping.modules(file.layout, tensors, names)
    said, wrong = mapping.entries(names, modules, constants)
    ignored, missed = mapping.ignored(modules, tensors)
    mentioned = {entry.tensor for entry in said} | ignored
    unused = [t for t in tensors if t not in mentioned]
    absent_ones = [entry for entry in said if entry.tensor not in file.tensors]
    absentees = [
        not_in_file(entry, modules, unused, few=is_affordable(index, len(unused)))
        for index, entry in enumerate(absent_ones)
    ]
    rest = [t for t in unused if not t.endswith(f".{COUNTER}")]
    agreeing, unclear = _by_name(rest, names, modules, constants)
    diagnostics = [*diagnostics, *more, *wrong, *missed, *absentees]
    return _Asked(names, modules, constants, said, agreeing, rest, unclear, diagnostics)


def _by_name(
    tensors: Sequence[str], names: ParameterNames, modules: Modules, constants: Constants
) -> tuple[list[Entry], dict[str, list[Diagnostic]]]:
    """The tensors that bear a parameter's own name, and by module what is wrong with others.

    A leading dot is what Keras's names may need.
    """
    entries: list[Entry] = []
    diagnostics: dict[str, list[Diagnostic]] = {}
    by_module: dict[str, list[str]] = {}
    for tensor in tensors:
        by_module.setdefault(modules.split(tensor)[0], []).append(tensor)
    for module, inside in by_module.items():
        layer = names.find(module.removeprefix("."))
        if layer is None or layer.role is not None:
            continue
        try:
            roles = constant(layer.shares, constants)
            taken = modules.parameters(module, layer.shares[0].weights, roles, layer.name)
        except SpecError as error:
            diagnostics[module] = list(error.diagnostics)
            continue
        entries += [Entry(t, layer.shares, role) for role, t in taken.items() if t in inside]
    return entries, diagnostics


def _implied(plan: Plan, entries: Iterable[Entry], constants: Constants, modules: Modules) -> Constants:
    """The 1 and 0 of batch norms without weight or bias, where the file is known to lack them."""
    tensors = {name: entry.tensor for entry in entries for name in entry.parameters}
    implied: Constants = {}
    for op in plan.computes:
        mean, variance = (tensors.get(parameter_name(op, f"running_{what}")) for what in ("mean", "var"))
        if not isinstance(op.layer, BatchNorm) or mean is None or variance is None:
            continue
        for role, weight in op.weights.items():
            name = parameter_name(op, role)
            if name not in tensors and name not in constants and modules.lacks(mean, role):
                assert weight.initial is not None
                implied[name] = weight.initial
    return implied


def _twice(entries: Iterable[Entry], constants: Constants) -> list[Diagnostic]:
    """What is given twice."""
    source = dict.fromkeys(constants, "constants")
    diagnostics: list[Diagnostic] = []
    for entry in entries:
        for name in entry.parameters:
            if name in source:
                message = f"'{name}' is given twice, by '{source[name]}' and by '{entry.tensor}'"
                diagnostics.append(
                    rules.GIVEN_TWICE.at(entry.place, message, "name one of them under ignore")
                )
            source[name] = entry.tensor
    return diagnostics


def _fit(entry: Entry, file: TensorFile, flattening: Flattening) -> Iterable[Diagnostic]:
    """Whether a tensor's type, shape and layout are what the parameters need."""
    header = file.tensors[entry.tensor]
    if header.dtype not in DTYPES.values():
        valid = ", ".join(DTYPES.values())
        message = f"'{entry.tensor}' has the type {header.dtype}, and weights are {valid}"
        yield rules.TENSOR_TYPE.at(entry.place, message)
    shapes = torch_shapes(entry) if file.layout == "torch" else keras_shapes(entry)
    if header.shape not in shapes:
        parameters = " and ".join(f"'{name}'" for name in entry.parameters)
        fitting = " or ".join(_words(shape) for shape in shapes)
        message = f"'{entry.tensor}' is {_words(header.shape)}, and {fitting} is what fits {parameters}"
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
    """What cannot be one network if the file's model joins full layers."""
    diagnostics = []
    for op in joining.clashes.values():
        message = (
            f"'{op.name}' has parts of several layers that are one tensor each in the file; a model that "
            "joins those whole has other channels there, or an order that cannot be known"
        )
        hint = (
            "if the model joins them part by part as the spec does, write 'concat: parts' in a mapping file "
            "(--map); if not, it is another network"
        )
        diagnostics.append(rules.UNKNOWN_LAYOUT.at(None, message, hint))
    return diagnostics


DOES = {"add": "adds", "multiply": "multiplies"}


def _clashes(flattening: Flattening) -> list[Diagnostic]:
    diagnostics = []
    for op in flattening.clashes():
        message = (
            f"'{op.name}' {DOES[op.layer.kind]} vectors that Keras holds in unlike orders: one was "
            "flattened, one was not"
        )
        hint = f"flatten after the {op.layer.kind}, in the spec and in Keras"
        diagnostics.append(rules.UNKNOWN_LAYOUT.at(None, message, hint))
    return diagnostics


def _words(shape: tuple[int, ...]) -> str:
    return describe(shape) if shape else "a single number"
