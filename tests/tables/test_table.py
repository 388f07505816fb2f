"""The table against published figures: computed from the papers' architectures, not by this program."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

import specnet
from specnet.tables import build, formats
from support.helpers import network

# Layer: output shape, parameters, MACs. Krizhevsky et al. 2012, section 3.5, with conv1 at 55x55.
ALEXNET = {
    "conv1": ((96, 55, 55), 34_944, 105_415_200),
    "pool1": ((96, 27, 27), 0, 0),
    "conv2": ((256, 27, 27), 307_456, 223_948_800),
    "pool2": ((256, 13, 13), 0, 0),
    "conv3": ((384, 13, 13), 885_120, 149_520_384),
    "conv4": ((384, 13, 13), 663_936, 112_140_288),
    "conv5": ((256, 13, 13), 442_624, 74_760_192),
    "pool5": ((256, 6, 6), 0, 0),
    "fc6": ((4096,), 37_752_832, 37_748_736),
    "fc7": ((4096,), 16_781_312, 16_777_216),
    "fc8": ((1000,), 4_097_000, 4_096_000),
}


def test_alexnet(specs: Path) -> None:
    table = specnet.table(specs / "alexnet.yaml")
    rows = {row.name: (row.output_shape, row.parameters, row.macs) for row in table.rows}
    assert {name: rows[name] for name in ALEXNET} == ALEXNET
    totals = table.totals
    assert (totals.parameters, totals.macs) == (60_965_224, 724_406_816)
    assert (totals.cross_group_edges, totals.cross_group_values) == (7, 58_624)
    assert totals.activations == 659_272
    held = {name: group.parameters for name, group in table.groups.items()}
    assert held == {"gpu0": 32_531_112, "gpu1": 28_434_112}


def test_the_long_form_is_the_same_network_tower_by_tower(specs: Path) -> None:
    short, long = specnet.table(specs / "alexnet.yaml"), specnet.table(specs / "alexnet_towers.yaml")
    assert long.totals == short.totals
    assert long.groups == short.groups
    towers = {row.name: row for row in long.rows}
    for row in short.rows:
        if row.name in ("image", "fc8"):
            assert (towers[row.name].output_shape, towers[row.name].macs) == (row.output_shape, row.macs)
            continue
        a, b = towers[f"{row.name}a"], towers[f"{row.name}b"]
        assert (a.groups, b.groups) == (("gpu0",), ("gpu1",))
        assert a.output_shape == b.output_shape == (row.output_shape[0] // 2, *row.output_shape[1:])
        assert (a.parameters + b.parameters, a.macs + b.macs) == (row.parameters, row.macs)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("alexnet_one_group", 62_378_344),
        ("lenet5", 61_706),
        ("vgg16", 138_357_544),
        ("resnet18", 11_689_512),
    ],
)
def test_totals_that_others_report(specs: Path, name: str, parameters: int) -> None:
    assert specnet.table(specs / f"{name}.yaml").totals.parameters == parameters


def test_the_digits_network_is_alexnets_graph(specs: Path) -> None:
    small, full = specnet.table(specs / "alexnet_digits.yaml"), specnet.table(specs / "alexnet.yaml")
    same = [(r.name, r.kind, r.groups, r.reads, r.cross_group) for r in small.rows]
    assert same == [(r.name, r.kind, r.groups, r.reads, r.cross_group) for r in full.rows]
    assert small.totals.cross_group_edges == 7


def test_the_printed_table(specs: Path) -> None:
    lines = str(specnet.table(specs / "alexnet.yaml")).split("\n")
    assert lines[0] == "alexnet"
    assert "conv3" in lines[10]
    assert "* pool2" in lines[10], "a crossing is marked"
    assert "7 cross-group edges (*) carry 58,624 values for each image" in lines
    whole = specnet.load(specs / "alexnet_one_group.yaml").as_yaml()
    whole["groups"], whole["layers"]["fc8"]["group"] = ["gpu0", "gpu1"], "gpu1"
    whole["layers"]["conv1"]["group"], whole["layers"]["fc8"]["cross_group"] = "gpu0", True
    assert "1 cross-group edge (*) carries 4,096 values for each image" in str(specnet.table(whole))


# Kernels, strides and paddings of Krizhevsky et al. 2012: r <- r + (kernel - 1) * j, j <- j * stride.
FIELDS = {
    "conv1": 11, "pool1": 19, "conv2": 51, "pool2": 67, "conv3": 99, "conv4": 131, "conv5": 163, "pool5": 195,
}  # fmt: skip


def test_receptive_fields(specs: Path) -> None:
    rows = {row.name: row.receptive_field for row in specnet.table(specs / "alexnet.yaml").rows}
    assert {name: rows[name] for name in FIELDS} == {name: (size, size) for name, size in FIELDS.items()}
    assert rows["fc6"] is rows["fc8"] is None, "dense layers see the whole image"


def test_the_largest_of_several_inputs_is_the_receptive_field() -> None:
    made = build.make(
        network(
            "  wide: {kind: conv, from: image, filters: 2, kernel: [5, 3], padding: same}\n"
            "  narrow: {kind: conv, from: image, filters: 2, kernel: 1}\n"
            "  both: {kind: concat, from: [wide, narrow]}\n"
            "  pool: {kind: max_pool, from: both, kernel: 2}\n"
        )
    )
    fields = {row.name: row.receptive_field for row in made.rows}
    assert fields == {"image": (1, 1), "wide": (5, 3), "narrow": (1, 1), "both": (5, 3), "pool": (6, 4)}


def test_windows_in_words() -> None:
    made = build.make(
        network(
            "  a: {kind: conv, from: image, filters: 2, kernel: [3, 1], stride: 2, padding: [1, 0, 0, 0]}\n"
            "  b: {kind: conv, from: a, filters: 2, kernel: 3, padding: 1}\n"
            "  c: {kind: conv, from: b, filters: 2, kernel: 2, stride: [1, 2]}\n"
        )
    )
    assert [formats.window(row) for row in made.rows] == ["", "3x1/2 +1,0,0,0", "3/1 +1", "2/1x2"]


def test_dilation_is_shown_in_every_form() -> None:
    made = build.make(
        network(
            "  a: {kind: conv, from: image, filters: 2, kernel: 3, padding: 2, dilation: 2}\n"
            "  b: {kind: random_connections, from: a, filters: 4, connections: 1, groups: 2, kernel: [3, 1],"
            " dilation: [3, 1]}\n"
            "  c: {kind: blur, from: b, size: 3, std: 1}\n"
            "  d: {kind: max_pool, from: c, kernel: 2, stride: 3, padding: 1, rounding: clip}\n"
        )
    )
    words = ["3/1 +2 d2", "3x1/1 d3x1", "3/1 +1", "2/3 +1"]
    assert [formats.window(row) for row in made.rows[1:]] == words
    text, page, marked = str(made), made._repr_html_(), made.as_markdown()
    assert all(word in form for word in words for form in (text, page, marked))
    told = [row["dilation"] for row in made.as_json()["layers"]]
    assert told == [None, [2, 2], [3, 1], [1, 1], [1, 1]]
    lines = csv.DictReader(io.StringIO(made.as_csv()))
    assert [line["dilation"] for line in lines] == ["", "2x2", "3x1", "1x1", "1x1"]


def test_memory_and_traffic_are_those_of_a_step(specs: Path) -> None:
    one, many = (specnet.table(specs / "alexnet.yaml", batch_size=n) for n in (1, 128))
    conv1 = next(row for row in one.rows if row.name == "conv1")
    assert conv1.memory == 96 * 55 * 55 * 4
    assert many.totals.memory == 128 * one.totals.memory
    # 58,624 values forward and their gradients back, 4 bytes each; half of it in either direction.
    assert many.traffic == {("gpu0", "gpu1"): 128 * 58_624 * 4, ("gpu1", "gpu0"): 128 * 58_624 * 4}
    image = 3 * 224 * 224 * 4
    assert one.groups["gpu0"].memory + one.groups["gpu1"].memory == one.totals.memory
    assert one.rows[0].memory == 2 * image, "each group has the image"


def test_nothing_is_cut_but_columns_that_a_terminal_has_no_room_for(specs: Path) -> None:
    table = specnet.table(specs / "alexnet.yaml")
    narrow = table.text(80)
    assert max(map(len, narrow.split("\n")[:20])) <= 80
    assert narrow.split("\n")[-1].startswith("no room for: window, memory x128, sees")
    assert table.text(200) == str(table)
    assert len(table.text(10).split("\n")[1].split()) == 5, "layer, reads, output and the totals always stay"


def test_other_forms(specs: Path) -> None:
    table = specnet.table(specs / "alexnet.yaml")
    (head, *rows) = csv.DictReader(io.StringIO(table.as_csv()))
    assert (head["layer"], head["output_shape"]) == ("image", "3x224x224")
    assert sum(int(row["parameters"]) for row in rows) == 60_965_224
    assert rows[0]["padding"] == "0 3 0 3"
    lines = table.as_markdown().split("\n")
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1
    assert any("**60,965,224**" in line for line in lines)
    page = table._repr_html_()
    assert page.count("<tr>") == 1 + 16 + 3
    assert "60,965,224" in page


def test_what_reads_thousands_of_layers_fits_a_line() -> None:
    layers = "".join(f"  l{i}: {{kind: activation, from: image, function: relu}}\n" for i in range(2000))
    joined = f"  all: {{kind: concat, from: [{', '.join(f'l{i}' for i in range(2000))}]}}\n"
    table = build.make(network(layers + joined))
    for text in (str(table), table.as_markdown(), table._repr_html_().replace("</tr>", "\n")):
        assert "l0, l1, ... (2,000)" in text
        assert max(map(len, text.splitlines())) < 1200
    assert table.as_json()["layers"][-1]["from"][-1] == "l1999"
    assert "l1999" in table.as_csv().splitlines()[-1]


def test_names_are_escaped_in_html() -> None:
    table = build.make(network("  a: {kind: dense, from: image, units: 2}\n"))
    assert "<b>" not in replace(table, name="<b>")._repr_html_()
