"""One layer in place of two that do the same, or of another kind, is another way to write it."""

from __future__ import annotations

import re

import pytest

from editing.known import pair, said_truly, spec

pytestmark = pytest.mark.slow

FIELD = """
a: {kind: conv, from: image, filters: 4, kernel: 3, padding: 1, bias: none}
n: {kind: batch_norm, from: a, activation: relu}
b: {kind: conv, from: n, filters: 6, kernel: 3, activation: tanh}
p: {kind: global_avg_pool, from: b}
fc: {kind: dense, from: p, units: 4}
"""
LAYER = FIELD.replace(", activation: relu", "").replace(
    "b: {kind: conv, from: n", "r: {kind: activation, from: n, function: relu}\nb: {kind: conv, from: r"
)
KEPT = FIELD.replace("from: b}", "from: b, keep_dims: true}")
FLAT = KEPT.replace("fc: {kind: dense, from: p", "f: {kind: flatten, from: p}\nfc: {kind: dense, from: f")
DROPPED = FIELD.replace(
    "fc: {kind: dense, from: p", "d: {kind: dropout, from: p, rate: 0.5}\nfc: {kind: dense, from: d"
)
KEPT_DROPPED = DROPPED.replace("from: b}", "from: b, keep_dims: true}").replace(
    "fc: {kind: dense, from: d", "f: {kind: flatten, from: d}\nfc: {kind: dense, from: f"
)
WINDOW = FIELD.replace("kind: global_avg_pool, from: b", "kind: avg_pool, from: b, kernel: 15")
PADDED = FIELD.replace(", padding: 1", "").replace(
    "a: {kind: conv, from: image", "z: {kind: pad, from: image, padding: 1}\na: {kind: conv, from: z"
)
JOINED = FIELD.replace("fc: {kind: dense, from: p", "j: {kind: concat, from: p}\nfc: {kind: dense, from: j")
ENDING = FIELD.replace("units: 4", "units: 4, activation: tanh")
OUTSIDE = FIELD.replace("fc: {kind: dense", "logits: {kind: dense") + (
    "fc: {kind: activation, from: logits, function: tanh}\n"
)
MAXIMUM = FIELD.replace("global_avg_pool", "global_max_pool")
WIDEST = MAXIMUM.replace("kind: global_max_pool, from: b", "kind: max_pool, from: b, kernel: 15")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FIELD, LAYER),
        (FIELD, KEPT),
        (FIELD, FLAT),
        (DROPPED, KEPT_DROPPED),
        (FIELD, WINDOW),
        (FLAT, WINDOW),
        (MAXIMUM, WIDEST),
        (FIELD, PADDED),
        (FIELD, JOINED),
        (LAYER, PADDED),
    ],
    ids=["activation", "one pixel", "row", "dropped", "window", "rows", "maximum", "zeros", "join", "two"],
)
def test_it_is_no_change(before: str, after: str) -> None:
    assert not said_truly(spec(before), spec(after), 0, same=True)


def test_a_function_behind_what_the_loss_reads_is_no_change_but_for_the_name() -> None:
    """The loss reads it under the name of the layer that it follows."""
    told = said_truly(spec(ENDING), spec(OUTSIDE), 1, same=True)
    assert told == ["> layers.fc: fc -> logits"]


@pytest.mark.parametrize(
    ("part", "other", "told"),
    [
        ("filters: 6", "filters: 8", "~ layers.b.filters: 6 -> 8"),
        ("tanh", "sigmoid", "~ layers.b.activation: tanh -> sigmoid"),
        ("function: relu", "function: silu", "~ layers.n.activation: relu -> silu"),
        ("units: 4", "units: 5", "~ layers.fc.units: 4 -> 5"),
    ],
)
def test_beside_another_edit_that_alone_is_a_change(part: str, other: str, told: str) -> None:
    assert said_truly(spec(FIELD), spec(LAYER.replace(part, other)), 1, same=False) == [told]


def test_a_layer_above_a_function_written_otherwise_is_told_in_the_words_of_its_own_file() -> None:
    after = LAYER.replace(
        "b: {kind: conv, from: r", "x: {kind: conv, from: r, filters: 4, kernel: 1}\nb: {kind: conv, from: x"
    )
    (told,) = said_truly(spec(FIELD), spec(after), 1, same=False)
    assert told.startswith("+ layers.x: {kind: conv, from: r, kernel: 1, filters: 4}")
    (back,) = said_truly(spec(after), spec(FIELD), 1, same=False)
    assert back.startswith("- layers.x: {kind: conv, from: r, kernel: 1, filters: 4}")


@pytest.mark.parametrize(
    "after",
    [
        LAYER.replace("from: p, units", "from: [p, q], units").replace(
            "fc:", "q: {kind: global_avg_pool, from: n}\nfc:"
        ),
        FIELD.replace(", activation: relu", ""),
        WINDOW.replace("kernel: 15", "kernel: 14"),
        PADDED.replace("padding: 1", "padding: 2"),
    ],
    ids=["read before", "no function", "smaller", "wider"],
)
def test_what_computes_something_else_is_a_change(after: str) -> None:
    made = pair(spec(FIELD), spec(after), 9, same=False)
    assert made.diff.changes
    assert not made.mapping.same_network


@pytest.mark.parametrize(
    "layers", [LAYER, KEPT, WINDOW, PADDED], ids=["function", "pixel", "window", "zeros"]
)
def test_where_both_write_it_so_they_are_compared_as_they_stand(layers: str) -> None:
    other = layers.replace("filters: 6", "filters: 8").replace("function: relu", "function: silu")
    told = said_truly(spec(layers), spec(other), 2, same=False)
    assert "~ layers.b.filters: 6 -> 8" in told
    assert ("~ layers.r.function: relu -> silu" in told) == (layers == LAYER)


SPREAD = """
a: {kind: conv, from: image, filters: 4, kernel: 3, activation: relu}
s: {kind: blur, size: 3, std: 1, from: a}
fc: {kind: dense, from: s, units: 4, group: g0, cross_group: true}
"""


def in_towers(written: str = "xy") -> str:
    """The same in the long form, with the functions of some towers as layers."""
    lines = [
        line
        for tower, group in (("x", "g0"), ("y", "g1"))
        for line in (
            f"a{tower}: {{kind: conv, from: image, group: {group}, filters: 2, kernel: 3, activation: relu}}",
            f"s{tower}: {{kind: blur, size: 3, std: 1, from: a{tower}, group: {group}}}",
        )
    ]
    made = "\n".join([*lines, "fc: {kind: dense, from: [sx, sy], units: 4, group: g0, cross_group: true}"])
    for tower in written:
        act = f"r{tower}: {{kind: activation, function: relu, from: a{tower}}}\ns{tower}:"
        made = made.replace(f"s{tower}:", act).replace(f"std: 1, from: a{tower}", f"std: 1, from: r{tower}")
        made = re.sub(rf"(a{tower}: .*), activation: relu", r"\1", made)
    return made


@pytest.mark.parametrize("written", ["x", "y", "xy"])
def test_functions_as_layers_of_towers_are_no_change_beside_one(written: str) -> None:
    before, after = spec(SPREAD, "[g0, g1]"), spec(in_towers(written), "[g0, g1]")
    assert not said_truly(before, after, 0, same=True)
    (told,) = said_truly(before, after.replace("std: 1", "std: 2"), 1, same=False)
    assert told == "~ layers.sx.std: 1 -> 2, with sy.std: 2"
    assert said_truly(before, after.replace("std: 1", "std: 2", 1), 1, same=False) == [
        "~ layers.sx.std: 1 -> 2"
    ]


def test_a_layer_with_its_function_that_came_is_told_in_full_beside_functions_of_towers() -> None:
    """The layer of one tower alone has no counterpart: what it has in two is not one layer of any file."""
    act = "m: {kind: activation, function: tanh, from: n}"
    new = f"n: {{kind: conv, from: sx, filters: 2, kernel: 1}}\n{act}\nfc:"
    after = in_towers().replace("fc:", new).replace("[sx, sy]", "[m, sy]")
    told = said_truly(spec(SPREAD, "[g0, g1]"), spec(after, "[g0, g1]"), 2, same=False)
    assert any(line.startswith("+ layers.n: ") for line in told)
    assert any("m: {kind: activation" in line for line in told)
