"""The forward and the backward pass of a plan in TensorFlow.

The backward pass follows the plan, too: each operation has a tape of its own, and its gradients are computed
on the operation's device. TensorFlow's one big tape would leave their placement to chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from specnet.backend import walk
from specnet.plans.operations import Compute, Feed, Transfer, parameter_name
from specnet.plans.plan import Plan
from specnet_tensorflow.model import Layers, Share

Tensor = Any
Tensors = dict[str, Tensor]


@dataclass
class Passed:
    """What a forward pass leaves: the outputs, the values of compute operations, and in training, for each
    operation that has a gradient, its tape and what the gradient is taken by."""

    outputs: Tensors = field(default_factory=dict)
    values: Tensors = field(default_factory=dict)
    tapes: Tensors = field(default_factory=dict)
    sources: dict[str, list[Tensor]] = field(default_factory=dict)


class Passes:
    """A plan's way through its layers, each operation on its group's device."""

    def __init__(self, plan: Plan, layers: Layers, devices: Mapping[str, str]) -> None:
        self._plan, self._layers, self._devices = plan, layers, devices
        self._homes = {op.name: devices[op.group] for op in plan.operations}
        self._trained = {p.name: p.group for p in plan.parameters if p.trained}

    def holder(self, name: str) -> tuple[Share, str]:
        """The Keras layer that holds a parameter, and the parameter's role in it."""
        op, _, role = name.rpartition(".")
        share = self._layers[op]
        assert isinstance(share, Share)
        return share, role

    def variable(self, name: str) -> Tensor:
        """The variable of a parameter by its canonical name."""
        share, role = self.holder(name)
        return share.roles[role].value

    def forward(self, images: Tensors, masks: Tensors, *, training: bool) -> Passed:
        """The outputs for the images of each feed, by its name."""
        passed = Passed()

        def feed(op: Feed) -> Tensor:
            with tf.device(self._homes[op.name]):
                return tf.identity(images[op.name])

        def transfer(op: Transfer, value: Tensor) -> Tensor:
            with tf.device(self._homes[op.name]):
                return self._layers[op.name](value)

        def compute(op: Compute, values: list[Tensor]) -> Tensor:
            with tf.device(self._homes[op.name]):
                keep = tf.identity(masks[op.name]) if op.name in masks else None
                known = dict(zip(op.values, values, strict=True))
                sources = [*map(self.variable, _own(op)), *(known[name] for name in self._read(op))]
                with tf.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(sources)
                    value = self._layers[op.name](values, training=training, keep=keep)
            passed.values[op.name] = value
            if training and op.name in self._plan.differentiable:
                passed.tapes[op.name], passed.sources[op.name] = tape, sources
            return value

        passed.outputs = walk.forward(self._plan, feed, transfer, compute)
        return passed

    def backward(self, passed: Passed, flowing: Tensors) -> Tensors:
        """The gradient of every trained parameter, from those of values in `flowing`; zero where nothing
        depends on it."""
        gradients: Tensors = {}

        def transfer(op: Transfer, gradient: Tensor) -> Tensor:
            with tf.device(self._devices[op.origin]):
                return tf.identity(gradient)

        def compute(op: Compute, gradient: Tensor) -> Iterator[tuple[str, Tensor]]:
            with tf.device(self._homes[op.name]):
                parts = passed.tapes[op.name].gradient(
                    passed.values[op.name],
                    passed.sources[op.name],
                    gradient,
                    unconnected_gradients=tf.UnconnectedGradients.ZERO,
                )
            own = _own(op)
            gradients.update(zip(own, parts, strict=False))
            return zip(self._read(op), parts[len(own) :], strict=True)

        def add(name: str, one: Tensor, other: Tensor) -> Tensor:
            with tf.device(self._homes[name]):
                return one + other

        known = {name: g for name, g in flowing.items() if name in self._plan.differentiable}
        walk.backward(self._plan, known.items(), transfer, compute, add)
        for name, group in self._trained.items():
            if name not in gradients:
                with tf.device(self._devices[group]):
                    gradients[name] = tf.zeros_like(self.variable(name))
        return {name: gradients[name] for name in self._trained}

    def _read(self, op: Compute) -> list[str]:
        """The values that an operation reads and that have a gradient. One that it reads twice is there once:
        a tape gives the full gradient for every mention."""
        return [name for name in dict.fromkeys(op.values) if name in self._plan.differentiable]


def _own(op: Compute) -> list[str]:
    """The operation's parameters that training changes."""
    return [parameter_name(op, role) for role in op.trained]
