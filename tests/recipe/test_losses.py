"""What losses read, and what their heads' outputs mean: by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specnet.recipe.heads import Sigmoid, Softmax, Values
from specnet.recipe.losses import MeanSquaredError, SigmoidCrossEntropy, SoftmaxCrossEntropy, layers_read


def test_a_loss_names_what_it_reads_by_its_keys() -> None:
    loss = SoftmaxCrossEntropy.model_validate({"from": "fc8"})
    assert (loss.reading_keys(), loss.sources, loss.head_layer) == (("from",), {"from": "fc8"}, "fc8")


@pytest.mark.parametrize(
    ("recipe", "read"),
    [
        ({"loss": {"kind": "softmax_cross_entropy", "from": "a", "else": "b"}}, {"from": "a"}),
        ({"loss": {"kind": "unknown", "from": "a"}}, {"from": "a"}),
        ({"loss": {"from": 3}}, {"from": 3}),
        ({"loss": "softmax_cross_entropy"}, {}),
        (
            {
                "loss": {
                    "kind": "sum",
                    "of": [{"kind": "sigmoid_cross_entropy", "from": "a"}, 3, {"from": "b"}],
                }
            },
            {"of.0.from": "a", "of.2.from": "b"},
        ),
        ({"loss": {"kind": "summ", "of": [{"from": "a"}]}}, {"of.0.from": "a"}),
        ({"loss": {"kind": "sum", "of": {"from": "a"}}}, {}),
        ({}, {}),
        (None, {}),
    ],
)
def test_what_a_recipe_reads_as_it_stands_in_the_file(recipe: object, read: object) -> None:
    assert layers_read(recipe) == read


def test_views_of_a_softmax_are_averaged_as_probabilities() -> None:
    views = [np.log([[1.0, 3.0]]), np.log([[3.0, 2.0]])]
    averaged = Softmax().averaged(views)
    expected = [(1 / 4 + 3 / 5) / 2, (3 / 4 + 2 / 5) / 2]
    assert Softmax().probabilities(averaged)[0] == pytest.approx(expected)


def test_views_of_a_sigmoid_are_averaged_as_probabilities_and_stay_logits() -> None:
    """The logit of p is log(p / (1 - p)): 1/4 and 3/4 are the sigmoids of -log 3 and log 3."""
    averaged = Sigmoid().averaged([np.array([[-math.log(3), 0.0]]), np.array([[math.log(3), math.log(3)]])])
    assert Sigmoid().probabilities(averaged)[0] == pytest.approx([0.5, (0.5 + 0.75) / 2])
    # Of logits whose sigmoid is 0 in float64: log((exp(-2000) + exp(-3000)) / 2) is -2000 - log 2.
    assert Sigmoid().averaged([np.array([[-2000.0]]), np.array([[-3000.0]])])[0, 0] == pytest.approx(
        -2000 - math.log(2)
    )
    assert Sigmoid().averaged([np.array([[0.3]])])[0, 0] == pytest.approx(0.3)


def test_views_of_values_are_averaged_as_they_are_and_are_not_probabilities() -> None:
    assert Values().averaged([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])]).tolist() == [[2.0, 4.0]]
    assert Values().probabilities(np.array([[1.0]])) is None


def test_the_sigmoid_loss_of_an_image_by_hand() -> None:
    """Logits log 3 and 0 have the sigmoids 3/4 and 1/2; far out a logit is its own loss."""
    loss = SigmoidCrossEntropy.model_validate({"from": "fc8"})
    outputs = np.array([[math.log(3), 0.0], [math.log(3), 0.0], [3000.0, -2000.0]])
    expected = [-math.log(3 / 4 * 1 / 2), -math.log(1 / 4 * 1 / 2), 5000]
    assert loss.per_image(outputs, np.array([0, 1, 1])).tolist() == pytest.approx(expected)


def test_the_smoothed_loss_of_an_image_by_hand() -> None:
    """Probabilities 1/4 and 3/4; a fifth of the label spread over both leaves 0.9 of it."""
    loss = SoftmaxCrossEntropy.model_validate({"from": "fc8", "label_smoothing": 0.2})
    outputs = np.log([[1 / 4, 3 / 4]])
    expected = -0.9 * math.log(1 / 4) - 0.1 * math.log(3 / 4)
    assert loss.per_image(outputs, np.array([0])).tolist() == pytest.approx([expected])


def test_the_squares_of_an_image_by_hand() -> None:
    """Two classes, the second right: off by 0.5 and 1, whose squares are 1.25 in sum."""
    loss = MeanSquaredError.model_validate({"from": "fc8"})
    assert loss.per_image(np.array([[0.5, 0.0]]), np.array([1])).tolist() == [0.625]
