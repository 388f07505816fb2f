"""Two specs that were made from one: what is merged, what is a conflict, and what of the text stays."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from specnet.diagnostics.errors import SpecError
from specnet.diffs.diff import differences
from specnet.merging.conflicts import Conflict
from specnet.merging.merge import Merge, merge
from specnet.merging.naming import merged_names
from specnet.network.network import examine
from specnet.spec.spec import load
from specnet.syntax.document import parse

BASE = """\
# what it is for
specnet: 1
name: small
groups: [g0, g1]

layers:
  image: {kind: input, shape: [3, 16, 16]}
  # wide enough
  conv1: {kind: conv, from: image, filters: 8, kernel: 3, padding: 1, activation: relu}
  pool1: {kind: max_pool, from: conv1, kernel: 2, stride: 2}
  conv2:
    kind: conv
    from: pool1
    filters: 16  # of both groups
    kernel: 3
  fc: {kind: dense, from: conv2, cross_group: true, group: g0, units: 10}

training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1, momentum: 0.9}
  batch_size: 128
  epochs: 5
"""
Edit = tuple[str, str]


def edited(*edits: Edit, text: str = BASE) -> str:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return text


def merged(ours: str, theirs: str, base: str | None = BASE) -> Merge:
    before = None if base is None else parse(base, "base.yaml")
    return merge(before, parse(ours, "ours.yaml"), parse(theirs, "theirs.yaml"))


def only(made: Merge) -> Conflict:
    (conflict,) = made.conflicts
    return conflict


KERNEL = ("kernel: 3, padding: 1", "kernel: 5, padding: 2")
FILTERS = ("filters: 8,", "filters: 12,")
RATE = ("learning_rate: 0.1", "learning_rate: 0.2")
BIAS = ("    kernel: 3\n", "    kernel: 3\n    bias: 1  # theirs\n")
RENAME = ("conv2", "last")
NORM: tuple[Edit, ...] = (
    (
        "  pool1: {kind: max_pool, from: conv1,",
        "  # calms\n  norm: {kind: batch_norm, from: conv1}\n  pool1: {kind: max_pool, from: norm,",
    ),
)
DROP: tuple[Edit, ...] = (
    (
        "  fc: {kind: dense, from: conv2,",
        "  drop: {kind: dropout, from: conv2, rate: 0.5}\n  fc: {kind: dense, from: drop,",
    ),
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([FILTERS], [RATE]),
        ([FILTERS], [KERNEL]),
        ([FILTERS], [FILTERS]),
        ([FILTERS], [FILTERS, RATE]),
        ([RENAME], [BIAS]),
        ([BIAS], [RENAME]),
        ([RENAME], [RENAME, RATE]),
        ([RENAME], [*DROP]),
        ([*NORM], [*DROP]),
        ([*DROP], [*NORM, RATE]),
        ([*NORM], [*NORM]),
        ([("g0", "left")], [("g1", "right"), RATE]),
        ([("groups: [g0, g1]", "groups: [g0, g1, g2, g3]")], [("group: g0", "group: g1")]),
        (
            [("conv1", "conv2"), ("conv2:\n", "conv3:\n"), ("from: conv2, cross", "from: conv3, cross")],
            [BIAS],
        ),
    ],
)
def test_what_one_side_changed_is_taken(ours: list[Edit], theirs: list[Edit]) -> None:
    """The result is as if both had edited one text, one after the other."""
    own, other = edited(*ours), edited(*theirs)
    made = merged(own, other)
    assert made.conflicts == ()
    if ours != theirs[: len(ours)] and not (RENAME in ours or RENAME in theirs or ours[0][0] == "conv1"):
        own = edited(*ours, *theirs)
    elif RENAME in ours or RENAME in theirs:
        rest = [edit for edit in (*ours, *theirs) if edit != RENAME]
        own = edited(*rest, RENAME)
    else:
        own = edited(*(ours if ours[0][0] == "conv1" else ()), *theirs)
    assert made.text == own
    back = merged(other, edited(*ours))
    assert differences(load(parse(back.text)), load(parse(made.text))) == []


def test_ours_keeps_its_comments_order_and_style() -> None:
    ours = edited(
        ("# what it is for", "# ours"),
        ("  # wide enough\n", "  # ours, too\n\n"),
        ("epochs: 5", "epochs:   5  # few"),
    )
    theirs = edited(("# what it is for\n", ""), FILTERS, ("momentum: 0.9", "momentum: 0.5"))
    assert merged(ours, theirs).text == edited(FILTERS, ("momentum: 0.9", "momentum: 0.5"), text=ours)


def test_the_same_in_other_words_is_no_change() -> None:
    ours = edited(KERNEL)
    for words in (
        ("padding: 1", "padding: same"),
        ("padding: 1", "padding: 1, stride: 1"),
        ("conv2, c", "[conv2], c"),
    ):
        made = merged(ours, edited(words))
        assert (made.text, made.conflicts, made.taken) == (ours, (), ())
        assert merged(edited(words), ours).conflicts == ()


def test_two_ways_to_change_one_value_are_a_conflict_around_its_lines() -> None:
    made = merged(
        edited(("filters: 16", "filters: 24"), RATE), edited(("filters: 16", "filters: 32"), FILTERS)
    )
    conflict = only(made)
    assert (conflict.kind, conflict.path) == ("changed", "layers.conv2.filters")
    assert (conflict.base, conflict.ours, conflict.theirs) == (16, 24, 32)
    assert conflict.at_ours
    assert conflict.at_theirs
    assert (conflict.at_ours.file, conflict.at_ours.line) == ("ours.yaml", 14)
    assert (conflict.at_theirs.file, conflict.at_theirs.column) == ("theirs.yaml", 14)
    both = (
        "<<<<<<< ours\n    filters: 24  # of both groups\n=======\n    filters: 32  # of both groups\n"
        ">>>>>>> theirs\n"
    )
    assert made.text == edited(("    filters: 16  # of both groups\n", both), RATE, FILTERS)


def test_both_sides_of_a_line_have_what_was_merged_in_it() -> None:
    momenta = [("momentum: 0.9", f"momentum: {value}") for value in (0.8, 0.7)]
    made = merged(
        edited(RATE, momenta[0]),
        edited(("learning_rate: 0.1,", "learning_rate: 0.1, weight_decay: 1e-4,"), momenta[1]),
    )
    assert only(made).path == "training.optimizer.momentum"
    lines = made.text.split("<<<<<<< ours\n")[1].split(">>>>>>> theirs\n")[0].splitlines()
    assert [line.strip() for line in lines] == [
        "optimizer: {kind: sgd, learning_rate: 0.2, weight_decay: 1e-4, momentum: 0.8}",
        "=======",
        "optimizer: {kind: sgd, learning_rate: 0.2, weight_decay: 1e-4, momentum: 0.7}",
    ]


def test_a_layer_removed_here_and_changed_there() -> None:
    gone = edited(
        ("  pool1: {kind: max_pool, from: conv1, kernel: 2, stride: 2}\n", ""), ("from: pool1", "from: conv1")
    )
    changed = edited(("kernel: 2, stride: 2", "kernel: 4, stride: 2"))
    made = merged(gone, changed)
    conflict = only(made)
    assert (conflict.kind, conflict.path, conflict.ours) == ("removed", "layers.pool1", None)
    line = "  pool1: {kind: max_pool, from: conv1, kernel: 4, stride: 2}\n"
    assert f"activation: relu}}\n<<<<<<< ours\n=======\n{line}>>>>>>> theirs\n  conv2:\n" in made.text
    made = merged(changed, gone)
    assert only(made).theirs is None
    assert f"<<<<<<< ours\n{line}=======\n>>>>>>> theirs\n" in made.text


def test_two_layers_added_under_one_name() -> None:
    ours = edited(*DROP)
    theirs = edited(("rate: 0.5", "rate: 0.2"), text=ours)
    made = merged(ours, theirs)
    assert (only(made).kind, only(made).path, only(made).base) == ("added", "layers.drop", None)
    assert "<<<<<<< ours\n  drop: {kind: dropout, from: conv2, rate: 0.5}\n=======\n" in made.text
    assert merged(ours, ours).conflicts == ()


def test_two_new_names_for_one_layer() -> None:
    made = merged(edited(RENAME), edited(("conv2", "final"), RATE))
    conflict = only(made)
    assert (conflict.kind, conflict.base, conflict.ours, conflict.theirs) == (
        "renamed",
        "conv2",
        "last",
        "final",
    )
    assert made.text == edited(RENAME, RATE)
    assert merged(edited(("g1", "a")), edited(("g1", "b"))).conflicts[0].path == "groups.g1"


def test_a_new_name_that_is_taken() -> None:
    ours = edited(*DROP, ("drop:", "last:"), ("from: drop", "from: last"))
    made = merged(ours, edited(RENAME))
    assert only(made).kind == "renamed"
    assert made.text == ours


def test_what_is_not_valid_together_names_the_changes_of_both() -> None:
    ours = edited(("kernel: 2, stride: 2", "kernel: 8, stride: 8"))
    theirs = edited(("    kernel: 3\n", "    kernel: 5\n"))
    made = merged(ours, theirs)
    conflict = made.conflicts[0]
    assert (conflict.kind, conflict.path) == ("invalid", "layers.conv2")
    assert conflict.changes is not None
    assert conflict.changes["theirs"] == ["layers.conv2.kernel"]
    assert "layers.pool1.kernel" in conflict.changes["ours"]
    assert made.text == edited(("    kernel: 3\n", "    kernel: 5\n"), text=ours)
    assert "<<<<" not in made.text
    told = list(conflict.lines())
    assert told[-1] == "  theirs changed layers.conv2.kernel"


def test_names_follow_into_the_recipe_and_what_is_assumed() -> None:
    more = "  frozen: [conv2]\nassumed: {from: paper, values: [layers.conv2.kernel, layers.conv1]}\n"
    ours = edited(RENAME, text=BASE + more)
    theirs = edited(
        ("[conv2]", "[conv1, conv2]"),
        ("layers.conv1]", "layers.conv1, layers.conv2.bias]"),
        text=BASE + more,
    )
    made = merged(ours, theirs, BASE + more)
    assert made.conflicts == ()
    assert "frozen: [last, conv1]\n" in made.text
    assert "[layers.last.kernel, layers.conv1, layers.last.bias]" in made.text


def test_lists_without_an_order_take_what_each_side_adds() -> None:
    text = BASE + "  frozen: [conv1, conv2]\n"
    made = merged(
        edited(("[conv1, conv2]", "[conv1, conv2, fc]"), text=text),
        edited(("[conv1, conv2]", "[conv1]"), text=text),
        text,
    )
    assert made.text == BASE + "  frozen: [conv1, fc]\n"


BLOCKS = edited(
    (
        "layers:\n",
        "blocks:\n  unit:\n    parameters: [filters]\n    layers:\n"
        "      conv: {kind: conv, from: input, filters: $filters, kernel: 3, padding: 1}  # same size\n"
        "      norm: {kind: batch_norm, from: conv, activation: relu}\n\nlayers:\n",
    ),
    (
        "  fc: {kind: dense, from: conv2,",
        "  unit1: {kind: block, of: unit, from: conv2, filters: 8}\n  fc: {kind: dense, from: unit1,",
    ),
)


def test_blocks_are_merged_as_they_are_written() -> None:
    inner, use, rename = (
        ("kernel: 3, padding: 1}", "kernel: 5, padding: 2}"),
        ("conv2, filters: 8", "conv2, filters: 4"),
        ("unit1", "stage"),
    )
    made = merged(edited(inner, rename, text=BLOCKS), edited(use, RATE, text=BLOCKS), BLOCKS)
    assert (made.text, made.conflicts) == (edited(inner, rename, use, RATE, text=BLOCKS), ())
    another = ("kernel: 3, padding: 1}", "kernel: 1}")
    made = merged(edited(inner, text=BLOCKS), edited(another, text=BLOCKS), BLOCKS)
    assert [conflict.path for conflict in made.conflicts] == [
        "blocks.unit.layers.conv.kernel",
        "blocks.unit.layers.conv.padding",
    ]
    assert made.text.count("<<<<<<< ours") == 1
    assert merged(BASE, BLOCKS).text == BLOCKS
    assert merged(BLOCKS, BASE, BLOCKS).text == BASE


def test_new_layers_that_have_a_former_name_are_all_news(specs: Path) -> None:
    """Of the long form's layers one is the short one's in the first comparison, and none in the second."""
    short = (specs / "alexnet.yaml").read_text(encoding="utf-8")
    base = (specs / "alexnet_towers.yaml").read_text(encoding="utf-8").replace("alexnet_towers", "alexnet")
    one = edited(("groups: [gpu0, gpu1]", "groups: [gpu0]"), text=short)
    one = one.replace(", cross_group: true", "")
    other = edited(("relu", "tanh"), text=short)
    there, back = merged(one, other, base), merged(other, one, base)
    for made in (there, back):
        known = [conflict.path for conflict in made.conflicts]
        assert "activation: tanh" in made.text or any(path.startswith("layers.conv1") for path in known)


def test_groups_that_a_layer_leaves_open_are_the_base_s_where_theirs_changes_the_groups() -> None:
    base = edited(("[g0, g1]", "[g0]"), (", cross_group: true", ""))
    ours = edited((", group: g0", ""), text=base)
    theirs = edited(("[g0]", "[g0, g1]"), ("group: g0", "group: g0, cross_group: true"), text=base)
    made = merged(ours, theirs, base)
    assert differences(load(parse(made.text)), load(parse(merged(theirs, ours, base).text))) == []
    assert "group: g0" in made.text


def test_specs_that_are_both_new() -> None:
    assert merged(BASE, BASE, None).conflicts == ()
    made = merged(BASE, edited(RATE, *NORM), None)
    assert [conflict.path for conflict in made.conflicts] == [
        "layers.pool1",
        "training.optimizer.learning_rate",
    ]
    assert "  # calms\n  norm: {kind: batch_norm, from: conv1}\n" in made.text


def resolved(text: str, side: int) -> str:
    """A text with one side of every conflict: the first is ours."""
    block = re.compile("<<<<<<< ours\n(.*?)=======\n(.*?)>>>>>>> theirs\n", re.DOTALL)
    return block.sub(lambda match: match[side], text)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ([("filters: 16", "filters: 24"), RATE], [("filters: 16", "filters: 32"), *NORM]),
        ([RATE, *DROP], [("learning_rate: 0.1", "learning_rate: 0.3"), FILTERS]),
        (
            [
                (
                    "kind: conv\n    from: pool1\n    filters: 16",
                    "kind: dense\n    from: pool1\n    units: 16",
                ),
                ("    kernel: 3\n", ""),
            ],
            [BIAS],
        ),
        ([*DROP], [*DROP, ("rate: 0.5", "rate: 0.2")]),
        ([("momentum: 0.9", "momentum: 0.8"), RATE], [("0.1, momentum: 0.9", "0.3, momentum: 0.7")]),
    ],
)
def test_each_side_of_a_conflict_is_a_spec_with_all_else_merged(ours: list[Edit], theirs: list[Edit]) -> None:
    own, other = edited(*ours), edited(*theirs)
    there, back = merged(own, other), merged(other, own)
    assert there.conflicts
    for side in (1, 2):
        one, two = (load(parse(resolved(made.text, at))) for made, at in ((there, side), (back, 3 - side)))
        assert differences(one, two) == []


def test_a_conflict_in_a_file_of_one_line_is_about_all_of_it() -> None:
    texts = [json.dumps(parse(edited(("filters: 16", f"filters: {count}"))).data()) for count in (16, 24, 32)]
    made = merged(texts[1], texts[2], texts[0])
    assert made.text == f"<<<<<<< ours\n{texts[1]}\n=======\n{texts[2]}\n>>>>>>> theirs\n"


def test_line_ends_stay() -> None:
    made = merged(edited(("\n", "\r\n")), edited(FILTERS, *NORM))
    assert made.text == edited(FILTERS, *NORM).replace("\n", "\r\n")


def test_specs_that_are_not_sound_are_refused() -> None:
    with pytest.raises(SpecError, match=r"theirs\.yaml"):
        merged(BASE, edited(("filters: 8", "filters: many")))


def test_what_is_merged_is_valid() -> None:
    assert examine(parse(merged(edited(*NORM), edited(*DROP)).text)).network is not None


def chain(count: int, name: str) -> str:
    """Layers that read one another."""
    names = ["image", *(f"{name}{i}" for i in range(count))]
    layers = [f"  {n}: {{kind: dense, from: {names[i]}, units: 4}}" for i, n in enumerate(names[1:])]
    return "\n".join((*BASE.splitlines()[1:4], "layers:", BASE.splitlines()[6], *layers, ""))


@pytest.mark.slow
def test_a_merge_takes_no_square_of_the_layers() -> None:
    began = time.process_time()
    made = merged(chain(4_000, "a"), chain(4_000, "b"), None)
    assert time.process_time() - began < 12  # measured: 3 s; 20 and more when each was looked for by itself
    assert not made.conflicts
    assert made.text.count("kind: dense") == 8_000


def test_new_names_take_no_square_of_the_layers() -> None:
    names = [f"a{i}" for i in range(8_000)]
    theirs = {name: f"b{name}" for name in names}
    began = time.process_time()
    made = merged_names(
        "layers", names, {name: name for name in names}, theirs, (set(names), set(theirs.values()))
    )
    assert time.process_time() - began < 1  # measured: 0.05 s; 3 s when each was compared with all others
    assert made.base == theirs
    assert not made.clashes


@pytest.mark.slow
def test_many_findings_about_a_merge_take_no_square_of_the_layers() -> None:
    layers = "".join(f"  l{i}: {{kind: dense, from: first, units: 4}}\n" for i in range(3_000))
    base = edited(("layers:\n", "layers:\n  first: {kind: dense, from: image, units: 4}\n"))
    base = edited(("from: conv2, cross_group: true", "from: [conv2, first]"), text=base)
    ours = edited(("  first: {kind: dense, from: image, units: 4}\n", ""), text=base)
    ours = edited(("[conv2, first]", "conv2"), text=ours)
    theirs = edited(("\ntraining:", f"{layers}\ntraining:"), text=base)
    began = time.process_time()
    made = merged(ours, theirs, base)
    assert time.process_time() - began < 12  # measured: 2 s
    assert {conflict.kind for conflict in made.conflicts} == {"invalid"}
    assert len(made.conflicts) >= 3_000
    assert made.conflicts[0].changes is not None
    assert "layers.first" in made.conflicts[0].changes["ours"]
