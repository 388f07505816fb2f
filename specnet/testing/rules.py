"""The networks that the contract's steps are checked on: the update rule with everything it can be told."""

from __future__ import annotations

from typing import Any

from specnet.testing.cases import CROSS, MEETING, SHARED, Fields, net

PLAIN = net("plain descent", SHARED, loss="fc5", momentum=0.0, weight_decay=0.0)
"""The same layers on one group, trained without momentum and decay."""

BIASES = net(
    "biases apart",
    MEETING,
    groups=("a", "b"),
    loss="fc5",
    weight_decay=0.05,
    biases={"learning_rate": 0.03, "weight_decay": 0.2},
)
"""`SPLIT` with a rate and a decay for biases that show after a few steps."""

FREE_BIASES = net(
    "biases without decay",
    MEETING,
    groups=("a", "b"),
    loss="fc5",
    weight_decay=0.05,
    biases={"weight_decay": 0},
)
"""The same with the common rate."""

CLIPPED = net("clipped", MEETING, groups=("a", "b"), loss="fc5", clip_norm=9.0)
"""`SPLIT` with gradients cut to a length that is less than most and more than some of them."""

DENSE = net(
    "dense layers with the whole rule",
    {
        "image": {"kind": "input", "shape": [7]},
        "fc1": {"kind": "dense", "from": "image", "units": 6, "bias": 1, "activation": "relu"},
        "fc2": {"kind": "dense", "from": "fc1", "group": "a", "units": 4, **CROSS},
    },
    groups=("a", "b"),
    loss="fc2",
    weight_decay=0.05,
    biases={"learning_rate": 0.2, "weight_decay": 0.1},
    clip_norm=1.0,
)
"""Rate and decay of biases and a cut gradient, for backends that know dense layers only."""

SOFT = net(
    "soft labels",
    {
        "image": {"kind": "input", "shape": [7]},
        "fc": {"kind": "dense", "from": "image", "units": 4},
    },
    loss={"kind": "softmax_cross_entropy", "from": "fc", "label_smoothing": 0.1},
    soft=True,
)
"""Labels that are shares of classes, which parts of a batch take with them."""

ADAGRAD = net(
    "adagrad",
    MEETING,
    groups=("a", "b"),
    loss="fc5",
    optimizer="adagrad",
    weight_decay=0.05,
    biases={"learning_rate": 0.2},
    clip_norm=9.0,
)
"""A rate of its own for each number, with all that optimizers have in common."""

_SMALL: dict[str, Fields] = {
    "image": {"kind": "input", "shape": [2, 4, 4]},
    "conv1": {"kind": "conv", "from": "image", "filters": 4, "kernel": 3, "activation": "tanh"},
    "fc2": {"kind": "dense", "from": "conv1", "group": "a", "units": 3, **CROSS},
}
_TOLD: list[tuple[str, str, dict[str, Any]]] = [
    ("nesterov", "sgd", {"momentum": 0.8, "nesterov": True}),
    ("rate outside", "sgd", {"momentum": 0.8, "rate": "outside"}),
    ("nesterov outside", "sgd", {"momentum": 0.8, "nesterov": True, "rate": "outside"}),
    ("rmsprop", "rmsprop", {"rho": 0.8}),
    ("centered rmsprop", "rmsprop", {"rho": 0.8, "centered": True, "momentum": 0.7, "epsilon": 1e-3}),
    ("adam", "adam", {"beta1": 0.8}),
    ("amsgrad", "adam", {"beta1": 0.8, "beta2": 0.7, "amsgrad": True}),
    ("adamw", "adamw", {"epsilon": 1e-3}),
]
OPTIMIZERS = [
    net(
        name,
        _SMALL,
        groups=("a", "b"),
        loss="fc2",
        optimizer=kind,
        weight_decay=0.05,
        biases={"learning_rate": 0.2, "weight_decay": 0.1},
        clip_norm=0.9,
        **fields,
    )
    for name, kind, fields in _TOLD
]
"""Each built-in optimizer and what it can be told, on one small network."""

RATES = net(
    "rates by layer and role",
    {
        "image": {"kind": "input", "shape": [2, 4, 4]},
        "conv1": {"kind": "conv", "from": "image", "filters": 2, "kernel": 3, "activation": "sigmoid"},
        "norm1": {"kind": "batch_norm", "from": "conv1"},
        "fc2": {"kind": "dense", "from": "norm1", "group": "a", "units": 3, **CROSS},
    },
    groups=("a", "b"),
    loss="fc2",
    weight_decay=0.05,
    biases={"learning_rate": 0.2},
    rates=[
        {"layers": ["conv*", "fc?"], "role": "weight", "learning_rate": 0.05, "max_norm": 0.6},
        {"layers": "norm*", "weight_decay": 0},
        {"layers": "conv1", "role": "bias", "learning_rate": 0},
        {"layers": "fc2", "weight_decay": 0.2, "max_norm": 0.9},
    ],
)
"""Whose rate, decay and longest weights follow from several entries, of which one stands still. Each group
has one filter: of the axes of its weights, several show the same of all units. Its mean is one number, which
a sigmoid keeps away from 0."""

LONGEST = net(
    "dense layers with a longest norm",
    {
        "image": {"kind": "input", "shape": [7]},
        "fc1": {"kind": "dense", "from": "image", "units": 6, "activation": "relu"},
        "fc2": {"kind": "dense", "from": "fc1", "group": "a", "units": 4, **CROSS},
    },
    groups=("a", "b"),
    loss="fc2",
    rates=[{"layers": "*", "max_norm": 0.9}, {"layers": "fc1", "role": "weight", "learning_rate": 0.3}],
)
"""The same for backends that know dense layers only."""

FROZEN_FRONT = net(
    "a frozen front",
    MEETING,
    groups=("a", "b"),
    loss="fc5",
    frozen=["conv1", "norm*"],
    weight_decay=0.05,
    clip_norm=9.0,
)
"""Nothing before pool1 has a gradient, a decay or a part in the norm; norm1 keeps its running statistics."""

_STILL = {"trainable": False}
FROZEN_BETWEEN = net(
    "frozen between trained layers",
    {**MEETING, **{name: {**MEETING[name], **_STILL} for name in ("norm1", "conv2", "fc4")}},
    groups=("a", "b"),
    loss="fc5",
    weight_decay=0.05,
    biases={"learning_rate": 0.03},
    clip_norm=9.0,
)
"""Gradients go through frozen layers of each kind to a trained one. Its images do not see each other."""

FROZEN_DENSE = net(
    "a frozen dense layer",
    {
        "image": {"kind": "input", "shape": [7]},
        "fc1": {"kind": "dense", "from": "image", "units": 6},
        "fc2": {"kind": "dense", "from": "fc1", "units": 6, "activation": "relu"},
        "fc3": {"kind": "dense", "from": "fc2", "units": 4},
    },
    loss="fc3",
    frozen=["fc2"],
)
"""The same for backends that know dense layers only."""

FROZEN = [FROZEN_FRONT, FROZEN_BETWEEN, FROZEN_DENSE]

_TWO_LOGITS: dict[str, Fields] = {
    "image": {"kind": "input", "shape": [1]},
    "out": {"kind": "dense", "from": "image", "units": 2},
}
PAPER = net("the paper's rule", _TWO_LOGITS, loss="out")
WHOLE_RULE = net(
    "the whole rule",
    _TWO_LOGITS,
    loss="out",
    weight_decay=0.05,
    biases={"learning_rate": 0.2, "weight_decay": 0.3},
    clip_norm=0.9,
)
"""Four parameters, for `by_hand`."""

IMAGEWISE = net(
    "image by image",
    {
        **{name: layer for name, layer in MEETING.items() if name != "norm1"},
        "pool1": {**MEETING["pool1"], "from": "conv1"},
    },
    groups=("a", "b"),
    loss="fc5",
    weight_decay=0.05,
    biases={"learning_rate": 0.03},
    clip_norm=9.0,
)
"""`SPLIT` without batch_norm, so that micro-batches change nothing."""
