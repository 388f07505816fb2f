"""Which shares are laid beside each other."""

from __future__ import annotations

from pathlib import Path

import specnet
from specnet.diffs.pairs import by_name, share_by_share, with_names
from specnet.network.graph import Node
from specnet.network.network import Network, analyse


def network(path: Path) -> Network:
    return analyse(specnet.load(path))


def test_layers_of_one_name_are_added_where_neither_is_known(specs: Path) -> None:
    alexnet = network(specs / "alexnet.yaml")
    nodes = alexnet.graph.nodes
    given = [(nodes["conv1"], nodes["conv2"])]
    made = [(olds[0].layer, news[0].layer) for olds, news in with_names(given, alexnet, alexnet)]
    same = [(name, name) for name in alexnet.graph.order if name not in ("conv1", "conv2")]
    assert made == [*same[:3], ("conv1", "conv2"), *same[3:]]


def test_shares_are_paired_by_group_and_else_in_order() -> None:
    a, b, c = (Node("conv", group) for group in "abc")
    assert list(share_by_share([((a, b), (b, a))])) == [(a, a), (b, b)]
    assert list(share_by_share([((a, b), (b, c))])) == [(a, b), (b, c)]
    assert list(share_by_share([((a, b), (b,))])) == [(b, b)]


def test_renamed_layers_are_paired(specs: Path) -> None:
    alexnet, digits = network(specs / "alexnet.yaml"), network(specs / "lenet5.yaml")
    pairs = by_name(alexnet, digits, {"fc6": "fc3"})
    assert [(olds[0].layer, news[0].layer) for olds, news in pairs] == [
        *((name, name) for name in ("image", "conv1", "pool1", "conv2", "pool2")),
        ("fc6", "fc3"),
    ]
