"""Pairs that look like more edits than they are, or like other networks: what is said of them is true."""

from __future__ import annotations

import re

import pytest

from editing.known import pair, said_truly, spec

pytestmark = pytest.mark.slow
ROW = """
c: {kind: conv, from: image, filters: 4, kernel: 3}
flat: {kind: flatten, from: c}
join: {kind: concat, from: [flat, flat]}
s: {kind: scale, from: join}
fc: {kind: dense, from: s, units: 4}
"""
IMAGE = ROW.replace("flat: {kind: flatten, from: c}\n", "").replace("[flat, flat]", "[c, c]")


def test_a_row_that_is_scaled_behind_a_join_is_no_other_way_to_write_an_image() -> None:
    told = said_truly(spec(ROW), spec(IMAGE), 1, same=False)
    assert told == ["- layers.flat: {kind: flatten, from: c}, with join.from: [c, c]"]


def test_a_row_before_a_join_before_a_dense_layer_is_written_otherwise() -> None:
    before, after = (
        spec(text.replace("s: {kind: scale, from: join}\n", "").replace("from: s", "from: join"))
        for text in (ROW, IMAGE)
    )
    assert not said_truly(before, after, 0, same=True)


MOVED = """
a: {kind: conv, from: image, group: g0, filters: 4, kernel: 3}
b: {kind: conv, from: image, group: g1, filters: 4, kernel: 3}
fc: {kind: dense, from: [a, b], units: 4, cross_group: true, group: g0}
"""


def test_rows_written_out_are_no_change_where_towers_moved() -> None:
    after = (
        MOVED.replace("image, group: g0", "image, group: g2")
        .replace("image, group: g1", "image, group: g0")
        .replace("group: g2", "group: g1")
        .replace("fc:", "ra: {kind: flatten, from: a}\nrb: {kind: flatten, from: b}\nfc:")
        .replace("[a, b]", "[ra, rb]")
    )
    told = said_truly(spec(MOVED, "[g0, g1]"), spec(after, "[g0, g1]"), 2, same=True)
    assert [line.split(":")[0] for line in told] == ["~ layers.a.group", "~ layers.b.group"]


@pytest.mark.parametrize("kind", ["max_pool", "avg_pool"])
def test_the_stride_of_a_pool_follows_its_kernel(kind: str) -> None:
    before = spec(f"p: {{kind: {kind}, from: image, kernel: 2}}\nfc: {{kind: dense, from: p, units: 4}}")
    told = said_truly(before, before.replace("kernel: 2", "kernel: 3"), 1, same=False)
    assert told == ["~ layers.p.kernel: 2 -> 3, with p.stride: 3"]
    written = before.replace("kernel: 2", "kernel: 2, stride: 2")
    assert said_truly(written, before.replace("kernel: 2", "kernel: 3"), 1, same=False) == told
    kept = before.replace("kernel: 2", "kernel: 3, stride: 2")
    assert said_truly(before, kept, 1, same=False) == ["~ layers.p.kernel: 2 -> 3"]
    other = before.replace("kernel: 2", "kernel: 2, stride: 1")
    assert said_truly(before, other, 1, same=False) == ["~ layers.p.stride: 2 -> 1"]


def test_statistics_of_which_one_stands_there_twice_are_joined() -> None:
    before = spec("""
    a: {kind: conv, from: image, filters: 4, kernel: 3}
    b: {kind: conv, from: image, filters: 4, kernel: 3}
    join: {kind: concat, from: [a, b]}
    n: {kind: batch_norm, from: join}
    fc: {kind: dense, from: [n, b], units: 4}
    """)
    made = pair(before, before.replace("[a, b]", "[a, a]"), 1, same=False)
    said_truly(before, before.replace("[a, b]", "[a, a]"), 1, same=False)
    hows = {place.role: entry.how for place, entry in made.mapping.entries.items() if place.node.layer == "n"}
    assert hows == dict.fromkeys(("weight", "bias", "running_mean", "running_var"), "joined")


CONVS = """
a: {kind: conv, from: image, filters: 4, kernel: 3}
b: {kind: conv, from: a, filters: 4, kernel: 3}
fc: {kind: dense, from: b, units: 4}
"""


def test_a_recipe_lists_the_same_layers_in_other_words_beside_a_new_layer() -> None:
    new = CONVS.replace("fc:", "c: {kind: conv, from: b, filters: 5, kernel: 3}\nfc:")
    new = new.replace("from: b, units", "from: c, units")

    def frozen(layers: str, names: str) -> str:
        return spec(layers, recipe=f"  frozen: {names}\n")

    (told,) = said_truly(frozen(CONVS, "[a, b]"), frozen(new, "[b, a]"), 1, same=False)
    assert told.startswith("+ layers.c")
    # With that pattern the new layer would be frozen, and is not.
    assert len(said_truly(frozen(CONVS, "'?'"), frozen(new, "[b, a]"), 2, same=False)) == 2


ALIKE = """
a: {kind: conv, from: image, filters: 4, kernel: 3, padding: 1, activation: relu}
b: {kind: conv, from: a, filters: 4, kernel: 3, padding: 1, activation: relu}
c: {kind: conv, from: b, filters: 4, kernel: 3, padding: 1, activation: relu}
d: {kind: conv, from: c, filters: 4, kernel: 3, padding: 1, activation: relu}
e: {kind: conv, from: d, filters: 4, kernel: 3, padding: 1, activation: relu}
fc: {kind: dense, from: e, units: 4}
"""


def with_names(layers: str, **names: str) -> str:
    """With other names of layers, all at once."""
    return re.sub(rf"\b({'|'.join(names)})(?=[:,}}\]])", lambda found: names.get(found[1], found[1]), layers)


@pytest.mark.parametrize(
    "names",
    [{"b": "c", "c": "b"}, {"b": "d", "d": "b"}, {"b": "c", "c": "d", "d": "b"}],
    ids=["neighbours", "others", "three"],
)
def test_layers_that_are_alike_and_exchanged_names_are_renamed(names: dict[str, str]) -> None:
    before, after = spec(ALIKE), spec(with_names(ALIKE, **names))
    told = said_truly(before, after, len(names), same=True)
    assert told == [f"> layers.{old}: {old} -> {new}" for old, new in names.items()]
    found = pair(before, after, len(names), same=True).diff.consequences
    assert found is not None
    listed = ", ".join(sorted(names))
    assert found.sameness == f"the two are the same network, with other layers under the names {listed}"


def test_one_of_many_alike_layers_that_stands_elsewhere_is_one_change_and_the_same_network() -> None:
    """As many new names as there are layers would say the same."""
    names = {"a": "e", "b": "a", "c": "b", "d": "c", "e": "d"}
    (told,) = said_truly(spec(ALIKE), spec(with_names(ALIKE, **names)), 1, same=True)
    assert ".from:" in told


def test_a_recipe_that_goes_on_naming_a_layer_is_no_change_of_its_own() -> None:
    swapped = with_names(ALIKE, b="c", c="b")
    before, after = (spec(layers, recipe="  frozen: b\n") for layers in (ALIKE, swapped))
    assert len(said_truly(before, after, 2, same=True)) <= 2


BRANCHING = """
s: {kind: conv, from: image, filters: 4, kernel: 3}
p: {kind: conv, from: s, filters: 4, kernel: 3}
q: {kind: conv, from: p, filters: 4, kernel: 3, padding: 1}
r: {kind: conv, from: q, filters: 4, kernel: 3, padding: 1}
sum: {kind: add, from: [p, r]}
fc: {kind: dense, from: [sum, q], units: 4}
"""


def test_names_exchanged_beside_shortcuts_are_seen_with_another_way_to_write_it() -> None:
    after = with_names(BRANCHING, q="r", r="q").replace("[p, q]", "[q, p]")
    after = after.replace(
        "fc: {kind: dense, from: [sum, r]", "j: {kind: concat, from: [sum, r]}\nfc: {kind: dense, from: j"
    )
    told = said_truly(spec(BRANCHING), spec(after), 2, same=True)
    assert sorted(told) == ["> layers.q: q -> r", "> layers.r: r -> q"]


INPUTS = """
a: {kind: conv, from: image, filters: 4, kernel: 3}
b: {kind: conv, from: image, filters: 6, kernel: 3}
fc: {kind: dense, from: [a, b], units: 4}
"""


def test_a_join_in_another_order_that_is_also_written_out_is_one_change() -> None:
    after = INPUTS.replace("fc:", "j: {kind: concat, from: [b, a]}\nfc:").replace("from: [a, b]", "from: j")
    told = said_truly(spec(INPUTS), spec(after), 1, same=True)
    assert told == ["~ layers.fc.from: [a, b] -> j, with j: {kind: concat, from: [b, a]}"]
    back = said_truly(spec(after), spec(INPUTS), 1, same=True)
    assert back == ["~ layers.fc.from: j -> [a, b], with j gone"]


def test_an_initializer_that_follows_the_recipe_is_not_another_one() -> None:
    after = INPUTS.replace("units: 4", "units: 4, weights: {kind: normal, std: 0.03}")
    recipes = (f"  weights: {{kind: normal, std: {std}}}\n" for std in (0.01, 0.03))
    sides = [spec(layers, recipe=recipe) for layers, recipe in zip((INPUTS, after), recipes, strict=True)]
    (told,) = said_truly(sides[0], sides[1], 1, same=True)
    assert told.startswith("~ training.weights")
    own = spec(INPUTS.replace("units: 4", "units: 4, weights: {kind: normal, std: 0.01}"))
    kept = spec(after)
    assert len(said_truly(own, kept, 1, same=True)) == 1


def test_a_row_of_a_join_and_a_join_of_rows_are_one_network_written_in_two_ways() -> None:
    before = INPUTS.replace("fc:", "j: {kind: concat, from: [a, b]}\nr: {kind: flatten, from: j}\nfc:")
    after = INPUTS.replace(
        "fc:",
        "r: {kind: flatten, from: a}\nq: {kind: flatten, from: b}\nj: {kind: concat, from: [r, q]}\nfc:",
    )
    sides = before.replace("from: [a, b], units", "from: r, units"), after.replace("from: [a, b]", "from: j")
    assert not said_truly(spec(sides[0]), spec(sides[1]), 0, same=True)


@pytest.mark.parametrize(
    "fields", ["kind: conv, filters: 4, kernel: 1", "kind: lrn, size: 3, k: 2, alpha: 0.1, beta: 0.7"]
)
def test_a_join_written_out_below_a_new_layer_comes_along_with_it(fields: str) -> None:
    after = INPUTS.replace("fc:", f"x: {{{fields}, from: a}}\nj: {{kind: concat, from: [x, b]}}\nfc:")
    (told,) = said_truly(spec(INPUTS), spec(after.replace("from: [a, b]", "from: j")), 1, same=False)
    assert told.startswith("+ layers.x: ")
    assert "j: {kind: concat, from: [x, b]}" in told


def test_a_join_written_out_below_a_layer_that_stands_elsewhere_comes_along_with_it() -> None:
    conv = "kind: conv, filters: 4, kernel: 3"
    before = f"""
    a: {{{conv}, from: image}}
    p: {{kind: pad, padding: 1, from: a}}
    twice: {{kind: concat, from: [p, p]}}
    s: {{kind: dropout, rate: 0.5, from: twice}}
    fc: {{kind: dense, from: [s, s, p], units: 4}}
    """
    after = f"""
    p: {{kind: pad, padding: 1, from: image}}
    a: {{{conv}, from: p}}
    twice: {{kind: concat, from: [a, a]}}
    s: {{kind: dropout, rate: 0.5, from: twice}}
    j: {{kind: concat, from: [s, s, a]}}
    fc: {{kind: dense, from: j, units: 4}}
    """
    (told,) = said_truly(spec(before), spec(after), 1, same=False)
    assert told.startswith(("~ layers.a.from: image -> p, with ", "~ layers.p.from: a -> image, with "))


def test_a_window_written_otherwise_is_no_change_beside_another_initializer() -> None:
    """Windows that lie in the padding are left out by the rounding, or the padding has no room for them."""
    clipped, short = "padding: [0, 12, 0, 0], rounding: clip", "padding: [0, 2, 0, 0]"
    layers = CONVS.replace("kernel: 3", f"kernel: 3, stride: [8, 1], {clipped}", 1)
    before = spec(layers, recipe="  weights: {kind: normal, std: 0.01}\n")
    after = before.replace(clipped, short).replace("0.01", "0.02")
    (told,) = said_truly(before, after, 1, same=True)
    assert told.startswith("~ training.weights")
