"""Randomness as data: pure functions of their names, frozen for good, and what they claim to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import specnet
from specnet.network.network import analyse
from specnet.numerics.randomness import keep_mask, key, normals, permutation, stream, uniforms
from specnet.plans import plan
from specnet.plans.initial_values import initial_state
from specnet.testing.comparing import assert_equal


def test_names_do_not_collide() -> None:
    names: list[tuple[str | int, ...]] = [(), ("a",), ("a", 1), ("a", "1"), ("a1",), ("b", 1), ("a", 1, 0)]
    keys = {key(seed, *name).tobytes() for seed in (0, 1) for name in names}
    assert len(keys) == 2 * len(names)


FROZEN_KEY = [9497506203198227797, 5674855550093259946]
FROZEN_UNIFORMS = [0.11269204629226592, 0.5374579546519319, 0.7783991991746431]
FROZEN_NORMALS = [2.388267581440601, 0.8626745052269291, 0.28517880364588205]
FROZEN_ORDER = [5, 3, 1, 0, 7, 6, 2, 4]
FROZEN_MASK = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0]


def test_the_streams_are_frozen() -> None:
    """Written down once: a seed must mean the same run in every later version."""
    assert key(0, "order", 0).tolist() == FROZEN_KEY
    assert np.array_equal(stream(7, "dropout", "drop6").random_sample(3), FROZEN_UNIFORMS)
    assert np.array_equal(stream(7, "initial value", "w").standard_normal(3), FROZEN_NORMALS)
    assert permutation(3, "order", 1, count=8).tolist() == FROZEN_ORDER
    mask = keep_mask(5, "dropout", "drop6", 9, samples=[4], shape=(12,), rate=0.5)
    assert mask[0].tolist() == FROZEN_MASK


def test_a_draw_depends_on_its_own_sample_only() -> None:
    alone = keep_mask(1, "dropout", "d", 3, samples=[17], shape=(4, 5), rate=0.3)
    among = keep_mask(1, "dropout", "d", 3, samples=[2, 17, 9], shape=(4, 5), rate=0.3)
    assert np.array_equal(alone[0], among[1])
    assert np.array_equal(
        uniforms(1, "crop", 0, samples=[17], count=2)[0], uniforms(1, "crop", 0, samples=[4, 17], count=2)[1]
    )
    assert not np.array_equal(among[0], among[1])


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_draws_for_a_batch_are_those_of_each_samples_own_stream(count: int) -> None:
    """An odd number of normals leaves half a pair behind, which is not the next sample's."""
    samples = [5, 0, 10**12, 5]
    for draw, method in ((uniforms, "random_sample"), (normals, "standard_normal")):
        own = [getattr(stream(3, "a", 1, sample), method)(count) for sample in samples]
        assert np.array_equal(draw(3, "a", 1, samples=samples, count=count), own)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_masks_zero_with_their_rate(rate: float) -> None:
    mask = keep_mask(0, "dropout", samples=range(200), shape=(1001,), rate=rate)
    # Five standard deviations of a mean of 200,200 draws: 5 * sqrt(0.25 / 200200) = 0.0056.
    assert abs((mask == 0).mean() - rate) < 0.0056


def test_normals_are_normal() -> None:
    draws = normals(0, "color", samples=range(2000), count=50)
    assert abs(draws.mean()) < 0.016  # 5 / sqrt(100,000)
    assert abs(draws.std() - 1) < 0.012


def test_initial_values_depend_on_seed_and_name_alone(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet_digits.yaml")))
    first, again, other = initial_state(made, 0), initial_state(made, 0), initial_state(made, 1)
    assert_equal(again, first)
    assert not np.array_equal(first["conv1.gpu0.weight"], other["conv1.gpu0.weight"])
    assert not np.array_equal(first["conv1.gpu0.weight"], first["conv1.gpu1.weight"])


@pytest.mark.slow
def test_initial_values_of_the_paper(specs: Path) -> None:
    made = plan.make(analyse(specnet.load(specs / "alexnet.yaml")))
    state = initial_state(made, 0)
    weights = state["fc7.gpu0.weight"]
    assert abs(weights.mean()) < 2e-5  # 5 * 0.01 / sqrt(8,388,608) = 1.7e-5
    assert abs(weights.std() / 0.01 - 1) < 2e-3
    ones = {name.split(".")[0] for name, v in state.items() if name.endswith("bias") and (v == 1).all()}
    zeros = {name.split(".")[0] for name, v in state.items() if name.endswith("bias") and (v == 0).all()}
    assert (ones, zeros) == ({"conv2", "conv4", "conv5", "fc6", "fc7"}, {"conv1", "conv3", "fc8"})
