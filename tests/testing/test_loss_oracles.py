"""The oracles of the losses: hand-computed values, and gradients by central differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specnet.recipe.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, Sum
from specnet.testing import cases
from specnet.testing.cases import Net
from specnet.testing.oracles import Interpreter, cross_entropy, loss_oracle
from specnet.testing.random_specs import random_batch, random_state

STEP = 1e-6
DIFFERENCES = 1e-8
"""Of a central difference. Measured: at most 3.7e-10."""


@pytest.mark.parametrize("net", [*cases.LOSSES, cases.AUXILIARY], ids=str)
def test_gradients_are_slopes(net: Net) -> None:
    """Of the weights, along a random direction."""
    batch, state = random_batch(net.plan, 1, 3, soft=net.soft), random_state(net.plan, 1)
    interpreter = Interpreter(net.plan)
    interpreter.load_state(state)
    gradients = interpreter.gradients(batch)[1]
    directions = {name: random_state(net.plan, 2)[name] for name in gradients}

    def loss(step: float) -> float:
        moved = {name: state[name] + step * direction for name, direction in directions.items()}
        interpreter.load_state({**state, **moved})
        return interpreter.gradients(batch)[0]

    expected = sum(float((gradients[name] * direction).sum()) for name, direction in directions.items())
    assert abs((loss(STEP) - loss(-STEP)) / (2 * STEP) - expected) < DIFFERENCES


def test_sigmoid_cross_entropy_by_hand() -> None:
    """Sigmoids 3/4 and 1/2, of which the first is right: -log(3/4) - log(1/2), and p - 1 and p."""
    rule = SigmoidCrossEntropy.model_validate({"from": "x"})
    oracle = loss_oracle.find(rule.kind, "it")
    loss, (gradient,) = oracle(rule, [np.array([[math.log(3), 0.0]])], np.array([0]))
    assert loss == pytest.approx(-math.log(3 / 8))
    assert gradient[0] == pytest.approx([-1 / 4, 1 / 2])


def test_sigmoid_cross_entropy_keeps_its_digits() -> None:
    """Of a logit of 36, 1 - p has one digit left, and of one of 40 none: -log(1 - p) is 36 and 40, and
    log(1 + exp(-36)) is too small to be seen beside them."""
    rule = SigmoidCrossEntropy.model_validate({"from": "x"})
    oracle = loss_oracle.find(rule.kind, "it")
    loss, _ = oracle(rule, [np.array([[36.0, 36.0, 40.0, -800.0]])], np.array([0]))
    assert loss == pytest.approx(76, rel=1e-14)


def test_cross_entropy_by_hand() -> None:
    """Equal logits of ten classes: log 10, whatever their value; the gradient is the mean over the batch."""
    loss, gradient = cross_entropy(np.full((2, 10), 700.0), np.array([3, 4]))
    assert loss == pytest.approx(math.log(10), rel=1e-12)
    assert gradient[0, 3] == pytest.approx(-0.45)
    assert gradient[0, 4] == pytest.approx(0.05)


def test_shared_images_by_hand() -> None:
    """The softmax of log 1 and log 3 is 1/4 and 3/4; of an image that is 40 % of the first class, 60 % of the
    second: -0.4 log(1/4) - 0.6 log(3/4), and 1/4 - 0.4 and 3/4 - 0.6."""
    rule = SoftmaxCrossEntropy.model_validate({"from": "x"})
    logits, labels = np.array([[0.0, math.log(3)]]), np.array([[0.4, 0.6]])
    loss, (gradient,) = loss_oracle.find(rule.kind, "it")(rule, [logits], labels)
    assert loss == pytest.approx(-0.4 * math.log(1 / 4) - 0.6 * math.log(3 / 4))
    assert gradient[0] == pytest.approx([-0.15, 0.15])


def test_smoothed_labels_by_hand() -> None:
    """Of two classes, 0.2 spread over both leaves 0.9 for the right one."""
    rule = SoftmaxCrossEntropy.model_validate({"from": "x", "label_smoothing": 0.2})
    loss, (gradient,) = loss_oracle.find(rule.kind, "it")(
        rule, [np.array([[0.0, math.log(3)]])], np.array([0])
    )
    assert loss == pytest.approx(-0.9 * math.log(1 / 4) - 0.1 * math.log(3 / 4))
    assert gradient[0] == pytest.approx([1 / 4 - 0.9, 3 / 4 - 0.1])


def test_half_of_a_class_costs_half_of_either_answer() -> None:
    """Of a sigmoid 3/4: -log(3/4) / 2 - log(1/4) / 2, and 3/4 - 1/2."""
    rule = SigmoidCrossEntropy.model_validate({"from": "x"})
    logits = np.array([[math.log(3), math.log(3)]])
    loss, (gradient,) = loss_oracle.find(rule.kind, "it")(rule, [logits], np.array([[0.5, 0.5]]))
    assert loss == pytest.approx(-math.log(3 / 4) - math.log(1 / 4))
    assert gradient[0] == pytest.approx([1 / 4, 1 / 4])


def test_mean_squared_error_by_hand() -> None:
    """Of two images and two classes four numbers, off by 0.5, 1, 0 and 3: 10.25 / 4, and half of each."""
    rule = MeanSquaredError.model_validate({"from": "x"})
    outputs, labels = np.array([[1.5, 1.0], [0.0, 4.0]]), np.array([0, 1])
    loss, (gradient,) = loss_oracle.find(rule.kind, "it")(rule, [outputs], labels)
    assert loss == 10.25 / 4
    assert gradient.tolist() == [[0.25, 0.5], [0.0, 1.5]]


def test_a_sum_by_hand() -> None:
    """Twice the squares of one layer and half the entropy of another, log 2 of two equal logits."""
    squares = {"kind": "mean_squared_error", "from": "x", "weight": 2}
    entropy = {"kind": "softmax_cross_entropy", "from": "y", "weight": 0.5}
    rule = Sum.model_validate({"of": [squares, entropy]})
    read = [np.array([[3.0, 0.0]]), np.zeros((1, 2))]
    loss, (of_x, of_y) = loss_oracle.find(rule.kind, "it")(rule, read, np.array([0]))
    assert loss == pytest.approx(2 * 2 + math.log(2) / 2)
    assert of_x.tolist() == [[4.0, 0.0]]
    assert of_y[0] == pytest.approx([-0.25, 0.25])
