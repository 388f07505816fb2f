"""Mixed images, and the labels that go with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import specnet
from specnet.backend.batch import Batch
from specnet.data.base import InMemory
from specnet.data.image_batch import Black, ImageBatch
from specnet.data.statistics import Statistics, placeholder
from specnet.diagnostics.errors import UsageError
from specnet.network.network import examine
from specnet.numerics.randomness import Draws, stream
from specnet.plans import plan
from specnet.recipe.augmentations import HorizontalFlip, Mixup
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.testing import relative_error
from specnet.training.batches import Inputs

SHAPE = (3, 4, 5)
IMAGES = np.random.RandomState(0).randint(0, 256, (25, *SHAPE)).astype(np.uint8)
LABELS = np.arange(25) % 4
QUIET = specnet.Progress(quiet=True)
SPEC: dict[str, Any] = {
    "specnet": 1,
    "name": "n",
    "layers": {
        "image": {"kind": "input", "shape": [3, 4, 5]},
        "out": {"kind": "dense", "from": "image", "units": 6},
    },
    "training": {
        "loss": {"kind": "softmax_cross_entropy", "from": "out"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        "normalize": {"kind": "constants", "mean": 100, "std": 50},
        "augment": [{"kind": "mixup", "alpha": 0.7}, {"kind": "horizontal_flip"}],
        "batch_size": 10,
    },
}


def batches(start: int, stop: int) -> list[Batch]:
    """Those of the steps `start` to `stop`: three an epoch, the last one of five images."""
    network = examine(SPEC).valid()
    assert network.spec.training is not None
    statistics = placeholder(SHAPE)
    inputs = Inputs(plan.make(network), network.spec.training, statistics, 3, "float64")
    return list(inputs.batches(InMemory(IMAGES, LABELS), start, stop))


def test_images_and_labels_are_mixed_alike() -> None:
    """Worked out image by image: its part from its own stream, its partner from the order of the batch."""
    for step, batch in enumerate(batches(0, 6)):
        epoch, place = divmod(step, 3)
        samples = stream(3, "order", epoch).permutation(25)[10 * place : 10 * place + 10].tolist()
        after = {s: stream(3, "mixup", 0, epoch, s).random_sample() for s in samples}
        ring = sorted(samples, key=after.__getitem__)
        for row, sample in enumerate(samples):
            other = ring[(ring.index(sample) + 1) % len(ring)]
            part = stream(3, "mixup", 0, epoch, "beta", sample).beta(0.7, 0.7)
            mixed = part * IMAGES[sample].astype(float) + (1 - part) * IMAGES[other]
            if stream(3, "horizontal_flip", 1, epoch, sample).random_sample() < 0.5:
                mixed = mixed[:, :, ::-1]
            # Measured: 3.5e-16.
            assert relative_error(batch.images[row], (mixed - 100) / 50) < 1e-12
            shares = np.zeros(6)
            shares[LABELS[sample]] += part
            shares[LABELS[other]] += 1 - part
            assert np.abs(batch.labels[row] - shares).max() < 1e-15
        assert batch.labels.dtype == np.float64
        assert np.abs(batch.labels.sum(axis=1) - 1).max() < 1e-15


def test_a_batch_does_not_depend_on_where_one_starts_and_parts_are_of_it() -> None:
    from_start, (alone,) = batches(0, 6)[4], batches(4, 5)
    assert np.array_equal(from_start.images, alone.images)
    assert np.array_equal(from_start.labels, alone.labels)
    parts = alone.parts(4)
    assert [len(part.labels) for part in parts] == [4, 4, 2]
    assert np.array_equal(np.concatenate([part.labels for part in parts]), alone.labels)


def test_the_order_of_a_batch_means_nothing() -> None:
    order = np.random.RandomState(2).permutation(25)
    made = []
    for samples in (np.arange(25), order):
        images = ImageBatch(IMAGES[samples], SHAPE, np.dtype(np.float32), labels=np.eye(4)[LABELS[samples]])
        made.append(Mixup(alpha=1.0).apply(images, Draws(0, ("mixup", 0, 0), samples), placeholder(SHAPE)))
    for first, second in zip(*((m.pixels(), m.labels) for m in made), strict=True):
        assert first is not None
        assert second is not None
        assert np.array_equal(first[order], second)
    assert made[0].pixels().dtype == np.float32


def test_parts_are_of_the_beta_distribution() -> None:
    """Mean 1/2 and variance 1 / (4 (2 alpha + 1)), each image's its own, also where normal numbers are drawn
    for them."""
    samples = np.arange(4000)
    for alpha in (0.2, 1.0, 4.0):
        draws = Draws(0, ("mixup", 0, 0), samples)
        parts = draws.betas(alpha)
        assert abs(parts.mean() - 0.5) < 0.02  # measured at most 0.006
        assert abs(parts.var() * 4 * (2 * alpha + 1) - 1) < 0.06  # measured at most 0.015
        some = Draws(0, ("mixup", 0, 0), samples[::7]).betas(alpha)
        assert np.array_equal(some, parts[::7])


def test_an_image_alone_stays_and_so_does_black() -> None:
    draws = Draws(0, ("mixup", 0, 0), np.array([5]))
    one = ImageBatch(IMAGES[5:6], SHAPE, np.dtype(np.float64))
    assert (
        relative_error(Mixup(alpha=1.0).apply(one, draws, placeholder(SHAPE)).pixels(), IMAGES[5:6]) < 1e-15
    )
    mean = np.random.RandomState(1).uniform(90, 160, SHAPE)
    known = Statistics(mean, np.ones(3), np.zeros(3), np.eye(3))
    black = Black(-mean.mean(axis=(1, 2)), lambda: -mean[None])
    flipped = HorizontalFlip().apply(
        ImageBatch(IMAGES, SHAPE, np.dtype(np.float64), black=black).calculate(np.subtract, mean),
        Draws(0, ("flip",), np.arange(25)),
        known,
    )
    mixed = flipped.mix(np.roll(np.arange(25), -1), np.linspace(0, 1, 25))
    levels: list[np.ndarray] = []
    mixed.recolor(lambda seen: levels.append(seen) or seen)  # type: ignore[func-returns-value]
    assert levels[0].min() > -1e-9
    assert levels[0].max() < 255 + 1e-9


def test_one_image_in_a_batch_is_a_finding() -> None:
    alone = {**SPEC, "training": {**SPEC["training"], "batch_size": 1}}
    (finding,) = examine(alone).diagnostics
    assert finding.code == "SN609"
    assert finding.message == "mixup mixes the images of a batch, and each batch has one"


def test_a_loss_that_takes_one_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SoftmaxCrossEntropy, "soft_labels", False)
    with pytest.raises(UsageError, match="mixup labels an image with each class's share") as caught:
        specnet.train(SPEC, data=(IMAGES, LABELS), run_dir=tmp_path / "run", progress=QUIET)
    assert caught.value.hint == "leave mixup out, or take another loss"


@pytest.mark.slow
def test_a_training_in_parts_and_one_that_goes_on_are_the_same(tmp_path: Path) -> None:
    def losses(name: str, steps: int, **options: Any) -> list[float]:
        result = specnet.train(
            SPEC,
            data=((IMAGES, LABELS), (IMAGES, LABELS)),
            run_dir=tmp_path / name,
            steps=steps,
            precision="float64",
            progress=QUIET,
            **options,
        )
        return [record["loss"] for record in result.history]

    whole = losses("whole", 8)
    parts = losses("parts", 8, micro_batch=3)
    assert relative_error(np.array(parts), np.array(whole)) < 1e-12  # measured 1.7e-16
    assert losses("on", 4) == whole[:4]
    assert losses("on", 8, resume=True) == whole
