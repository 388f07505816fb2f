"""The networks that the contract is checked on: one for each thing a kind can do, and a few full ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from specnet.plans.plan import Plan, make
from specnet.testing.random_specs import network_of

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Net:
    """A network by the name that its tests bear. `data` is what `specnet.load` takes."""

    name: str
    data: Fields

    def __str__(self) -> str:
        return self.name

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The layer kinds that a backend must know to run it."""
        return frozenset(str(layer["kind"]) for layer in self.data["layers"].values()) - {"input"}

    @cached_property
    def plan(self) -> Plan:
        return make(network_of(self.data))


def net(
    name: str,
    layers: Mapping[str, Fields],
    groups: Sequence[str] = ("a",),
    loss: str | None = None,
    kind: str = "softmax_cross_entropy",
    optimizer: str = "sgd",
    **rule: Any,
) -> Net:
    """A network, with a recipe if it has a loss, of `kind`. `rule` are fields of its optimizer."""
    data: dict[str, Any] = {"specnet": 1, "name": "net", "groups": list(groups), "layers": dict(layers)}
    if loss is not None:
        own = {"momentum": 0.9} if optimizer == "sgd" else {}
        fields = {"kind": optimizer, "learning_rate": 0.1, **own, "weight_decay": 5e-4, **rule}
        reads = {"kind": kind, "from": loss}
        data["training"] = {"loss": reads, "optimizer": fields}
    return Net(name, data)


IMAGE = (4, 7, 6)
"""Neither square nor symmetrical, so that swapped sides and sizes show."""

WINDOWS: dict[str, Fields] = {
    "plain": {"kernel": 3, "stride": 1},
    "two sizes": {"kernel": [3, 2], "stride": [1, 2]},
    "padding": {"kernel": 3, "stride": 2, "padding": 1},
    "padding top": {"kernel": 3, "stride": 2, "padding": [2, 0, 0, 0]},
    "padding bottom": {"kernel": 3, "stride": 2, "padding": [0, 2, 0, 0]},
    "padding left": {"kernel": 3, "stride": 2, "padding": [0, 0, 2, 0]},
    "padding right": {"kernel": 3, "stride": 2, "padding": [0, 0, 0, 2]},
    "padding on four sides": {"kernel": [4, 3], "stride": 1, "padding": [1, 3, 2, 0]},
    "same": {"kernel": [2, 3], "stride": 1, "padding": "same"},
    "same with stride": {"kernel": 4, "stride": [2, 3], "padding": "same"},
    "floor": {"kernel": 2, "stride": [3, 4], "rounding": "floor"},
    "ceil": {"kernel": 2, "stride": [3, 5], "rounding": "ceil"},
    "ceil with padding": {"kernel": 3, "stride": 2, "padding": [0, 1, 1, 0], "rounding": "ceil"},
}

FUNCTIONS = ("relu", "tanh", "sigmoid", "elu", "softmax")

VARIANTS: dict[str, tuple[Sequence[int], int, Fields]] = {
    **{f"conv {name}": (IMAGE, 1, {"kind": "conv", "filters": 3, **w}) for name, w in WINDOWS.items()},
    **{f"max_pool {name}": (IMAGE, 1, {"kind": "max_pool", **w}) for name, w in WINDOWS.items()},
    **{f"avg_pool {name}": (IMAGE, 1, {"kind": "avg_pool", **w}) for name, w in WINDOWS.items()},
    "conv without bias": (IMAGE, 1, {"kind": "conv", "filters": 2, "kernel": 2, "bias": "none"}),
    "conv in blocks": (IMAGE, 1, {"kind": "conv", "filters": 6, "kernel": 3, "groups": 2}),
    "conv of several inputs": (IMAGE, 2, {"kind": "conv", "filters": 3, "kernel": 3}),
    "max_pool by its kernel": (IMAGE, 1, {"kind": "max_pool", "kernel": [2, 3]}),
    "global_avg_pool": (IMAGE, 1, {"kind": "global_avg_pool"}),
    "dense of an image": (IMAGE, 1, {"kind": "dense", "units": 5}),
    "dense of a vector": ((6,), 1, {"kind": "dense", "units": 5}),
    "dense without bias": (IMAGE, 1, {"kind": "dense", "units": 3, "bias": "none"}),
    "dense of several inputs": (IMAGE, 2, {"kind": "dense", "units": 3}),
    "lrn of the sum": (
        (7, 3, 2),
        1,
        {"kind": "lrn", "size": 5, "k": 2, "alpha": 0.1, "beta": 0.75, "alpha_over": "sum"},
    ),
    "lrn of the mean": (
        (7, 3, 2),
        1,
        {"kind": "lrn", "size": 3, "k": 1, "alpha": 0.3, "beta": 0.5, "alpha_over": "size"},
    ),
    "lrn wider than the maps": (
        (3, 2, 2),
        1,
        {"kind": "lrn", "size": 9, "k": 2, "alpha": 0.2, "beta": 1.5},
    ),
    "batch_norm of an image": (IMAGE, 1, {"kind": "batch_norm"}),
    "batch_norm of a vector": ((5,), 1, {"kind": "batch_norm", "epsilon": 1e-3, "momentum": 0.7}),
    "dropout scaled in training": (IMAGE, 1, {"kind": "dropout", "rate": 0.3, "scale_at": "train"}),
    "dropout scaled at test": (IMAGE, 1, {"kind": "dropout", "rate": 0.3, "scale_at": "test"}),
    "dropout of a vector": ((6,), 1, {"kind": "dropout", "rate": 0.5, "scale_at": "test"}),
    "flatten": (IMAGE, 1, {"kind": "flatten"}),
    "flatten of a vector": ((6,), 1, {"kind": "flatten"}),
    "concat": (IMAGE, 3, {"kind": "concat"}),
    "concat of vectors": ((3,), 2, {"kind": "concat"}),
    "add": (IMAGE, 3, {"kind": "add"}),
    "add of vectors": ((4,), 2, {"kind": "add"}),
    **{f"{f} of an image": (IMAGE, 1, {"kind": "activation", "function": f}) for f in FUNCTIONS},
    **{f"{f} of a vector": ((5,), 1, {"kind": "activation", "function": f}) for f in FUNCTIONS},
    **{
        f"conv with {f}": (IMAGE, 1, {"kind": "conv", "filters": 3, "kernel": 3, "activation": f})
        for f in FUNCTIONS
    },
    **{f"dense with {f}": ((6,), 1, {"kind": "dense", "units": 4, "activation": f}) for f in FUNCTIONS},
    **{f"batch_norm with {f}": (IMAGE, 1, {"kind": "batch_norm", "activation": f}) for f in FUNCTIONS},
    **{
        f"max_pool with {f}": (IMAGE, 1, {"kind": "max_pool", "kernel": 2, "activation": f})
        for f in FUNCTIONS
    },
    **{
        f"avg_pool with {f}": (IMAGE, 1, {"kind": "avg_pool", "kernel": 2, "activation": f})
        for f in FUNCTIONS
    },
    **{f"add with {f}": (IMAGE, 2, {"kind": "add", "activation": f}) for f in FUNCTIONS},
}
"""By name: the shape of each input, how many there are, and the layer."""


def alone(name: str) -> Net:
    """The layer by itself: its inputs are the network's, its output is the network's."""
    shape, count, layer = VARIANTS[name]
    inputs = {f"x{i}": {"kind": "input", "shape": list(shape)} for i in range(count)}
    return net(name, {**inputs, "tested": {**layer, "from": list(inputs)}})


def between(name: str) -> Net:
    """The layer between others that have weights, so that its inputs' gradients show in theirs."""
    shape, count, layer = VARIANTS[name]
    size: Fields = {"units": shape[0]} if len(shape) == 1 else {"filters": shape[0], "kernel": 1}
    # A bias in front of a batch norm would have the gradient 0, which no two programs round alike.
    bias = "none" if layer["kind"] == "batch_norm" else 0
    lift = {"kind": "dense" if len(shape) == 1 else "conv", "bias": bias, "from": "image", **size}
    lifts = {f"lift{i}": lift for i in range(count)}
    layers: dict[str, Fields] = {
        "image": {"kind": "input", "shape": list(shape)},
        **lifts,
        "tested": {**layer, "from": list(lifts)},
        "head": {"kind": "dense", "units": 3, "from": "tested"},
    }
    return net(name, layers, loss="head")


ALONE = [alone(name) for name in VARIANTS]
BETWEEN = [between(name) for name in VARIANTS]


def tied(name: str) -> Net:
    """A max pooling of a ReLU. Its equal pixels are sums of unequal ones, so that a choice shows."""
    layers: dict[str, Fields] = {
        "image": {"kind": "input", "shape": list(IMAGE)},
        "lift": {"kind": "conv", "from": "image", "filters": 6, "kernel": 1, "activation": "relu"},
        "tested": {"kind": "max_pool", "from": "lift", **WINDOWS[name]},
        "head": {"kind": "dense", "units": 3, "from": "tested"},
    }
    return net(f"ties, {name}", layers, loss="head")


TIES = [tied(name) for name in WINDOWS]

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

_DENSE: dict[str, Fields] = {
    "image": {"kind": "input", "shape": [7]},
    "hidden": {"kind": "dense", "from": "image", "units": 6, "activation": "relu"},
    "head": {"kind": "dense", "from": "hidden", "units": 4},
}
LOSSES = [
    net(f"loss {kind}", _DENSE, loss="head", kind=kind)
    for kind in ("softmax_cross_entropy", "sigmoid_cross_entropy")
]
"""Each built-in loss on the same network."""

BATCH_NORM = between("batch_norm of an image")

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
