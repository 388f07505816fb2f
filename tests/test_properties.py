"""What holds for every key of a spec and for every pair of specs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specnet import document, network, spec
from specnet.document import Document, Path_
from specnet.errors import Diagnostic
from specnet.spec_diff import Change, differences

SPECS = sorted((Path(__file__).parent.parent / "specs").glob("*.yaml"))
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
            lines.append(f"{indent}{key}: {document.written(item)}\n")
    return "".join(lines)


def findings(data: Any) -> tuple[Document, list[Diagnostic]]:
    opened = document.parse(lay_out(data), "x.yaml")
    return opened, network.examine(opened)[1]


@pytest.mark.parametrize("file", SPECS, ids=lambda path: path.stem)
def test_a_misspelt_key_is_the_one_finding(file: Path) -> None:
    data = document.read(file).data()
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
        assert [(d.code, d.position) for d in found] == [("SN201", expected)], (path, wrong)


@pytest.mark.parametrize("file", SPECS, ids=lambda path: path.stem)
def test_a_deleted_key_is_missed_where_it_stood_or_has_a_default(file: Path) -> None:
    data = document.read(file).data()
    for path in keys(data):
        changed = copy.deepcopy(data)
        del holder(changed, path)[path[-1]]
        opened, found = findings(changed)
        place = opened.locate(path[:-1], key=True)
        missing = [d for d in found if d.code in ("SN202", "SN204")]
        if missing:
            (finding,) = found
            assert finding.position == place, path
            assert f"'{path[-1]}' is missing" in finding.message, path
        else:  # it has a default, with which the spec is another one or does not fit together
            assert all(d.code >= "SN3" for d in found), path


def apply(changes: list[Change], data: dict[str, Any]) -> dict[str, Any]:
    """A spec's data after the changes of a diff."""
    made = copy.deepcopy(data)
    for change in changes:
        *parents, last = change.path.split(".")
        part = made
        for step in parents:
            part = part[step]
        if change.op == "remove":
            del part[last]
        else:
            part[last] = change.after
    return made


MIRRORED = {"add": "remove", "remove": "add", "change": "change"}


def edit(draw: st.DrawFn, data: dict[str, Any]) -> dict[str, Any]:
    """A spec changed in some places, still one that the schema takes."""
    made = copy.deepcopy(data)
    layers: dict[str, Any] = made["layers"]
    for name in draw(st.lists(st.sampled_from(sorted(layers)), max_size=4, unique=True)):
        layer = layers[name]
        match draw(st.sampled_from(("drop", "copy", "rewire", "units", "group", "bias"))):
            case "drop" if len(layers) > 2:
                del layers[name]
            case "copy":
                layers[f"{name}_copy"] = copy.deepcopy(layer)
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
    turned = {(MIRRORED[c.op], c.path, str(c.after), str(c.before)) for c in forward}
    assert turned == {(c.op, c.path, str(c.before), str(c.after)) for c in backward}
    assert apply(forward, before.as_yaml()) == after.as_yaml()
