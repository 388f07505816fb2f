"""A spec's text with layers in the places of the uses of its blocks, and the rest as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from specnet.diagnostics.diagnostic import Position
from specnet.spec.blocks import block_of, is_use
from specnet.spec.expansion import Expansion, expand
from specnet.spec.origins import has_blocks
from specnet.spec.spec import load
from specnet.syntax.document import Document, parse
from specnet.syntax.emit import written
from specnet.syntax.reader import Node


def flat_text(document: Document) -> str:
    """The text of a spec without blocks that says the same. Raises `SpecError` if its schema is not sound.

    Comments stay, but for those in blocks, if every layer begins a line of its own.
    """
    spec = load(document)
    if not has_blocks(document.data()):
        return document.root.source.text
    made = expand(document)
    lines = _in_place(document, made) or list(_anew(made.document))
    text = "\n".join(lines).rstrip("\n") + "\n"
    assert load(parse(text, document.name)) == spec
    return text


def _anew(flat: Document) -> Iterator[str]:
    """All of a spec, one layer a line."""
    for key, node in flat.root.value.items():
        if key == "layers":
            yield "layers:"
            yield from (_entry(name, layer, "  ") for name, layer in node.value.items())
        else:
            yield _entry(key, node, "")


def _entry(name: str, node: Node, indent: str) -> str:
    return f"{indent}{written(name)}: {written(node.plain())}"


def _in_place(document: Document, made: Expansion) -> list[str] | None:
    """The lines of the text with those of blocks and uses replaced; None if they hold something else, too."""
    lines, root = list(document.root.source.lines), document.root.value
    layers, flat = root["layers"].value, made.document.root.value["layers"].value
    entries = [*root.values(), *layers.values()]
    starts = sorted({node.key_position().line for node in entries})
    edits = [*_new_names(root.get("training"), made.document.root.value.get("training"))]
    edits += [(node, ", ".join(map(written, paths))) for node, paths in made.assumed if paths != [node.value]]
    for name, node in layers.items():
        edits += [] if is_use(node) else _new_names(node, flat[name])
    if len(starts) < len(entries) or not all(_is_alone(node, new, lines) for node, new in edits):
        return None
    ends = {start: _end(start, after, lines) for start, after in pairwise([*starts, len(lines) + 1])}
    for node, new in sorted(edits, key=lambda edit: -edit[0].column):
        line, column = lines[node.line - 1], node.column - 1
        lines[node.line - 1] = line[:column] + new + line[column + node.width :]
    replaced: list[tuple[Position, list[str]]] = []
    for name, node in layers.items():
        if is_use(node):
            key = node.key_position()
            indent = lines[key.line - 1][: key.column - 1]
            own = [_entry(layer, flat[layer], indent) for layer in made.uses[name]]
            replaced.append((key, [f"{indent}# {name}: {block_of(node)}", *own]))
    if "blocks" in root:
        replaced.append((root["blocks"].key_position(), []))
    for key, new_lines in sorted(replaced, key=lambda one: -one[0].line):
        end = ends[key.line]
        if not new_lines and end <= len(lines) and not lines[end - 1].strip():
            end += 1  # the empty line behind what is gone
        lines[key.line - 1 : end - 1] = new_lines
    return lines


def _new_names(old: Node | None, new: Node | None) -> Iterator[tuple[Node, str]]:
    """The values below a node that are others in the expanded document, and how those are written."""
    if old is None or new is None or old is new:
        return
    if isinstance(old.value, dict):
        for key, child in old.value.items():
            yield from _new_names(child, new.value.get(key))
    elif isinstance(old.value, list):
        for item, other in zip(old.value, new.value, strict=True):
            yield from _new_names(item, other)
    elif old.value != new.value:
        yield old, written(new.value)


def _is_alone(node: Node, new: str, lines: list[str]) -> bool:
    """Whether a value is written in one piece, in brackets where several take its place."""
    line, column = lines[node.line - 1], node.column - 1
    in_brackets = "[" in line[:column] and "]" in line[column:]
    text = line[column : column + node.width]
    return text.strip("'\"") == node.value and (in_brackets or ", " not in new)


def _end(start: int, after: int, lines: list[str]) -> int:
    """The line behind the last one of an entry, whose next one's comments are not its own."""
    while after > start + 1 and lines[after - 2].strip()[:1] in ("", "#"):
        after -= 1
    return after
