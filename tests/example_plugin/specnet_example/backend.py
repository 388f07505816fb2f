"""A backend in plain NumPy for dense networks: `flatten`, `dense`, `activation: relu`, `channel_scale`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import Precision, State, storage
from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Feed, role_of
from specnet.plans.placement import Placement
from specnet.plans.plan import Plan
from specnet.recipe.optimizers import SGD

KINDS = {"flatten", "dense", "activation", "channel_scale"}


class NumpyBackend:
    """Implements `specnet.backend.protocol.Backend`."""

    name = "plain_numpy"

    def devices(self) -> list[str]:
        return ["cpu"]

    def compile(self, plan: Plan, placement: Placement, precision: Precision) -> NumpyExecutable:
        for op in plan.computes:
            if op.layer.kind not in KINDS or op.activation not in (None, "relu"):
                raise UsageError(f"plain_numpy cannot carry out layer '{op.name}', kind '{op.layer.kind}'")
        return NumpyExecutable(plan, precision)


class NumpyExecutable:
    """Implements `specnet.backend.protocol.Executable`; the model is the executable itself."""

    def __init__(self, plan: Plan, precision: Precision) -> None:
        self.plan = plan
        self.model: Any = self
        self._state = {p.name: np.zeros(p.shape, dtype=storage(precision)) for p in plan.parameters}
        self._velocities = {name: np.zeros_like(w) for name, w in self._state.items()}

    def state(self) -> State:
        return {name: value.copy() for name, value in self._state.items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: value.shape for name, value in self._state.items()}, state)
        for name, value in self._state.items():
            value[...] = state[name]

    def optimizer_state(self) -> State:
        return {name: value.copy() for name, value in self._velocities.items()}

    def load_optimizer_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: value.shape for name, value in self._velocities.items()}, state)
        for name, value in self._velocities.items():
            value[...] = state[name]

    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        values = self._run(inputs)
        return {name: values[name] for name in self.plan.outputs}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        (name,) = self.plan.inputs
        values = self._run({name: batch.images})
        assert self.plan.logits is not None
        logits = values[self.plan.logits]
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        softmax = shifted / shifted.sum(axis=1, keepdims=True)
        rows = np.arange(len(batch.labels))
        loss = float(-np.log(softmax[rows, batch.labels]).mean())
        softmax[rows, batch.labels] -= 1
        return loss, self._backward(values, {self.plan.logits: softmax / len(rows)})

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> float:
        rule = self.plan.optimizer
        assert isinstance(rule, SGD)
        loss, gradients = 0.0, {name: np.zeros_like(w) for name, w in self._state.items()}
        for part in batch.parts(micro_batch):
            share = len(part.labels) / len(batch.labels)
            part_loss, part_gradients = self.gradients(part)
            loss += share * part_loss
            for name, gradient in part_gradients.items():
                gradients[name] += share * gradient
        shorter = 1.0
        if rule.clip_norm is not None:
            norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients.values()))
            shorter = rule.clip_norm / max(norm, rule.clip_norm)
        for name, weight in self._state.items():
            role = role_of(name)
            gradient = shorter * gradients[name] + rule.decay(role) * weight
            velocity = self._velocities[name]
            velocity[...] = rule.momentum * velocity - rule.rate(role, learning_rate) * gradient
            weight += velocity
        return loss

    def _run(self, images: Mapping[str, Array]) -> dict[str, Array]:
        values: dict[str, Array] = {}
        for op in self.plan.operations:
            if isinstance(op, Feed):
                values[op.name] = images[op.layer]
            elif isinstance(op, Compute):
                output = self._forward(op, self._argument(op, values))
                values[op.name] = np.maximum(output, 0) if _is_relu(op) else output
            else:
                values[op.name] = values[op.source]
        return values

    def _argument(self, op: Compute, values: Mapping[str, Array]) -> Array:
        return np.concatenate([values[name] for name in op.values], axis=1)

    def _forward(self, op: Compute, x: Array) -> Array:
        if op.layer.kind == "dense":
            return x.reshape(len(x), -1) @ self._weight(op).T + self._state[f"{op.name}.bias"]
        if op.layer.kind == "channel_scale":
            return x * self._weight(op).reshape(-1, *[1] * (x.ndim - 2))
        return x.reshape(len(x), -1) if op.layer.kind == "flatten" else x

    def _backward(self, values: Mapping[str, Array], flowing: dict[str, Array]) -> State:
        found = {name: np.zeros_like(w) for name, w in self._state.items()}
        for op in reversed(self.plan.operations):
            gradient = flowing.pop(op.name, None)
            if gradient is None or isinstance(op, Feed):
                continue
            if not isinstance(op, Compute):
                flowing[op.source] = flowing.get(op.source, 0) + gradient
                continue
            gradient = gradient * (values[op.name] > 0) if _is_relu(op) else gradient
            x = self._argument(op, values)
            back = self._backward_of(op, x, gradient, found).reshape(x.shape)
            start = 0
            for name in op.values:
                width = values[name].shape[1]
                flowing[name] = flowing.get(name, 0) + back[:, start : start + width]
                start += width
        return found

    def _backward_of(self, op: Compute, x: Array, gradient: Array, found: State) -> Array:
        if op.layer.kind == "dense":
            found[f"{op.name}.weight"] += gradient.T @ x.reshape(len(x), -1)
            found[f"{op.name}.bias"] += gradient.sum(axis=0)
            return gradient @ self._weight(op)
        if op.layer.kind == "channel_scale":
            axes = tuple(axis for axis in range(x.ndim) if axis != 1)
            found[f"{op.name}.weight"] += (gradient * x).sum(axis=axes)
            return self._forward(op, gradient)
        return gradient

    def _weight(self, op: Compute) -> Array:
        return self._state[f"{op.name}.weight"]


def _is_relu(op: Compute) -> bool:
    return op.activation == "relu" or op.layer.kind == "activation"
