"""Training and evaluation of a plan in TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from specnet.backend import fast_paths, slots
from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import Precision, State, StepResult, storage
from specnet.backend.slots import OptimizerState
from specnet.layers.base import Shape
from specnet.numerics.randomness import Array
from specnet.plans.operations import Feed
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_tensorflow import losses, optimizers
from specnet_tensorflow.arithmetic import arithmetic
from specnet_tensorflow.devices import device_name
from specnet_tensorflow.layers import Tensor, channels_first, channels_last
from specnet_tensorflow.model import Layers, make_layers, make_model
from specnet_tensorflow.out_of_memory import reraise_out_of_memory
from specnet_tensorflow.passes import Passed, Passes
from specnet_tensorflow.tracing import TracedByLabels, traced

Tensors = dict[str, Tensor]


Told = tuple[Tensor, Tensor | None]
"""The fields of a `StepResult`."""


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
        self._passes = Passes(plan, self.layers, self._devices)
        if plan.loss is not None:
            self._loss_function = losses.find(plan.loss)
        if plan.optimizer is not None:
            optimizers.optimizer.find(plan.optimizer.kind, "the update rule")
        self._groups = {p.name: p.group for p in plan.parameters}
        self._trained = [p.name for p in plan.parameters if p.trained]
        self._rates = sorted({own.learning_rate for own in plan.settings.values()})
        self._feeds = [op for op in plan.operations if isinstance(op, Feed)]
        images = {s.name: tf.TensorSpec([None, *_last(s.output_shape)], self._precision) for s in self._feeds}
        masks = {n: tf.TensorSpec([None, *_last(mask.shape)], tf.uint8) for n, mask in plan.masks.items()}
        rates = [tf.TensorSpec([], self._precision) for _ in self._rates]
        # The traced functions are built at their first call.
        self.traced_forward = traced(self._outputs, images)
        self.traced_gradients = TracedByLabels(self._loss_and_gradients, images, masks)
        self.traced_watch = TracedByLabels(self._watched, images, masks)
        self.traced_step = TracedByLabels(self._update, images, masks, rates)
        fraction = tf.TensorSpec([], self._precision)
        self.traced_part = TracedByLabels(self._add, images, masks, fraction)
        self.traced_apply = traced(self._apply_totals, rates)

    @cached_property
    def _slots(self) -> dict[str, Tensors]:
        """Zero until the first step. They are as large as the weights, and only training asks for them."""
        rule = self.plan.optimizer
        return {slot: self._zeros(count=slot in rule.counts) for slot in rule.kept} if rule else {}

    @cached_property
    def _units(self) -> dict[str, int]:
        """The axis along which units lie, of each parameter whose weights of a unit have a longest norm."""
        bounded = [p for p in self.plan.parameters if p.trained and self.plan.settings[p.name].max_norm]
        return {p.name: self._unit_axis(p.name, p.shape) for p in bounded}

    def _unit_axis(self, name: str, shape: Shape) -> int:
        share, role = self._passes.holder(name)
        first = np.zeros(shape, bool)
        first[0] = True
        native = share.native(role, first)
        alike = (axis for axis in range(native.ndim) if native.shape[axis] == shape[0])
        return next(axis for axis in alike if native.take(0, axis).all())

    @cached_property
    def _totals(self) -> Tensors:
        """Gradients summed over micro-batches, once there are any."""
        return self._zeros(count=False)

    def _zeros(self, *, count: bool) -> Tensors:
        """A variable of zeros beside every trained parameter, also where a function is being traced: laid
        out like the parameter, or one number."""
        zeros: Tensors = {}
        for name in self._trained:
            with tf.init_scope(), tf.device(self._devices[self._groups[name]]):
                start = tf.zeros([], tf.float64) if count else tf.zeros_like(self._passes.variable(name))
                zeros[name] = tf.Variable(start, trainable=False)
        return zeros

    @reraise_out_of_memory()
    def state(self) -> State:
        return {name: self._canonical(name, self._passes.variable(name)) for name in self._groups}

    @reraise_out_of_memory()
    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({p.name: p.shape for p in self.plan.parameters}, state)
        for name in self._groups:
            self._passes.variable(name).assign(self._native(name, state[name]))

    @reraise_out_of_memory()
    def optimizer_state(self) -> OptimizerState:
        return {slot: {n: self._kept(slot, n) for n in kept} for slot, kept in self._slots.items()}

    @reraise_out_of_memory()
    def load_optimizer_state(self, state: Mapping[str, Mapping[str, Array]]) -> None:
        slots.check(self.plan, state)
        for slot, kept in self._slots.items():
            for name, variable in kept.items():
                array = state[slot][name]
                variable.assign(array if self._counts(slot) else self._native(name, array))

    def _kept(self, slot: str, name: str) -> Array:
        variable = self._slots[slot][name]
        return np.array(variable.numpy()) if self._counts(slot) else self._canonical(name, variable)

    def _counts(self, slot: str) -> bool:
        return self.plan.optimizer is not None and slot in self.plan.optimizer.counts

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
        watched = {name: np.ascontiguousarray(channels_first(t.numpy())) for name, t in values.items()}
        return watched, {name: self._canonical(name, g) for name, g in gradients.items()}

    @reraise_out_of_memory()
    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        now = {own.learning_rate: own.rate(learning_rate) for own in self.plan.settings.values()}
        rates = [tf.constant(now[rate], self._precision) for rate in self._rates]
        parts = batch.parts(micro_batch)
        with arithmetic(self._arithmetic):
            if len(parts) > 1:
                return self._in_parts(parts, rates)
            return StepResult(*self.traced_step(*self._feed(batch), rates))

    def _in_parts(self, parts: Sequence[Batch], rates: Sequence[Tensor]) -> StepResult:
        """One update from the gradients of all parts together."""
        images = sum(len(part.labels) for part in parts)
        for total in self._totals.values():
            total.assign(tf.zeros_like(total))
        told = []
        for part in parts:
            fraction = tf.constant(len(part.labels) / images, self._precision)
            told.append(self.traced_part(*self._feed(part), fraction))
        self.traced_apply(rates)
        losses, wrong = zip(*told, strict=True)
        return StepResult(tf.add_n(losses), None if wrong[0] is None else tf.add_n(wrong))

    def _outputs(self, images: Tensors) -> Tensors:
        outputs = self._passes.forward(images, {}, training=False).outputs
        return {name: tf.cast(value, self._precision) for name, value in outputs.items()}

    def _update(self, images: Tensors, labels: Tensor, masks: Tensors, rates: Sequence[Tensor]) -> Told:
        """One training step. `rates` are the learning rates in the order of `_rates`."""
        passed, loss, gradients = self._pass(images, labels, masks)
        self._apply(gradients, rates)
        return loss, self._wrong(passed, labels)

    def _add(self, images: Tensors, labels: Tensor, masks: Tensors, fraction: Tensor) -> Told:
        """Add a part's gradients to the totals of a step; returns what it adds to what the step tells."""
        passed, loss, gradients = self._pass(images, labels, masks)
        for name, gradient in gradients.items():
            with tf.device(self._devices[self._groups[name]]):
                self._totals[name].assign_add(tf.identity(fraction) * gradient)
        return fraction * loss, self._wrong(passed, labels)

    def _apply_totals(self, rates: Sequence[Tensor]) -> None:
        self._apply(self._totals, rates)

    def _apply(self, gradients: Tensors, rates: Sequence[Tensor]) -> None:
        """Change the weights. `rates` are the learning rates in the order of `_rates`."""
        weights = {name: self._passes.variable(name) for name in gradients}
        devices = {name: self._devices[self._groups[name]] for name in gradients}
        by_rate = dict(zip(self._rates, rates, strict=True))
        optimizers.update(self.plan, weights, self._slots, gradients, by_rate, devices, self._units)

    def _loss_and_gradients(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Tensor, Tensors]:
        """The mean loss and the gradient of every trained parameter; zero where the loss does not depend on
        it."""
        _, loss, gradients = self._pass(images, labels, masks)
        return loss, gradients

    def _watched(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Tensors, Tensors]:
        """The output of every compute operation in a training pass, and the gradients."""
        passed, _, gradients = self._pass(images, labels, masks)
        return {name: tf.cast(v, self._precision) for name, v in passed.values.items()}, gradients

    def _pass(self, images: Tensors, labels: Tensor, masks: Tensors) -> tuple[Passed, Tensor, Tensors]:
        """What a training pass leaves, the mean loss and the gradients."""
        passed = self._passes.forward(images, masks, training=True)
        read = list(dict.fromkeys(self.plan.loss_reads))
        with tf.device(self._loss_device):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                values = {name: passed.outputs[name] for name in read}
                tape.watch(list(values.values()))
                wide = {name: tf.cast(value, tf.float64) for name, value in values.items()}
                given = [wide[name] for name in self.plan.loss_reads]
                loss = self._loss_function(self.plan.loss, given, tf.identity(labels))
            parts = tape.gradient(loss, list(values.values()))
            loss = tf.cast(loss, self._precision)
        flowing = {name: part for name, part in zip(read, parts, strict=True) if part is not None}
        return passed, loss, self._passes.backward(passed, flowing)

    def _wrong(self, passed: Passed, labels: Tensor) -> Tensor | None:
        """How many images have their largest output elsewhere than at their class, or that of the largest
        share; None where labels are no classes."""
        assert self.plan.loss is not None
        assert self.plan.head is not None
        if self.plan.loss.labels != "class":
            return None
        with tf.device(self._loss_device):
            own = tf.argmax(labels, axis=1) if labels.shape.rank == 2 else tf.identity(labels)
            return tf.math.count_nonzero(tf.argmax(passed.outputs[self.plan.head], axis=1) != own)

    @property
    def _loss_device(self) -> str:
        """Where the loss is computed: with the head."""
        return next(self._devices[op.group] for op in self.plan.computes if op.name == self.plan.head)

    def _feed(self, batch: Batch) -> tuple[Tensors, Tensor, Tensors]:
        """What a step takes, each on the device where it is used."""
        (name,) = self.plan.inputs
        devices = {op.name: self._devices[op.group] for op in self.plan.computes}
        masks = {s: _placed(channels_last(mask), devices[s]) for s, mask in batch.masks.items()}
        return self._fed({name: batch.images}), _placed(batch.labels, self._loss_device), masks

    def _fed(self, inputs: Mapping[str, Array]) -> Tensors:
        """The images for each feed on its group's device. Groups of one device share them."""
        arrays = {
            name: np.ascontiguousarray(channels_last(inputs[name]), dtype=self._precision)
            for name in self.plan.inputs
        }
        places = {feed.name: (feed.layer, self._devices[feed.group]) for feed in self._feeds}
        placed = {place: _placed(arrays[place[0]], place[1]) for place in dict.fromkeys(places.values())}
        return {feed: placed[place] for feed, place in places.items()}

    def _canonical(self, name: str, tensor: Tensor) -> Array:
        share, role = self._passes.holder(name)
        return share.canonical(role, tensor.numpy())

    def _native(self, name: str, array: Array) -> Array:
        share, role = self._passes.holder(name)
        return share.native(role, np.asarray(array, dtype=self._precision))


def _placed(array: NDArray[Any], device: str) -> Tensor:
    """An array on a device, without a detour by another one."""
    with tf.device(device):
        return tf.constant(array)


def _last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0])
