"""What random recipes make of images, initial values and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from specnet.backend.protocol import Precision
from specnet.data.statistics import Statistics
from specnet.layers.base import Shape
from specnet.numerics.randomness import Array
from specnet.plans import plan
from specnet.plans.initial_values import initial_state
from specnet.recipe.answers import Answers
from specnet.recipe.training import Training, fits
from specnet.testing import relative_error
from specnet.testing.random_specs import network_of, random_spec
from specnet.training.batches import Inputs

SEEDS = range(50)
COUNT = 11
"""Images of a batch."""


def statistics(shape: Shape) -> Statistics:
    draw = np.random.RandomState(1)
    colors = draw.standard_normal((shape[0], shape[0]))
    values, vectors = np.linalg.eigh(colors @ colors.T / 100)
    return Statistics(draw.uniform(90, 160, shape), draw.uniform(30, 90, shape[0]), values, vectors)


class Prepared:
    """What the recipe of a seed makes of some images that fit."""

    def __init__(self, seed: int) -> None:
        network = network_of(random_spec(seed))
        assert network.spec.training is not None
        self.recipe: Training = network.spec.training
        self.plan = plan.make(network)
        (self.input,) = self.plan.inputs.values()
        larger = tuple(size + (0, 3, 5)[axis] for axis, size in enumerate(self.input))
        self.shape = larger if fits(self.recipe, larger, self.input) else self.input
        assert fits(self.recipe, self.shape, self.input)
        self.precision: Precision = "float32" if seed % 2 else "float64"
        self.inputs = Inputs(self.plan, self.recipe, statistics(self.shape), seed, self.precision)
        draw = np.random.RandomState(seed)
        self.images = draw.randint(0, 256, (COUNT, *self.shape)).astype(np.uint8)
        self.labels = draw.randint(0, 5, COUNT)
        self.samples = 100 + draw.permutation(COUNT)

    def of(self, chosen: np.ndarray) -> tuple[Array, Any]:
        """The images and labels of a batch of some of the images, in the epoch 2."""
        return self.inputs._augmented(
            self.images[chosen], self.labels[chosen], self.shape, self.samples[chosen], 2
        )


@pytest.fixture(scope="module")
def prepared() -> list[Prepared]:
    return [Prepared(seed) for seed in SEEDS]


def test_images_come_out_as_the_network_wants_them(prepared: list[Prepared]) -> None:
    for each in prepared:
        images, labels = each.of(np.arange(COUNT))
        assert images.shape == (COUNT, *each.input)
        assert images.dtype == each.precision
        assert np.isfinite(images).all()
        mixed = any(part.mixes for part in each.recipe.augment)
        assert labels.shape == ((COUNT, 5) if mixed else (COUNT,))
        if mixed:
            assert np.abs(labels.sum(axis=1) - 1).max() < 1e-15
            assert (labels[np.arange(COUNT), each.labels] > 0).all()
            assert ((labels > 0).sum(axis=1) <= 2).all()
        else:
            assert np.array_equal(labels, each.labels)
        views = [view.copy() for view in each.inputs.views(each.images)]
        assert len(views) == (10 if each.recipe.evaluate and each.recipe.evaluate.kind == "ten_crop" else 1)
        assert all(view.shape == images.shape and np.isfinite(view).all() for view in views)
    assert any(each.shape != each.input for each in prepared)


def test_the_order_of_a_batch_means_nothing(prepared: list[Prepared]) -> None:
    order = np.random.RandomState(0).permutation(COUNT)
    for each in prepared:
        images, labels = (np.array(made) for made in each.of(np.arange(COUNT)))
        again = each.of(order)
        assert np.array_equal(images[order], again[0]), each.recipe.augment
        assert np.array_equal(labels[order], again[1])


def test_an_image_does_not_depend_on_its_batch_unless_it_is_mixed(prepared: list[Prepared]) -> None:
    for each in prepared:
        images = each.of(np.arange(COUNT))[0].copy()
        pairs = [
            (each.of(some)[0], images[some])
            for some in (np.arange(4), np.arange(4, COUNT), np.array([7]), np.array([10, 0, 3]))
        ]
        mixed = any(part.mixes for part in each.recipe.augment)
        assert all(np.array_equal(*pair) for pair in pairs) or mixed, each.recipe.augment
        other = each.inputs._augmented(each.images, each.labels, each.shape, each.samples, 3)[0]
        assert np.array_equal(images, other) == (not each.recipe.augment), each.recipe.augment


def test_initial_values_are_numbers(prepared: list[Prepared]) -> None:
    for each in prepared:
        state = initial_state(each.plan, 3, "float64")
        assert {name: values.shape for name, values in state.items()} == {
            parameter.name: parameter.shape for parameter in each.plan.parameters
        }
        assert all(np.isfinite(values).all() for values in state.values())


def test_metrics_are_fractions_whatever_the_batches(prepared: list[Prepared]) -> None:
    draw = np.random.RandomState(4)
    outputs, labels = np.log(draw.dirichlet(np.ones(5), size=90)), draw.randint(0, 5, 90)
    for each in prepared:
        assert each.plan.loss is not None
        for metric in each.recipe.metrics or []:
            sums = [
                sum(
                    metric.tally(Answers(outputs[i : i + size], labels[i : i + size], each.plan.loss.head))
                    for i in range(0, 90, size)
                )
                for size in (90, 40, 1)
            ]
            values = [metric.value(np.asarray(one)) for one in sums]
            assert 0 < values[0] < 1
            assert relative_error(values[1:], [values[0]] * 2) < 1e-12  # measured 4.2e-16
