"""What is told of pairs that look unlike and are alike, and of those that look alike and are not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from specnet.diffs.apply import applied
from specnet.diffs.diff import Diff, compare
from specnet.diffs.normal_form import canonical
from specnet.network.network import examine
from specnet.syntax import document

RECIPE = """\
training:
  weights: {kind: normal, std: 0.01}
  loss: {kind: softmax_cross_entropy, from: fc}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""
TOWERS = f"""\
specnet: 1
name: towers
groups: [g0, g1]
layers:
  image: {{kind: input, shape: [3, 9, 9]}}
  a: {{kind: conv, from: image, group: g0, filters: 8, kernel: 3, activation: relu}}
  b: {{kind: conv, from: image, group: g1, filters: 8, kernel: 3, activation: relu}}
  fc: {{kind: dense, from: [a, b], cross_group: true, group: g0, units: 4}}
{RECIPE}"""
CHAIN = f"""\
specnet: 1
name: chain
layers:
  image: {{kind: input, shape: [3, 17, 17]}}
  conv1: {{kind: conv, from: image, filters: 8, kernel: 3, padding: 1, activation: relu}}
  conv2: {{kind: conv, from: conv1, filters: 12, kernel: 3, padding: 1, activation: relu}}
  conv3: {{kind: conv, from: conv2, filters: 16, kernel: 5, activation: relu}}
  pool: {{kind: max_pool, from: conv3, kernel: 2}}
  fc: {{kind: dense, from: pool, units: 4}}
{RECIPE}"""
BRANCHES = f"""\
specnet: 1
name: branches
layers:
  image: {{kind: input, shape: [3, 9, 9]}}
  c: {{kind: conv, from: image, filters: 8, kernel: 3}}
  p1: {{kind: conv, from: c, filters: 4, kernel: 3}}
  p2: {{kind: conv, from: c, filters: 4, kernel: 3}}
  fc: {{kind: dense, from: [p1, p2], units: 4}}
{RECIPE}"""
SUM = BRANCHES.replace(
    "  fc: {kind: dense, from: [p1, p2]", "  s: {kind: add, from: [p1, p2]}\n  fc: {kind: dense, from: s"
)


def named(text: str, names: Mapping[str, str]) -> str:
    """With other names, all at once."""
    return re.sub(rf"\b({'|'.join(names)})\b", lambda found: names[found[1]], text)


def between(before: str, after: str) -> Diff:
    """The diff of two texts, once its JSON has been found to lead from one to the other, and back."""
    one, other = (examine(document.parse(text)) for text in (before, after))
    assert one.spec is not None
    assert other.spec is not None
    found, back = compare(one, other), compare(other, one)
    assert applied(canonical(one.spec), found.as_json()) == canonical(other.spec)
    assert applied(canonical(other.spec), back.as_json()) == canonical(one.spec)
    assert len(found.changes) == len(back.changes)
    return found


def test_a_rate_changed_between_two_forms_of_one_network_is_one_change(specs: Path) -> None:
    towers = (specs / "alexnet_towers.yaml").read_text().replace("name: alexnet_towers", "name: alexnet")
    short = (specs / "alexnet.yaml").read_text()
    found = between(short, towers.replace("learning_rate: 0.01,", "learning_rate: 0.02,"))
    assert [str(c) for c in found.changes] == ["~ training.optimizer.learning_rate: 0.01 -> 0.02"]
    assert found.consequences is not None
    assert found.consequences.same_network
    assert found.consequences.weights == (60_965_224, 60_965_224)


@pytest.mark.parametrize(
    ("part", "other", "told"),
    [
        ("bias: 1", "bias: 0.5", "~ layers.conv2a.bias: 1 -> 0.5"),
        ("kernel: 5, padding: 2", "kernel: 3, padding: 1", "~ layers.conv2a.kernel: 5 -> 3"),
        ("filters: 128", "filters: 96", "~ layers.conv2a.filters: 128 -> 96"),
    ],
)
def test_a_tower_that_differs_from_the_short_form_is_one_change(
    specs: Path, part: str, other: str, told: str
) -> None:
    towers = (specs / "alexnet_towers.yaml").read_text().replace("name: alexnet_towers", "name: alexnet")
    (line,) = (line for line in towers.splitlines() if line.strip().startswith("conv2a:"))
    after = towers.replace(line, line.replace(part, other))
    assert after != towers
    found = between((specs / "alexnet.yaml").read_text(), after)
    assert told in [str(change) for change in found.changes]
    assert len(found.changes) == part.count(":")


CONCAT = TOWERS.replace(
    "  fc: {kind: dense, from: [a, b], cross_group: true, group: g0",
    "  join: {kind: concat, from: [a, b], cross_group: true, group: g0}\n  fc: {kind: dense, from: join",
)
FLAT = CHAIN.replace(
    "  fc: {kind: dense, from: pool", "  flat: {kind: flatten, from: pool}\n  fc: {kind: dense, from: flat"
)
LIKE_RECIPE = CHAIN.replace("kernel: 5", "kernel: 5, weights: {kind: normal, std: 0.01}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOWERS, CONCAT),
        (CHAIN, FLAT),
        (CHAIN, CHAIN.replace("padding: 1", "padding: same", 1)),
        (CHAIN, CHAIN.replace("padding: 1", "padding: [1, 1, 1, 1]", 1)),
        (CHAIN, CHAIN.replace("kernel: 5", "kernel: 5, rounding: ceil")),
        (CHAIN, LIKE_RECIPE),
        (SUM, SUM.replace("add, from: [p1, p2]", "add, from: [p2, p1]")),
        (TOWERS, TOWERS.replace("group: g0, filters", "group: [g0], filters")),
    ],
    ids=["concat", "flatten", "same", "four pads", "rounding", "initializer", "add", "group"],
)
def test_another_way_to_write_the_same_is_no_change(before: str, after: str) -> None:
    for one, other in ((before, after), (after, before)):
        found = between(one, other)
        assert not found
        assert found.changes == ()
        assert found.consequences is not None
        assert found.consequences.same_network
        assert found.consequences.untrained == ()
        assert str(found).startswith("no differences")


MOVED = "the two are the same network, with layers on other groups"
WRITTEN = "the two are the same network, written in two ways"


@pytest.mark.parametrize(
    ("before", "after", "changes", "sameness"),
    [
        (
            TOWERS,
            TOWERS.replace("[a, b]", "[b, a]"),
            ["~ layers.fc.from: [a, b] -> [b, a]"],
            "the two are the same network, with the columns of fc.g0.weight in another order",
        ),
        (
            BRANCHES,
            BRANCHES.replace("[p1, p2]", "[p2, p1]"),
            ["~ layers.fc.from: [p1, p2] -> [p2, p1]"],
            "the two are the same network, with the columns of fc.gpu0.weight in another order, "
            "or with p1 and p2 exchanged",
        ),
        (
            TOWERS,
            named(TOWERS, {"image, group: g0": "image, group: g1", "image, group: g1": "image, group: g0"}),
            ["~ layers.a.group: g0 -> g1", "~ layers.b.group: g1 -> g0"],
            MOVED,
        ),
        (
            TOWERS,
            TOWERS.replace("true, group: g0", "true, group: g1"),
            ["~ layers.fc.group: g0 -> g1"],
            MOVED,
        ),
        (
            TOWERS.replace("true, group: g0", "true, group: g1"),
            TOWERS.replace("true, group: g0", "true"),
            ["~ layers.fc.group: g1 -> g0"],
            MOVED,
        ),
        (
            TOWERS,
            named(TOWERS, {"g0": "g1", "g1": "g0"}),
            ["> groups.g0: g0 -> g1", "> groups.g1: g1 -> g0"],
            WRITTEN,
        ),
        (
            CHAIN,
            named(CHAIN, {"conv2": "conv3", "conv3": "conv2"}),
            ["> layers.conv2: conv2 -> conv3", "> layers.conv3: conv3 -> conv2"],
            "the two are the same network, with other layers under the names conv2, conv3",
        ),
    ],
    ids=["inputs", "like branches", "towers", "last layer", "left out", "group names", "layer names"],
)
def test_the_same_network_in_another_order_or_place(
    before: str, after: str, changes: list[str], sameness: str
) -> None:
    found = between(before, after)
    assert [str(change) for change in found.changes] == changes
    assert found.consequences is not None
    assert found.consequences.lines()[0] == sameness
    assert found.consequences.weights[0] == found.consequences.weights[1]


def test_an_inserted_layer_and_the_new_numbers_of_those_behind_it() -> None:
    after = named(CHAIN, {"conv2": "conv3", "conv3": "conv4"}).replace(
        "  conv3:", "  conv2: {kind: conv, from: conv1, filters: 8, kernel: 1}\n  conv3:"
    ).replace("from: conv1, filters: 12", "from: conv2, filters: 12")  # fmt: skip
    found = between(CHAIN, after)
    assert sorted(change.op for change in found.changes) == ["add", "rename", "rename"]
    assert found.consequences is not None
    assert found.consequences.untrained == ("conv2",)
    # All but the 8 x 8 weights and 8 biases of the new layer.
    assert found.consequences.weights[1] - found.consequences.weights[0] == 72


def test_neighbours_that_changed_places_are_one_change() -> None:
    lrn, pool = "kind: lrn, size: 3, k: 1, alpha: 0.1, beta: 0.7", "kind: max_pool, kernel: 2"
    one = CHAIN.replace(
        "  conv2: {kind: conv, from: conv1",
        f"  n: {{{lrn}, from: conv1}}\n  q: {{{pool}, from: n}}\n  conv2: {{kind: conv, from: q",
    )
    two = CHAIN.replace(
        "  conv2: {kind: conv, from: conv1",
        f"  q: {{{pool}, from: conv1}}\n  n: {{{lrn}, from: q}}\n  conv2: {{kind: conv, from: n",
    )
    (change,) = between(one, two).changes
    assert change.field == "from"
    assert len(change.along) == 2


def test_a_split_layer_is_a_grouped_convolution_on_one_group() -> None:
    split = TOWERS.replace(
        TOWERS[TOWERS.index("  a:") : TOWERS.index("  fc:")],
        "  a: {kind: conv, from: image, filters: 8, kernel: 3}\n"
        "  b: {kind: conv, from: a, filters: 8, kernel: 3}\n",
    ).replace("[a, b]", "b")
    one = split.replace("groups: [g0, g1]", "groups: [g0]").replace("cross_group: true, ", "")
    found = between(split, one.replace("from: a, filters: 8", "from: a, groups: 2, filters: 8"))
    assert found.consequences is not None
    assert found.consequences.same_network
    assert found.weights is not None
    assert {entry.how for place, entry in found.weights.entries.items() if place.node.layer != "fc"} == {
        "joined"
    }
    other = between(split, one)
    assert other.consequences is not None
    assert not other.consequences.same_network
    assert other.consequences.untrained == ("b",)


BEHIND = CHAIN.replace("training:", "  top: {kind: dense, from: fc, units: 4}\ntraining:").replace(
    "softmax_cross_entropy, from: fc", "softmax_cross_entropy, from: top"
)


def test_a_layer_behind_the_head_is_one_change_and_the_loss_comes_along() -> None:
    after = BEHIND
    (came,) = between(CHAIN, after).changes
    assert str(came) == "+ layers.top: {kind: dense, from: fc, units: 4}, with training.loss.from: top"
    found = between(CHAIN, after).consequences
    assert found is not None
    assert found.untrained == ("top",)
    (went,) = between(after, CHAIN).changes
    assert (went.op, went.path) == ("remove", "layers.top")


def test_beyond_a_bound_layers_are_compared_by_name_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specnet.diffs.matching.search.BY_NAME_ALONE", 3)
    monkeypatch.setattr("specnet.diffs.comparison.BY_NAME_ALONE", 3)
    found = between(CHAIN, named(CHAIN, {"conv2": "conv3", "conv3": "conv2"}))
    assert len(found.changes) > 2
    assert "more than 50,000 layers: compared by name from here on" in str(found).splitlines()
    assert found.as_json()["by_name"] is True


def test_a_recipe_that_freezes_a_layer_which_came_says_something_else() -> None:
    before = CHAIN.replace("training:", "training:\n  frozen: [conv1]")
    after = BEHIND.replace("training:", "training:\n  frozen: [conv1, top]")
    assert {change.path for change in between(before, after).changes} == {"layers.top", "training.frozen"}
    words = CHAIN.replace("training:", "training:\n  frozen: ['conv1*']")
    assert not between(before, words)


def test_a_join_of_own_shares_is_not_one_of_all_whatever_else_changed() -> None:
    every = TOWERS.replace(
        TOWERS[TOWERS.index("  a:") : TOWERS.index("  fc:")],
        "  c: {kind: conv, from: image, filters: 8, kernel: 3}\n"
        "  d: {kind: dense, from: c, cross_group: true, units: 6}\n",
    ).replace("[a, b]", "d")
    own = every.replace(
        "  d: {kind: dense, from: c, cross_group: true",
        "  j: {kind: concat, from: c}\n  d: {kind: dense, from: j",
    )
    for before, after in (
        (every, own),
        (every, own.replace("filters: 8, kernel: 3", "filters: 8, kernel: 3, bias: 1")),
    ):
        found = between(before, after)
        assert {"layers.j", "layers.d.cross_group"} & {change.path for change in found.changes}
        assert found.consequences is not None
        assert not found.consequences.same_network


def test_joins_of_joins_are_seen_through_up_to_a_bound() -> None:
    """Forty of them hold 2 ** 41 times the image, one after another."""
    joins = "".join(f"  c{i}: {{kind: concat, from: [c{i - 1}, c{i - 1}]}}\n" for i in range(1, 40))
    text = "specnet: 1\nname: joins\nlayers:\n  image: {kind: input, shape: [1, 2, 2]}\n"
    text += f"  c0: {{kind: concat, from: [image, image]}}\n{joins}"
    text += "  end: {kind: blur, from: c39, size: 3, std: 1}\n"
    assert [c.path for c in between(text, text.replace("std: 1", "std: 2")).changes] == ["layers.end.std"]
