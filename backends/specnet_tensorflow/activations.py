"""The built-in activation functions in TensorFlow. Channels, or units, come last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from specnet.backend.kinds import Kinds
from specnet.plans.operations import Compute

Tensor = Any
Function = Callable[[Tensor], Tensor]

activation: Kinds[Function] = Kinds("tensorflow", "activation")


def find(op: Compute, name: str) -> Function:
    """The function for a layer. Raises `UsageError`, naming the layer, if it is unknown."""
    return activation.find(name, f"layer '{op.name}'")


@activation("relu")
def relu(x: Tensor) -> Tensor:
    return tf.nn.relu(x)


@activation("tanh")
def tanh(x: Tensor) -> Tensor:
    return tf.tanh(x)


@activation("sigmoid")
def sigmoid(x: Tensor) -> Tensor:
    return tf.sigmoid(x)


@activation("elu")
def elu(x: Tensor) -> Tensor:
    return tf.nn.elu(x)


@activation("softmax")
def softmax(x: Tensor) -> Tensor:
    return tf.nn.softmax(x)
