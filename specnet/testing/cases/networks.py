"""Whole networks: several readers of a value, groups that meet, each loss."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.testing.cases.net import Fields, net

TWICE = net(
    "the same input twice",
    {
        "image": {"kind": "input", "shape": [2, 4, 4]},
        "first": {"kind": "conv", "from": "image", "filters": 2, "kernel": 2},
        "doubled": {"kind": "add", "from": ["first", "first"]},
        "joined": {"kind": "concat", "from": ["first", "doubled", "first"]},
        "head": {"kind": "dense", "from": "joined", "units": 3},
    },
    loss="head",
)
"""A value that one layer reads twice; its gradient has a part for each."""

DOTTED = net(
    "names with dots",
    {
        "image": {"kind": "input", "shape": [5]},
        "first": {"kind": "dense", "from": "image", "units": 4},
        "first.a": {"kind": "dense", "from": "first", "units": 3, "activation": "tanh"},
        "first.a.1.norm": {"kind": "batch_norm", "from": "first.a"},
        "head.out": {"kind": "dense", "from": "first.a.1.norm", "units": 3},
    },
    loss="head.out",
)
"""Layers as uses of blocks name them, one of them as the share of `first` on group `a` is named."""

_DENSE: dict[str, Fields] = {
    "image": {"kind": "input", "shape": [7]},
    "hidden": {"kind": "dense", "from": "image", "units": 6, "activation": "relu"},
    "head": {"kind": "dense", "from": "hidden", "units": 4},
}
_OF_LOGITS: dict[str, Fields] = {
    "softmax_cross_entropy": {"kind": "softmax_cross_entropy"},
    "label smoothing": {"kind": "softmax_cross_entropy", "label_smoothing": 0.1},
    "sigmoid_cross_entropy": {"kind": "sigmoid_cross_entropy"},
    "mean_squared_error": {"kind": "mean_squared_error"},
}
LOSSES = [
    net(f"loss {name}{', soft labels' * soft}", _DENSE, loss={**fields, "from": "head"}, soft=soft)
    for name, fields in _OF_LOGITS.items()
    for soft in (False, True)
]
"""Each built-in loss on the same network, with classes as labels and with their shares."""

AUXILIARY = net(
    "auxiliary heads",
    {
        "image": {"kind": "input", "shape": [2, 5, 5]},
        "first": {"kind": "conv", "from": "image", "group": "b", "filters": 3, "kernel": 2},
        "early": {"kind": "dense", "from": "first", "units": 4},
        "second": {
            "kind": "conv",
            "from": "first",
            "group": "a",
            "cross_group": True,
            "filters": 2,
            "kernel": 2,
        },
        "head": {"kind": "dense", "from": "second", "units": 4},
    },
    groups=("a", "b"),
    loss={
        "kind": "sum",
        "of": [
            {"kind": "softmax_cross_entropy", "from": "head"},
            {"kind": "sigmoid_cross_entropy", "from": "early", "weight": 0.3},
            {"kind": "mean_squared_error", "from": "head", "weight": 2},
        ],
    },
)
"""Several losses, of which one reads what is on another group and two read the same."""

SHARED: dict[str, Fields] = {
    "image": {"kind": "input", "shape": [3, 12, 11]},
    "conv1": {
        "kind": "conv",
        "from": "image",
        "filters": 8,
        "kernel": 3,
        "stride": 2,
        "rounding": "ceil",
        "activation": "relu",
    },
    "norm1": {"kind": "batch_norm", "from": "conv1"},
    "pool1": {"kind": "max_pool", "from": "norm1", "kernel": 3, "stride": 2, "rounding": "ceil"},
    "conv2": {"kind": "conv", "from": "pool1", "filters": 8, "kernel": 3, "padding": 1, "activation": "tanh"},
    "sum2": {"kind": "add", "from": ["pool1", "conv2"]},
    "drop2": {"kind": "dropout", "from": "sum2", "rate": 0.25, "scale_at": "train"},
    "conv3": {"kind": "conv", "from": "drop2", "filters": 6, "kernel": 2, "padding": [1, 0, 0, 1]},
    "fc4": {"kind": "dense", "from": "conv3", "units": 10, "bias": 1, "activation": "relu"},
    "drop4": {"kind": "dropout", "from": "fc4", "rate": 0.5, "scale_at": "test"},
    "fc5": {"kind": "dense", "from": "drop4", "units": 4},
}


def _with(changes: Mapping[str, Fields]) -> dict[str, Fields]:
    return {name: {**layer, **changes.get(name, {})} for name, layer in SHARED.items()}


CROSS = {"cross_group": True}
MEETING = _with({"conv3": CROSS, "fc4": CROSS, "fc5": {**CROSS, "group": "a"}})
SPLIT = net("split", MEETING, groups=("a", "b"), loss="fc5")
"""Two groups that meet in conv3, fc4 and fc5. It has no lrn, whose neighbours a split takes apart."""

MERGED = net("merged", _with({"conv2": {"groups": 2}}), loss="fc5")
"""The same function on one group: a convolution that does not cross is one in two blocks."""

TOWERS = net(
    "towers",
    {
        "image": {"kind": "input", "shape": [3, 6, 6]},
        "one_a": {"kind": "conv", "from": "image", "group": "a", "filters": 2, "kernel": 3},
        "one_b": {"kind": "conv", "from": "image", "group": "b", "filters": 2, "kernel": 3},
        "two_a": {
            "kind": "conv",
            "from": ["one_a", "one_b"],
            "group": "a",
            "filters": 3,
            "kernel": 2,
            **CROSS,
        },
        "two_b": {
            "kind": "conv",
            "from": ["one_a", "one_b"],
            "group": "b",
            "filters": 3,
            "kernel": 2,
            **CROSS,
        },
        "out": {"kind": "dense", "from": ["two_a", "two_b"], "group": "a", "units": 3, **CROSS},
    },
    groups=("a", "b"),
    loss="out",
)
"""The long form: a layer for each tower."""

SHORT = net(
    "short form",
    {
        "image": {"kind": "input", "shape": [3, 6, 6]},
        "one": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3},
        "two": {"kind": "conv", "from": "one", "filters": 6, "kernel": 2, **CROSS},
        "out": {"kind": "dense", "from": "two", "group": "a", "units": 3, **CROSS},
    },
    groups=("a", "b"),
    loss="out",
)
"""The short form of `TOWERS`."""

CROSSING = net(
    "crossing",
    {
        "image": {"kind": "input", "shape": [2, 4, 4]},
        "first": {"kind": "conv", "from": "image", "filters": 4, "kernel": 2},
        "apart": {"kind": "conv", "from": "first", "filters": 4, "kernel": 2},
        "mixed": {"kind": "conv", "from": "first", "filters": 4, "kernel": 2, **CROSS},
    },
    groups=("a", "b"),
)
"""`mixed` reads both groups, `apart` its own only; the shares of both are the outputs."""

FULL = [TWICE, DOTTED, AUXILIARY]
"""Networks on one group whose gradients are of interest as a whole."""
