"""Blocks: what uses of them stand for, what is said about them, and the flat file."""

from __future__ import annotations

from typing import Any

import pytest

import specnet
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import SpecError, UsageError
from specnet.network.mending import mend
from specnet.network.network import analyse, examine
from specnet.runs.stored_spec import as_text
from specnet.spec import overrides, spec
from specnet.spec.flat_text import flat_text
from specnet.spec.spec import Spec
from specnet.syntax import document

SMALL = """\
specnet: 1
name: small
groups: [left]
blocks:
  unit:  # a convolution and its norm
    parameters: [filters, {stride: 1, shortcut: input}]
    layers:
      conv: {kind: conv, from: input, filters: $filters, kernel: 3, stride: $stride, padding: 1}
      norm: {kind: batch_norm, from: conv}
      sum: {kind: add, from: [norm, $shortcut]}
  two:
    parameters: [filters]
    output: b
    layers:
      a: {kind: block, of: unit, from: input, filters: $filters}
      b: {kind: block, of: unit, from: a, filters: $filters, shortcut: a.conv}
      side: {kind: flatten, from: a}

# Here are the layers.
layers:
  image: {kind: input, shape: [8, 8, 8]}
  # the first
  one: {kind: block, of: unit, from: image, filters: 8}
  more: {kind: block, of: two, from: one, filters: 8, group: left}
  end.flat: {kind: concat, from: [more.side, fc]}
  fc: {kind: dense, from: more, units: 10}
training:
  loss: {kind: softmax_cross_entropy, from: end.flat}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""
FLAT = """\
specnet: 1
name: small
groups: [left]
# Here are the layers.
layers:
  image: {kind: input, shape: [8, 8, 8]}
  # the first
  # one: unit
  one.conv: {kind: conv, from: image, filters: 8, kernel: 3, stride: 1, padding: 1}
  one.norm: {kind: batch_norm, from: one.conv}
  one.sum: {kind: add, from: [one.norm, image]}
  # more: two
  more.a.conv: {kind: conv, from: one.sum, filters: 8, kernel: 3, stride: 1, padding: 1, group: left}
  more.a.norm: {kind: batch_norm, from: more.a.conv, group: left}
  more.a.sum: {kind: add, from: [more.a.norm, one.sum], group: left}
  more.b.conv: {kind: conv, from: more.a.sum, filters: 8, kernel: 3, stride: 1, padding: 1, group: left}
  more.b.norm: {kind: batch_norm, from: more.b.conv, group: left}
  more.b.sum: {kind: add, from: [more.b.norm, more.a.conv], group: left}
  more.side: {kind: flatten, from: more.a.sum, group: left}
  end.flat: {kind: concat, from: [more.side, fc]}
  fc: {kind: dense, from: more.b.sum, units: 10}
training:
  loss: {kind: softmax_cross_entropy, from: end.flat}
  optimizer: {kind: sgd, learning_rate: 0.1}
"""


def load(text: str) -> Spec:
    return spec.load(document.parse(text, "x.yaml"))


def found(text: str) -> list[Diagnostic]:
    return list(examine(document.parse(text, "x.yaml")).diagnostics)


def test_a_use_stands_for_the_layers_of_its_block() -> None:
    """The flat file above is written by hand."""
    assert flat_text(document.parse(SMALL, "x.yaml")) == FLAT
    assert load(SMALL) == load(FLAT)
    assert found(SMALL) == found(FLAT) == []
    assert as_text(load(SMALL)) == as_text(load(FLAT))
    assert flat_text(document.parse(FLAT, "x.yaml")) == FLAT


def test_a_mapping_may_have_blocks() -> None:
    data = document.parse(SMALL, "x.yaml").data()
    assert spec.load(data) == load(FLAT)
    data["layers"]["one"]["filters"] = "eight"
    del data["layers"]["more"]["of"]
    with pytest.raises(SpecError) as caught:
        spec.load(data)
    assert [d.message for d in caught.value.diagnostics] == [
        "layer 'more': the key 'of' is missing",
        "layers.one.conv.filters: filters: expected a whole number, got the text 'eight'",
    ]
    assert not any(d.position or d.fix for d in caught.value.diagnostics)


def test_what_the_loss_reads_may_be_a_use() -> None:
    ending = SMALL.replace("entropy, from: end.flat}", "entropy, from: fc}").replace(
        "{kind: dense, from: more, units: 10}", "{kind: block, of: head, from: more}"
    )
    ending = ending.replace(
        "  two:\n", "  head: {layers: {dense: {kind: dense, from: input, units: 10}}}\n  two:\n"
    )
    made = load(ending)
    assert made.training is not None
    assert made.training.loss.sources == {"from": "fc.dense"}
    assert made.layers["end.flat"].inputs == ("more.side", "fc.dense")
    part = "{kind: softmax_cross_entropy, from: fc"
    several = load(ending.replace(f"{part}}}", f"{{kind: sum, of: [{part}}}, {part}, weight: 0.3}}]}}"))
    assert several.training is not None
    assert set(several.training.loss.sources.values()) == {"fc.dense"}


def test_a_use_that_reads_several_layers_gives_them_all() -> None:
    text = SMALL.replace("of: unit, from: image", "of: unit, from: [image, image]")
    made = load(text)
    assert made.layers["one.conv"].inputs == ("image", "image")
    assert made.layers["one.sum"].inputs == ("one.norm", "image", "image")


def test_a_crossing_of_a_use_is_one_of_the_layers_that_read_its_input() -> None:
    made = load(SMALL.replace("from: one, filters: 8,", "from: one, filters: 8, cross_group: true,"))
    crossing = [name for name, layer in made.layers.items() if layer.cross_group]
    assert crossing == ["more.a.conv", "more.a.sum"]


def test_group_and_trainable_are_said_for_all_layers_of_a_use() -> None:
    made = load(SMALL.replace("group: left}", "group: left, trainable: false}"))
    of_use = {name: layer for name, layer in made.layers.items() if name.startswith("more.")}
    assert all(layer.group == ("left",) for layer in of_use.values())
    frozen = {name for name, layer in made.layers.items() if layer.is_frozen}
    assert frozen == {"more.a.conv", "more.a.norm", "more.b.conv", "more.b.norm"}


@pytest.mark.parametrize(
    ("path", "stands_for"),
    [
        (
            "blocks.unit.layers.conv.kernel",
            [f"layers.{use}.conv.kernel" for use in ("one", "more.a", "more.b")],
        ),
        ("blocks.two.layers.side", ["layers.more.side"]),
        ("layers.one", ["layers.one.conv", "layers.one.norm", "layers.one.sum"]),
        ("layers.more.filters", ["layers.more.a.conv.filters", "layers.more.b.conv.filters"]),
        ("layers.more.a.conv.stride", ["layers.more.a.conv.stride"]),
        ("blocks.unit.layers.conv.dilation_", None),
        ("blocks.none.layers.conv", None),
    ],
)
def test_what_is_assumed_may_be_in_a_block(path: str, stands_for: list[str] | None) -> None:
    text = f"{SMALL}assumed: {{from: a guess, values: [{path}]}}\n"
    said = found(text)
    if stands_for is None:
        assert {d.code for d in said} == {"SN209"}
        return
    made = load(text)
    assert made.assumed is not None
    assert list(made.assumed.values) == stands_for
    assert {d.code for d in said} == {"SN210"}
    assert flat_text(document.parse(text, "x.yaml")).splitlines()[-1].endswith(f"[{', '.join(stands_for)}]}}")


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("blocks.unit.layers.conv.bias=none", "more.b.conv", "none"),
        ("layers.one.stride=1", "one.conv", 0),
        ("layers.end.flat.group=left", "end.flat", None),
    ],
)
def test_paths_of_set_lead_through_blocks_and_names_with_dots(assignment: str, name: str, value: Any) -> None:
    opened = document.parse(SMALL, "x.yaml")
    overrides.apply(opened, [assignment])
    layer = spec.load(opened).layers[name]
    if value is None:
        assert layer.group == ("left",)
    else:
        assert layer.as_yaml()["bias"] == value


@pytest.mark.parametrize(
    ("assignment", "instead"),
    [
        ("layers.one.conv.kernel=5", "blocks.unit.layers.conv.kernel=5"),
        ("one.filters=5", "layers.one.filters=5"),
        ("end.flat.group=left", "layers.end.flat.group=left"),
        ("unit.conv.kernel=5", "blocks.unit.layers.conv.kernel=5"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_where_it_may_have_led(assignment: str, instead: str) -> None:
    with pytest.raises(UsageError) as caught:
        overrides.apply(document.parse(SMALL, "x.yaml"), [assignment])
    assert caught.value.hint == f"did you mean --set '{instead}'?"


def test_a_change_of_a_block_is_told_once() -> None:
    after = SMALL.replace("kernel: 3", "kernel: 5").replace("padding: 1", "padding: 2, bias: none")
    after = after.replace("layers.one", "layers.one").replace(
        "from: image, filters: 8", "from: image, filters: 16, shortcut: image"
    )
    after = after.replace("[norm, $shortcut]", "[norm, norm]").replace("filters, {", "filters, {more: 1, ")
    told = str(specnet.diff(load(SMALL), load(after))).split("\n\n")[0]
    assert sorted(told.splitlines()) == [
        "~ blocks.unit.layers.conv.bias: 0 -> none, in 3 uses",
        "~ blocks.unit.layers.conv.kernel: 3 -> 5, in 3 uses",
        "~ blocks.unit.layers.conv.padding: 1 -> 2, in 3 uses",
        "~ blocks.unit.layers.sum.from: [norm, $shortcut] -> [norm, norm], in 3 uses",
        "~ layers.one.conv.filters: 8 -> 16",
    ]
    assert not specnet.diff(load(SMALL), load(FLAT))


def test_a_use_that_comes_or_goes_is_one_change() -> None:
    use = "  extra: {kind: block, of: unit, from: one, filters: 8}\n"
    more = SMALL.replace("  more:", f"{use}  more:").replace("two, from: one", "two, from: extra")
    line = "layers.extra: {kind: block, of: unit, from: one, filters: 8}"
    for before, after, sign in ((SMALL, more, "+"), (more, SMALL, "-"), (FLAT, more, "+")):
        found = specnet.diff(load(before), load(after))
        told = [row for row in str(found).splitlines() if "extra" in row and not row.startswith(" ")]
        assert f"{sign} {line}" in told
        assert not any(row.startswith(f"{sign} layers.extra.") for row in told)
        assert len(found.changes) > len(told)
        assert "layers.extra.conv: {kind: conv" in found.text(everything=True)


def test_a_folded_table_has_a_line_for_each_part() -> None:
    full = specnet.table(load(SMALL))
    table = specnet.table(load(FLAT), fold=True)
    rows = {row.name: (row.kind, row.reads, row.output_shape) for row in table.rows}
    assert rows == {
        "image": ("input", (), (8, 8, 8)),
        "one": ("3 layers", ("image",), (8, 8, 8)),
        "more": ("7 layers", ("one",), (512,)),
        "fc": ("dense", ("more",), (10,)),
        "end": ("1 layer", ("more", "fc"), (522,)),
    }
    for total in ("parameters", "macs", "memory"):
        assert sum(getattr(row, total) for row in table.rows) == getattr(full.totals, total)


def test_resnet50_has_the_published_totals(specs: Any) -> None:
    """torchvision's: 25,557,032 parameters, 4.089 GMACs; its names, too."""
    from specnet.tables.build import make

    path = specs / "zoo" / "resnet50.yaml"
    assert len(path.read_text().splitlines()) < 60
    network = analyse(spec.load(path))
    totals = make(network).totals
    assert totals.parameters == 25_557_032
    assert round(totals.macs / 1e9, 3) == 4.089
    assert {"layer1.0.conv1", "layer2.0.downsample.1", "layer4.2.bn3", "fc"} <= set(network.spec.layers)


IN_BLOCK = "(in block 'unit', used as 'one' (line 23), and in 2 other uses)"


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "fixed"),
    [
        ("padding: 1", "paddin: 1", (8, 86), f"unknown key 'paddin' {IN_BLOCK}", True),
        (
            "kernel: 3",
            "kernel: 0",
            (8, 66),
            f"kernel: expected a size of at least 1, or [height, width], got 0 {IN_BLOCK}",
            False,
        ),
        (
            "filters: 8}\n  more",
            "filters: x}\n  more",
            (23, 54),
            "filters: expected a whole number, got the text 'x' (the parameter 'filters' of block 'unit')",
            False,
        ),
    ],
)
def test_a_finding_in_a_block_is_told_once_with_its_use(
    old: str, new: str, place: tuple[int, int], message: str, fixed: bool
) -> None:
    text = SMALL.replace(old, new, 1)
    (finding,) = found(text)
    assert finding.position is not None
    assert (finding.position.line, finding.position.column) == place
    assert finding.message == message
    assert finding.position.via == ""
    mended = mend(text, "x.yaml")
    assert (mended.text == SMALL) is fixed


LEFT_OVER = """\
  inner: {layers: {flat: {kind: flatten, from: input}}}
  spare:
    layers:
      a: {kind: block, of: inner, from: input}
"""


def test_a_block_that_nothing_uses_is_a_warning() -> None:
    """`inner` has a use, in `spare`, and is named once that is gone. Blocks that blocks use are used."""
    text = SMALL.replace("# Here are", f"{LEFT_OVER}# Here are").replace("\n\n  inner", "\n  inner")
    (warning,) = found(text)
    assert (warning.code, warning.severity, warning.message) == (
        "SN225",
        "warning",
        "no layer uses the block 'spare'",
    )
    assert warning.position is not None
    assert text.split("\n")[warning.position.line - 1] == "  spare:"
    assert load(text).written_blocks.unused.keys() == {"spare"}
    assert [d.message for d in examine(document.parse(text).data()).diagnostics] == [warning.message]
    assert [d.code for d in analyse(load(text)).warnings] == ["SN225"]
    through_two = SMALL.replace("of: unit, from: image", "of: two, from: image")
    assert "SN225" not in {d.code for d in found(through_two)}
    broken = text.replace("of: unit, from: image", "of: spar, from: image")
    assert "SN225" not in {d.code for d in found(broken)}
