"""Documents that are brought to say something else: what they say, and what of their text stays."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from specnet.syntax import amending
from specnet.syntax.amending import amended
from specnet.syntax.document import parse

FLOW = """\
# a network
specnet: 1
layers:
  image: {kind: input, shape: [3, 8, 8]}  # pictures

  # the only one
  conv: {kind: conv, from: image, filters: 4, kernel: 3}
training: {epochs: 5}  # short
"""
BLOCK = """\
specnet: 1
layers:
  image:
    kind: input
    shape:
      - 3
      - 8
      - 8
  conv:
    kind: conv  # the only one
    from: image
    filters: 4
    # small
    kernel: 3

  # behind
training:
  epochs: 5"""
DATA: dict[str, Any] = {
    "specnet": 1,
    "layers": {
        "image": {"kind": "input", "shape": [3, 8, 8]},
        "conv": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3},
    },
    "training": {"epochs": 5},
}


def changed(**fields: Any) -> dict[str, Any]:
    """The data with other fields of the convolution; None takes one out."""
    made = copy.deepcopy(DATA)
    conv = {**made["layers"]["conv"], **fields}
    made["layers"]["conv"] = {key: value for key, value in conv.items() if value is not None}
    return made


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"filters": 8}, "{kind: conv, from: image, filters: 8, kernel: 3}"),
        ({"kernel": [3, 5]}, "{kind: conv, from: image, filters: 4, kernel: [3, 5]}"),
        ({"filters": None}, "{kind: conv, from: image, kernel: 3}"),
        ({"kernel": None}, "{kind: conv, from: image, filters: 4}"),
        ({"filters": None, "kernel": None}, "{kind: conv, from: image}"),
        ({"bias": 1, "stride": 2}, "{kind: conv, from: image, filters: 4, kernel: 3, bias: 1, stride: 2}"),
        ({"kind": None, "from": None, "size": "a b"}, '{filters: 4, kernel: 3, size: "a b"}'),
    ],
)
def test_a_line_is_edited_where_it_says_otherwise(fields: dict[str, Any], line: str) -> None:
    made = amended(parse(FLOW), changed(**fields))
    assert made.data() == changed(**fields)
    assert made.root.source.text == FLOW.replace("{kind: conv, from: image, filters: 4, kernel: 3}", line)


@pytest.mark.parametrize(
    ("fields", "before", "after"),
    [
        ({"filters": 8}, "    filters: 4\n", "    filters: 8\n"),
        ({"filters": None}, "    filters: 4\n", ""),
        ({"stride": 2}, "    kernel: 3\n", "    kernel: 3\n    stride: 2\n"),
        ({"kernel": [3, 5]}, "    kernel: 3\n", "    kernel: [3, 5]\n"),
    ],
)
def test_an_entry_on_lines_of_its_own(fields: dict[str, Any], before: str, after: str) -> None:
    made = amended(parse(BLOCK), changed(**fields))
    assert made.root.source.text == BLOCK.replace(before, after)


def test_items_of_a_list_in_lines_are_edited_and_another_length_is_written_anew() -> None:
    target = copy.deepcopy(DATA)
    target["layers"]["image"]["shape"] = [1, 8, 8]
    assert amended(parse(BLOCK), target).root.source.text == BLOCK.replace("- 3", "- 1")
    target["layers"]["image"]["shape"] = [8, 8]
    text = BLOCK.replace("    shape:\n      - 3\n      - 8\n      - 8\n", "    shape: [8, 8]\n")
    assert amended(parse(BLOCK), target).root.source.text == text


@pytest.mark.parametrize("text", [FLOW, BLOCK])
def test_a_new_entry_stands_where_it_does_in_the_target(text: str) -> None:
    target = copy.deepcopy(DATA)
    image, conv = target["layers"].values()
    target["layers"] = {
        "first": {"kind": "input"},
        "image": image,
        "pool": {"kind": "max_pool"},
        "conv": conv,
    }
    target["assumed"] = {"from": "somebody"}
    made = amended(parse(text), target)
    assert made.data() == target
    assert list(made.data()["layers"]) == ["first", "image", "pool", "conv"]
    lines = made.root.source.text.splitlines()
    assert "  pool: {kind: max_pool}" in lines
    assert lines[-1] == "assumed: {from: somebody}"
    assert {line for line in text.splitlines() if "#" in line} <= set(lines)


def test_a_donor_gives_its_own_lines_and_comments() -> None:
    donor = parse(
        "layers:\n    image: {kind: input}\n    # why\n"
        "    pool:  # here\n      kind: max_pool\n      size: 2\n"
    )
    target = copy.deepcopy(DATA)
    target["layers"]["pool"] = {"kind": "max_pool", "size": 2}
    made = amended(parse(FLOW), target, donor).root.source.text
    assert "kernel: 3}\n  # why\n  pool:  # here\n    kind: max_pool\n    size: 2\n" in made


def test_a_comment_goes_with_its_entry_if_the_donor_has_it_no_more() -> None:
    target = copy.deepcopy(DATA)
    del target["layers"]["conv"]
    assert "# the only one" not in amended(parse(FLOW), target, parse("layers: {}")).root.source.text
    assert "# the only one" in amended(parse(FLOW), target, parse("  # the only one\na: 1")).root.source.text
    assert "# the only one" in amended(parse(FLOW), target).root.source.text


def test_comments_between_entries_in_brackets_stay() -> None:
    text = "a: {b: 1,  # one\n    c: 2,  # two\n    d: 3}\n"
    made = amended(parse(text), {"a": {"c": 2, "d": 3}}).root.source.text
    assert made == "a: {  # one\n    c: 2,  # two\n    d: 3}\n"
    assert (
        amended(parse(text), {"a": {"b": 1, "c": 2}}).root.source.text
        == "a: {b: 1,  # one\n    c: 2,  # two\n    }\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(DATA),
        json.dumps(DATA, indent=1),
        FLOW.replace("\n", "\r\n"),
        FLOW.replace("epochs: 5", "epochs: 5,\n  note: more,\n  text: more,\n  "),
        FLOW.replace("epochs: 5", "epochs: 5, text: 'over\n  two lines'"),
        FLOW.replace("training: {epochs: 5}", "training:\n  epochs:\n  note: |\n    some\n    text"),
    ],
)
def test_any_style_is_edited_in_place(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amending, "_anew", lambda _: pytest.fail("all of it is written anew"))
    target = parse(text).data()
    target["layers"]["conv"]["filters"] = 8
    target["training"]["epochs"] = 6
    target["training"].pop("text", None)
    target["training"].pop("note", None)
    made = amended(parse(text), target)
    assert made.data() == target
    assert ("\r\n" in made.root.source.text) == ("\r\n" in text)
    assert ("# pictures" in made.root.source.text) == ("# pictures" in text)


def test_what_has_nothing_in_common_is_written_anew() -> None:
    made = amended(parse("a: 1\n"), {"layers": {"b": {"c": 2}}, "d": [1]})
    assert made.root.source.text == "layers:\n  b: {c: 2}\nd: [1]\n"
