"""The shipped specs, and a copy of one to start from, with comments on what its keys mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path

from specnet.recipe.training import Training
from specnet.spec.spec import Spec, load
from specnet.storage import reading
from specnet.syntax import document
from specnet.syntax.document import MAX_BYTES, Document

SCHEMA_FILE = "specnet.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"


def shipped() -> Mapping[str, Path]:
    """The specs to start from, by name. They lie in the package, or beside it in the sources.

    Not the seeds, which are kept as they were found, mistakes included.
    """
    here = Path(__file__).parents[1]
    folder = here / "specs" if (here / "specs").is_dir() else here.parent / "specs"
    paths = [path for path in sorted(folder.rglob("*.yaml")) if path.parent.name != "seeds"]
    return {str(path.relative_to(folder).with_suffix("")): path for path in paths}


def named(name: str) -> str | None:
    """The shipped spec of a name, which may leave its folder out; None if there is none, or more than one."""
    known = shipped()
    if name in known:
        return name
    alike = [other for other in known if other.rpartition("/")[2] == name]
    return alike[0] if len(alike) == 1 else None


def commented(path: Path, name: str) -> str:
    """A shipped spec under another name, each key and each kind explained where it first stands."""
    opened = document.read(path)
    notes = _notes(load(opened), opened)
    lines = []
    for number, line in enumerate(reading.read(path, MAX_BYTES).decode().splitlines(), start=1):
        if line.startswith("# yaml-language-server:"):
            continue
        indent = line[: len(line) - len(line.lstrip())]
        lines += [f"{indent}# {note}" for note in notes.get(number, ())]
        lines.append(f"name: {name}" if line.startswith("name:") else line)
    return "\n".join([MODELINE, *lines, ""])


def _notes(spec: Spec, opened: Document) -> dict[int, list[str]]:
    """What is said above which line."""
    notes: dict[int, list[str]] = {}

    def say(path: tuple[str, ...], text: str | None) -> None:
        if text:
            notes.setdefault(opened.locate(path, key=True).line, []).append(text)

    data = opened.data()
    for key in data:
        say((key,), Spec.model_fields[key].description)
    for key in data.get("training", {}):
        say(("training", key), Training.model_fields[key].description)
    classes = {layer.kind: type(layer) for layer in spec.layers.values()}
    written = [("blocks", block, "layers") for block in data.get("blocks", {})] + [("layers",)]
    for place in written:
        section = reduce(lambda mapping, key: mapping[key], place, data)
        for name, layer in section.items():
            if cls := classes.pop(layer["kind"], None):
                say((*place, name), f"{layer['kind']}: {(cls.__doc__ or '').strip().splitlines()[0]}")
    return notes
