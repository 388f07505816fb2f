"""Random fields of a layer of each kind. Not all of them fit what it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from specnet.testing.random_specs.draws import Draws
from specnet.testing.random_specs.initializers import random_initializer

LARGEST_CHANNELS = 16
"""Of one layer, over all its groups."""

IMAGE_KINDS = (
    *("conv",) * 10,
    *("max_pool",) * 4,
    *("avg_pool",) * 4,
    *("lrn",) * 2,
    *("batch_norm",) * 2,
    *("add",) * 2,
    *("multiply",) * 2,
    *("concat",) * 2,
    *("pad", "maxout", "global_max_pool"),
    *("random_connections",) * 2,
    "blur",
    "subsample",
    "layer_norm",
    "scale",
    "slice",
    "channel_shuffle",
    "stochastic_depth",
    "dropout",
    "activation",
    "global_avg_pool",
    "flatten",
    "dense",
)
VECTOR_KINDS = (
    *("dense", "dense", "activation", "dropout", "stochastic_depth", "batch_norm", "layer_norm", "scale"),
    *("add", "multiply", "concat", "slice", "channel_shuffle", "maxout"),
)
FUNCTIONS = (
    *("relu", "tanh", "sigmoid", "softmax", "relu6", "leaky_relu", "elu", "gelu", "gelu_tanh", "silu"),
    *("hard_swish", "hard_sigmoid", "softplus", "scaled_tanh"),
    {"kind": "leaky_relu", "slope": 0.2},
    {"kind": "elu", "alpha": 0.7},
    {"kind": "scaled_tanh", "amplitude": 2.0, "slope": 0.5},
)

Fields = dict[str, Any]

FIELDS: dict[str, Callable[[Draws], Fields]] = {}


def fields(kind: str) -> Callable[[Callable[[Draws], Fields]], Callable[[Draws], Fields]]:
    """Register the function that draws the fields of a kind."""

    def register(function: Callable[[Draws], Fields]) -> Callable[[Draws], Fields]:
        FIELDS[kind] = function
        return function

    return register


@fields("conv")
def conv(draw: Draws) -> Fields:
    return {
        "kind": "conv",
        "filters": draw.groups * draw.between(1, LARGEST_CHANNELS // draw.groups),
        **window(draw),
        "dilation": draw.among(1, 1, 1, 2, [1, 2], [3, 2]),
        "groups": draw.among(1, 1, 1, 2, 3),
        "shared": draw.among(True, True, True, True, False),
        "bias": bias(draw),
        "weights": random_initializer(draw, 0.1),
        "activation": function(draw),
    }


@fields("random_connections")
def random_connections(draw: Draws) -> Fields:
    return {
        "kind": "random_connections",
        "filters": draw.groups * draw.between(1, LARGEST_CHANNELS // draw.groups),
        **window(draw),
        "dilation": draw.among(1, 1, 2),
        "connections": draw.between(1, 4),
        "groups": draw.among(None, None, 1, 2),
        "seed": draw.between(0, 3),
        "bias": bias(draw),
        "weights": random_initializer(draw, 0.3),
        "activation": function(draw),
    }


@fields("blur")
def blur(draw: Draws) -> Fields:
    return {"kind": "blur", "size": draw.among(3, 5, 9), "std": draw.among(0.5, 1.0, 4.0)}


@fields("subsample")
def subsample(draw: Draws) -> Fields:
    return {
        "kind": "subsample",
        "stride": draw.among(1, 2, 3, [2, 1], [1, 3]),
        "start": draw.among(0, 0, 1, [0, 1], [2, 1]),
    }


@fields("dense")
def dense(draw: Draws) -> Fields:
    units = draw.groups * draw.between(1, 6)
    return {
        "kind": "dense",
        "units": units,
        "bias": bias(draw),
        "weights": random_initializer(draw, 0.1),
        "activation": function(draw),
    }


@fields("max_pool")
def max_pool(draw: Draws) -> Fields:
    return {"kind": "max_pool", **window(draw), "activation": seldom(draw)}


@fields("avg_pool")
def avg_pool(draw: Draws) -> Fields:
    return {
        "kind": "avg_pool",
        **window(draw),
        "count_padding": draw.among(False, True),
        "activation": seldom(draw),
    }


@fields("global_avg_pool")
def global_avg_pool(draw: Draws) -> Fields:
    return {"kind": "global_avg_pool", "keep_dims": draw.among(False, True)}


@fields("global_max_pool")
def global_max_pool(draw: Draws) -> Fields:
    return {"kind": "global_max_pool", "keep_dims": draw.among(False, True)}


@fields("maxout")
def maxout(draw: Draws) -> Fields:
    return {"kind": "maxout", "pieces": draw.among(2, 3)}


@fields("pad")
def pad(draw: Draws) -> Fields:
    four = [draw.between(-2, 3) for _ in range(4)]
    return {"kind": "pad", "padding": draw.among(1, 2, -1, four, four)}


@fields("flatten")
def flatten(draw: Draws) -> Fields:
    return {"kind": "flatten"}


@fields("lrn")
def lrn(draw: Draws) -> Fields:
    radius = draw.between(0, 3)
    return {
        "kind": "lrn",
        **draw.among({"radius": radius}, {"size": 2 * radius + 1}),
        "k": draw.among(1.0, 2.0),
        "alpha": draw.among(0.01, 0.1, 0.5),
        "beta": draw.among(0.5, 0.75, 1.0),
        "alpha_over": draw.among("sum", "size"),
        "region": draw.among("across", "across", "within"),
    }


@fields("batch_norm")
def batch_norm(draw: Draws) -> Fields:
    return {
        "kind": "batch_norm",
        "epsilon": draw.among(1e-5, 1e-3),
        "momentum": draw.among(0.9, 0.99),
        "scale": draw.among(True, True, False),
        "shift": draw.among(True, True, False),
        "activation": function(draw),
    }


@fields("dropout")
def dropout(draw: Draws) -> Fields:
    return {"kind": "dropout", "rate": draw.among(0.2, 0.5), "scale_at": draw.among("train", "test")}


@fields("stochastic_depth")
def stochastic_depth(draw: Draws) -> Fields:
    return {"kind": "stochastic_depth", "rate": draw.among(0.2, 0.5)}


@fields("layer_norm")
def layer_norm(draw: Draws) -> Fields:
    return {
        "kind": "layer_norm",
        "epsilon": draw.among(1e-5, 1e-3),
        "scale": draw.chance(0.8),
        "shift": draw.chance(0.8),
        "activation": function(draw),
    }


@fields("scale")
def scale(draw: Draws) -> Fields:
    return {
        "kind": "scale",
        "gain": draw.among(1, 0.5, "none"),
        "offset": draw.among(0, -0.5, "none"),
        "activation": function(draw),
    }


@fields("slice")
def slice_(draw: Draws) -> Fields:
    start = draw.between(0, 4)
    return {"kind": "slice", "channels": [start, start + draw.between(1, 6)]}


@fields("channel_shuffle")
def channel_shuffle(draw: Draws) -> Fields:
    return {"kind": "channel_shuffle", "groups": draw.among(2, 3, 4)}


@fields("activation")
def activation(draw: Draws) -> Fields:
    return {"kind": "activation", "function": draw.among(*FUNCTIONS)}


@fields("add")
def add(draw: Draws) -> Fields:
    return {"kind": "add", "activation": function(draw)}


@fields("multiply")
def multiply(draw: Draws) -> Fields:
    return {"kind": "multiply", "activation": function(draw)}


@fields("concat")
def concat(draw: Draws) -> Fields:
    return {"kind": "concat"}


def window(draw: Draws) -> Fields:
    """Kernel, stride, padding and rounding, each in any form the language has."""
    four = [draw.between(0, 3) for _ in range(4)]
    padding = draw.among(0, 1, 2, "same", four, four)
    return {
        "kernel": draw.among(1, 2, 3, 5, [2, 3], [4, 1], [1, 3]),
        "stride": draw.among(1, 1, 2, 3, [2, 1], [1, 3]),
        "padding": padding,
        "rounding": None if padding == "same" else draw.among("floor", "ceil", "clip"),
    }


def bias(draw: Draws) -> float | str:
    chosen: float | str = draw.among(0, 1, 0.5, "none")
    return chosen


def seldom(draw: Draws) -> str | Fields | None:
    """For kinds that seldom have an activation function of their own."""
    return function(draw) if draw.chance(0.2) else None


def function(draw: Draws) -> str | Fields | None:
    chosen: str | Fields | None = draw.among(None, None, "relu", "relu", *FUNCTIONS)
    return chosen
