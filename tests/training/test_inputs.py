"""Batches: every sample once an epoch, draws that depend on the sample alone, masks cut into shares."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from specnet import plan
from specnet.data.base import Wanted
from specnet.data.synthetic import Synthetic
from specnet.network import analyse
from specnet.spec import Spec
from specnet.training.inputs import Inputs, steps_per_epoch
from specnet.training.prefetch import Prefetch
from specnet.training.progress import Progress
from specnet.training.session import _statistics


@pytest.fixture
def parts(small: Spec) -> tuple[Inputs, Synthetic]:
    assert small.training is not None
    data = Synthetic(train_images=450, shape=(1, 10, 10))
    dataset = data.open(None, Wanted((1, 8, 8), 10))
    statistics = _statistics(small.training, dataset, Progress(quiet=True))
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
    np.testing.assert_array_equal(from_start.images, alone.images)
    np.testing.assert_array_equal(from_start.labels, alone.labels)
    for name in alone.masks:
        np.testing.assert_array_equal(from_start.masks[name], alone.masks[name])


def test_masks_are_the_layers_mask_cut_in_two(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, data = parts
    (batch,) = inputs.batches(data.open(None, Wanted((1, 8, 8), 10)).train, 0, 1)
    assert {name: mask.shape for name, mask in batch.masks.items()} == {
        "drop.a": (200, 8),
        "drop.b": (200, 8),
    }
    assert not np.array_equal(batch.masks["drop.a"], batch.masks["drop.b"])
    assert 0.4 < np.mean([mask.mean() for mask in batch.masks.values()]) < 0.6


def test_ten_views_of_the_networks_size(parts: tuple[Inputs, Synthetic]) -> None:
    inputs, _ = parts
    views = list(inputs.views(np.zeros((2, 1, 10, 10), dtype=np.uint8)))
    assert [view.shape for view in views] == [(2, 1, 8, 8)] * 10


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
