"""Oracle of the dense layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from specnet.layers.dense import Dense
from specnet.testing.oracles.base import (
    Circumstances,
    Result,
    Values,
    Weights,
    layer_oracle,
)


@layer_oracle("dense")
def dense(layer: Dense, inputs: Sequence[Values], weights: Weights, run: Circumstances) -> Result:
    """y[o] = bias[o] + sum over i of w[o, i] * x[i], x in channel, height, width order."""
    (x,) = inputs
    rows = x.reshape(len(x), -1)
    weight, bias = weights["weight"], weights.get("bias")
    output = np.einsum("ni,oi->no", rows, weight) + (0 if bias is None else bias)

    def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
        gradients = {"weight": np.einsum("no,ni->oi", gradient, rows)}
        if bias is not None:
            gradients["bias"] = gradient.sum(axis=0)
        return [np.einsum("no,oi->ni", gradient, weight).reshape(x.shape)], gradients

    return Result(output, pullback)
