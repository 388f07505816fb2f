"""The native model: a functional `keras.Model` with a layer for each share and each transfer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from specnet.backend import walk
from specnet.backend.kinds import Run
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Transfer
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_tensorflow import activations
from specnet_tensorflow.devices import device_name, resolve_device
from specnet_tensorflow.layers import Tensor, kinds


def keras_name(value: str) -> str:
    """A value's name as Keras and TensorFlow allow it: `pool2.gpu0@gpu1` is `pool2.gpu0.to.gpu1`."""
    name = value.replace("@", ".to.")
    return name if name[0].isalnum() else f".{name}"


@keras.saving.register_keras_serializable(package="specnet")
class Share(keras.layers.Layer):
    """One share of a layer, on its device. Its weights are named by role and have TensorFlow's layouts.

    It computes in `compute_dtype`, except that a kind that needs full precision computes in `variable_dtype`
    and rounds its output. A kind that keeps running statistics sees all its weights as they are stored:
    averages that move by small steps would stand still in half precision.
    """

    def __init__(self, op: Compute | dict[str, Any], device: str, **options: Any) -> None:
        self.op = Compute.from_config(op) if isinstance(op, dict) else op
        named = {"name": keras_name(self.op.name), "trainable": not self.op.layer.is_frozen}
        super().__init__(**{**named, **options})
        self.device = resolve_device(device)
        self.implementation = kinds.find(self.op.layer.kind, f"layer '{self.op.name}'")
        applied = self.op.activation
        self.function = None if applied is None else activations.find(self.op, applied)
        self.roles: dict[str, Any] = {}
        statistics = any(not weight.trainable for weight in self.op.weights.values())
        autocast = not (statistics or self.op.layer.full_precision)
        with tf.device(device_name(self.device)):
            for role, weight in self.op.weights.items():
                empty = np.broadcast_to(np.float32(0), weight.shape)
                shape = self.implementation.layout(role).to_native(empty, self.op).shape
                self.roles[role] = self.add_weight(
                    shape=shape,
                    initializer="zeros",
                    name=role,
                    trainable=weight.trainable,
                    autocast=autocast,
                )

    def build(self, input_shape: Any) -> None:
        """The weights exist already: their shapes follow from the operation."""
        self.built = True

    def call(self, values: Any, training: bool = False, keep: Tensor | None = None) -> Tensor:
        """The share's output for the values that its operation reads, in that order."""
        pieces = values if isinstance(values, list | tuple) else [values]
        with tf.device(device_name(self.device)):
            run = Run(bool(training) and not self.op.keeps_statistics, keep)
            weights = {role: variable.value for role, variable in self.roles.items()}
            arguments = self._arguments(pieces)
            if self.op.layer.full_precision:
                arguments = [tf.cast(argument, self.variable_dtype) for argument in arguments]
            output = self.implementation.function(self.op, arguments, weights, run)
            output = tf.cast(output, self.compute_dtype)
            return output if self.function is None else self.function(output)

    def _arguments(self, pieces: Any) -> list[Tensor]:
        """The values concatenated along the channels where an argument has several."""
        arguments: list[Tensor] = []
        start = 0
        for names in self.op.arguments:
            parts = pieces[start : start + len(names)]
            start += len(names)
            arguments.append(parts[0] if len(parts) == 1 else tf.concat(list(parts), axis=-1))
        return arguments

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        channels, *window = self.op.output_shape
        return (None, *window, channels)

    def canonical(self, role: str, array: Array) -> Array:
        """A native array in its canonical layout."""
        return np.ascontiguousarray(self.implementation.layout(role).to_canonical(array, self.op))

    def native(self, role: str, array: Array) -> Array:
        """A canonical array in TensorFlow's layout."""
        return np.ascontiguousarray(self.implementation.layout(role).to_native(array, self.op))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "op": self.op.config(), "device": self.device}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Share:
        """The layer that `get_config` described. Files of earlier versions call its operation `step`."""
        now = {"op" if key == "step" else key: value for key, value in config.items()}
        share: Share = super().from_config(now)
        return share


@keras.saving.register_keras_serializable(package="specnet")
class Move(keras.layers.Layer):
    """A transfer: its input becomes available on another device."""

    def __init__(self, device: str, **options: Any) -> None:
        super().__init__(**options)
        self.device = resolve_device(device)

    def call(self, value: Tensor) -> Tensor:
        with tf.device(device_name(self.device)):
            return tf.identity(value)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "device": self.device}


Layers = dict[str, Share | Move]
"""The Keras layers by the name of their operation."""


def make_layers(plan: Plan, placement: Placement, dtype: str) -> Layers:
    """A layer for each compute and transfer operation."""
    layers: Layers = {}
    for op in plan.operations:
        if isinstance(op, Compute):
            layers[op.name] = Share(op, placement[op.group], dtype=dtype)
        elif isinstance(op, Transfer):
            layers[op.name] = Move(placement[op.group], name=keras_name(op.name), dtype=dtype)
    return layers


def make_model(plan: Plan, layers: Layers, dtype: str) -> keras.Model:
    """The functional model. Images are (n, height, width, channels), as Keras users expect."""
    inputs = {
        name: keras.Input((*shape[1:], shape[0]), dtype=dtype, name=name)
        for name, shape in plan.inputs.items()
    }
    values = walk.forward(
        plan,
        feed=lambda op: inputs[op.layer],
        transfer=lambda op, value: layers[op.name](value),
        compute=lambda op, read: layers[op.name](read if len(read) > 1 else read[0]),
    )
    outputs = list(values.values())
    only = len(outputs) == 1
    result = outputs[0] if only else dict(zip(map(keras_name, plan.outputs), outputs, strict=True))
    return keras.Model(next(iter(inputs.values())) if len(inputs) == 1 else inputs, result, name=plan.name)
