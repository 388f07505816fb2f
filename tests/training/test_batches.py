"""Batches: every sample once an epoch, draws that depend on the sample alone, masks cut into shares."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from specnet.data.base import InMemory, Wanted
from specnet.data.kinds.synthetic import Synthetic
from specnet.data.statistics import Statistics, placeholder
from specnet.network.network import analyse
from specnet.numerics.randomness import stream
from specnet.plans import plan
from specnet.plans.operations import Mask
from specnet.spec.spec import Spec
from specnet.terminal.progress import Progress
from specnet.testing import relative_error
from specnet.testing.comparing import assert_equal
from specnet.training.batches import Inputs, steps_per_epoch
from specnet.training.open_data import statistics_of
from specnet.training.prefetch import Prefetch


@pytest.fixture
def parts(small: Spec) -> tuple[Inputs, Synthetic]:
    assert small.training is not None
    data = Synthetic(train_images=450, shape=(1, 10, 10))
    dataset = data.open(None, Wanted((1, 8, 8), 10))
    statistics = statistics_of(small.training, dataset, Progress(quiet=True))
    return Inputs(plan.make(analyse(small)), small.training, statistics, 0, "float64"), data


def test_every_sample_is_seen_once_an_epoch(parts: tuple[Inputs, Synthetic], small: Spec) -> None:
    inputs, data = parts
    images = data.open(None, Wanted((1, 8, 8), 10)).train
    assert small.training is not None
    assert steps_per_epoch(images, small.training) == 3
    seen: list[NDArray[np.int64]] = []

    class Watched:
        shape = images.shape

        def __len__(self) -> int:
            return len(images)

        def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
            seen.append(indices)
            return images.read(indices)

    batches = list(inputs.batches(Watched(), 0, 6))
    assert [len(batch.labels) for batch in batches] == [200, 200, 50] * 2
    for epoch in (0, 1):
        samples = np.concatenate(seen[3 * epoch : 3 * epoch + 3])
        assert sorted(samples.tolist()) == list(range(450))
    assert not np.array_equal(seen[0], seen[3])


def test_a_batch_does_not_depend_on_where_one_starts(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, data = parts
    images = data.open(None, Wanted((1, 8, 8), 10)).train
    from_start = list(inputs.batches(images, 0, 5))[4]
    (alone,) = inputs.batches(images, 4, 5)
    assert np.array_equal(from_start.images, alone.images)
    assert np.array_equal(from_start.labels, alone.labels)
    assert_equal(alone.masks, from_start.masks)


def test_masks_are_the_layers_mask_cut_in_two(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, data = parts
    (batch,) = inputs.batches(data.open(None, Wanted((1, 8, 8), 10)).train, 0, 1)
    assert {name: mask.shape for name, mask in batch.masks.items()} == {
        "drop.a": (200, 8),
        "drop.b": (200, 8),
    }
    assert not np.array_equal(batch.masks["drop.a"], batch.masks["drop.b"])
    assert 0.4 < np.mean([mask.mean() for mask in batch.masks.values()]) < 0.6


def test_all_groups_drop_the_same_images(parts: tuple[Inputs, Synthetic], small: Spec) -> None:
    """A mask of one number for each image: a quarter of 200 is 50, give or take 6."""
    _, data = parts
    assert small.training is not None
    masks = dict.fromkeys(("depth.a", "depth.b"), Mask("depth", 0, (1, 1, 1), (1, 1, 1), 0.25))
    made, statistics = plan.make(analyse(small)), placeholder((1, 10, 10))
    inputs = Inputs(made, small.training, statistics, 0, "float64", masks)
    batches = list(inputs.batches(data.open(None, Wanted((1, 8, 8), 10)).train, 0, 2))
    drawn = [batch.masks["depth.a"] for batch in batches]
    for batch, mask in zip(batches, drawn, strict=True):
        assert mask.shape == (200, 1, 1, 1)
        assert np.array_equal(mask, batch.masks["depth.b"])
        assert 25 < 200 - mask.sum() < 75
    assert not np.array_equal(drawn[0], drawn[1])


def test_ten_views_of_the_networks_size(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, _ = parts
    views = list(inputs.views(np.zeros((2, 1, 10, 10), dtype=np.uint8)))
    assert [view.shape for view in views] == [(2, 1, 8, 8)] * 10


def test_a_batch_is_what_the_recipe_says_image_by_image(parts: tuple[Inputs, Synthetic]) -> None:
    """Normalization, crop, flip and colour, worked out for one image at a time from its own draws."""
    inputs, data = parts
    images = data.open(None, Wanted((1, 8, 8), 10)).train
    known = inputs._statistics
    order = stream(0, "order", 0).permutation(450)[:200]
    (batch,) = inputs.batches(images, 0, 1)
    for row, sample in enumerate(order.tolist()):
        (image,), _ = images.read(np.array([sample]))
        top, left = (stream(0, "random_crop", 0, 0, sample).random_sample(2) * 3).astype(int)
        window = (image - known.mean)[:, top : top + 8, left : left + 8]
        if stream(0, "horizontal_flip", 1, 0, sample).random_sample() < 0.5:
            window = np.flip(window, axis=2)
        draw = stream(0, "pca_color", 2, 0, sample).standard_normal(1)
        window = window + 255 * known.color_vectors[0, 0] * known.color_values[0] * 0.1 * draw
        # Measured: 3e-16; the products of the colour shift are taken in another order.
        assert relative_error(batch.images[row], window * 0.01) < 1e-12


FROZEN_BATCHES = "cceba2123db19277b1d69c656ba6b4c894b2dc26872dfd6c91c5746d25132325"


def test_batches_are_frozen(small: Spec) -> None:
    """Written down once: a seed must mean the same images in every later version. Without colour, because its
    shifts go through the platform's own logarithm and matrix product."""
    assert small.training is not None
    recipe = small.training.model_copy(update={"augment": small.training.augment[:2]})
    images = Synthetic(train_images=450, shape=(3, 21, 26)).open(None, Wanted((3, 8, 8), 10)).train
    mean = np.linspace(0, 255, 3 * 21 * 26).reshape(3, 21, 26)
    statistics = Statistics(mean, np.ones(3), np.zeros(3), np.eye(3))
    inputs = Inputs(plan.make(analyse(small)), recipe, statistics, 5, "float32", masks={})
    digest = hashlib.sha256()
    for batch in inputs.batches(images, 1, 5):
        digest.update(batch.images.astype("<f4").tobytes())
    assert digest.hexdigest() == FROZEN_BATCHES


def test_images_that_lie_in_memory_are_not_copied_first(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, data = parts
    noise = data.open(None, Wanted((1, 8, 8), 10)).train
    held = InMemory(*noise.read(np.arange(450)))
    both = [list(inputs.batches(images, 0, 3)) for images in (noise, held)]
    assert len(both[0]) == 3
    for own, looked_at in zip(*both, strict=True):
        assert np.array_equal(own.images, looked_at.images)
        assert np.array_equal(own.labels, looked_at.labels)


def test_an_error_in_the_thread_is_raised_where_the_batches_are_used() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("the disk is gone")

    with Prefetch(items()) as ahead:
        source = iter(ahead)
        assert next(source) == 1
        with pytest.raises(ValueError, match="the disk is gone"):
            next(source)


def test_leaving_early_stops_the_thread() -> None:
    with Prefetch(iter(range(10**9))) as ahead:
        assert next(iter(ahead)) == 0
    assert not ahead._thread.is_alive()
