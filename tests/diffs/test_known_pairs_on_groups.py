"""Pairs on several groups of which it is known what was edited: what is said of all shares of a layer is one
change, however they are written."""

from __future__ import annotations

import pytest

from editing.known import pair, said_truly, spec

pytestmark = pytest.mark.slow
TWO = "[g0, g1]"


def spread(body: str) -> str:
    """Layers on both groups that fc reads."""
    return spec(f"{body.rstrip()}\nfc: {{kind: dense, from: c, units: 4, group: g0, cross_group: true}}", TWO)


def towers(*layers: tuple[str, str, str], order: str = "xy", groups: str = TWO) -> str:
    """Layers by name, what they read and their fields, each once with x on g0 and once with y on g1."""
    lines = [
        f"{name}{tower}: {{from: {source if source == 'image' else source + tower}, group: {own}, {fields}}}"
        for name, source, fields in layers
        for tower, own in (("x", "g0"), ("y", "g1"))
    ]
    last = [f"{layers[-1][0]}{letter}" for letter in order]
    lines.append(f"fc: {{kind: dense, from: [{', '.join(last)}], units: 4, group: g0, cross_group: true}}")
    return spec("\n".join(lines), groups)


CONV, HALF = "kind: conv, filters: 8, kernel: 3, padding: 1", "kind: conv, filters: 4, kernel: 3, padding: 1"
SHORT = spread(f"a: {{{CONV}, from: image}}\nc: {{{CONV}, from: a, bias: none}}")
LONG = ("a", "image", HALF), ("c", "a", f"{HALF}, bias: none")


@pytest.mark.parametrize(
    ("part", "other"),
    [("kernel: 3", "kernel: 1"), ("padding: 1", "padding: 0"), ("bias: none", "bias: 1")],
)
def test_a_field_of_a_layer_that_is_also_written_out_is_one_change(part: str, other: str) -> None:
    first, (name, source, fields) = LONG
    after = towers(first, (name, source, fields.replace(part, other)))
    (told,) = said_truly(SHORT, after, 1, same=False)
    key, old = part.split(": ")
    new = other.split(": ")[1]
    assert told == f"~ layers.cx.{key}: {old} -> {new}, with cy.{key}: {new}"


def test_a_layer_inserted_before_another_is_written_out_is_one_change() -> None:
    tanh = "kind: activation, function: tanh"
    (told,) = said_truly(SHORT, towers(*LONG, ("t", "c", tanh)), 1, same=False)
    assert told.startswith("+ layers.tx: {")
    assert "fc.from: [tx, ty], ty: {" in told
    both = towers(*LONG, ("t", "c", tanh), ("d", "t", "kind: lrn, size: 3, k: 1, alpha: 0.1, beta: 0.7"))
    assert len(said_truly(SHORT, both, 2, same=False)) == 2


def test_neighbours_that_changed_places_before_they_were_written_out_are_one_change() -> None:
    lrn, pool = "kind: lrn, size: 3, k: 1, alpha: 0.1, beta: 0.7", "kind: max_pool, kernel: 2"
    before = spread(f"a: {{{CONV}, from: image}}\nb: {{{lrn}, from: a}}\nc: {{{pool}, from: b}}")
    after = towers(("a", "image", HALF), ("c", "a", pool), ("b", "c", lrn))
    (told,) = said_truly(before, after, 1, same=False)
    assert ".from: " in told


def test_the_order_of_groups_goes_on_in_the_long_form() -> None:
    after = towers(*LONG, order="yx", groups="[g1, g0]")
    assert said_truly(SHORT, after, 1, same=True) == ["~ groups: [g0, g1] -> [g1, g0]"]


def test_statistics_of_shares_that_became_full_copies_are_joined() -> None:
    """A dropout that crosses makes what each group reads full, and is exchanged with a batch_norm."""
    before = spread(
        f"a: {{{CONV}, from: image}}\nn: {{kind: batch_norm, from: a, scale: false, shift: false}}\n"
        "c: {kind: dropout, rate: 0.5, from: n, cross_group: true}"
    ).replace("group: g0, cross_group: true", "group: g0")
    after = (
        before.replace("c, units", "n, units")
        .replace("from: n, cross", "from: a, cross")
        .replace("batch_norm, from: a", "batch_norm, from: c")
    )
    made = pair(before, after, 1, same=False)
    hows = {entry.how for place, entry in made.mapping.entries.items() if place.node.layer == "n"}
    assert not made.mapping.anew
    assert hows == {"joined"}


def test_alike_layers_of_towers_that_exchanged_names_are_renamed() -> None:
    def chain(*names: str) -> str:
        sources = ("image", *names)
        return "\n".join(f"{n}: {{{CONV}, from: {s}}}" for n, s in zip(names, sources, strict=False))

    before = spread(chain("a", "b", "d", "c"))
    told = said_truly(before, spread(chain("a", "d", "b", "c")), 2, same=True)
    assert sorted(told) == ["> layers.b: b -> d", "> layers.d: d -> b"]
    written = [(n, s, HALF) for n, s in (("a", "image"), ("d", "a"), ("b", "d"), ("c", "b"))]
    said_truly(before, towers(*written), 2, same=True)


def test_a_join_on_groups_in_another_order_comes_along_with_them() -> None:
    after = SHORT.replace("[g0, g1]", "[g1, g0]").replace(
        "fc: {kind: dense, from: c, units: 4, group: g0, cross_group: true}",
        "j: {kind: concat, from: c, group: g0, cross_group: true}\n  fc: {kind: dense, from: j, units: 4}",
    )
    (told,) = said_truly(SHORT, after, 1, same=True)
    assert told.startswith("~ groups: ")


def test_a_dense_layer_that_crosses_and_stands_elsewhere_is_one_change_in_the_long_form() -> None:
    dense = "kind: dense, units: 6, activation: relu"
    before = spread(
        f"a: {{{CONV}, from: image}}\nd: {{{dense}, from: a, cross_group: true}}\n"
        "c: {kind: dropout, rate: 0.5, scale_at: test, from: d}"
    )
    half = dense.replace("6", "3")
    drop = "kind: dropout, rate: 0.5, scale_at: test"
    after = towers(("a", "image", HALF), ("c", "a", drop), ("d", "c", f"{half}, cross_group: true"))
    after = after.replace("from: cx, group: g0, kind: dense", "from: [cx, cy], group: g0, kind: dense")
    after = after.replace("from: cy, group: g1, kind: dense", "from: [cx, cy], group: g1, kind: dense")
    assert len(said_truly(before, after, 1, same=False)) == 1


def test_a_layer_that_stays_and_moves_is_told_beside_a_long_form_of_those_above_it() -> None:
    before = spread(
        f"a: {{{CONV}, from: image}}\nb: {{{CONV}, from: a}}\n"
        "c: {kind: dense, units: 6, from: b, cross_group: true}"
    )
    after = towers(("a", "image", HALF), ("b", "a", HALF)).replace(
        "fc: {kind: dense, from: [bx, by], units: 4, group: g0, cross_group: true}",
        "c: {kind: dense, units: 6, from: [bx, by], group: g0, cross_group: true}\n"
        "  fc: {kind: dense, from: c, units: 4, group: g0}",
    )
    (told,) = said_truly(before, after, 2, same=True)
    assert told.startswith("~ layers.c.group: [g0, g1] -> g0")


def test_a_copy_that_nothing_reads_makes_no_other_network() -> None:
    after = SHORT.replace("fc:", "extra: {kind: max_pool, from: c, kernel: 2}\n  fc:")
    (told,) = said_truly(SHORT, after, 1, same=True)
    assert told.startswith("+ layers.extra")


def test_groups_in_another_order_are_why_two_networks_differ() -> None:
    """What reads all shares in the order of the groups is a window over the channels here."""
    lrn = "kind: lrn, size: 3, k: 1, alpha: 0.5, beta: 0.7, cross_group: true, group: g0"
    before = spread(f"a: {{{CONV}, from: image}}\nb: {{{HALF}, from: a, group: g1}}\nc: {{{lrn}, from: a}}")
    before = before.replace("from: c, units", "from: [c, b], units")
    after = before.replace("[g0, g1]", "[g1, g0]").replace("padding: 1", "padding: same")
    assert said_truly(before, after, 1, same=False) == ["~ groups: [g0, g1] -> [g1, g0]"]


CROSSING = spread(
    f"a: {{{CONV}, from: image}}\nb: {{{CONV}, from: a, cross_group: true}}\nc: {{{CONV}, from: b}}"
)


def crossing(last: str = HALF) -> str:
    """The same with all layers written out, and fields of the last one on g1."""
    after = towers(("a", "image", HALF), ("b", "a", f"{HALF}, cross_group: true"), ("c", "b", HALF))
    for tower in "xy":
        after = after.replace(f"from: a{tower},", "from: [ax, ay],")
    return after.replace(f"from: by, group: g1, {HALF}", f"from: by, group: g1, {last}")


@pytest.mark.parametrize(("last", "changes"), [(HALF, 1), (f"{HALF}, activation: tanh", 2)])
def test_groups_in_another_order_are_one_change_beside_the_long_form_of_what_crosses(
    last: str, changes: int
) -> None:
    """In the long form every layer that crosses reads its sources in the order of the groups."""
    after = crossing(last).replace("g0", "g2").replace("g1", "g0").replace("g2", "g1")
    after = after.replace("units: 4, group: g1", "units: 4, group: g0")
    told = said_truly(CROSSING, after, changes, same=changes == 1)
    assert told[-1] == "~ groups: [g0, g1] -> [g1, g0]"


COPIES = f"""
a: {{{CONV}, from: image}}
r: {{kind: dropout, rate: 0.5, from: a, cross_group: true}}
p: {{kind: activation, function: relu, from: r}}
q: {{kind: activation, function: relu, from: r}}
d: {{{HALF}, from: [p, p], group: g1}}
fc: {{kind: dense, from: [d, q], units: 4, group: g0, cross_group: true}}
"""
COPIES_LONG = f"""
ax: {{{HALF}, from: image, group: g0}}
ay: {{{HALF}, from: image, group: g1}}
rx: {{kind: dropout, rate: 0.5, from: [ax, ay], cross_group: true, group: g0}}
ry: {{kind: dropout, rate: 0.5, from: [ax, ay], cross_group: true, group: g1}}
px: {{kind: activation, function: relu, from: rx, group: g0}}
py: {{kind: activation, function: relu, from: ry, group: g1}}
qx: {{kind: activation, function: relu, from: rx, group: g0}}
qy: {{kind: activation, function: relu, from: ry, group: g1}}
d: {{{HALF}, from: [py, py], group: g1}}
fc: {{kind: dense, from: [d, qx], units: 4, group: g0, cross_group: true}}
"""


def test_of_copies_that_are_alike_and_written_out_the_one_that_is_read_has_changed() -> None:
    after = COPIES_LONG.replace(
        "py: {kind: activation, function: relu", "py: {kind: activation, function: tanh"
    )
    told = said_truly(spec(COPIES, TWO), spec(after, TWO), 1, same=False)
    assert told == ["~ layers.py.function: relu -> tanh"]


def test_random_connections_cut_into_shares_are_others_for_each_share_draws_alike() -> None:
    before = """
        conv: {kind: conv, from: image, filters: 8, kernel: 5, stride: 3, group: g0}
        twice: {kind: multiply, from: [conv, conv]}
        some: {kind: random_connections, from: twice, filters: 6, kernel: 3, connections: 2}
        fc: {kind: dense, from: some, units: 5, group: g1, cross_group: true}
    """
    after = before.replace("[conv, conv]", "[conv, conv], group: [g0, g1], cross_group: true")
    assert said_truly(spec(before, TWO), spec(after, TWO), 2, same=False)
