"""What the plain NumPy backend can do, and how other packages add to it.

An entry point in the group `specnet.kinds.plain_numpy`, named after the kind, names the module that registers
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from specnet.backend.batch import Labels
from specnet.backend.kinds import Kinds
from specnet.layers.activation import Activation
from specnet.layers.functions import ActivationFunction
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.optimizers import SGD

Weights = Mapping[str, Array]
Pull = Callable[[Array], Array]
Back = Callable[[Array], tuple[list[Array], dict[str, Array]]]
"""From an output's gradient to those of the values that an operation reads, and of its weights by role."""
LayerFunction = Callable[
    [Compute[Any], Array, Weights], tuple[Array, Callable[[Array], tuple[Array, dict[str, Array]]]]
]

layer: Kinds[LayerFunction] = Kinds("plain_numpy", "layer")
activation: Kinds[Callable[..., tuple[Array, Pull]]] = Kinds("plain_numpy", "activation")
loss: Kinds[Callable[[Any, Sequence[Array], Any], tuple[float, list[Array]]]]
loss = Kinds("plain_numpy", "loss")
optimizer: Kinds[Callable[[Any, Array, Weights, Array, float, float], None]]
optimizer = Kinds("plain_numpy", "optimizer")


def function_of(applied: ActivationFunction, what: str) -> Callable[[Array], tuple[Array, Pull]]:
    """An activation function with its numbers; `what` needs it."""
    return activation.with_options(applied.kind, applied.options, what)


@layer("flatten")
def flatten(op: Compute, x: Array, weights: Weights) -> Any:
    return x.reshape(len(x), -1), lambda gradient: (gradient.reshape(x.shape), {})


@layer("dense")
def dense(op: Compute, x: Array, weights: Weights) -> Any:
    rows = x.reshape(len(x), -1)

    def back(gradient: Array) -> tuple[Array, dict[str, Array]]:
        found: dict[str, Array] = {"weight": gradient.T @ rows}
        if "bias" in weights:
            found["bias"] = gradient.sum(axis=0)
        of_input: Array = gradient @ weights["weight"]
        return of_input.reshape(x.shape), found

    return rows @ weights["weight"].T + weights.get("bias", 0), back


@layer("activation")
def function(op: Compute[Activation], x: Array, weights: Weights) -> Any:
    output, pull = function_of(op.layer.function, f"layer '{op.name}'")(x)
    return output, lambda gradient: (pull(gradient), {})


@activation("relu")
def relu(x: Array) -> tuple[Array, Pull]:
    return np.maximum(x, 0), lambda gradient: gradient * (x > 0)


@loss("softmax_cross_entropy")
def softmax_cross_entropy(
    rule: SoftmaxCrossEntropy, values: Sequence[Array], labels: Labels
) -> tuple[float, list[Array]]:
    (logits,) = values
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = powers / powers.sum(axis=1, keepdims=True)
    right = labels if labels.ndim == 2 else np.eye(logits.shape[1])[labels]
    right = (1 - rule.label_smoothing) * right + rule.label_smoothing / logits.shape[1]
    mean = float(-(right * np.log(softmax)).sum(axis=1).mean())
    return mean, [(softmax - right) / len(logits)]


@optimizer("sgd")
def sgd(rule: SGD, weight: Array, slots: Weights, gradient: Array, rate: float, decay: float) -> None:
    velocity = slots["velocity"]
    velocity[...] = rule.momentum * velocity - rate * (gradient + decay * weight)
    weight += velocity
