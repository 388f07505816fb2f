"""What follows is told share by share, where a split layer of one network is several layers of the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.diffs.consequences import Consequences
from specnet.diffs.diff import compare
from specnet.diffs.fields import FieldChange, field_changes
from specnet.network.network import examine
from specnet.syntax import document
from specnet.tables import build

LAYER = "conv4{}: {{kind: conv, from: conv3{}, filters: 192, kernel: {}, padding: {}"


def followed(before: str, after: str) -> Consequences:
    found = compare(*(examine(document.parse(text)) for text in (before, after))).consequences
    assert found is not None
    return found


def forms(specs: Path) -> tuple[str, str]:
    short, long = ((specs / f"{name}.yaml").read_text() for name in ("alexnet", "alexnet_towers"))
    return short, long


def test_another_batch_size_changes_the_bytes_of_the_same_edges(specs: Path) -> None:
    short, long = forms(specs)
    found = followed(short, long.replace("batch_size: 128", "batch_size: 256"))
    assert found.shapes == ()
    assert len(found.edges) == 7
    assert all(edge.before and edge.after == 2 * edge.before for edge in found.edges)
    assert found.fields is not None
    assert found.fields.layers == ()
    assert "steps to the same number of images: 0.5 times as many" in found.lines()


@pytest.mark.parametrize("tower", ["a", "b"])
def test_one_tower_that_sees_more(specs: Path, tower: str) -> None:
    """A kernel of 5 in place of 3, at a distance of 16 pixels, sees 32 more in its own tower."""
    short, long = forms(specs)
    wide = long.replace(LAYER.format(tower, tower, 3, 1), LAYER.format(tower, tower, 5, 2))
    assert wide != long
    there, back = followed(short, wide), followed(wide, short)
    assert there.shapes == back.shapes == ()
    assert there.edges == back.edges == ()
    assert there.fields is not None
    assert back.fields is not None
    sizes = {"conv4": (131, 163), "conv5": (163, 195), "pool5": (195, 227)}
    assert there.fields.layers == tuple(
        FieldChange(f"{name}{tower}", (was, was), (now, now)) for name, (was, now) in sizes.items()
    )
    assert back.fields.layers == tuple(
        FieldChange(name, (now, now), (was, was)) for name, (was, now) in sizes.items()
    )


@pytest.mark.parametrize("first", ["a", "b"])
def test_either_tower_may_be_the_one_that_sees_otherwise(specs: Path, first: str) -> None:
    short, long = (examine(document.parse(text)).valid() for text in forms(specs))
    wide = examine(
        document.parse(forms(specs)[1].replace(LAYER.format("b", "b", 3, 1), LAYER.format("b", "b", 5, 2)))
    )
    nodes = {node.group: node for node in short.graph.nodes["conv4"]}
    towers = [(long.graph.nodes[f"conv4{t}"], (nodes[group],)) for t, group in (("a", "gpu0"), ("b", "gpu1"))]
    pairs = towers if first == "a" else towers[::-1]
    tables = build.make(wide.valid()), build.make(short)
    found = field_changes(wide.valid(), short, *tables, pairs)
    assert found.layers == (FieldChange("conv4", (163, 163), (131, 131)),)
