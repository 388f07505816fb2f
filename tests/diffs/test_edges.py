"""Which cross-group edges came, went and changed, and the bytes that they move."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import specnet
from specnet.diffs.edges import EdgeChange, edge_changes, edge_lines
from specnet.diffs.pairs import by_name
from specnet.network.graph import Node
from specnet.network.memory import traffic
from specnet.network.network import Network, examine
from specnet.syntax import document
from specnet.testing.random_specs import network_of, random_spec

VALUE = 4
BATCH = 128
POOL2, CONV3 = 128 * 13 * 13, 192 * 13 * 13
"""Values of a group's share in AlexNet."""


def loaded(path: Path, **renames: str) -> Network:
    text = path.read_text()
    for old, new in renames.items():
        text = text.replace(old, new)
    return examine(document.parse(text)).valid()


def found(before: Network, after: Network, **renamed: str) -> set[tuple[str, str, int | None, int | None]]:
    changes = edge_changes(before, after, by_name(before, after, renamed))
    return {(str(c.source), c.group, c.before, c.after) for c in changes}


def test_a_crossing_that_moves_to_the_next_layer(specs: Path) -> None:
    before, after = loaded(specs / "alexnet.yaml"), loaded(specs / "variants" / "alexnet_conv4_crossing.yaml")
    # Every value goes there, and its gradient back.
    gone, come = (2 * VALUE * BATCH * values for values in (POOL2, CONV3))
    assert found(before, after) == {
        ("pool2.gpu0", "gpu1", gone, None),
        ("pool2.gpu1", "gpu0", gone, None),
        ("conv3.gpu0", "gpu1", None, come),
        ("conv3.gpu1", "gpu0", None, come),
    }
    assert edge_lines(edge_changes(before, after, by_name(before, after, {}))) == [
        "2 cross-group edges new: conv3 (63.4 MiB a step)",
        "2 cross-group edges gone: pool2 (42.2 MiB a step)",
    ]


def test_a_batch_of_another_size_moves_other_bytes_over_the_same_edges(specs: Path) -> None:
    before = loaded(specs / "alexnet.yaml")
    after = loaded(specs / "alexnet.yaml", **{"batch_size: 128": "batch_size: 64"})
    changes = edge_changes(before, after, by_name(before, after, {}))
    assert len(changes) == 7
    assert all(c.before == 2 * (c.after or 0) for c in changes)
    assert [line.partition(":")[0] for line in edge_lines(changes)] == ["7 cross-group edges changed"]


def test_edges_of_renamed_layers_are_the_same(specs: Path) -> None:
    before, after = loaded(specs / "alexnet.yaml"), loaded(specs / "alexnet.yaml", pool2="second")
    assert found(before, after, pool2="second") == set()
    assert len(found(before, after)) == 4, "as two layers, the edges of one came, and the other's are gone"


def test_a_name_that_passes_to_another_layer_does_not_pass_its_edges_on(specs: Path) -> None:
    """pool2 is gone, and pool5 is called pool2."""
    before = loaded(specs / "alexnet.yaml")
    pool5 = before.graph.nodes["pool5"]
    pairs = [(pool5, before.graph.nodes["pool2"])]
    changes = edge_changes(before, before, pairs)
    sides = {(c.source.layer, c.status) for c in changes}
    assert sides == {("pool2", "gone"), ("pool2", "changed"), ("pool5", "new")}


def test_a_layer_that_moves_has_other_edges() -> None:
    head = {"kind": "dense", "units": 10}
    sides = []
    for group in ("a", "c"):
        layers = {
            "image": {"kind": "input", "shape": [1, 8, 8]},
            "conv": {"kind": "conv", "from": "image", "group": group, "filters": 4, "kernel": 3},
            "fc": {**head, "from": "conv", "group": "b", "cross_group": True},
        }
        spec = {"specnet": 1, "name": "n", "groups": ["a", "b", "c"], "layers": layers}
        sides.append(examine(spec).valid())
    bytes_ = VALUE * 4 * 6 * 6
    assert found(*sides) == {("conv.a", "b", bytes_, None), ("conv.c", "b", None, bytes_)}


def test_one_edge_is_told_by_itself() -> None:
    change = EdgeChange(Node("conv", "a"), "b", None, 2048)
    assert str(change) == "cross-group edge conv.a -> b: none -> 2.0 KiB a step"
    assert edge_lines([change]) == ["1 cross-group edge new: conv (2.0 KiB a step)"]


def test_short_and_long_form_have_the_same_edges(specs: Path) -> None:
    follows = specnet.diff(specs / "alexnet.yaml", specs / "alexnet_towers.yaml").consequences
    assert follows is not None
    assert follows.edges == ()
    assert follows.shapes == ()
    assert follows.fields is not None
    assert follows.fields.layers == follows.fields.outputs == ()


@pytest.mark.parametrize("seed", range(0, 60, 2))
def test_edges_add_up_to_the_traffic_and_the_way_back_is_the_mirror(seed: int) -> None:
    before, after = (network_of(random_spec(n)) for n in (seed, seed + 1))
    changes = edge_changes(before, after, by_name(before, after, {}))
    moved = [sum(traffic(network).values()) for network in (before, after)]
    assert sum((c.after or 0) - (c.before or 0) for c in changes) == moved[1] - moved[0]
    back = edge_changes(after, before, by_name(after, before, {}))
    assert Counter((c.source, c.group, c.before, c.after) for c in changes) == Counter(
        (c.source, c.group, c.after, c.before) for c in back
    )
    assert edge_changes(before, before, by_name(before, before, {})) == ()
