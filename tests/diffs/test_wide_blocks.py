"""Convolutions in hundreds of blocks: their rows are looked at once, not once for each block."""

from __future__ import annotations

from typing import Any

import pytest

from specnet.diffs import pieces, rows
from specnet.diffs.diff import compare
from specnet.diffs.flow import Channels, cut
from specnet.diffs.rows import blocks_of
from specnet.network.graph import Node
from specnet.network.network import examine

WIDTH = 300


def net(function: str) -> dict[str, Any]:
    conv = {"kind": "conv", "kernel": 1, "filters": WIDTH, "bias": "none"}
    return {
        "specnet": 1,
        "name": "wide",
        "layers": {
            "image": {"kind": "input", "shape": [WIDTH, 4, 4]},
            "first": {**conv, "from": "image", "activation": function},
            "shuffled": {"kind": "channel_shuffle", "from": "first", "groups": 3},
            "apart": {**conv, "from": "shuffled", "groups": WIDTH},
            "last": {**conv, "from": "apart"},
        },
    }


def test_blocks_are_those_that_cutting_gives() -> None:
    expression = tuple(Channels(Node("a", str(index)), 2 * index, 2 * index + 3, 1) for index in range(8))
    for count in (1, 2, 3, 4, 6, 8, 12, 24):
        size = 24 // count
        expected = [cut(expression, start, start + size) for start in range(0, size * count, size)]
        assert blocks_of(expression, count) == expected


def test_a_share_is_cut_into_blocks_a_few_times_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(expression: Any, count: int) -> Any:
        calls.append(count)
        return rows.blocks_of(expression, count)

    monkeypatch.setattr(pieces, "blocks_of", counted)
    assert compare(examine(net("relu")), examine(net("tanh"))).changes
    assert calls.count(WIDTH) <= 8
