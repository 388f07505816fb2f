"""A plan carried out in NumPy: a third `Executable`, slow and plain, that the backends are held against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from specnet.backend import slots, walk
from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import State, StepResult
from specnet.backend.slots import OptimizerState
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute
from specnet.plans.plan import Plan
from specnet.testing.oracles.base import (
    Circumstances,
    Pull,
    Pullback,
    Result,
    Rounding,
    Values,
    layer_oracle,
    loss_oracle,
    optimizer_oracle,
    oracle_of,
)
from specnet.testing.oracles.optimizers import clipped, shortened, told


class Interpreter:
    """Implements `specnet.backend.protocol.Executable` in float64.

    Groups make no difference to the arithmetic. `rounding` is put on every value and gradient on its way
    between operations, so that one can see what rounding otherwise would have changed.
    """

    model = None

    def __init__(self, plan: Plan, rounding: Rounding = np.asarray) -> None:
        self.plan = plan
        self._rounded = rounding
        groups = {op.name: op.group for op in plan.operations}
        for op in plan.computes:
            layer_oracle.find(op.layer.kind, f"layer '{op.name}'")
            assert {groups[name] for name in op.values} == {op.group}, (
                f"{op.name} reads another group's value"
            )
        self._state: dict[str, Values] = {p.name: np.zeros(p.shape) for p in plan.parameters}
        self._trained = [p.name for p in plan.parameters if p.trained]
        self._slots = slots.zeros(plan, "float64")
        self._wrong = 0
        """How many images of the batch of the last gradients are classified wrong."""

    def state(self) -> State:
        return {name: values.copy() for name, values in self._state.items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: values.shape for name, values in self._state.items()}, state)
        self._state = {name: np.array(state[name], np.float64) for name in self._state}

    def optimizer_state(self) -> OptimizerState:
        return {slot: {name: v.copy() for name, v in kept.items()} for slot, kept in self._slots.items()}

    def load_optimizer_state(self, state: Mapping[str, Mapping[str, Array]]) -> None:
        slots.check(self.plan, state)
        self._slots = {
            slot: {name: np.array(state[slot][name], np.float64) for name in kept}
            for slot, kept in self._slots.items()
        }

    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        return {**self._forward(inputs, {}, training=False)[0]}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        rule = self.plan.loss
        assert rule is not None
        (name,) = self.plan.inputs
        outputs, pullbacks = self._forward({name: batch.images}, batch.masks, training=True)
        read = [outputs[name] for name in self.plan.loss_reads]
        loss, parts = loss_oracle.find(rule.kind, "the loss")(rule, read, batch.labels)
        own = batch.labels.argmax(axis=1) if batch.labels.ndim == 2 else batch.labels
        answers = zip(read[0].tolist(), own.tolist(), strict=True)
        self._wrong = sum(row.index(max(row)) != label for row, label in answers)
        return loss, self._backward(pullbacks, zip(self.plan.loss_reads, parts, strict=True))

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> StepResult:
        rule = self.plan.optimizer
        assert rule is not None
        parts = [(len(part.labels), *self.gradients(part), self._wrong) for part in batch.parts(micro_batch)]
        images = len(batch.labels)
        loss = sum(count * of_part for count, of_part, _, _ in parts) / images
        gradients = {n: sum(count * g[n] for count, _, g, _ in parts) / images for n in self._trained}
        scheduled = learning_rate / rule.learning_rate
        everything = np.concatenate([np.ravel(gradients[name]) for name in self._trained])
        longest = np.inf if rule.clip_norm is None else rule.clip_norm
        step = optimizer_oracle.find(rule.kind, "the update rule")
        for parameter in (p for p in self.plan.parameters if p.trained):
            name = parameter.name
            rate, decay, bound = told(rule, parameter.layer, parameter.role)
            gradient = clipped(np.asarray(gradients[name], np.float64), everything, longest)
            kept = {slot: np.asarray(arrays[name], np.float64) for slot, arrays in self._slots.items()}
            moved, after = step(rule, self._state[name], kept, gradient, scheduled * rate, decay)
            self._state[name] = moved if parameter.role == "bias" else shortened(moved, bound)
            for slot, values in after.items():
                self._slots[slot][name] = values
        return StepResult(loss, sum(wrong for *_, wrong in parts))

    def _forward(
        self, inputs: Mapping[str, Array], masks: Mapping[str, NDArray[np.uint8]], *, training: bool
    ) -> tuple[dict[str, Values], dict[str, Pullback]]:
        """The outputs by name, and the pullbacks of the compute operations."""
        pullbacks: dict[str, Pullback] = {}

        def compute(op: Compute, values: list[Values]) -> Values:
            adapts = training and not op.keeps_statistics
            result = self._compute(op, values, Circumstances(adapts, masks.get(op.name), self._rounded))
            assert result.output.shape[1:] == op.output_shape, op.name
            pullbacks[op.name] = result.pullback
            self._state.update({f"{op.name}.{role}": new for role, new in result.updates.items()})
            return self._rounded(result.output)

        outputs = walk.forward(
            self.plan,
            feed=lambda op: np.asarray(inputs[op.layer], np.float64),
            transfer=lambda op, value: value.copy(),
            compute=compute,
        )
        return outputs, pullbacks

    def _compute(self, op: Compute, values: list[Values], run: Circumstances) -> Result:
        """One operation with its activation function; its pullback's gradients are by value, in order."""
        ends = np.cumsum([len(names) for names in op.arguments])
        pieces = [values[end - len(names) : end] for names, end in zip(op.arguments, ends, strict=True)]
        arguments = [np.concatenate(parts, axis=1) for parts in pieces]
        weights = {role: self._state[f"{op.name}.{role}"] for role in op.weights}
        result = layer_oracle.find(op.layer.kind, f"layer '{op.name}'")(op.layer, arguments, weights, run)
        applied = op.activation
        function = _unchanged if applied is None else oracle_of(applied, f"layer '{op.name}'")
        activated, pull = function(result.output)
        channels = [[part.shape[1] for part in parts] for parts in pieces]

        def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
            of_arguments, of_weights = result.pullback(pull(gradient))
            of_values = [
                part
                for argument, sizes in zip(of_arguments, channels, strict=True)
                for part in np.split(argument, np.cumsum(sizes)[:-1], axis=1)
            ]
            return of_values, of_weights

        return Result(activated, pullback, result.updates)

    def _backward(self, pullbacks: Mapping[str, Pullback], flowing: Iterable[tuple[str, Values]]) -> State:
        """The gradient of every trained parameter, zero where the loss does not depend on it."""
        gradients: State = {name: np.zeros_like(self._state[name]) for name in self._trained}

        def compute(op: Compute, gradient: Values) -> Iterator[tuple[str, Values]]:
            of_values, of_weights = pullbacks[op.name](self._rounded(gradient))
            named = {f"{op.name}.{role}": self._rounded(g) for role, g in of_weights.items()}
            gradients.update({name: g for name, g in named.items() if name in gradients})
            return zip(op.values, of_values, strict=True)

        walk.backward(
            self.plan,
            flowing,
            transfer=lambda op, gradient: gradient,
            compute=compute,
            add=lambda name, one, other: one + other,
        )
        return gradients


def _unchanged(values: Values) -> tuple[Values, Pull]:
    return values, lambda gradient: gradient
