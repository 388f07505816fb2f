"""`--set`: changes of a spec by name, and the full path where only a part of it was typed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence

from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError, SpecnetError, UsageError
from specnet.diagnostics.suggestions import mistyped
from specnet.schema.strict import ALIASES
from specnet.spec.spec import Spec, load
from specnet.syntax.document import MAX_STEPS, Document, Path_
from specnet.syntax.reader import Node

DEEP = 3
"""Mappings in one another below the top that a path may have left out."""

LAYERS = ("layers",)
"""What the path of a mapping of layers ends with, those of a block, too."""

Refusal = Diagnostic | UsageError | None


def apply(document: Document, assignments: Iterable[str]) -> None:
    """Change a document by `PATH=VALUE`, one after another.

    Raises `UsageError` for a path that leads nowhere, with one that leads somewhere if there is one.
    """
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        short = path.count(".") <= MAX_STEPS
        if short and equals and path.strip() and not _stands(document.root, document.steps(path.strip())):
            refusal = _refusal(document, assignment)
            if _is_of_path(refusal):
                raise _explained(document, path.strip(), value, refusal)
        document.override(assignment)


def _stands(root: Node, steps: Sequence[str]) -> bool:
    node: Node | None = root
    for step in steps:
        node = node.value.get(step) if node is not None and isinstance(node.value, dict) else None
    return node is not None


def _refusal(document: Document, assignment: str) -> Refusal:
    """What is wrong with an assignment: its path, or else its value. None if it is right."""
    tried = copy.deepcopy(document)
    file = f"--set {assignment.partition('=')[0]}"
    try:
        tried.override(assignment)
        load(tried)
    except UsageError as error:
        return error
    except SpecError as error:
        own = [d for d in error.diagnostics if d.position is not None and d.position.file == file]
        return next((d for d in own if d.rule is rules.UNKNOWN_KEY), own[0] if own else None)
    return None


def _is_of_path(refusal: Refusal) -> bool:
    return isinstance(refusal, UsageError) or (
        isinstance(refusal, Diagnostic) and refusal.rule is rules.UNKNOWN_KEY
    )


def _explained(document: Document, path: str, value: str, refusal: Refusal) -> SpecnetError:
    """What to say about a path that leads nowhere."""
    steps = document.steps(path)
    tried = [(full, _refusal(document, f"{full}={value}")) for full in _paths(document, path)]
    good = [full for full, reason in tried if reason is None]
    only_value = [
        full
        for full, reason in tried
        if not _is_of_path(reason) and _is_single(document.root, document.steps(full))
    ]
    for full in (good or only_value)[:1]:
        changed = [a for a, b in zip(steps, document.steps(full), strict=False) if a != b]
        if isinstance(refusal, UsageError) and full.count(".") == path.count(".") and len(changed) == 1:
            return refusal  # it names the one step
        return UsageError(f"--set: the spec has no '{path}'", f"did you mean --set '{full}={value}'?")
    for full, reason in tried:
        if isinstance(reason, Diagnostic) and len(steps) > 1 and full.endswith(f".{path}"):
            return UsageError(f"--set {full}: {reason.message}", reason.hint)
    if steps[0] not in Spec.model_fields and not mistyped(steps[0], document.root.value):
        example = _in_a_layer(document.root, steps[-1]) if len(steps) == 1 else None
        hint = f"a path starts with {', '.join(Spec.model_fields)}"
        if example:
            hint = f"name the layer, for example --set '{example}={value}'"
        return UsageError(f"--set: the spec has no '{steps[0]}'", hint)
    return SpecError([refusal]) if isinstance(refusal, Diagnostic) else refusal or UsageError(f"--set {path}")


def _is_single(root: Node, steps: Sequence[str]) -> bool:
    """Whether a path leads to a value that is there already and is not a mapping."""
    node = root
    for step in steps:
        if not isinstance(node.value, dict) or step not in node.value:
            return False
        node = node.value[step]
    return not isinstance(node.value, dict)


def _in_a_layer(root: Node, step: str) -> str | None:
    """The path of a field of the first layer that has it."""
    layers = root.value.get("layers")
    for name, layer in layers.value.items() if layers and isinstance(layers.value, dict) else ():
        if isinstance(layer.value, dict) and _name(layer, step) in layer.value:
            return f"layers.{name}.{_name(layer, step)}"
    return None


def _paths(document: Document, path: str) -> Iterator[str]:
    """Full paths that may have been meant, those first that change least."""
    places, steps = list(_mappings(document.root, (), DEEP)), path.split(".")
    for start in range(len(steps)):
        for close in (False, True):
            for place, node in places:
                named = document.steps(".".join(steps[start:]), node)
                rest = _followed(node, named, is_layers=place[-1:] == LAYERS, close=close)
                if rest is not None:
                    yield ".".join(map(str, (*place, *rest)))


def _mappings(node: Node, path: Path_, deep: int) -> Iterator[tuple[Path_, Node]]:
    """The mappings that a path can start from: all but layers, which are told apart by their names."""
    yield path, node
    if deep and path[-1:] != LAYERS:
        for name, child in node.value.items():
            if isinstance(child.value, dict):
                yield from _mappings(child, (*path, name), deep - 1)


def _followed(node: Node, steps: Sequence[str], *, is_layers: bool, close: bool) -> list[str] | None:
    """The steps as they stand in the document. The last may be new there, but for a layer."""
    names: list[str] = []
    for depth, step in enumerate(steps):
        if not isinstance(node.value, dict):
            return None
        name = _name(node, step)
        if close and name not in node.value:
            name = mistyped(step, node.value) or name
        names.append(name)
        if name not in node.value:
            return names if depth == len(steps) - 1 and not is_layers else None
        node, is_layers = node.value[name], (name,) == LAYERS
    return names


def _name(node: Node, step: str) -> str:
    """A step as a mapping has it: the language's name for what others call otherwise."""
    if step in node.value:
        return step
    plain = step.lower().replace("-", "_")
    return plain if plain in node.value else ALIASES.get(plain, plain)
