"""The table against published figures: computed from the papers' architectures, not by this program."""

from __future__ import annotations

from pathlib import Path

import pytest

import specnet

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
