"""The mapping file: which tensor of a file is what in a network, where the names do not agree.

weights: 1
tensors:
  features.0: conv1                         # all parameters of a module; both groups' shares, stacked
  features.4.weight: conv2.weight           # one tensor
  upper.0: conv1.gpu0                       # one group's share
  dense_1: [fc6a, fc6b]                     # several layers in one tensor, stacked in this order
  dense_2: {to: fc7, flatten: separate}     # Keras: the towers were flattened before they were joined
prefix: module.                             # what names begin with that stand here without it
constants: {norm1.weight: 1}                # parameters of the network that the file does not have
concat: parts                               # how the parts of such tensors were joined with others'
ignore: [classifier.7]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from specnet.convert.weights import prefixes
from specnet.convert.weights.modules import Modules
from specnet.convert.weights.names import Concatenation, Entry, Flatten, ParameterNames
from specnet.convert.weights.tensor_file import Layout
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position, Rule
from specnet.diagnostics.errors import SpecError
from specnet.diagnostics.suggestions import is_affordable, suggestion
from specnet.plans.operations import Compute, parameter_name
from specnet.schema.fields import NameList, Number
from specnet.schema.strict import Strict
from specnet.schema.translate import findings
from specnet.syntax import document
from specnet.syntax.document import Document

Constants = dict[str, float]
"""The one value of all elements of a parameter, by canonical name."""


def _target(value: Any) -> Any:
    return value if isinstance(value, dict) else {"to": value}


class Target(Strict):
    """What a tensor, or all tensors of a module, are in the network."""

    to: Annotated[NameList, Field(description="Names in the network; several are stacked in this order.")]
    flatten: Annotated[
        Flatten | None,
        Field(description="Keras: whether images were joined before they were flattened; as the spec says."),
    ] = None


class Contents(Strict):
    """A mapping file."""

    weights: Annotated[Literal[1], Field(description="Version of the mapping file.")]
    tensors: Annotated[
        dict[str, Annotated[Target, BeforeValidator(_target)]],
        Field(description="What tensors, or modules, of the file are in the network."),
    ] = Field(default_factory=dict)
    prefix: Annotated[
        str | None, Field(description="What the file's names begin with, to be left out here.")
    ] = None
    constants: Annotated[
        dict[str, Number],
        Field(description="Values of the network's parameters that the file does not have."),
    ] = Field(default_factory=dict)
    concat: Annotated[
        Concatenation | None,
        Field(
            description="How the model joined tensors that several shares are stacked in: whole, or by parts."
        ),
    ] = None
    ignore: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Tensors and modules of the file that the network does not have."),
    ] = ()


class Mapping:
    """The entries and what to ignore, with places for what is wrong with them."""

    def __init__(self, contents: Contents, source: Document | None) -> None:
        self.contents = contents
        self._source = source

    def modules(
        self, layout: Layout, tensors: list[str], names: ParameterNames
    ) -> tuple[Modules, list[Diagnostic]]:
        """A file's modules, without the prefix that is said, or else that is on every name."""
        said = self.contents.prefix
        if said is None:
            known = {*self.contents.tensors, *self.contents.ignore}
            prefix = prefixes.on_every_name(tensors, names, known) if layout == "torch" else ""
            return Modules(layout, tensors, prefix), []
        prefix = prefixes.written(said, layout)
        if any(tensor.startswith(prefix) for tensor in tensors):
            return Modules(layout, tensors, prefix), []
        place = self._source.locate(("prefix",)) if self._source else None
        meant = prefixes.usual(tensors, names)
        hint = f"did you mean '{meant}'?" if meant else f"the first is '{tensors[0]}'" if tensors else None
        message = f"no tensor of the file has a name that begins with '{prefix}'"
        return Modules(layout, tensors), [rules.ENTRY_WITHOUT_TENSOR.at(place, message, hint)]

    def constants(self, names: ParameterNames) -> tuple[Constants, list[Diagnostic]]:
        """The parameters that are given a value here, and a diagnostic for every other name."""
        constants: Constants = {}
        diagnostics: list[Diagnostic] = []
        valid = [name for name in names.valid() if names.parameter(name)] if self.contents.constants else []
        for key, value in self.contents.constants.items():
            one = names.parameter(key)
            if one is None or one.role is None:
                place = self._source.locate(("constants", key), key=True) if self._source else None
                message = f"constants: the network has no parameter called '{key}'"
                few = is_affordable(len(diagnostics), len(valid))
                hint = suggestion(key, valid, noun="name") if few else None
                diagnostics.append(rules.MAPPED_TO_NOTHING.at(place, message, hint))
                continue
            constants |= {parameter_name(share, one.role): value for share in one.shares}
        return constants, diagnostics

    def entries(
        self, names: ParameterNames, modules: Modules, constants: Constants
    ) -> tuple[list[Entry], list[Diagnostic]]:
        """What the mapping says, one entry for each tensor, and the diagnostics about it."""
        entries: list[Entry] = []
        diagnostics: list[Diagnostic] = []
        valid = names.valid() if self.contents.tensors else []
        for key, target in self.contents.tensors.items():
            known = valid if is_affordable(len(diagnostics), len(valid)) else []
            try:
                entries += stacked(key, target, names, modules, constants, self.place(key), known)
            except SpecError as error:
                diagnostics += error.diagnostics
        return entries, diagnostics

    def place(self, key: str) -> Position | None:
        """Where a key of `tensors` stands."""
        return self._source.locate(("tensors", key), key=True) if self._source else None

    def ignored(self, modules: Modules, names: list[str]) -> tuple[set[str], list[Diagnostic]]:
        """The tensors that are to be left out, and a diagnostic for every entry that matches nothing."""
        out: set[str] = set()
        diagnostics: list[Diagnostic] = []
        for index, entry in enumerate(self.contents.ignore):
            matches = modules.matching(entry)
            if not matches:
                place = self._source.locate(("ignore", index)) if self._source else None
                message = f"the file has no tensor or module '{entry}'"
                few = is_affordable(len(diagnostics), len(names))
                hint = suggestion(entry, names, noun="tensor") if few else None
                diagnostics.append(rules.ENTRY_WITHOUT_TENSOR.at(place, message, hint))
            out |= matches
        return out, diagnostics


NOTHING = Mapping(Contents(weights=1), None)
"""No mapping: all names agree."""


def stacked(
    key: str,
    target: Target,
    names: ParameterNames,
    modules: Modules,
    constants: Constants,
    place: Position | None,
    valid: Sequence[str],
) -> list[Entry]:
    """The entries of one line: a tensor, or every parameter of a module. Raises `SpecError`.

    `valid` are the names that an unknown one may have been meant to be.
    """

    def wrong(rule: Rule, message: str, hint: str | None = None) -> SpecError:
        return SpecError([rule.at(place, message, hint)])

    named = []
    for text in target.to:
        one = names.find(text)
        if one is None:
            hint = suggestion(text, valid, noun="name") if valid else None
            raise wrong(
                rules.MAPPED_TO_NOTHING, f"'{key}': the network has no parameters called '{text}'", hint
            )
        named.append(one)
    roles = {one.role for one in named}
    if len(roles) > 1:
        message = f"'{key}': {', '.join(target.to)} are not all layers, or not all the same parameter"
        raise wrong(rules.UNLIKE_TARGETS, message, "name layers only, or the same parameter of each")
    if target.flatten == "separate" and modules.layout == "torch":
        message = f"'{key}': flatten: separate is for Keras files"
        raise wrong(rules.FLATTEN, message, "leave it out: PyTorch flattens in the same order either way")
    shares = tuple(op for one in named for op in one.shares)
    weights = shares[0].weights
    if any(list(op.weights) != list(weights) for op in shares):
        message = f"'{key}': {', '.join(target.to)} do not have the same parameters"
        raise wrong(rules.UNLIKE_TARGETS, message, "map their tensors one by one")
    (role,) = roles
    if role is not None:
        tensors = {role: modules.full(key)}
    else:
        tensors = modules.parameters(key, weights, constant(shares, constants), named[0].name, place)
    entries = [Entry(tensor, shares, r, target.flatten, place) for r, tensor in tensors.items()]
    for entry in entries:
        if len(entry.shapes) > 1 and len({shape[1:] for shape in entry.shapes}) > 1:
            message = f"'{key}': {', '.join(target.to)} cannot be stacked: more than their outputs differ"
            raise wrong(rules.UNLIKE_TARGETS, message, "map each from a tensor of its own")
    return entries


def constant(shares: Sequence[Compute], constants: Constants) -> set[str]:
    """The roles that constants fill in all of some shares of a layer."""
    return {r for r in shares[0].weights if all(parameter_name(share, r) in constants for share in shares)}


def read(path: str | Path) -> Mapping:
    """A mapping file. Raises `UsageError` if it cannot be read and `SpecError` with every diagnostic."""
    try:
        source = document.read(path)
    except SpecError as error:
        raise SpecError(_in_terms_of_mappings(d) for d in error.diagnostics) from None
    try:
        return Mapping(Contents.model_validate(source.data()), source)
    except ValidationError as error:
        raise SpecError(findings(error, source)) from None


def _in_terms_of_mappings(diagnostic: Diagnostic) -> Diagnostic:
    """A diagnostic that calls the document a spec, in the words of a mapping file; any other as it is."""
    if diagnostic.rule not in (rules.NOT_A_MAPPING, rules.EMPTY_FILE):
        return diagnostic
    message = diagnostic.message.replace("a spec is", "a mapping file is")
    return diagnostic.rule.at(diagnostic.position, message, "start with 'weights: 1'")
