"""A plan carried out in NumPy: a third `Executable`, slow and plain, that the backends are held against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from specnet.backend.batch import Batch
from specnet.backend.checks import check_inputs, check_state
from specnet.backend.protocol import State
from specnet.diagnostics.errors import UsageError
from specnet.numerics.randomness import Array
from specnet.plans.operations import Compute, Feed, Transfer
from specnet.plans.plan import Plan
from specnet.recipe.optimizers import SGD
from specnet.testing.oracles.base import Circumstances, Pullback, Result, Rounding, Values
from specnet.testing.oracles.kinds import ACTIVATIONS, ORACLES


class Interpreter:
    """Implements `specnet.backend.protocol.Executable` in float64.

    Groups make no difference to the arithmetic, yet a step sees the values of its own group only, so a value
    that crosses without a transfer is an error. `rounding` is put on every value and gradient on its way
    between steps, so that one can see what rounding otherwise would have changed.
    """

    model = None

    def __init__(self, plan: Plan, rounding: Rounding = np.asarray) -> None:
        self.plan = plan
        self._rounded = rounding
        for op in plan.computes:
            if op.layer.kind not in ORACLES:
                message = f"there is no oracle for layer '{op.name}' of the kind '{op.layer.kind}'"
                raise UsageError(message, f"there are oracles for {', '.join(ORACLES)}")
        self._state: dict[str, Values] = {p.name: np.zeros(p.shape) for p in plan.parameters}
        self._velocities = {p.name: np.zeros(p.shape) for p in plan.parameters if p.trainable}

    def state(self) -> State:
        return {name: values.copy() for name, values in self._state.items()}

    def load_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: values.shape for name, values in self._state.items()}, state)
        self._state = {name: np.array(state[name], np.float64) for name in self._state}

    def optimizer_state(self) -> State:
        return {name: values.copy() for name, values in self._velocities.items()}

    def load_optimizer_state(self, state: Mapping[str, Array]) -> None:
        check_state({name: values.shape for name, values in self._velocities.items()}, state)
        self._velocities = {name: np.array(state[name], np.float64) for name in self._velocities}

    def forward(self, inputs: Mapping[str, Array]) -> State:
        check_inputs(self.plan, inputs)
        values, _ = self._run(inputs, {}, training=False)
        return {name: _found(values, name) for name in self.plan.outputs}

    def gradients(self, batch: Batch) -> tuple[float, State]:
        assert self.plan.logits is not None
        (name,) = self.plan.inputs
        values, pullbacks = self._run({name: batch.images}, batch.masks, training=True)
        loss, gradient = cross_entropy(_found(values, self.plan.logits), batch.labels)
        return loss, self._backward(pullbacks, {self.plan.logits: gradient})

    def train_step(self, batch: Batch, learning_rate: float, micro_batch: int | None = None) -> float:
        rule = self.plan.optimizer
        assert isinstance(rule, SGD)
        parts = [(len(part.labels), *self.gradients(part)) for part in batch.parts(micro_batch)]
        images = len(batch.labels)
        loss = sum(count * of_part for count, of_part, _ in parts) / images
        gradients = {
            name: sum(count * g[name] for count, _, g in parts) / images for name in self._velocities
        }
        scheduled = learning_rate / rule.learning_rate
        everything = np.concatenate([np.ravel(gradients[name]) for name in self._velocities])
        longest = np.inf if rule.clip_norm is None else rule.clip_norm
        for name, velocity in self._velocities.items():
            rate, decay = rule.learning_rate, rule.weight_decay
            if rule.biases is not None and name.endswith(".bias"):
                rate = rate if rule.biases.learning_rate is None else rule.biases.learning_rate
                decay = decay if rule.biases.weight_decay is None else rule.biases.weight_decay
            gradient = clipped(np.asarray(gradients[name], np.float64), everything, longest)
            self._state[name], self._velocities[name] = sgd(
                self._state[name], velocity, gradient, scheduled * rate, rule.momentum, decay
            )
        return loss

    def _run(
        self, inputs: Mapping[str, Array], masks: Mapping[str, NDArray[np.uint8]], *, training: bool
    ) -> tuple[dict[str, dict[str, Values]], dict[str, Pullback]]:
        """The values of each group by name, and the pullbacks of the compute steps."""
        values: dict[str, dict[str, Values]] = {group: {} for group in self.plan.groups}
        pullbacks: dict[str, Pullback] = {}
        for op in self.plan.operations:
            here = values[op.group]
            if isinstance(op, Feed):
                here[op.name] = np.asarray(inputs[op.layer], np.float64)
            elif isinstance(op, Transfer):
                here[op.name] = values[op.origin][op.source].copy()
            else:
                result = self._compute(op, here, Circumstances(training, masks.get(op.name), self._rounded))
                here[op.name], pullbacks[op.name] = self._rounded(result.output), result.pullback
                self._state.update({f"{op.name}.{role}": new for role, new in result.updates.items()})
            assert here[op.name].shape[1:] == op.output_shape, op.name
        return values, pullbacks

    def _compute(self, op: Compute, here: Mapping[str, Values], run: Circumstances) -> Result:
        """One step with its activation function; its pullback's gradients are by value, in reading order."""
        arguments = [np.concatenate([here[n] for n in names], axis=1) for names in op.arguments]
        weights = {role: self._state[f"{op.name}.{role}"] for role in op.weights}
        result = ORACLES[op.layer.kind](op.layer, arguments, weights, run)
        function = getattr(op.layer, "activation", None)
        activated, pull = (
            ACTIVATIONS[function](result.output) if function else (result.output, lambda gradient: gradient)
        )
        channels = [[here[n].shape[1] for n in names] for names in op.arguments]

        def pullback(gradient: Values) -> tuple[list[Values], dict[str, Values]]:
            of_arguments, of_weights = result.pullback(pull(gradient))
            of_values = [
                part
                for whole, sizes in zip(of_arguments, channels, strict=True)
                for part in np.split(whole, np.cumsum(sizes)[:-1], axis=1)
            ]
            return of_values, of_weights

        return Result(activated, pullback, result.updates)

    def _backward(self, pullbacks: Mapping[str, Pullback], flowing: dict[str, Values]) -> State:
        """The gradient of every trainable parameter, zero where the loss does not depend on it."""
        gradients: State = {name: np.zeros_like(values) for name, values in self._velocities.items()}

        def collect(value: str, gradient: Values) -> None:
            flowing[value] = flowing.get(value, 0.0) + gradient

        for op in reversed(self.plan.operations):
            if op.name not in flowing:
                continue
            if isinstance(op, Transfer):
                collect(op.source, flowing[op.name])
            elif isinstance(op, Compute):
                of_values, of_weights = pullbacks[op.name](self._rounded(flowing[op.name]))
                gradients.update({f"{op.name}.{role}": self._rounded(g) for role, g in of_weights.items()})
                for value, gradient in zip(op.values, of_values, strict=True):
                    collect(value, gradient)
        return gradients


def _found(values: Mapping[str, Mapping[str, Values]], name: str) -> Values:
    """A value on whichever group made it."""
    return next(here[name] for here in values.values() if name in here)


def cross_entropy(logits: Values, labels: NDArray[np.int64]) -> tuple[float, Values]:
    """The mean over the batch of -log softmax(logits)[label], and its gradient (softmax - one hot) / n."""
    n = len(logits)
    shifted = logits - logits.max(axis=1, keepdims=True)
    logarithms = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    hot = np.zeros_like(logits)
    hot[np.arange(n), labels] = 1.0
    return -float((hot * logarithms).sum()) / n, (np.exp(logarithms) - hot) / n


def clipped(gradient: Values, everything: Values, longest: float) -> Values:
    """One gradient's part of `everything`, the gradient as one vector, if that is cut to the norm `longest`.

    Pascanu et al. 2013, algorithm 1: where the norm is above the threshold, g <- threshold / norm * g.
    """
    norm = float(np.linalg.norm(everything))
    return gradient if norm <= longest else longest / norm * gradient


def sgd(
    w: Values, v: Values, gradient: Values, learning_rate: float, momentum: float, decay: float
) -> tuple[Values, Values]:
    """The weight and the velocity after one step (Krizhevsky et al. 2012, section 5).

    v' = momentum * v - decay * learning_rate * w - learning_rate * gradient; w' = w + v'.
    """
    after = momentum * v - decay * learning_rate * w - learning_rate * gradient
    return w + after, after
