"""What holds for every key of a spec and for every pair of specs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diffs.apply import applied
from specnet.diffs.change import Change
from specnet.diffs.diff import differences, rewriting
from specnet.diffs.normal_form import canonical
from specnet.network import network
from specnet.spec import spec
from specnet.syntax import document
from specnet.syntax.document import Document, Path_
from specnet.syntax.emit import written

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "specs"
WORDY = (FOLDER / "variants" / "alexnet_authors.yaml", FOLDER / "seeds" / "paper_notes.yaml")
"""Specs with keys that the others do not use."""
SPECS = [*sorted(path for path in FOLDER.glob("*.yaml") if "\nblocks:" not in path.read_text()), *WORDY]
"""Those with blocks have names in places of their own, and tests: tests/spec/test_blocks.py."""
MISSPELLINGS = ("{0}x", "x{0}", "{0}{0}", "_{0}", "zzz")


def keys(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all keys that the language names, so not those of layers."""
    if isinstance(value, dict):
        for key, item in value.items():
            if path != ("layers",):
                yield (*path, key)
            yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


def holder(data: Any, path: Path_) -> Any:
    for step in path[:-1]:
        data = data[step]
    return data


def lay_out(value: Any, indent: str = "") -> str:
    """YAML with one key on each line, so that a line is a place."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines.append(f"{indent}{key}:\n{lay_out(item, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {written(item)}\n")
    return "".join(lines)


def findings(data: Any) -> tuple[Document, list[Diagnostic]]:
    opened = document.parse(lay_out(data), "x.yaml")
    return opened, list(network.examine(opened).diagnostics)


@pytest.mark.parametrize("file", SPECS, ids=lambda path: path.stem)
def test_a_misspelt_key_is_the_one_finding(file: Path) -> None:
    """And every warning beside it is one of those that there are without it."""
    data = document.read(file).data()
    told = {finding.message for finding in findings(data)[1]}
    for number, path in enumerate(keys(data)):
        changed = copy.deepcopy(data)
        part = holder(changed, path)
        wrong = MISSPELLINGS[number % len(MISSPELLINGS)].format(path[-1])
        if wrong == "zzz" and path[-1] in ("kind", "layers", "groups"):
            continue  # nothing tells that this word was meant
        renamed = {wrong if key == path[-1] else key: item for key, item in part.items()}
        part.clear()
        part.update(renamed)
        opened, found = findings(changed)
        expected = opened.locate((*path[:-1], wrong), key=True)
        errors = [(d.code, d.position) for d in found if d.severity == "error"]
        assert errors == [("SN201", expected)], (path, wrong)
        assert told.issuperset(d.message for d in found if d.severity == "warning"), (path, wrong)


@pytest.mark.parametrize("file", SPECS, ids=lambda path: path.stem)
def test_a_deleted_key_is_missed_where_it_stood_or_has_a_default(file: Path) -> None:
    data = document.read(file).data()
    told = {finding.message for finding in findings(data)[1]}
    required = 0
    for path in keys(data):
        changed = copy.deepcopy(data)
        del holder(changed, path)[path[-1]]
        opened, found = findings(changed)
        place = opened.locate(path[:-1], key=True)
        missing = [d for d in found if d.code in ("SN202", "SN204")]
        if missing:
            required += 1
            (finding,) = (d for d in found if d.severity == "error")
            assert told.issuperset(d.message for d in found if d.severity == "warning"), path
            assert finding.position == place, path
            assert f"'{path[-1]}' is missing" in finding.message, path
        else:  # it has a default, with which the spec is another one or does not fit together
            assumed = ("SN209", "SN210")
            assert all(d.code >= "SN3" or d.code in assumed for d in found), path
    assert required > len(data["layers"]), "each layer has a kind"


def turned(changes: list[Change]) -> set[tuple[str, str]]:
    """What the diff the other way round should name: operations and paths."""
    names = {c.after: c.before for c in changes if c.op == "rename"}
    found: set[tuple[str, str]] = set()
    for c in changes:
        top, layer, *rest = [*c.path.split("."), ""]
        old = ".".join([top, names.get(layer, layer), *rest]).rstrip(".") if top == "layers" else c.path
        found.add((MIRRORED[c.op], f"layers.{c.after}" if c.op == "rename" else old))
    return found


def as_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    return [change.as_json() for change in changes]


MIRRORED = {"add": "remove", "remove": "add", "change": "change", "rename": "rename"}


def rename(data: dict[str, Any], old: str, new: str) -> None:
    """Give a layer another name, wherever it is named."""
    data["layers"] = {new if name == old else name: layer for name, layer in data["layers"].items()}
    loss = data.get("training", {}).get("loss", {})
    for part in (*data["layers"].values(), loss):
        if isinstance(part.get("from"), list):
            part["from"] = [new if name == old else name for name in part["from"]]
        elif part.get("from") == old:
            part["from"] = new


def edit(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """A spec changed in some places, still one that the schema takes."""
    made = copy.deepcopy(data)
    for name in draw(st.lists(st.sampled_from(sorted(made["layers"])), max_size=4, unique=True)):
        layers: dict[str, Any] = made["layers"]
        layer = layers[name]
        match draw(st.sampled_from(("drop", "copy", "rename", "rewire", "units", "group", "bias"))):
            case "drop" if len(layers) > 2:
                del layers[name]
            case "copy":
                layers[f"{name}_copy"] = copy.deepcopy(layer)
            case "rename":
                rename(made, name, f"{name}_new")
            case "rewire" if "from" in layer:
                layer["from"] = draw(
                    st.lists(st.sampled_from(sorted(data["layers"])), min_size=1, max_size=3)
                )
            case "units" if "filters" in layer:
                layer["filters"] = draw(st.integers(1, 64))
            case "group" if "from" in layer:
                layer["group"] = draw(st.sampled_from(("gpu0", "gpu1")))
            case "bias" if "units" in layer:
                layer["bias"] = draw(st.sampled_from((0, 1, "none")))
    if draw(st.booleans()):
        made.pop("training", None)
    return made


@st.composite
def specs(draw: st.DrawFn) -> spec.Spec:
    return spec.load(edit(draw, document.read(draw(st.sampled_from(SPECS))).data()))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(specs(), specs())
def test_diffs_are_empty_mirrored_and_complete(before: spec.Spec, after: spec.Spec) -> None:
    assert differences(before, before) == []
    forward, backward = differences(before, after), differences(after, before)
    for changes, old, new in ((forward, before, after), (backward, after, before)):
        left = rewriting(canonical(old), canonical(new), changes)
        diff = {"changes": as_json(changes), "rewritten": as_json(left)}
        assert applied(canonical(old), diff) == canonical(new)
        assert not left, "without shapes, nothing is known to mean the same"
    renamed = {(c.before, c.after) for c in forward if c.op == "rename"}
    assert renamed == {(c.after, c.before) for c in backward if c.op == "rename"}
    assert len(forward) == len(backward)
    assert turned(forward) == {(c.op, c.path) for c in backward}


@pytest.mark.parametrize("file", SPECS, ids=lambda path: path.stem)
def test_a_spec_with_every_layer_renamed_and_reordered_has_nothing_but_renames(file: Path) -> None:
    data = document.read(file).data()
    changed = copy.deepcopy(data)
    for name in data["layers"]:
        rename(changed, name, f"new_{name}")
    changed["layers"] = dict(reversed(changed["layers"].items()))
    found = differences(spec.load(data), spec.load(changed))
    assert {(c.op, c.before, c.after) for c in found} == {
        ("rename", name, f"new_{name}") for name in data["layers"]
    }
