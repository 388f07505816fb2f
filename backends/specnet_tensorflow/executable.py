"""Training and evaluation of a plan in TensorFlow.

The backward pass follows the plan, too: each step has a tape of its own, and its gradients are computed on
the step's device. TensorFlow's one big tape would leave their placement to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from specnet.backend import fast_paths
from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import Precision, State, storage
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Feed, Transfer, parameter_name, role_of
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_tensorflow.arithmetic import arithmetic
from specnet_tensorflow.devices import device_name
from specnet_tensorflow.kinds import channels_first, channels_last
from specnet_tensorflow.memory import reraise_out_of_memory
from specnet_tensorflow.model import Layers, Share, make_layers, make_model
from specnet_tensorflow.registry import Tensor
from specnet_tensorflow.update import update

Tensors = dict[str, Tensor]


class TensorFlowExecutable:
    """Implements `specnet.backend.protocol.Executable`."""

    def __init__(self, plan: Plan, placement: Placement, precision: Precision) -> None:
        self.plan = plan
        if fast_paths.enabled() and "cpu" in placement.values():
            fast_paths.keep_memory()
        self._devices = {group: device_name(device) for group, device in placement.items()}
        self._precision = storage(precision)
        self._arithmetic = precision
        policy = "mixed_bfloat16" if precision == "bfloat16" else self._precision
        self.layers: Layers = make_layers(plan, placement, policy)
        self.model = make_model(plan, self.layers, self._precision)
        self._differentiable = _differentiable(plan)
        self._groups = {p.name: p.group for p in plan.parameters}
        self._trainable = [p.name for p in plan.parameters if p.trainable]
        self._roles = sorted({role_of(name) for name in self._trainable})
        self._feeds = [op for op in plan.operations if isinstance(op, Feed)]
        images = {s.name: tf.TensorSpec([None, *_last(s.output_shape)], self._precision) for s in self._feeds}
        masks = {
            s.name: tf.TensorSpec([None, *_last(s.output_shape)], tf.uint8) for s in plan.computes if s.mask
        }
        batch = (images, tf.TensorSpec([None], tf.int64), masks)
        rates = {role: tf.TensorSpec([], self._precision) for role in self._roles}
        # The traced functions are built at their first call.
        self.traced_forward = _traced(self._outputs, (images,))
        self.traced_gradients = _traced(self._loss_and_gradients, batch)
        self.traced_watch = _traced(self._watched, batch)
        self.traced_step = _traced(self._update, (*batch, rates))
        share = tf.TensorSpec([], self._precision)
        self.traced_part = _traced(self._add, (*batch, share))
        self.traced_apply = _traced(self._apply_totals, (rates,))

    @cached_property
    def _velocities(self) -> Tensors:
        """Zero until the first step. They are as large as the weights, and only training asks for them."""
        return self._zeros()

    @cached_property
    def _totals(self) -> Tensors:
        """Gradients summed over micro-batches, once there are any."""
        return self._zeros()

    def _zeros(self) -> Tensors:
        """A variable of zeros beside every trainable parameter, also where a function is being traced."""
        zeros: Tensors = {}
        for name in self._trainable:
            with tf.init_scope(), tf.device(self._devices[self._groups[name]]):
                zeros[name] = tf.Variable(tf.zeros_like(self._variable(name)), trainable=False)
        return zeros

    @reraise_out_of_memory()
    def state(self) -> State:
        return {name: self._canonical(name, self._variable(name)) for name in self._groups}

    @reraise_out_of_memory()
    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({p.name: p.shape for p in self.plan.parameters}, state)
        for name in self._groups:
            self._variable(name).assign(self._native(name, state[name]))

    @reraise_out_of_memory()
    def optimizer_state(self) -> State:
        return {name: self._canonical(name, v) for name, v in self._velocities.items()}

    @reraise_out_of_memory()
    def load_optimizer_state(self, state: Mapping[str, Array]) -> None:
        check_state({p.name: p.shape for p in self.plan.parameters if p.trainable}, state)
        for name, velocity in self._velocities.items():
            velocity.assign(self._native(name, state[name]))

    @reraise_out_of_memory()
    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        with arithmetic(self._arithmetic):
            outputs = self.traced_forward(self._fed(inputs))
        return {name: np.ascontiguousarray(channels_first(t.numpy())) for name, t in outputs.items()}

    @reraise_out_of_memory()
    def gradients(self, batch: Batch) -> tuple[float, State]:
        with arithmetic(self._arithmetic):
            loss, gradients = self.traced_gradients(*self._feed(batch))
        return float(loss), {name: self._canonical(name, g) for name, g in gradients.items()}

    @reraise_out_of_memory()
    def watch(self, batch: Batch) -> tuple[State, State]:
        """What `specnet.testing.decisions.Watched` says."""
        values, gradients = self.traced_watch(*self._feed(batch))
        found = {name: np.ascontiguousarray(channels_first(t.numpy())) for name, t in values.items()}
        return found, {name: self._canonical(name, g) for name, g in gradients.items()}

    @reraise_out_of_memory()
    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> Tensor:
        rule = self.plan.optimizer
        assert rule is not None
        rates = {r: tf.constant(rule.rate(r, learning_rate), self._precision) for r in self._roles}
        parts = batch.parts(micro_batch)
        with arithmetic(self._arithmetic):
            return (
                self._in_parts(parts, rates)
                if len(parts) > 1
                else self.traced_step(*self._feed(batch), rates)
            )

    def _in_parts(self, parts: Sequence[Batch], rates: Tensors) -> Tensor:
        """One update from the gradients of all parts together; returns the mean loss."""
        images = sum(len(part.labels) for part in parts)
        for total in self._totals.values():
            total.assign(tf.zeros_like(total))
        losses = []
        for part in parts:
            share = tf.constant(len(part.labels) / images, self._precision)
            losses.append(self.traced_part(*self._feed(part), share))
        self.traced_apply(rates)
        return tf.add_n(losses)

    def _outputs(self, images: Tensors) -> Tensors:
        values, _ = self._run(images, {}, training=False)
        return {name: tf.cast(values[name], self._precision) for name in self.plan.outputs}

    def _update(self, images: Tensors, labels: Tensor, masks: Tensors, rates: Tensors) -> Tensor:
        """One training step; returns the loss. `rates` are the learning rates by role."""
        loss, gradients = self._loss_and_gradients(images, labels, masks)
        self._apply(gradients, rates)
        return loss

    def _add(self, images: Tensors, labels: Tensor, masks: Tensors, share: Tensor) -> Tensor:
        """Add a part's gradients to the totals of a step; returns what it adds to the loss."""
        loss, gradients = self._loss_and_gradients(images, labels, masks)
        for name, gradient in gradients.items():
            with tf.device(self._devices[self._groups[name]]):
                self._totals[name].assign_add(tf.identity(share) * gradient)
        return share * loss

    def _apply_totals(self, rates: Tensors) -> None:
        self._apply(self._totals, rates)

    def _apply(self, gradients: Tensors, rates: Tensors) -> None:
        """Change the weights. `rates` are the learning rates by role."""
        assert self.plan.optimizer is not None
        weights = {name: self._variable(name) for name in gradients}
        devices = {name: self._devices[self._groups[name]] for name in gradients}
        update(self.plan.optimizer, weights, self._velocities, gradients, rates, devices)

    def _loss_and_gradients(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Tensor, Tensors]:
        """The mean loss and the gradient of every parameter; zero where the loss does not depend on it."""
        _, loss, gradients = self._pass(images, labels, masks)
        return loss, gradients

    def _watched(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Tensors, Tensors]:
        """Every compute step's output in a training pass, and the gradients."""
        values, _, gradients = self._pass(images, labels, masks)
        return {s.name: tf.cast(values[s.name], self._precision) for s in self.plan.computes}, gradients

    def _pass(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Tensors, Tensor, Tensors]:
        """All values of a training pass, the mean loss and the gradients."""
        assert self.plan.logits is not None
        values, tapes = self._run(images, masks, training=True)
        group = next(op.group for op in self.plan.computes if op.name == self.plan.logits)
        logits = values[self.plan.logits]
        with tf.device(self._devices[group]):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(logits)
                # In float64, since no two programs round an exponential alike.
                scores = tf.cast(logits, tf.float64)
                entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.identity(labels), scores)
                loss = tf.reduce_mean(entropies)
            flowing = {self.plan.logits: tape.gradient(loss, logits)}
            loss = tf.cast(loss, self._precision)
        return values, loss, self._backward(values, tapes, flowing)

    def _run(self, images: Tensors, masks: Tensors, *, training: bool) -> tuple[Tensors, dict[str, Tensor]]:
        """All values of the forward pass, and in training a tape for each step that has a gradient."""
        values: Tensors = {}
        tapes: dict[str, Tensor] = {}
        for op in self.plan.operations:
            with tf.device(self._devices[op.group]):
                if isinstance(op, Feed):
                    values[op.name] = tf.identity(images[op.name])
                elif isinstance(op, Transfer):
                    values[op.name] = self.layers[op.name](values[op.source])
                else:
                    read = [values[name] for name in op.values]
                    keep = tf.identity(masks[op.name]) if op.name in masks else None
                    with tf.GradientTape(watch_accessed_variables=False) as tape:
                        tape.watch(self._sources(op, values))
                        values[op.name] = self.layers[op.name](read, training=training, keep=keep)
                    if training and op.name in self._differentiable:
                        tapes[op.name] = tape
        return values, tapes

    def _sources(self, op: Compute, values: Tensors) -> list[Tensor]:
        """What a step's gradient is taken by: its trainable parameters, then the values it reads."""
        own = [self._variable(parameter_name(op, role)) for role, w in op.weights.items() if w.trainable]
        return own + [values[name] for name in self._read(op)]

    def _read(self, op: Compute) -> list[str]:
        """The values a step reads that have a gradient. One that it reads twice is there once: a tape gives
        the whole gradient for every mention."""
        return [name for name in dict.fromkeys(op.values) if name in self._differentiable]

    def _backward(self, values: Tensors, tapes: dict[str, Tensor], flowing: Tensors) -> Tensors:
        """The gradient of every trainable parameter, from the gradient of the logits in `flowing`."""
        gradients: Tensors = {}

        def flow(value: str, gradient: Tensor) -> None:
            flowing[value] = flowing[value] + gradient if value in flowing else gradient

        for op in reversed(self.plan.operations):
            gradient = flowing.pop(op.name, None)
            if gradient is None or op.name not in self._differentiable:
                continue
            if isinstance(op, Transfer):
                with tf.device(self._devices[op.origin]):
                    flow(op.source, tf.identity(gradient))
            elif isinstance(op, Compute):
                with tf.device(self._devices[op.group]):
                    sources = self._sources(op, values)
                    found = tapes[op.name].gradient(
                        values[op.name],
                        sources,
                        gradient,
                        unconnected_gradients=tf.UnconnectedGradients.ZERO,
                    )
                    own = [parameter_name(op, role) for role, w in op.weights.items() if w.trainable]
                    gradients.update(zip(own, found, strict=False))
                    for name, part in zip(self._read(op), found[len(own) :], strict=True):
                        flow(name, part)
        for name in self._trainable:
            if name not in gradients:
                with tf.device(self._devices[self._groups[name]]):
                    gradients[name] = tf.zeros_like(self._variable(name))
        return {name: gradients[name] for name in self._trainable}

    def _feed(self, batch: Batch) -> tuple[Tensors, Tensor, Tensors]:
        """What a step takes, each on the device where it is used."""
        (name,) = self.plan.inputs
        devices = {op.name: self._devices[op.group] for op in self.plan.computes}
        masks = {s: _placed(channels_last(mask), devices[s]) for s, mask in batch.masks.items()}
        assert self.plan.logits is not None
        return self._fed({name: batch.images}), _placed(batch.labels, devices[self.plan.logits]), masks

    def _fed(self, inputs: Mapping[str, Array]) -> Tensors:
        """The images for each feed on its group's device. Groups of one device share them."""
        arrays = {
            name: np.ascontiguousarray(channels_last(inputs[name]), dtype=self._precision)
            for name in self.plan.inputs
        }
        places = {feed.name: (feed.layer, self._devices[feed.group]) for feed in self._feeds}
        placed = {place: _placed(arrays[place[0]], place[1]) for place in dict.fromkeys(places.values())}
        return {feed: placed[place] for feed, place in places.items()}

    def _holder(self, name: str) -> tuple[Share, str]:
        """The Keras layer that holds a parameter, and the parameter's role in it."""
        op, _, role = name.rpartition(".")
        share = self.layers[op]
        assert isinstance(share, Share)
        return share, role

    def _variable(self, name: str) -> Tensor:
        share, role = self._holder(name)
        return share.roles[role].value

    def _canonical(self, name: str, tensor: Tensor) -> Array:
        share, role = self._holder(name)
        return share.canonical(role, tensor.numpy())

    def _native(self, name: str, array: Array) -> Array:
        share, role = self._holder(name)
        return share.native(role, np.asarray(array, dtype=self._precision))


def _traced(function: Callable[..., Any], signature: tuple[Any, ...]) -> Any:
    """A function as a graph. It branches on the plan only, so there is nothing for AutoGraph to translate,
    which took two seconds of AlexNet's start."""
    return tf.function(function, input_signature=signature, autograph=False)


def _placed(array: NDArray[Any], device: str) -> Tensor:
    """An array on a device, without a detour by another one."""
    with tf.device(device):
        return tf.constant(array)


def _differentiable(plan: Plan) -> set[str]:
    """The values that depend on a parameter, and so have a gradient worth computing."""
    found: set[str] = set()
    for op in plan.operations:
        if isinstance(op, Transfer) and op.source in found:
            found.add(op.name)
        elif isinstance(op, Compute):
            trainable = any(weight.trainable for weight in op.weights.values())
            if trainable or any(name in found for name in op.values):
                found.add(op.name)
    return found


def _last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0])
