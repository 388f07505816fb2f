"""One layer for each thing that a kind can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from specnet.testing.cases.net import Fields


class Variant(NamedTuple):
    """A layer as it is checked by itself: the shapes of what it reads, and its fields but `from`."""

    shapes: Sequence[Sequence[int]]
    layer: Fields


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
"""Those that are tried on every kind that can have one of its own."""

MORE_FUNCTIONS: dict[str, str | Fields] = {
    **{
        name: name
        for name in ("relu6", "leaky_relu", "gelu", "gelu_tanh", "silu", "hard_swish", "hard_sigmoid")
    },
    **{name: name for name in ("softplus", "scaled_tanh")},
    "leaky_relu of 0.2": {"kind": "leaky_relu", "slope": 0.2},
    "elu of 0.7": {"kind": "elu", "alpha": 0.7},
    "scaled_tanh of 2 and 0.3": {"kind": "scaled_tanh", "amplitude": 2.0, "slope": 0.3},
}
"""Those that are tried by themselves and on a dense layer: how a layer gets one is the same for all."""

VARIANTS: dict[str, Variant] = {
    **{f"conv {name}": Variant([IMAGE], {"kind": "conv", "filters": 3, **w}) for name, w in WINDOWS.items()},
    **{f"max_pool {name}": Variant([IMAGE], {"kind": "max_pool", **w}) for name, w in WINDOWS.items()},
    **{f"avg_pool {name}": Variant([IMAGE], {"kind": "avg_pool", **w}) for name, w in WINDOWS.items()},
    "conv without bias": Variant([IMAGE], {"kind": "conv", "filters": 2, "kernel": 2, "bias": "none"}),
    "conv in blocks": Variant([IMAGE], {"kind": "conv", "filters": 6, "kernel": 3, "groups": 2}),
    "conv of each channel": Variant([IMAGE], {"kind": "conv", "filters": 8, "kernel": 3, "groups": 4}),
    "conv of each channel, padded": Variant(
        [IMAGE], {"kind": "conv", "filters": 4, "kernel": 3, "stride": 2, "padding": 1, "groups": 4}
    ),
    "conv of each channel, two strides": Variant(
        [IMAGE], {"kind": "conv", "filters": 4, "kernel": 2, "stride": [2, 1], "groups": 4}
    ),
    "conv of several inputs": Variant([IMAGE] * 2, {"kind": "conv", "filters": 3, "kernel": 3}),
    "max_pool by its kernel": Variant([IMAGE], {"kind": "max_pool", "kernel": [2, 3]}),
    "conv with dilation": Variant(
        [IMAGE], {"kind": "conv", "filters": 3, "kernel": [3, 2], "dilation": [2, 3], "padding": [2, 1, 0, 4]}
    ),
    "conv with dilation and stride": Variant(
        [IMAGE],
        {
            "kind": "conv",
            "filters": 4,
            "kernel": 2,
            "dilation": 3,
            "stride": 2,
            "groups": 2,
            "rounding": "ceil",
        },
    ),
    "conv with dilation and same": Variant(
        [IMAGE],
        {"kind": "conv", "filters": 2, "kernel": 3, "dilation": 2, "stride": [1, 2], "padding": "same"},
    ),
    **{
        f"{kind} clip with padding {padding}": Variant(
            [IMAGE],
            {
                "kind": kind,
                **({"filters": 2} if kind == "conv" else {}),
                "kernel": 2,
                "stride": 2,
                "padding": padding,
                "rounding": "clip",
            },
        )
        for kind, padding in (("conv", 1), ("max_pool", 1), ("avg_pool", 1), ("max_pool", [0, 0, 1, 2]))
    },
    "avg_pool counting padding": Variant(
        [IMAGE],
        {"kind": "avg_pool", "kernel": 3, "stride": 2, "padding": [1, 0, 0, 2], "count_padding": True},
    ),
    "avg_pool counting padding and not what ceil adds": Variant(
        [IMAGE],
        {
            "kind": "avg_pool",
            "kernel": 3,
            "stride": 3,
            "padding": 1,
            "count_padding": True,
            "rounding": "ceil",
        },
    ),
    "avg_pool counting padding of same": Variant(
        [IMAGE],
        {"kind": "avg_pool", "kernel": [4, 3], "stride": 2, "padding": "same", "count_padding": True},
    ),
    "conv of its own kernels": Variant(
        [IMAGE], {"kind": "conv", "filters": 3, "kernel": [3, 2], "stride": [2, 1], "shared": False}
    ),
    "conv of its own kernels in blocks": Variant(
        [IMAGE],
        {
            **{"kind": "conv", "filters": 4, "kernel": 2, "groups": 2, "shared": False, "dilation": [2, 1]},
            **{"padding": [1, 0, 2, 1], "rounding": "ceil", "stride": [1, 2], "activation": "tanh"},
        },
    ),
    "conv of its own kernels without bias": Variant(
        [IMAGE],
        {"kind": "conv", "filters": 2, "kernel": 3, "padding": "same", "shared": False, "bias": "none"},
    ),
    "lrn within maps": Variant(
        [IMAGE], {"kind": "lrn", "size": 3, "k": 2, "alpha": 0.3, "beta": 0.75, "region": "within"}
    ),
    "lrn within maps of the mean": Variant(
        [IMAGE],
        {
            **{"kind": "lrn", "radius": 3, "k": 1, "alpha": 0.8, "beta": 1.5},
            **{"region": "within", "alpha_over": "size"},
        },
    ),
    "random_connections": Variant(
        [IMAGE],
        {"kind": "random_connections", "filters": 5, "kernel": 3, "connections": 2, "padding": [0, 1, 0, 0]},
    ),
    "random_connections in blocks": Variant(
        [(6, 5, 4)],
        {
            **{
                "kind": "random_connections",
                "filters": 6,
                "kernel": 2,
                "connections": 4,
                "groups": 3,
                "seed": 7,
            },
            **{"stride": 2, "rounding": "ceil", "dilation": 2, "bias": "none", "activation": "tanh"},
        },
    ),
    "blur": Variant([IMAGE], {"kind": "blur", "size": 5, "std": 1.3}),
    "blur wider than the image": Variant([IMAGE], {"kind": "blur", "size": 19, "std": 8}),
    "subsample": Variant([IMAGE], {"kind": "subsample", "stride": 2}),
    "subsample from an offset": Variant([IMAGE], {"kind": "subsample", "stride": [2, 3], "start": [1, 2]}),
    "global_avg_pool with keep_dims": Variant([IMAGE], {"kind": "global_avg_pool", "keep_dims": True}),
    "global_avg_pool": Variant([IMAGE], {"kind": "global_avg_pool"}),
    "dense of an image": Variant([IMAGE], {"kind": "dense", "units": 5}),
    "dense of a vector": Variant([(6,)], {"kind": "dense", "units": 5}),
    "dense without bias": Variant([IMAGE], {"kind": "dense", "units": 3, "bias": "none"}),
    "dense of several inputs": Variant([IMAGE] * 2, {"kind": "dense", "units": 3}),
    "lrn of the sum": Variant(
        [(7, 3, 2)],
        {"kind": "lrn", "size": 5, "k": 2, "alpha": 0.1, "beta": 0.75, "alpha_over": "sum"},
    ),
    "lrn of the mean": Variant(
        [(7, 3, 2)],
        {"kind": "lrn", "size": 3, "k": 1, "alpha": 0.3, "beta": 0.5, "alpha_over": "size"},
    ),
    "lrn wider than the maps": Variant(
        [(3, 2, 2)],
        {"kind": "lrn", "size": 9, "k": 2, "alpha": 0.2, "beta": 1.5},
    ),
    "batch_norm of an image": Variant([IMAGE], {"kind": "batch_norm"}),
    "batch_norm of a vector": Variant([(5,)], {"kind": "batch_norm", "epsilon": 1e-3, "momentum": 0.7}),
    "batch_norm without scale": Variant([IMAGE], {"kind": "batch_norm", "scale": False}),
    "batch_norm without shift": Variant([(5,)], {"kind": "batch_norm", "shift": False}),
    "batch_norm without either": Variant([IMAGE], {"kind": "batch_norm", "scale": False, "shift": False}),
    "dropout scaled in training": Variant([IMAGE], {"kind": "dropout", "rate": 0.3, "scale_at": "train"}),
    "dropout scaled at test": Variant([IMAGE], {"kind": "dropout", "rate": 0.3, "scale_at": "test"}),
    "dropout of a vector": Variant([(6,)], {"kind": "dropout", "rate": 0.5, "scale_at": "test"}),
    "stochastic_depth": Variant([IMAGE], {"kind": "stochastic_depth", "rate": 0.4}),
    "stochastic_depth of a vector": Variant([(6,)], {"kind": "stochastic_depth", "rate": 0.25}),
    "layer_norm of an image": Variant([IMAGE], {"kind": "layer_norm", "activation": "relu"}),
    "layer_norm of a vector": Variant([(5,)], {"kind": "layer_norm", "epsilon": 1e-2}),
    "layer_norm without both": Variant([IMAGE], {"kind": "layer_norm", "scale": False, "shift": False}),
    "scale of an image": Variant([IMAGE], {"kind": "scale", "gain": 0.5, "offset": 1}),
    "scale without gain": Variant([IMAGE], {"kind": "scale", "gain": "none", "offset": 0}),
    "scale by constants": Variant([IMAGE], {"kind": "scale", "gain": 2, "offset": -1, "trainable": False}),
    "flatten": Variant([IMAGE], {"kind": "flatten"}),
    "global_max_pool": Variant([IMAGE], {"kind": "global_max_pool"}),
    "global_max_pool with keep_dims": Variant([IMAGE], {"kind": "global_max_pool", "keep_dims": True}),
    "maxout": Variant([(6, 3, 2)], {"kind": "maxout", "pieces": 3}),
    "maxout of a vector": Variant([(6,)], {"kind": "maxout", "pieces": 2}),
    "pad": Variant([IMAGE], {"kind": "pad", "padding": [1, 2, 0, 3]}),
    "pad and crop": Variant([IMAGE], {"kind": "pad", "padding": [-1, -2, 2, -3]}),
    "slice": Variant([IMAGE], {"kind": "slice", "channels": [1, 3]}),
    "channel_shuffle": Variant([(6, 3, 2)], {"kind": "channel_shuffle", "groups": 2}),
    "flatten of a vector": Variant([(6,)], {"kind": "flatten"}),
    "concat": Variant([IMAGE] * 3, {"kind": "concat"}),
    "concat of vectors": Variant([(3,)] * 2, {"kind": "concat"}),
    "add": Variant([IMAGE] * 3, {"kind": "add"}),
    "add of vectors": Variant([(4,)] * 2, {"kind": "add"}),
    "multiply": Variant([IMAGE] * 3, {"kind": "multiply", "activation": "relu"}),
    "multiply into all pixels": Variant([(4, 1, 1), IMAGE, (4,)], {"kind": "multiply"}),
    **{f"{f} of an image": Variant([IMAGE], {"kind": "activation", "function": f}) for f in FUNCTIONS},
    **{f"{f} of a vector": Variant([(5,)], {"kind": "activation", "function": f}) for f in FUNCTIONS},
    **{
        f"conv with {f}": Variant([IMAGE], {"kind": "conv", "filters": 3, "kernel": 3, "activation": f})
        for f in FUNCTIONS
    },
    **{f"dense with {f}": Variant([(6,)], {"kind": "dense", "units": 4, "activation": f}) for f in FUNCTIONS},
    **{f"batch_norm with {f}": Variant([IMAGE], {"kind": "batch_norm", "activation": f}) for f in FUNCTIONS},
    **{
        f"max_pool with {f}": Variant([IMAGE], {"kind": "max_pool", "kernel": 2, "activation": f})
        for f in FUNCTIONS
    },
    **{
        f"avg_pool with {f}": Variant([IMAGE], {"kind": "avg_pool", "kernel": 2, "activation": f})
        for f in FUNCTIONS
    },
    **{
        f"{n} of an image": Variant([IMAGE], {"kind": "activation", "function": f})
        for n, f in MORE_FUNCTIONS.items()
    },
    **{
        f"dense with {n}": Variant([(6,)], {"kind": "dense", "units": 4, "activation": f})
        for n, f in MORE_FUNCTIONS.items()
    },
    **{f"add with {f}": Variant([IMAGE] * 2, {"kind": "add", "activation": f}) for f in FUNCTIONS},
}
"""The layers that are checked by themselves, by name."""
