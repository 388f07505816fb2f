"""The mapping file: which tensor of a file is what in a network, where the names do not agree.

weights: 1
tensors:
  features.0: conv1                         # all parameters of a module; both groups' shares, stacked
  features.4.weight: conv2.weight           # one tensor
  upper.0: conv1.gpu0                       # one group's share
  dense_1: [fc6a, fc6b]                     # several layers in one tensor, stacked in this order
  dense_2: {to: fc7, flatten: separate}     # Keras: the towers were flattened before they were joined
ignore: [classifier.7]
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from specnet import document
from specnet.document import Document
from specnet.errors import Diagnostic, Position, SpecError, suggestion
from specnet.findings import findings
from specnet.schema import Names as ListOfNames
from specnet.schema import Strict
from specnet.weights.files import Layout
from specnet.weights.names import Entry, Names


def _target(value: Any) -> Any:
    return value if isinstance(value, dict) else {"to": value}


class Target(Strict):
    """What a tensor, or all tensors of a module, are in the network."""

    to: Annotated[ListOfNames, Field(description="Names in the network; several are stacked in this order.")]
    flatten: Annotated[
        Literal["joined", "separate"],
        Field(description="Keras: whether a dense layer's inputs were joined before they were flattened."),
    ] = "joined"


class Contents(Strict):
    """A mapping file."""

    weights: Annotated[Literal[1], Field(description="Version of the mapping file.")]
    tensors: Annotated[
        dict[str, Annotated[Target, BeforeValidator(_target)]],
        Field(description="What tensors, or modules, of the file are in the network."),
    ] = Field(default_factory=dict)
    ignore: Annotated[
        tuple[str, ...],
        Field(strict=False, description="Tensors and modules of the file that the network does not have."),
    ] = ()


class Mapping:
    """The entries and what to ignore, with places for what is wrong with them."""

    def __init__(self, contents: Contents, source: Document | None) -> None:
        self.contents = contents
        self._source = source

    def entries(self, names: Names, layout: Layout) -> tuple[list[Entry], list[Diagnostic]]:
        """What the mapping says, one entry for each tensor, and the findings about it."""
        found: list[Entry] = []
        problems: list[Diagnostic] = []
        for key, target in self.contents.tensors.items():
            try:
                found += stacked(key, target, names, layout, self.place(key))
            except SpecError as error:
                problems += error.diagnostics
        return found, problems

    def place(self, key: str) -> Position | None:
        """Where a key of `tensors` stands."""
        return self._source.locate(("tensors", key), key=True) if self._source else None

    def ignored(self, names: list[str]) -> tuple[set[str], list[Diagnostic]]:
        """The tensors that are to be left out, and a finding for every entry that matches none."""
        out: set[str] = set()
        problems: list[Diagnostic] = []
        for index, entry in enumerate(self.contents.ignore):
            matches = {n for n in names if n == entry or n.startswith((f"{entry}.", f"{entry}/"))}
            if not matches:
                place = self._source.locate(("ignore", index)) if self._source else None
                message = f"the file has no tensor or module '{entry}'"
                problems.append(Diagnostic("SN705", message, place, suggestion(entry, names, noun="tensor")))
            out |= matches
        return out, problems


NOTHING = Mapping(Contents(weights=1), None)
"""No mapping: all names agree."""


def stacked(key: str, target: Target, names: Names, layout: Layout, place: Position | None) -> list[Entry]:
    """The entries of one line: a tensor, or every parameter of a module. Raises `SpecError`."""

    def wrong(code: str, message: str, hint: str | None = None) -> SpecError:
        return SpecError([Diagnostic(code, message, place, hint)])

    found = []
    for text in target.to:
        one = names.find(text)
        if one is None:
            hint = suggestion(text, names.valid(), noun="name")
            raise wrong("SN701", f"'{key}': the network has no parameters called '{text}'", hint)
        found.append(one)
    roles = {one.role for one in found}
    if len(roles) > 1:
        message = f"'{key}': {', '.join(target.to)} are not all layers, or not all the same parameter"
        raise wrong("SN702", message, "name layers only, or the same parameter of each")
    if target.flatten == "separate" and layout == "torch":
        message = f"'{key}': flatten: separate is for Keras files"
        raise wrong("SN703", message, "leave it out: PyTorch flattens in the same order either way")
    shares = tuple(step for one in found for step in one.shares)
    weights = shares[0].weights
    if any(list(step.weights) != list(weights) for step in shares):
        message = f"'{key}': {', '.join(target.to)} do not have the same parameters"
        raise wrong("SN702", message, "map their tensors one by one")
    (role,) = roles
    separate = target.flatten == "separate"
    if role is not None:
        entries = [Entry(key, shares, role, separate, place)]
    else:
        entries = [
            Entry(tensor_name(layout, key, r, i), shares, r, separate, place) for i, r in enumerate(weights)
        ]
    for entry in entries:
        if len(entry.shapes) > 1 and len({shape[1:] for shape in entry.shapes}) > 1:
            message = f"'{key}': {', '.join(target.to)} cannot be stacked: more than their outputs differ"
            raise wrong("SN702", message, "map each from a tensor of its own")
    return entries


def tensor_name(layout: Layout, module: str, role: str, index: int) -> str:
    """The file's name of a module's parameter: `conv1.weight`, or in Keras `conv1/0`."""
    return f"{module}.{role}" if layout == "torch" else f"{module}/{index}"


def read(path: str | Path) -> Mapping:
    """A mapping file. Raises `UsageError` if it cannot be read and `SpecError` with every finding."""
    try:
        source = document.read(path)
    except SpecError as error:
        raise SpecError(_in_terms_of_mappings(d) for d in error.diagnostics) from None
    try:
        return Mapping(Contents.model_validate(source.data()), source)
    except ValidationError as error:
        raise SpecError(findings(error, source)) from None


def _in_terms_of_mappings(found: Diagnostic) -> Diagnostic:
    """The two findings about a document as a whole speak of specs."""
    if found.code not in ("SN106", "SN107"):
        return found
    message = found.message.replace("a spec is", "a mapping file is")
    return Diagnostic(found.code, message, found.position, "start with 'weights: 1'")
