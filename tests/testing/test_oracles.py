"""The oracles themselves: gradients by central differences, and activation functions by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from specnet.layers.functions import function_class
from specnet.testing import cases, relative_error, rules
from specnet.testing.cases import ALONE, Net
from specnet.testing.oracles import (
    Circumstances,
    Interpreter,
    layer_oracle,
    oracle_of,
)
from specnet.testing.oracles.base import Values
from specnet.testing.random_specs import random_batch, random_state

STEP = 1e-6
DIFFERENCES = 1e-8
"""Of a central difference; its own error is about STEP ** 2 + 1e-16 / STEP. Measured: at most 2.2e-9."""


def slope(function: Callable[[Values], float], at: Values, direction: Values) -> float:
    """The derivative along a direction, by a central difference."""
    return (function(at + STEP * direction) - function(at - STEP * direction)) / (2 * STEP)


@pytest.mark.parametrize("net", ALONE, ids=str)
def test_gradients_are_slopes(net: Net) -> None:
    """Of every input and weight, along two random directions, for a random weighting of the output."""
    (op,) = net.plan.computes
    draw = np.random.RandomState(0)
    inputs = [draw.standard_normal((3, *shape)) for shape in op.input_shapes]
    weights = {r: 0.5 + draw.random_sample(w.shape) for r, w in op.weights.items()}
    masked = op.mask.shape if op.mask else op.output_shape
    keep = (draw.random_sample((3, *masked)) < 0.7).astype(np.uint8)
    run = Circumstances(training=True, keep=keep)

    def output(inputs: Sequence[Values], weights: Mapping[str, Values]) -> Values:
        result = layer_oracle.find(op.layer.kind, "it")(op.layer, inputs, weights, run)
        return oracle_of(op.activation, "it")(result.output)[0] if op.activation else result.output

    result = layer_oracle.find(op.layer.kind, "it")(op.layer, inputs, weights, run)
    toward = draw.standard_normal(result.output.shape)
    pull = oracle_of(op.activation, "it")(result.output)[1] if op.activation else np.asarray
    of_inputs, of_weights = result.pullback(pull(toward))

    def along_input(i: int) -> Callable[[Values], float]:
        return lambda x: float((output([*inputs[:i], x, *inputs[i + 1 :]], weights) * toward).sum())

    def along_weight(role: str) -> Callable[[Values], float]:
        return lambda w: float((output(inputs, {**weights, role: w}) * toward).sum())

    checks = [(along_input(i), inputs[i], gradient) for i, gradient in enumerate(of_inputs)]
    checks += [(along_weight(role), weights[role], gradient) for role, gradient in of_weights.items()]
    for function, at, gradient in checks:
        for _ in range(2):
            direction = draw.standard_normal(at.shape)
            expected = float((gradient * direction).sum())
            size = float(np.abs(gradient * direction).sum())
            assert abs(slope(function, at, direction) - expected) < DIFFERENCES * max(size, 1)


@pytest.mark.parametrize(
    "net", [cases.SPLIT, cases.MERGED, cases.TOWERS, rules.FROZEN_FRONT, rules.FROZEN_BETWEEN], ids=str
)
def test_gradients_of_a_network_are_slopes_of_its_loss(net: Net) -> None:
    batch, state = random_batch(net.plan, 1, 3), random_state(net.plan, 1)
    interpreter = Interpreter(net.plan)
    interpreter.load_state(state)
    gradients = interpreter.gradients(batch)[1]
    draw = np.random.RandomState(0)
    for name, gradient in gradients.items():
        direction = draw.standard_normal(gradient.shape)

        def loss(values: Values, name: str = name) -> float:
            interpreter.load_state({**state, name: values})
            return interpreter.gradients(batch)[0]

        expected = float((gradient * direction).sum())
        assert abs(slope(loss, np.asarray(state[name], np.float64), direction) - expected) < DIFFERENCES, name


def test_a_value_crosses_groups_by_a_transfer_only() -> None:
    """The interpreter refuses a plan in which an operation reads what is not on its group."""
    plan = cases.SPLIT.plan
    (first, *_) = plan.transfers
    without = replace(plan, operations=tuple(op for op in plan.operations if op is not first))
    with pytest.raises(KeyError, match=first.name):
        Interpreter(without)
    (reader, *_) = [op for op in plan.computes if first.name in op.values]
    there = [tuple(first.source if n == first.name else n for n in names) for names in reader.arguments]
    crossing = replace(reader, arguments=tuple(there))
    wrong = replace(plan, operations=tuple(crossing if op is reader else op for op in plan.operations))
    with pytest.raises(AssertionError, match="another group's value"):
        Interpreter(wrong)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", [0, 0]),
        ("sigmoid", [1 / 4, 1 / 2]),
        ("softmax", [1 / 4, 3 / 4]),
        ("tanh", [(1 / 3 - 3) / (1 / 3 + 3), 0]),
        ("elu", [1 / 3 - 1, 0]),
        ("leaky_relu", [-0.01 * math.log(3), 0]),
        ("softplus", [math.log(4 / 3), math.log(2)]),
        ("silu", [-math.log(3) / 4, 0]),
        ("hard_sigmoid", [(3 - math.log(3)) / 6, 1 / 2]),
        ("hard_swish", [math.log(3) * (math.log(3) - 3) / 6, 0]),
        ("relu6", [0, 0]),
        ("gelu", [-math.log(3) * NormalDist().cdf(-math.log(3)), 0]),
        ("gelu_tanh", [-math.log(3) * 0.1361, 0]),
        ("scaled_tanh", [-1.7159 * (9 ** (2 / 3) - 1) / (9 ** (2 / 3) + 1), 0]),
    ],
)
def test_activations_by_hand(name: str, expected: list[float]) -> None:
    """At -log 3 and 0, with an activation function's usual numbers."""
    values = np.array([[-math.log(3), 0.0]])
    applied = function_class(name).model_validate({"kind": name})
    tolerance = 1e-3 if name == "gelu_tanh" else 1e-12  # the tanh is an approximation of the distribution
    assert oracle_of(applied, "it")(values)[0][0] == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    ("name", "at", "slopes"),
    [
        ("relu6", [0.0, 6.0], [0.0, 0.0]),
        ("leaky_relu", [0.0], [0.01]),
        ("elu", [0.0], [1.0]),
        ("hard_sigmoid", [-3.0, 3.0], [0.0, 0.0]),
        ("hard_swish", [-3.0, 3.0], [0.0, 1.0]),
    ],
)
def test_derivatives_at_kinks(name: str, at: list[float], slopes: list[float]) -> None:
    applied = function_class(name).model_validate({"kind": name})
    assert oracle_of(applied, "it")(np.array([at]))[1](np.ones((1, len(at))))[0].tolist() == slopes


def test_relative_error() -> None:
    assert relative_error([1.0, 2.5], [1.0, 2.0]) == 0.25
    assert relative_error([0.0], [0.0]) == 0.0
    assert relative_error([1.0], [0.0]) == math.inf
    assert relative_error([math.nan], [1.0]) == math.inf
    assert relative_error([1.0, math.nan], [1.0, math.nan]) == math.inf
    assert relative_error([math.inf], [math.inf]) == math.inf
    assert relative_error([], []) == math.inf
    assert relative_error([1.0, 1.0], [1.0]) == math.inf
