"""The consequences in text: a line for each thing that differs, a dozen at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import specnet
from specnet.diffs.consequence_lines import LINES
from specnet.diffs.consequences import Consequences
from specnet.diffs.shapes import shape_changes
from specnet.network.network import examine
from specnet.syntax import document


def followed(before: Path | dict[str, Any], after: Path | dict[str, Any]) -> Consequences:
    found = specnet.diff(before, after).consequences
    assert found is not None
    return found


def test_no_more_than_a_dozen_lines_unless_all_are_asked_for(specs: Path) -> None:
    found = followed(specs / "alexnet_one_group.yaml", specs / "seeds" / "tf_slides.yaml")
    every, shown = found.lines(everything=True), found.lines(option="--all")
    assert len(shown) == LINES == 12
    *kept, last = shown
    assert sum("->" in line for line in every) > LINES
    assert last.startswith("and ")
    assert last.endswith(" more lines (--all)")
    assert kept[-1] == "to be trained anew: fc6", "weights are never left out for a list of shapes"
    assert "conv5: 256x13x13 -> 256x18x18" in every
    assert "conv5: 256x13x13 -> 256x18x18" not in kept


def test_the_last_line_counts_what_is_left_out(specs: Path) -> None:
    found = followed(specs / "alexnet.yaml", specs / "variants" / "alexnet_half_one_group.yaml")
    shown = found.lines()
    shapes = [line for line in shown if line.startswith(("conv", "norm", "pool", "fc", "drop"))]
    assert shown[-1] == f"and {len(found.shapes) - len(shapes)} more lines (everything=True)"


def test_what_stays_has_no_line(specs: Path) -> None:
    found = followed(specs / "alexnet.yaml", specs / "variants" / "alexnet_tanh.yaml")
    assert found.lines() == ["parameters, MACs and values across groups stay as they are"]
    assert found.lines(everything=True) == [
        "parameters: 60,965,224, unchanged",
        "MACs: 724,406,816, unchanged",
        "values across groups: 58,624, unchanged",
    ]


def test_macs_and_parameters_of_each_group(specs: Path) -> None:
    found = followed(specs / "alexnet.yaml", specs / "variants" / "alexnet_no_conv3_crossing.yaml")
    before, after = (
        specnet.table(specs / name) for name in ("alexnet.yaml", "variants/alexnet_no_conv3_crossing.yaml")
    )
    told = found.as_json()["groups"]
    for group in ("gpu0", "gpu1"):
        for key in ("parameters", "macs"):
            assert told[group][key] == {
                "before": getattr(before.groups[group], key),
                "after": getattr(after.groups[group], key),
            }
    line = f"MACs on gpu1: {before.groups['gpu1'].macs:,} -> {after.groups['gpu1'].macs:,}"
    assert line in found.lines(everything=True)
    assert line not in found.lines()
    gone = followed(specs / "alexnet.yaml", specs / "alexnet_one_group.yaml").as_json()["groups"]["gpu1"]
    assert gone["macs"] == {"before": before.groups["gpu1"].macs, "after": None}


def test_towers_are_compared_share_by_share(specs: Path) -> None:
    """One layer over two groups, and a layer on each of them, the second one wider."""
    short = examine(document.parse((specs / "alexnet.yaml").read_text())).valid()
    text = (specs / "alexnet_towers.yaml").read_text()
    long = examine(document.parse(text)).valid()
    names = {"conv4.gpu0": "conv4a", "conv4.gpu1": "conv4b"}
    pairs = [((node,), (long.graph.nodes[names[str(node)]][0],)) for node in short.graph.nodes["conv4"]]
    assert shape_changes(short, long, pairs) == ()
    layer = "conv4b: {kind: conv, from: conv3b, filters: "
    wider = text.replace(f"{layer}192", f"{layer}200")
    other = examine(document.parse(wider)).valid()
    assert other.output_shape("conv4b") == (200, 13, 13)
    assert shape_changes(short, other, pairs) == (("conv4b", (192, 13, 13), (200, 13, 13)),)
