"""What stands under `blocks`, and what is wrong with it whoever uses it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sized

from pydantic import ValidationError

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position, Rule
from specnet.diagnostics.suggestions import is_affordable, suggestion, sure
from specnet.schema.fields import shown
from specnet.schema.translate import empty_keys, translated
from specnet.spec.blocks import INPUT, Block, Definition, block_of, parameter_of, scalars, sources
from specnet.spec.names import LONGEST, NAME
from specnet.syntax.document import Document
from specnet.syntax.edits import renamed
from specnet.syntax.reader import Node

MAX_NESTED = 8
"""Blocks in one another."""
SHOWN = 8
"""Names that a message lists."""
MAX_TOLD = 1_000
"""Findings after which nothing more is said of blocks and their uses."""


class Reader:
    """Reads what stands under `blocks`, and puts what is wrong with it among its `findings`."""

    def __init__(self, origin: Document, *, is_placed: bool) -> None:
        self.origin = origin
        self.is_placed = is_placed
        self.findings: list[Diagnostic] = []

    def read(self) -> dict[str, Definition]:
        """The blocks by name, those that are not sound, too."""
        held = self.origin.root.value.get("blocks")
        if held is None:
            return {}
        if not isinstance(held.value, dict) or not held.value:
            message = f"blocks: expected blocks by their names, got {shown(held.plain())}"
            self._report(
                rules.WRONG_TYPE, held.key_position(), message, "leave the key out where there are none"
            )
            return {}
        made = {name: self._definition(name, node) for name, node in held.value.items()}
        self._check_nesting(made)
        return made

    def _definition(self, name: str, node: Node) -> Definition:
        made = Definition(name)
        before = len(self.findings)
        self.findings += empty_keys(node) if isinstance(node.value, dict) else []
        if not NAME.fullmatch(name):
            self._report(
                rules.BAD_NAME,
                node.key_position(),
                f"'{name}' is not a name for a block",
                "use letters, digits, '_' and '-'",
            )
        try:
            Block.model_validate(node.plain())
        except ValidationError as error:
            told = {finding.position for finding in self.findings[before:]}
            more = translated(error, self.origin if self.is_placed else None, ("blocks", name))
            self.findings += [finding for finding in more if finding.position not in told]
            return made
        given = node.value.get("parameters")
        for item in given.value if given is not None else ():
            made.parameters.update(item.value if isinstance(item.value, dict) else {item.value: None})
        self._check_defaults(made)
        made.layers = node.value["layers"].value
        self._check_values(made)
        self._check_reads(made)
        if len(self.findings) == before:  # else it may only seem that nothing reads a layer
            self._find_output(made, node)
        made.sound = len(self.findings) == before < MAX_TOLD
        return made

    def _check_defaults(self, block: Definition) -> None:
        for default in block.parameters.values():
            for _, value in scalars(default) if default is not None else ():
                if parameter_of(value.value) is not None and len(self.findings) < MAX_TOLD:
                    message = f"a default is a value, and not another parameter: {value.value}"
                    self._report(
                        rules.UNKNOWN_PARAMETER,
                        value.position(),
                        message,
                        "leave it out, and let uses give it",
                    )

    def _check_values(self, block: Definition) -> None:
        """Every `$name` is a parameter, and none stands for a kind or a block."""
        for layer in block.layers.values():
            for key, value in scalars(layer):
                named = parameter_of(value.value)
                if named is None or len(self.findings) >= MAX_TOLD:
                    continue
                place = value.position()
                if key in ("kind", "of"):
                    hint = "write out which one; where two uses differ in it, write two blocks"
                    self._report(rules.UNKNOWN_PARAMETER, place, f"'{key}' cannot be a parameter", hint)
                elif named not in block.parameters:
                    hint, few = (
                        f"declare it: parameters: [{named or 'NAME'}]",
                        self._are_few(block.parameters),
                    )
                    if block.parameters and few:
                        hint = suggestion(named, block.parameters, noun="parameter")
                    meant = sure(named, block.parameters) if few else None
                    fix = renamed(place, value.value, f"${meant}") if meant else None
                    message = f"the block '{block.name}' has no parameter '{named}'"
                    self.findings.append(rules.UNKNOWN_PARAMETER.at(place, message, hint, fix))

    def _check_reads(self, block: Definition) -> None:
        """Every layer reads others of the block, `input`, or what a parameter names."""
        within, known = {name for name, _ in block.uses()}, [INPUT, *block.layers]
        reads_input = False
        for layer in block.layers.values():
            for item in sources(layer):
                name = item.value
                reads_input = reads_input or name == INPUT
                if name == INPUT or name in block.layers or parameter_of(name) is not None:
                    continue
                if len(self.findings) >= MAX_TOLD or (within and _lies_in(name, within)):
                    continue
                few = self._are_few(known)
                meant = sure(name, known) if few else None
                fix = renamed(item.position(), name, meant) if meant else None
                message = f"there is no layer '{name}' in the block '{block.name}' to read"
                hint = suggestion(name, known, noun="layer") if few else None
                self.findings.append(rules.UNKNOWN_LAYER.at(item.position(), message, hint, fix))
        defaults = (d for d in block.parameters.values() if d is not None)
        if not reads_input and not any(default.value == INPUT for default in defaults):
            first = next(iter(block.layers.values()))
            message = f"no layer of the block '{block.name}' reads 'input', which is what a use of it reads"
            self._report(rules.INPUT_MISSING, first.key_position(), message, "begin with from: input")

    def _find_output(self, block: Definition, node: Node) -> None:
        named = node.value.get("output")
        if named is not None:
            block.output = named.value
            if named.value not in block.layers:
                meant = sure(named.value, block.layers)
                fix = renamed(named.position(), named.value, meant) if meant else None
                message = f"'{named.value}', the output of the block '{block.name}', is not one of its layers"
                hint = suggestion(named.value, block.layers, noun="layer")
                self.findings.append(rules.BLOCK_OUTPUT.at(named.position(), message, hint, fix))
            return
        read = {item.value for layer in block.layers.values() for item in sources(layer)}
        ends = [name for name in block.layers if name not in read]
        if len(ends) == 1:
            block.output = ends[0]
        else:
            names = ", ".join(ends[:SHOWN]) if ends else "none"
            message = f"the block '{block.name}' has no single layer that nothing in it reads, but {names}"
            self._report(rules.BLOCK_OUTPUT, node.key_position(), message, "name one: output: LAYER")

    def _check_nesting(self, blocks: Mapping[str, Definition]) -> None:
        """Blocks use others to a bounded depth, and none of them itself."""
        used = {name: {block_of(use): use for _, use in block.uses()} for name, block in blocks.items()}
        depth: dict[str, int] = {}
        left = dict.fromkeys(blocks)
        while ready := [name for name in left if not any(inner in left for inner in used[name])]:
            for name in ready:
                del left[name]
                depth[name] = 1 + max((depth[inner] for inner in used[name] if inner in depth), default=0)
                if depth[name] == MAX_NESTED + 1:
                    message = f"the block '{name}' is nested deeper than {MAX_NESTED} blocks"
                    self._report(rules.TOO_LARGE, self.origin.locate(("blocks", name), key=True), message)
                blocks[name].sound &= depth[name] <= MAX_NESTED
        told: set[str] = set()
        for start in left:
            chain = [start]
            while chain[-1] not in told and chain[-1] not in chain[:-1]:
                chain.append(next(inner for inner in used[chain[-1]] if inner in left))
            blocks[start].sound = False
            if chain[-1] not in told:
                circle = chain[chain.index(chain[-1]) :]
                place = used[circle[0]][circle[1]].value["of"].position()
                shown = circle if len(circle) <= SHOWN else [*circle[: SHOWN - 1], "...", circle[-1]]
                message = f"the block '{circle[0]}' stands for itself: {' -> '.join(shown)}"
                hint = "a block may use other blocks, and none of them it"
                self._report(rules.BLOCK_IN_ITSELF, place, message, hint)
            told.update(chain)

    def _are_few(self, names: Sized) -> bool:
        """Whether to look among names for the one that was meant."""
        return is_affordable(len(self.findings), len(names))

    def _report(self, rule: Rule, place: Position, message: str, hint: str | None = None) -> None:
        self.findings.append(rule.at(place, message, hint))


def _lies_in(name: str, uses: Container[str]) -> bool:
    """Whether a name is that of a layer of a use, whose own name it begins with."""
    steps = name.split(".") if len(name) <= LONGEST else []
    return any(".".join(steps[:count]) in uses for count in range(1, len(steps)))
