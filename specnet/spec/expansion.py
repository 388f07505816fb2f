"""Uses of blocks -> the layers that they stand for, so that all that comes after reading knows layers alone.

The layers of a use bear its name and theirs, `stage1.2.conv1`. Every value keeps its place: what the block
says, in the block, with the use beside it; what a use says, at the use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position, Rule
from specnet.spec.block_checks import MAX_TOLD, Reader
from specnet.spec.blocks import (
    INPUT,
    OWN_KEYS,
    Definition,
    block_of,
    is_use,
    parameter_of,
    reads_outside,
)
from specnet.spec.mentions import Mentions, with_full_names
from specnet.spec.names import LAYER_NAME
from specnet.spec.origins import Origin
from specnet.spec.scope import Scope
from specnet.spec.uses import Uses, keys_of
from specnet.syntax.document import Document, of_mapping
from specnet.syntax.reader import Node

MAX_LAYERS = 20_000
"""Layers that the uses of blocks may stand for, all together."""
MAX_VALUES = 1_000_000
"""Values that those layers may hold."""


@dataclass
class Expansion:
    """A document without blocks, and how it has come about."""

    document: Document
    findings: list[Diagnostic] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    """By the names of the layers."""
    left: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Uses that stand for nothing that is known, and the layers that they read."""
    uses: dict[str, list[str]] = field(default_factory=dict)
    """The layers that each use stands for."""
    assumed: list[tuple[Node, list[str]]] = field(default_factory=list)
    """The paths under `assumed`, and what they stand for."""


class _TooLargeError(Exception):
    """Raised where what uses stand for holds too many values."""


def expand(source: Document | Mapping[str, Any]) -> Expansion:
    """A document with the layers that the uses of its blocks stand for in their places.

    Findings about a mapping have no place, and the document that is made of it has places without meaning.
    """
    is_placed = isinstance(source, Document)
    origin = source if isinstance(source, Document) else of_mapping(source)
    reader = Reader(origin, is_placed=is_placed)
    made = _Expander(origin, reader.read(), reader.findings).expanded()
    if not is_placed:
        made.findings = [replace(finding, position=None, fix=None) for finding in made.findings]
    return made


class _Expander:
    def __init__(
        self, origin: Document, blocks: Mapping[str, Definition], findings: list[Diagnostic]
    ) -> None:
        self.origin = origin
        self.blocks = blocks
        self.uses = Uses(blocks, findings)
        self.made = Expansion(origin, findings)
        self.mentions = Mentions()
        self.flat: dict[str, Node] = {}
        self.taken: set[int] = set()
        """What uses say for their layers and one of them has taken, by `id`."""
        self.count = 0

    def expanded(self) -> Expansion:
        root = self.origin.root
        held = root.value.get("layers")
        rest = {key: node for key, node in root.value.items() if key != "blocks"}
        if held is not None and isinstance(held.value, dict):
            top = Scope("", held.value)
            if self._is_too_large(held):
                self._give_up()
            told = list(self.made.findings)
            try:
                self._fill(top)
            except _TooLargeError:
                self._give_up()
                self.made = Expansion(self.origin, told)
                self.uses.findings = told
                message = f"the layers that uses of blocks stand for hold more than {MAX_VALUES:,} values"
                self._report(rules.TOO_LARGE, held.key_position(), message, "nest fewer blocks")
                self._fill(top)
            rest["layers"] = held.copy(self.flat, "")
            if "training" in rest:
                rest["training"] = with_full_names(rest["training"], lambda name: self._full(name, top))
            if "assumed" in rest:
                rest["assumed"], self.made.assumed = self.mentions.expanded(rest["assumed"])
        self.made.document = Document(root.copy(rest, ""))
        return self.made

    def _give_up(self) -> None:
        """Let no use stand for anything but itself."""
        self.flat.clear()
        self.count = -MAX_VALUES
        for block in self.blocks.values():
            block.sound = False

    def _is_too_large(self, held: Node) -> bool:
        """Whether the uses stand for too many layers, which is known before one of them is made."""
        sizes: dict[str, int] = {}

        def size(name: str) -> int:
            block = self.blocks.get(name)
            if block is None or not block.sound:
                return 1  # the use, which stays
            if name not in sizes:
                sizes[name] = sum(size(block_of(n)) if is_use(n) else 1 for n in block.layers.values())
            return sizes[name]

        count = sum(size(block_of(node)) for node in held.value.values() if is_use(node))
        if count > MAX_LAYERS:
            message = f"the uses of blocks stand for {count:,} layers, and {MAX_LAYERS:,} are the most"
            self._report(rules.TOO_LARGE, held.key_position(), message, "nest fewer blocks")
        return count > MAX_LAYERS

    def _fill(self, scope: Scope) -> None:
        """Put the layers of a scope among those of the network."""
        for name, node in scope.layers.items():
            if is_use(node):
                self._use(scope.prefix + name, node, scope)
                continue
            full, origin = scope.prefix + name, None
            if scope.block:
                origin = Origin(scope.block, name, scope.prefix[:-1])
                for path in (f"blocks.{scope.block}.layers.{name}", f"layers.{full}"):
                    self.mentions.add(path, f"layers.{full}")
                made = self._layer(full, node, scope)
            else:
                reads = self._reads(node, scope)
                made = node if reads is None else node.copy({**node.value, "from": reads}, "")
            self._put(full, made, origin)

    def _put(self, name: str, made: Node, origin: Origin | None) -> None:
        if name in self.flat:
            message = f"the layer '{name}' is there a second time: a use of a block stands for one, too"
            self._report(rules.DUPLICATE_KEY, made.key_position(), message, "rename one of the two")
            return
        self.flat[name] = made
        if origin is not None:
            self.made.origins[name] = origin

    def _use(self, full: str, node: Node, scope: Scope) -> None:
        """The layers that a use stands for, or the use itself where that is not known."""
        here = node.copy(node.value, scope.via)
        reads = self._reads(node, scope)
        read = [] if reads is None else reads.value if isinstance(reads.value, list) else [reads]
        block = self.blocks.get(block_of(node))
        if len(self.made.findings) < MAX_TOLD:
            self.uses.check(full, here)
        if block is None or not LAYER_NAME.fullmatch(full) or not self.uses.is_sound(full, node):
            self.flat[full] = here
            texts = [node.value[key] for key in node.value if key not in OWN_KEYS]
            named = [
                self._full(n.value, scope)
                for n in texts
                if isinstance(n.value, str) and n.value in scope.layers
            ]
            self.made.left[full] = (*(str(item.value) for item in read), *named) if read else ()
            return
        line = scope.line or node.line
        inner = Scope(
            prefix=f"{full}.",
            layers=block.layers,
            block=block.name,
            via=f"in block '{block.name}', used as '{full}' (line {line})",
            line=line,
            read=tuple(item.copy(item.value, item.via or f"the input of '{full}'") for item in read),
            given=self._given(full, node, scope),
            arguments={k: (value, scope) for k, value in node.value.items() if k in block.parameters},
            defaults=block.parameters,
        )
        before = len(self.flat)
        self._fill(inner)
        self.made.uses[full] = list(self.flat)[before:]
        self.mentions.add_use(full, self.made.uses[full])
        if "trainable" in node.value and id(inner.given["trainable"]) not in self.taken:
            message = f"no layer of the block '{block.name}' has anything to train"
            self._report(rules.UNKNOWN_KEY, here.value["trainable"].key_position(), message, "remove the key")

    def _layer(self, full: str, node: Node, scope: Scope) -> Node:
        """A layer of a block, as a use has it."""
        if not isinstance(node.value, dict):
            return self._copied(node, scope, f"layers.{full}")
        made: dict[str, Node] = {}
        for key, child in node.value.items():
            reads = self._reads(node, scope) if key == "from" else None
            made[key] = reads or self._copied(child, scope, f"layers.{full}.{key}")
        takes = keys_of(made.get("kind"))
        for key, value in scope.given.items():
            if key in made or key not in takes or (key == "cross_group" and not reads_outside(node)):
                continue
            made[key] = value
            self.taken.add(id(value))
        return node.copy(made, scope.via)

    def _given(self, full: str, use: Node, scope: Scope) -> dict[str, Node]:
        """What a use says for its layers, and what that of which it is a part says for it.

        A crossing is one of the layers that read the input.
        """
        made = dict(scope.given)
        if not reads_outside(use):
            made.pop("cross_group", None)
        for key in ("group", "cross_group", "trainable"):
            if key in use.value:
                own = self._copied(use.value[key], scope, f"layers.{full}.{key}")
                made[key] = own.copy(own.value, own.via or f"for all layers of '{full}'")
        return made

    def _copied(self, node: Node, scope: Scope, path: str) -> Node:
        """A value with the parameters filled in; `path` is where it is in the expanded document."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise _TooLargeError
        named = parameter_of(node.value) if scope.block else None
        if named is not None:
            value, where = scope.value_of(named)
            self.mentions.add(f"layers.{scope.prefix}{named}", path)
            made = self._copied(value, where, path)
            via = made.via or f"the parameter '{named}' of block '{scope.block}'"
            made = made.copy(made.value, via)
            made.key = node.key
            return made
        if isinstance(node.value, dict):
            children = {k: self._copied(child, scope, f"{path}.{k}") for k, child in node.value.items()}
            return node.copy(children, scope.via)
        if isinstance(node.value, list):
            return node.copy([self._copied(child, scope, path) for child in node.value], scope.via)
        return node.copy(node.value, scope.via)

    def _reads(self, layer: Node, scope: Scope) -> Node | None:
        """What a layer reads, under full names; None if it does not say so."""
        held = layer.value.get("from") if isinstance(layer.value, dict) else None
        if held is None:
            return None
        items = held.value if isinstance(held.value, list) else [held]
        names = [name for item in items for name in self._named(item, scope)]
        one = (
            names[0] if len(names) == 1 and not isinstance(held.value, list) else held.copy(names, scope.via)
        )
        made = one.copy(one.value, one.via)
        made.key = held.key
        return made

    def _named(self, item: Node, scope: Scope) -> list[Node]:
        """The full names that a name in a scope stands for: several, for what a use reads."""
        self.count += 1
        if self.count > MAX_VALUES:
            raise _TooLargeError
        if not isinstance(item.value, str):
            return [item.copy(item.value, scope.via)]
        parameter = parameter_of(item.value) if scope.block else None
        if parameter is not None:
            value, where = scope.value_of(parameter)
            via = f"the parameter '{parameter}' of block '{scope.block}'"
            items = value.value if isinstance(value.value, list) else [value]
            named = [name for item in items for name in self._named(item, where)]
            return [name.copy(name.value, name.via or via) for name in named]
        if scope.block and item.value == INPUT:
            self.count += len(scope.read)
            return list(scope.read)
        return [item.copy(self._full(item.value, scope), scope.via)]

    def _full(self, name: str, scope: Scope) -> str:
        """The full name of a layer, or of a use's output. One that is not known stays as it is."""
        layer, full = scope.layers.get(name), scope.prefix + name
        return full if layer is None else self.uses.output(full, layer)

    def _report(self, rule: Rule, place: Position, message: str, hint: str | None = None) -> None:
        self.made.findings.append(rule.at(place, message, hint))
