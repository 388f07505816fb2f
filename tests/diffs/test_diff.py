"""Diffs by meaning: what shows up, what never does, and the consequences."""

from __future__ import annotations

from pathlib import Path

import specnet
from specnet.diffs.change import Change
from specnet.diffs.diff import compare, differences
from specnet.network.network import Examination, examine
from specnet.spec import spec
from specnet.syntax import document

SMALL = """\
specnet: 1
name: small
layers:
  image: {kind: input, shape: [3, 9, 9]}
  conv: {kind: conv, from: image, filters: 8, kernel: 3}
  fc: {kind: dense, from: conv, units: 4}
training:
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""

# The same spec: other order, comments, block style, defaults written out, other ways to write numbers.
REWRITTEN = """\
# A comment.
training:
  epochs: 1
  optimizer:
    learning_rate: 1e-1
    momentum: 0
    kind: sgd
  schedule: {kind: constant}
  loss: {from: fc, kind: softmax_cross_entropy}
layers:
  fc: {units: 4, bias: 0.0, kind: dense, from: [conv]}
  conv:
    kind: conv
    stride: [1, 1]
    kernel: [3, 3]
    filters: 8
    from: image
    padding: 0
  image: {kind: "input", shape: [3, 9, 9]}
groups: [gpu0]
name: small
specnet: 1
"""


def load(text: str) -> spec.Spec:
    return spec.load(document.parse(text))


def examined(text: str) -> Examination:
    return examine(document.parse(text))


def test_style_order_and_defaults_never_show() -> None:
    assert not compare(examined(SMALL), examined(REWRITTEN))
    assert str(compare(examined(SMALL), examined(REWRITTEN))) == "no differences"


HALF = """\
specnet: 1
name: small
groups: [a, b]
layers:
  image: {kind: input, shape: [3, 9, 9]}
  conv: {kind: conv, from: image, filters: 8, kernel: 3}
  fc: {kind: dense, from: conv, group: a, units: 4}
"""


def test_a_share_left_out_on_purpose_is_no_change_but_may_be_why_only_one_is_valid() -> None:
    meant = HALF.replace("group: a", "cross_group: false, group: a")
    assert str(compare(examined(meant), examined(meant))) == "no differences"
    found = compare(examined(HALF), examined(meant))
    assert not found.changes
    assert str(found).startswith("no differences\nthe first spec is not valid")
    assert "SN305" in str(found)
    assert found.as_markdown().startswith("no differences\n- the first spec is not valid")


def test_renaming_groups_does_not_make_a_spec_valid() -> None:
    found = compare(
        examined(HALF), examined(HALF.replace("[a, b]", "[c, d]").replace("group: a", "group: c"))
    )
    assert {side: [d.code for d in errors] for side, errors in found.invalid.items()} == {
        "first": ["SN305"],
        "second": ["SN305"],
    }
    assert [change.op for change in found.changes] == ["rename", "rename"]


def test_each_change_is_named_once() -> None:
    after = SMALL.replace("filters: 8", "filters: 16, activation: relu").replace("0.1", "0.2")
    assert differences(load(SMALL), load(after)) == [
        Change("change", "layers.conv.filters", 8, 16),
        Change("add", "layers.conv.activation", None, "relu"),
        Change("change", "training.optimizer.learning_rate", 0.1, 0.2),
    ]


def test_layers_added_removed_and_of_another_kind() -> None:
    added = SMALL.replace("  fc:", "  pool: {kind: max_pool, from: conv, kernel: 2}\n  fc:").replace(
        "from: conv, units", "from: pool, units"
    )
    (came,) = differences(load(SMALL), load(added))
    assert (came.op, came.path) == ("add", "layers.pool")
    assert came.along == (Change("change", "layers.fc.from", "conv", "pool"),)
    assert (
        str(came) == "+ layers.pool: {kind: max_pool, from: conv, kernel: 2, stride: 2}, with fc.from: pool"
    )
    (went,) = differences(load(added), load(SMALL))
    assert (went.op, went.path) == ("remove", "layers.pool")
    assert went.along == (Change("change", "layers.fc.from", "pool", "conv"),)
    other = SMALL.replace(
        "{kind: sgd, learning_rate: 0.1}\n", "{kind: sgd, learning_rate: 0.1}\n  schedule: "
    )
    other += "{kind: step, factor: 0.5, every: 2}\n"
    (change,) = differences(load(SMALL), load(other))
    assert (change.op, change.path) == ("change", "training.schedule")
    assert change.before == {"kind": "constant"}


def renames(before: str, after: str) -> dict[str, str]:
    return {c.before: c.after for c in differences(load(before), load(after)) if c.op == "rename"}


def test_a_renamed_layer_is_one_change_wherever_it_is_read() -> None:
    after = SMALL.replace("conv:", "first:").replace("from: conv", "from: first")
    assert differences(load(SMALL), load(after)) == [Change("rename", "layers.conv", "conv", "first")]
    assert "> layers.conv: conv -> first" in str(compare(examined(SMALL), examined(after))).splitlines()
    found = compare(examined(SMALL), examined(after)).consequences
    assert found is not None
    assert found.weights == (1796, 1796), "trained weights fit under the new name"


def test_a_layer_renamed_and_changed_is_known_by_its_place() -> None:
    after = (
        SMALL.replace("conv:", "first:")
        .replace("from: conv", "from: first")
        .replace("filters: 8", "filters: 9")
    )
    assert differences(load(SMALL), load(after)) == [
        Change("rename", "layers.conv", "conv", "first"),
        Change("change", "layers.first.filters", 8, 9),
    ]


def test_a_layer_of_another_kind_in_its_place_is_not_the_same_layer() -> None:
    after = SMALL.replace(
        "conv: {kind: conv, from: image, filters: 8, kernel: 3}",
        "pool: {kind: max_pool, from: image, kernel: 3}",
    )
    after = after.replace("from: conv,", "from: pool,")
    assert renames(SMALL, after) == {}


PARALLEL = SMALL.replace(
    "  fc: {kind: dense, from: conv,",
    "  a: {kind: conv, from: conv, filters: 8, kernel: 3}\n"
    "  b: {kind: conv, from: conv, filters: 8, kernel: 3}\n"
    "  a2: {kind: conv, from: a, filters: 4, kernel: 3}\n"
    "  b2: {kind: conv, from: b, filters: 6, kernel: 3}\n"
    "  fc: {kind: dense, from: [a2, b2],",
)  # fmt: skip


def test_branches_are_told_apart_by_what_reads_them() -> None:
    after = (
        PARALLEL.replace("a:", "y:")
        .replace("from: a,", "from: y,")
        .replace("b:", "x:")
        .replace("from: b,", "from: x,")
    )
    lines = after.splitlines()
    first, second = (next(i for i, line in enumerate(lines) if line.startswith(f"  {n}:")) for n in "yx")
    lines[first], lines[second] = lines[second], lines[first]
    assert renames(PARALLEL, "\n".join(lines)) in ({"a": "y", "b": "x"}, {"a": "x", "b": "y"})
    assert renames("\n".join(lines), PARALLEL) == {
        new: old for old, new in renames(PARALLEL, "\n".join(lines)).items()
    }


def test_equal_changes_of_several_layers_are_one_line_unless_all_are_asked_for() -> None:
    after = PARALLEL.replace("from: conv, filters: 8", "from: conv, filters: 10")
    found = compare(examined(PARALLEL), examined(after))
    assert "~ layers.{a, b}.filters: 8 -> 10" in str(found).splitlines()
    everything = found.text(everything=True).splitlines()
    assert {"~ layers.a.filters: 8 -> 10", "~ layers.b.filters: 8 -> 10"} <= set(everything)


def test_what_says_no_more_than_its_default_is_no_change(specs: Path) -> None:
    text = (specs / "alexnet.yaml").read_text()
    wordy = text.replace("conv2: {kind: conv,", "conv2: {kind: conv, group: [gpu1, gpu0],").replace(
        "weight_decay: 5e-4}", "weight_decay: 5e-4, biases: {learning_rate: 0.01, weight_decay: 5e-4}}"
    )
    assert wordy.count("group: [gpu1") == wordy.count("biases:") == 1
    assert not compare(examined(text), examined(wordy))


def test_renamed_groups_are_one_change_each(specs: Path) -> None:
    text = (specs / "alexnet.yaml").read_text()
    found = compare(examined(text), examined(text.replace("gpu0", "left").replace("gpu1", "right")))
    assert [(c.op, c.path, c.after) for c in found.changes] == [
        ("rename", "groups.gpu0", "left"),
        ("rename", "groups.gpu1", "right"),
    ]
    assert found.consequences is not None
    assert found.consequences.same_network
    assert found.consequences.weights == (60_965_224, 60_965_224)


def test_weights_that_read_groups_in_another_order_fit_with_their_columns_in_that_order(specs: Path) -> None:
    """conv3, fc6, fc7 and fc8 read both groups' shares one after another, in group order."""
    text = (specs / "alexnet.yaml").read_text()
    found = compare(examined(text), examined(text.replace("[gpu0, gpu1]", "[gpu1, gpu0]")))
    assert [change.path for change in found.changes] == ["groups"]
    assert found.consequences is not None
    assert found.consequences.untrained == ()
    assert found.consequences.same_network
    assert found.weights is not None
    moved = {place.node.layer for place, entry in found.weights.entries.items() if entry.how == "permuted"}
    assert moved == {"conv3", "fc6", "fc7", "fc8"}


def test_running_statistics_are_no_parameters(specs: Path) -> None:
    text = (specs / "alexnet.yaml").read_text()
    bn = "  bn4: {kind: batch_norm, from: conv4}\n"
    more = text.replace("  conv5: {kind: conv, from: conv4", f"{bn}  conv5: {{kind: conv, from: bn4")
    found = compare(examined(text), examined(more)).consequences
    assert found is not None
    assert found.parameters[1] == found.weights[1] == 60_965_224 + 2 * 384
    assert found.untrained == ("bn4",)


def test_a_step_of_training_is_not_compared_with_one_image() -> None:
    found = compare(examined(SMALL), examined(SMALL[: SMALL.index("training:")])).consequences
    assert found is not None
    assert found.memory == {}
    assert found.traffic == (0, 0)


def test_consequences() -> None:
    found = compare(examined(SMALL), examined(SMALL.replace("filters: 8", "filters: 16"))).consequences
    assert found is not None
    # conv: 8 * 27 + 8 weights and biases, fc: 4 * 8 * 49 + 4.
    assert found.parameters == (224 + 1572, 448 + 3140)
    assert found.macs == (8 * 49 * 27 + 4 * 8 * 49, 16 * 49 * 27 + 4 * 16 * 49)
    assert found.shapes == (("conv", (8, 7, 7), (16, 7, 7)),)


def test_without_a_valid_network_there_are_changes_but_no_consequences() -> None:
    found = compare(examined(SMALL), examined(SMALL.replace("from: conv", "from: cnv")))
    assert [c.path for c in found.changes] == ["layers.fc.from"]
    assert found.consequences is None
    assert found.as_json()["consequences"] is None
    for text in (str(found), found.as_markdown()):
        assert "the second spec is not valid, so the consequences are unknown:" in text
        assert "error SN301: layer 'fc': there is no layer 'cnv' to read" in text
    assert [error["code"] for error in found.as_json()["invalid"]["second"]] == ["SN301"]


def test_two_shipped_specs(specs: Path) -> None:
    found = specnet.diff(specs / "alexnet.yaml", specs / "alexnet_one_group.yaml")
    assert found.consequences is not None
    assert found.consequences.parameters == (60_965_224, 62_378_344)
    assert found.consequences.cross_group_values == (58_624, 0)
    paths = [change.path for change in found.changes]
    assert paths[:2] == ["name", "groups"]
    assert "layers.conv3.cross_group" in paths
    assert all(not path.startswith("training") for path in paths)


def test_short_and_long_form_are_the_same_network(specs: Path) -> None:
    found = specnet.diff(specs / "alexnet.yaml", specs / "alexnet_towers.yaml")
    assert found
    assert found.consequences is not None
    assert found.consequences.same_network
    assert str(found).splitlines() == [
        "~ name: alexnet -> alexnet_towers",
        "layers are written another way (everything=True shows how)",
        "",
        "consequences",
        "  the two are the same network, written in two ways",
    ]
    assert found.consequences.weights == (60_965_224, 60_965_224)
    assert "+ layers.conv1b" in found.text(everything=True)
    other = specnet.diff(specs / "alexnet.yaml", specs / "alexnet_one_group.yaml")
    assert other.consequences is not None
    assert not other.consequences.same_network


def test_which_trained_weights_still_fit_and_what_memory_is_needed() -> None:
    found = compare(examined(SMALL), examined(SMALL.replace("units: 4", "units: 6"))).consequences
    assert found is not None
    # conv's 8 * 27 + 8 parameters fit; fc's 6 * 8 * 49 + 6 do not.
    assert found.weights == (224, 224 + 2358)
    assert found.untrained == ("fc",)
    # Three copies of every parameter, and the outputs of 128 images (9 * 27 + 8 * 49 + units), 4 bytes each.
    values = 243 + 392
    before, after = 4 * (3 * 1796 + 128 * (values + 4)), 4 * (3 * 2582 + 128 * (values + 6))
    assert found.memory == {"gpu0": (before, after)}
    (sentence,) = [line for line in found.lines() if "fit" in line]
    assert sentence.startswith(f"224 of {224 + 2358:,} parameters fit the weights of a trained run")
    assert "specnet train NEW --weights RUN" in sentence


def test_markdown() -> None:
    text = compare(examined(SMALL), examined(SMALL.replace("filters: 8", "filters: 16"))).as_markdown()
    assert "| change | `layers.conv.filters` | `8` | `16` |" in text.splitlines()
    assert "- conv: 8x7x7 -> 16x7x7" in text.splitlines()


def test_cells_of_markdown_hold_whatever_a_value_contains() -> None:
    noted = "assumed: {from: 'A', values: name}\n"
    before, after = SMALL + noted, SMALL + noted.replace("'A'", '"b | `c` ``d\\ne"')
    text = compare(examined(before), examined(after)).as_markdown()
    # GitHub's tables take a pipe only as \\|, and code that contains two backticks stands between three.
    row = r'| change | `assumed.from` | `A` | ``` "b \| `c` ``d\ne" ``` |'
    assert row in text.splitlines()


def test_markdown_says_what_it_leaves_out(specs: Path) -> None:
    found = specnet.diff(specs / "alexnet.yaml", specs / "alexnet_towers.yaml")
    line = "layers are written another way (everything=True shows how)"
    assert line in found.text().splitlines()
    assert f"- {line}" in found.as_markdown().splitlines()
    assert line not in found.as_markdown(everything=True)


def test_an_option_inside_an_option() -> None:
    biased = SMALL.replace("0.1}", "0.1, biases: {learning_rate: 0.2}}")
    one, two = (spec.load(document.parse(text, "x.yaml")) for text in (SMALL, biased))
    assert differences(one, two) == [Change("add", "training.optimizer.biases", None, {"learning_rate": 0.2})]
    other = spec.load(document.parse(biased.replace("0.2}", "0.3}"), "x.yaml"))
    assert differences(two, other) == [Change("change", "training.optimizer.biases.learning_rate", 0.2, 0.3)]
