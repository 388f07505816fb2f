"""Augmentations that make new pixels: what is drawn for them, and what becomes of each image."""

from __future__ import annotations

import math

import numpy as np
import pytest

from specnet.data.base import InMemory
from specnet.data.image_batch import Black, ImageBatch
from specnet.data.statistics import Statistics, placeholder
from specnet.network.network import examine
from specnet.numerics.randomness import Array, Draws
from specnet.plans import plan
from specnet.recipe.augmentations import Augmentation, Cutout, Pad, RandomCrop
from specnet.recipe.color_augmentations import Brightness, ColorJitter
from specnet.recipe.normalizations import Constants, MeanImage, Normalization, Scale
from specnet.recipe.warps import RandomResizedCrop, Rotation
from specnet.testing import relative_error
from specnet.training.batches import Inputs

SHAPE = (3, 12, 12)
IMAGES = np.random.RandomState(0).randint(0, 256, (40, *SHAPE)).astype(np.uint8)
MEAN = np.random.RandomState(1).uniform(90, 160, SHAPE)
KNOWN = Statistics(MEAN, np.ones(3), np.zeros(3), np.eye(3))
EACH = np.arange(40)
ALL = [
    RandomResizedCrop(size=9),
    Pad(pixels=2),
    Rotation(degrees=40),
    ColorJitter(brightness=0.4, contrast=(0.5, 1.5), saturation=0.4, hue=0.1),
    Cutout(size=5),
]


def batch(images: np.ndarray = IMAGES, dtype: type[np.floating] = np.float64) -> ImageBatch:
    return ImageBatch(images, SHAPE, np.dtype(dtype))


def drawn(seed: int = 0, samples: np.ndarray = EACH) -> Draws:
    return Draws(seed, ("part", 0, 3), samples)


def torchvisions_window(
    part: RandomResizedCrop, numbers: list[float], height: int, width: int
) -> tuple[int, int, int, int]:
    """`RandomResizedCrop.get_params`, with numbers from 0 to 1 in place of a generator."""
    (smallest, largest), (low, high) = part.area, part.ratio
    for turn in range(10):
        area = height * width * (smallest + (largest - smallest) * numbers[2 * turn])
        log_ratio = math.log(low) + (math.log(high) - math.log(low)) * numbers[2 * turn + 1]
        w = round(math.sqrt(area * math.exp(log_ratio)))
        h = round(math.sqrt(area / math.exp(log_ratio)))
        if 0 < w <= width and 0 < h <= height:
            return int(numbers[20] * (height - h + 1)), int(numbers[21] * (width - w + 1)), h, w
    if width / height < low:
        w, h = width, round(width / low)
    elif width / height > high:
        w, h = round(height * high), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w


@pytest.mark.parametrize(
    ("part", "height", "width"),
    [
        (RandomResizedCrop(size=9), 12, 12),
        (RandomResizedCrop(size=9), 40, 31),
        (RandomResizedCrop(size=9, area=(0.5, 1.0), ratio=(1.0, 1.0)), 30, 9),  # seldom fits
        (RandomResizedCrop(size=9, area=(0.9, 1.0), ratio=(2.0, 3.0)), 40, 30),
        (RandomResizedCrop(size=9, area=(1.0, 1.0), ratio=(0.1, 5.0)), 17, 17),
        (RandomResizedCrop(size=9, area=(1e-6, 1e-6)), 20, 20),  # never: all of the image
    ],
)
def test_windows_are_drawn_as_torchvision_draws_them(
    part: RandomResizedCrop, height: int, width: int
) -> None:
    numbers = drawn().uniforms(22)
    found = zip(*part.windows(numbers, height, width), strict=True)
    for row, window in zip(numbers.tolist(), found, strict=True):
        assert tuple(map(int, window)) == torchvisions_window(part, row, height, width)


def test_images_are_resized_from_their_windows() -> None:
    """A window of the final size is the image there; colour goes along with its channel."""
    part = RandomResizedCrop(size=9, area=(81 / 144, 81 / 144), ratio=(1, 1))
    found = part.apply(batch(), drawn(), placeholder(SHAPE)).pixels()
    tops, lefts, heights, widths = part.windows(drawn().uniforms(22), 12, 12)
    assert set(heights) == set(widths) == {9}
    for image, made, top, left in zip(IMAGES, found, tops, lefts, strict=True):
        assert np.array_equal(made, image[:, top : top + 9, left : left + 9])


def test_angles_lie_in_the_range_and_pixels_in_the_image() -> None:
    found = Rotation(degrees=180).apply(batch(np.full_like(IMAGES, 100)), drawn(), placeholder(SHAPE))
    pixels = found.pixels()
    assert pixels.shape == (40, *SHAPE)
    assert pixels.min() >= 0
    assert relative_error(pixels[:, :, 5:7, 5:7], np.full((40, 3, 2, 2), 100.0)) < 1e-12  # measured 0


def test_cutouts_are_squares_at_pixels_and_cut_off_at_the_edge() -> None:
    down, right = (drawn().uniforms(2).T * 12).astype(int)
    for size in (5, 4, 1, 30):
        found = Cutout(size=size).apply(batch(), drawn(), placeholder(SHAPE)).pixels()
        for image, made, y, x in zip(IMAGES, found, down, right, strict=True):
            expected = image.astype(float)
            top, left = max(0, y - size // 2), max(0, x - size // 2)
            expected[:, top : y - size // 2 + size, left : x - size // 2 + size] = 0
            assert np.array_equal(made, expected)


@pytest.mark.parametrize("part", ALL, ids=lambda part: part.kind)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_image_depends_on_seed_epoch_and_sample_alone(
    part: Augmentation, dtype: type[np.floating]
) -> None:
    """Not on the batch it is in, its size or its order."""
    images = batch(dtype=dtype)
    together = part.apply(images, drawn(), KNOWN).pixels()
    order = np.random.RandomState(5).permutation(40)[:7]
    some = part.apply(batch(IMAGES[order], dtype), drawn(samples=order), KNOWN).pixels()
    assert np.array_equal(some, together[order])
    for i in (0, 39):
        alone = part.apply(batch(IMAGES[i : i + 1], dtype), drawn(samples=EACH[i : i + 1]), KNOWN)
        assert np.array_equal(alone.pixels()[0], together[i])
    assert np.array_equal(images.pixels(), IMAGES.astype(dtype)), "nothing in place"
    if not isinstance(part, Pad):
        assert not np.array_equal(part.apply(images, drawn(seed=1), KNOWN).pixels(), together)


def jittered(part: ColorJitter, *before: Augmentation, about: Normalization | None) -> Array:
    """The first batch that a training with these augmentations sees, in grey levels."""
    augment = [one.as_yaml() for one in (*before, part)]
    side = 8 if any(isinstance(one, RandomCrop | RandomResizedCrop) for one in before) else 12
    spec = {
        "specnet": 1,
        "name": "n",
        "layers": {
            "image": {"kind": "input", "shape": [3, side, side]},
            "out": {"kind": "dense", "from": "image", "units": 2},
        },
        "training": {
            "loss": {"kind": "softmax_cross_entropy", "from": "out"},
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
            "augment": augment,
            **({"normalize": about.as_yaml()} if about else {}),
            **({"evaluate": {"kind": "center_crop", "size": 8}} if side == 8 else {}),
        },
    }
    network = examine(spec).valid()
    assert network.spec.training is not None
    inputs = Inputs(plan.make(network), network.spec.training, KNOWN, 0, "float64")
    images = InMemory(IMAGES, np.zeros(40, dtype=np.int64))
    (made,) = inputs.batches(images, 0, 1)
    return made.images


STRONG = ColorJitter(brightness=(0.5, 2.0), contrast=0.8, saturation=0.9, hue=0.3)


@pytest.mark.parametrize("before", [(), (RandomCrop(size=8),), (RandomResizedCrop(size=8),)], ids=str)
def test_colours_are_those_of_grey_levels_whatever_is_subtracted(before: tuple[Augmentation, ...]) -> None:
    """Levels are cut off at 0 and 255 as the image has them, also about a mean image that has moved along."""
    plain = jittered(STRONG, *before, about=None)
    assert plain.min() >= 0
    assert plain.max() <= 255
    constants = jittered(STRONG, *before, about=Constants(mean=(100.0, 150.0, 30.0)))
    levels = constants + np.array([100.0, 150.0, 30.0]).reshape(3, 1, 1)
    assert relative_error(levels, plain) < 1e-12  # measured 1.5e-15
    scaled = jittered(STRONG, *before, about=Scale(to=(-1.0, 1.0)))
    assert relative_error((scaled + 1) * 127.5, plain) < 1e-12  # measured 1.5e-15
    about_image = jittered(STRONG, *before, about=MeanImage())
    without = ColorJitter(brightness=1e-15)
    moved = jittered(without, *before, about=None) - jittered(without, *before, about=MeanImage())
    assert relative_error(about_image + moved, plain) < 1e-11  # measured 1.6e-15
    if not before:
        assert relative_error(moved, np.broadcast_to(MEAN, moved.shape)) < 1e-12  # measured 1.8e-16


def test_what_lies_beyond_the_edge_is_the_mean_or_black() -> None:
    """The mean is what becomes 0 for the network; black of a mean image is that of its average."""
    images = batch().calculate(np.subtract, MEAN)
    average = -MEAN.mean(axis=(1, 2))
    about = ImageBatch(**{**vars(images), "black": Black(average, lambda: -MEAN[None])})
    for fill, expected in (("mean", np.zeros(3)), ("black", average)):
        padded = Pad.model_validate({"kind": "pad", "pixels": 3, "fill": fill}).apply(about, drawn(), KNOWN)
        rim = padded.pixels()[:, :, 0, 0]
        assert relative_error(rim, np.broadcast_to(expected, (40, 3))) == 0
        turned = Rotation.model_validate({"kind": "rotation", "degrees": 180, "fill": fill})
        corners = turned.apply(about, Given45(0, (), EACH), KNOWN).pixels()[:, :, 0, 0]
        assert relative_error(corners, np.broadcast_to(expected, (40, 3))) == 0
        again = padded.recolor(lambda levels: levels).pixels()
        assert relative_error(again, padded.pixels()) < 1e-12  # measured 0


def test_a_hole_has_the_grey_levels_of_the_mean() -> None:
    """About a mean image those that lie there."""
    known = {"black": Black(-MEAN.mean(axis=(1, 2)), lambda: -MEAN[None])}
    about = ImageBatch(**{**vars(batch().calculate(np.subtract, MEAN)), **known})
    seen: list[Array] = []
    cut = Cutout(size=5).apply(about, drawn(), KNOWN)
    cut.recolor(lambda levels: seen.append(levels.copy()) or levels)  # type: ignore[func-returns-value]
    hole = cut.pixels() == 0
    assert 0.03 < hole.mean() < 0.2
    expected = np.where(hole, np.broadcast_to(MEAN, hole.shape), IMAGES)
    assert relative_error(seen[0], expected) < 1e-12  # measured 0


class Given45(Draws):
    """An eighth of a turn for every image."""

    def uniforms(self, count: int) -> Array:
        return np.full((len(self.samples), count), 0.625)


def test_brightness_that_is_added_stays_in_black_and_white() -> None:
    """Levels that another augmentation has moved beyond are cut off."""
    found = jittered(ColorJitter(brightness=1e-15), Brightness(std=0.3), about=None)
    assert found.max() == 255
    assert found.min() == 0
    assert (found == 0).mean() > (IMAGES == 0).mean() + 0.01


NORMALIZATIONS = [
    (Constants(mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0)), lambda x, c: (x - (c + 1)) / (c + 4)),
    (Constants(mean=127.5), lambda x, c: x - 127.5),
    (Constants(std=255.0), lambda x, c: x / 255),
    (Constants(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)), None),
    (Scale(), lambda x, c: x / 255),
    (Scale(to=(-1.0, 1.0)), lambda x, c: (x - 127.5) / 127.5),
    (Scale(to=(0.5, 2.5)), lambda x, c: 0.5 + 2 * x / 255),
]


@pytest.mark.parametrize(("part", "formula"), NORMALIZATIONS)
def test_constants_and_ranges(part: Normalization, formula: object) -> None:
    """torchvision's constants are those of pixels divided by 255, times 255."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    made = part.rescale(part.center(batch(), KNOWN), KNOWN).pixels()
    for channel in range(3):
        pixels = IMAGES[:, channel].astype(float)
        if callable(formula):
            expected = formula(pixels, channel)
        else:
            expected = (pixels / 255 - mean[channel]) / std[channel]
        assert relative_error(made[:, channel], expected) < 1e-14  # measured 3.7e-16
    assert not part.needs_statistics


def test_black_and_white_are_the_ends_of_the_range_in_float32() -> None:
    ends = np.array([0, 255], dtype=np.uint8).reshape(2, 1, 1, 1) * np.ones((1, *SHAPE), dtype=np.uint8)
    for to in ((0.0, 1.0), (-1.0, 1.0)):
        part = Scale(to=to)
        made = part.rescale(part.center(batch(ends, np.float32), KNOWN), KNOWN).pixels()
        assert np.array_equal(made, np.broadcast_to(np.reshape(to, (2, 1, 1, 1)), made.shape))
