"""A backend in plain NumPy for dense networks, to which other packages can add kinds.

`specnet_example.numpy_kinds` has what it can do: each function gives the output and the way back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from specnet.backend import slots, walk
from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import Precision, State, storage
from specnet.backend.slots import OptimizerState
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet_example.numpy_kinds import Back, function_of, layer, loss, optimizer


class NumpyBackend:
    """Implements `specnet.backend.protocol.Backend`."""

    name = "plain_numpy"

    def devices(self) -> list[str]:
        return ["cpu"]

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> NumpyExecutable:
        return NumpyExecutable(plan, precision)


class NumpyExecutable:
    """Implements `specnet.backend.protocol.Executable`; the model is the executable itself."""

    def __init__(self, plan: Plan, precision: Precision) -> None:
        self.plan = plan
        self.model: Any = self
        for op in plan.computes:
            layer.find(op.layer.kind, f"layer '{op.name}'")
            if op.activation is not None:
                function_of(op.activation, f"layer '{op.name}'")
        if plan.loss is not None:
            self._loss = loss.find(plan.loss.kind, "the loss")
        if plan.optimizer is not None:
            self._update = optimizer.find(plan.optimizer.kind, "the update rule")
        self._state = {p.name: np.zeros(p.shape, dtype=storage(precision)) for p in plan.parameters}
        self._trained = [p.name for p in plan.parameters if p.trained]
        self._slots = slots.zeros(plan, storage(precision))

    def state(self) -> State:
        return {name: value.copy() for name, value in self._state.items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: value.shape for name, value in self._state.items()}, state)
        for name, value in self._state.items():
            value[...] = state[name]

    def optimizer_state(self) -> OptimizerState:
        return {slot: {name: v.copy() for name, v in kept.items()} for slot, kept in self._slots.items()}

    def load_optimizer_state(self, state: Mapping[str, Mapping[str, Array]]) -> None:
        slots.check(self.plan, state)
        for slot, kept in self._slots.items():
            for name, value in kept.items():
                value[...] = state[slot][name]

    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        return self._forward(inputs, {})

    def gradients(self, batch: Batch) -> tuple[float, State]:
        (name,) = self.plan.inputs
        backs: dict[str, Back] = {}
        outputs = self._forward({name: batch.images}, backs)
        read = self.plan.loss_reads
        mean, parts = self._loss(self.plan.loss, [outputs[value] for value in read], batch.labels)
        found = {name: np.zeros_like(self._state[name]) for name in self._trained}

        def compute(op: Compute, gradient: Array) -> Iterator[tuple[str, Array]]:
            back, of_weights = backs[op.name](gradient)
            found.update({f"{op.name}.{role}": of_weights[role] for role in op.trained})
            return zip(op.values, back, strict=True)

        walk.backward(
            self.plan,
            zip(read, parts, strict=True),
            transfer=lambda op, gradient: gradient,
            compute=compute,
            add=lambda name, one, other: one + other,
        )
        return mean, found

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> float:
        rule = self.plan.optimizer
        assert rule is not None
        mean, gradients = 0.0, {name: np.zeros_like(self._state[name]) for name in self._trained}
        for part in batch.parts(micro_batch):
            share = len(part.labels) / len(batch.labels)
            part_loss, part_gradients = self.gradients(part)
            mean += share * part_loss
            for name, gradient in part_gradients.items():
                gradients[name] += share * gradient
        shorter = 1.0
        if rule.clip_norm is not None:
            norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients.values()))
            shorter = rule.clip_norm / max(norm, rule.clip_norm)
        for name in self._trained:
            weight = self._state[name]
            kept = {slot: arrays[name] for slot, arrays in self._slots.items()}
            own = self.plan.settings[name]
            numbers = own.rate(learning_rate), own.weight_decay
            self._update(rule, weight, kept, shorter * gradients[name], *numbers)
            if own.max_norm is not None:
                norms = np.linalg.norm(weight.reshape(len(weight), -1), axis=1)
                factors = own.max_norm / np.maximum(norms, own.max_norm)
                weight *= factors.reshape(-1, *[1] * (weight.ndim - 1))
        return mean

    def _forward(self, images: Mapping[str, Array], backs: dict[str, Back]) -> State:
        """The outputs; `backs` gets the way back through each operation, to the values that it reads."""

        def compute(op: Compute, values: list[Array]) -> Array:
            weights = {role: self._state[f"{op.name}.{role}"] for role in op.weights}
            output, back = layer.find(op.layer.kind, op.name)(op, np.concatenate(values, axis=1), weights)
            pull = None
            if op.activation is not None:
                output, pull = function_of(op.activation, op.name)(output)
            ends = np.cumsum([value.shape[1] for value in values])[:-1]

            def backwards(gradient: Array) -> tuple[list[Array], dict[str, Array]]:
                of_input, of_weights = back(gradient if pull is None else pull(gradient))
                return np.split(of_input, ends, axis=1), of_weights

            backs[op.name] = backwards
            return output

        return walk.forward(
            self.plan,
            feed=lambda op: images[op.layer],
            transfer=lambda op, value: value,
            compute=compute,
        )
