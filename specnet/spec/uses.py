"""Layers of the kind `block`: whether they name a block and give what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from specnet import plugins
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic, Position, Rule
from specnet.diagnostics.errors import PluginError
from specnet.diagnostics.suggestions import is_affordable, nearest, suggestion, sure
from specnet.schema.translate import EMPTY
from specnet.spec.blocks import OWN_KEYS, Definition, block_of, is_use, parameter_of
from specnet.spec.names import LAYER_NAME, LONGEST
from specnet.syntax.edits import renamed
from specnet.syntax.reader import Node


class Uses:
    """Knows what uses stand for, and puts what is wrong with them among `findings`."""

    def __init__(self, blocks: Mapping[str, Definition], findings: list[Diagnostic]) -> None:
        self.blocks = blocks
        self.findings = findings

    def is_sound(self, full: str, use: Node) -> bool:
        """Whether it is known what a use of that full name stands for."""
        block = self.blocks.get(block_of(use))
        if block is None or not block.sound or "from" not in use.value or self._is_long(full, block):
            return False
        if any(name not in use.value for name in block.required):
            return False
        return all(value.value is not None for key, value in use.value.items() if key in block.parameters)

    def output(self, full: str, layer: Node) -> str:
        """The full name of the layer whose output a layer of that full name stands for: its own, for most."""
        if not is_use(layer) or not self.is_sound(full, layer):
            return full
        block = self.blocks[block_of(layer)]
        return self.output(f"{full}.{block.output}", block.layers[block.output])

    def check(self, full: str, use: Node) -> None:
        """Report what is wrong with a use of that full name."""
        block = self.blocks.get(block_of(use))
        if "from" not in use.value and not nearest("from", [key for key in use.value if key != "of"]):
            message = f"layer '{full}': the key 'from' is missing"
            self._report(rules.MISSING_KEY, use.key_position(), message, "name what the block reads")
        if block is None:
            self._unknown_block(full, use)
            return
        if self._is_long(full, block):
            message = f"the layers of '{full[:40]}...' have names of more than {LONGEST} characters"
            self._report(rules.BAD_NAME, use.key_position(), message, "use shorter names")
        if not block.layers:
            return  # it could not be read, and what it asks for is not known
        missing = [name for name in block.required if name not in use.value]
        for key, value in use.value.items():
            place = value.copy(None, use.via).key_position()
            if key in block.parameters and value.value is None:
                self._report(rules.WRONG_TYPE, place, f"'{key}' has no value", EMPTY)
            if key in block.parameters or key in OWN_KEYS:
                continue
            message = f"layer '{full}': the block '{block.name}' has no parameter '{key}'"
            if not is_affordable(len(self.findings), len(block.parameters)):
                self._report(rules.UNKNOWN_KEY, place, message)
                continue
            valid = [*block.parameters, *OWN_KEYS]
            meant = nearest(key, missing) or nearest(key, [name for name in valid if name not in use.value])
            missing = [name for name in missing if name not in meant]
            hint = f"did you mean '{meant[0]}'?" if meant else suggestion(key, valid, noun="key")
            self._rename(rules.UNKNOWN_KEY, place, message, hint, key, meant)
        for name in missing:
            message = f"layer '{full}': the parameter '{name}' of the block '{block.name}' is missing"
            self._report(rules.MISSING_KEY, use.key_position(), message, f"give it: {name}: VALUE")

    def _is_long(self, full: str, block: Definition) -> bool:
        """Whether a use's layers have names that are longer than names may be, its own being none."""
        own = LAYER_NAME.fullmatch(full)
        return own is not None and len(full) + 1 + block.longest > LONGEST

    def _unknown_block(self, full: str, use: Node) -> None:
        held, name = use.value.get("of"), block_of(use)
        few = is_affordable(len(self.findings), len(self.blocks))
        hint = suggestion(name, self.blocks, noun="block") if self.blocks and few else "write it under blocks"
        if held is None:
            message = f"layer '{full}': the key 'of' is missing"
            self._report(rules.MISSING_KEY, use.key_position(), message, hint)
        elif parameter_of(name) is None:  # that it is no parameter has been said of the block
            message = f"layer '{full}': there is no block '{name}'" if name else "'of' names a block"
            place = held.copy(held.value, use.via).position()
            self._rename(rules.UNKNOWN_BLOCK, place, message, hint, name, self.blocks if few else ())

    def _rename(
        self, rule: Rule, place: Position, message: str, hint: str | None, name: str, known: Iterable[str]
    ) -> None:
        meant = sure(name, known) if name else None
        fix = renamed(place, name, meant) if meant else None
        self.findings.append(rule.at(place, message, hint, fix))

    def _report(self, rule: Rule, place: Position, message: str, hint: str | None = None) -> None:
        self.findings.append(rule.at(place, message, hint))


def keys_of(kind: Node | None) -> list[str]:
    """The keys that layers of a kind have; none if it is not known."""
    if kind is None or kind.value not in plugins.names("specnet.layers"):
        return []
    with suppress(PluginError):
        keys: list[str] = plugins.load("specnet.layers", kind.value).keys()
        return keys
    return []
