"""Augmentation on whole batches, against what each image should become."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from specnet.data import augment
from specnet.data.augment import Change, Windows
from specnet.data.base import InMemory
from specnet.data.measure import Sums, measure
from specnet.numerics.randomness import Array
from specnet.testing import relative_error

IMAGES = np.random.RandomState(0).randint(0, 256, (3, 2, 6, 5)).astype(np.uint8)
FULL = augment.full(3, 6, 5)


def pixels(windows: Windows, *changes: Change, images: NDArray[np.uint8] = IMAGES) -> Array:
    """What is cut out of the images, in float64."""
    out = np.full((len(images), images.shape[1], windows.height, windows.width), np.nan)
    augment.cut(images, windows, changes, out)
    return out


@pytest.mark.parametrize("width", [8, 5, 16, 24, 1])
def test_rows_are_mirrored_at_any_width_and_place(width: int) -> None:
    """Widths of whole words go another way than others, from any byte on."""
    image = np.random.RandomState(1).randint(0, 256, (3, 40)).astype(np.uint8)
    for left in range(9):
        out = np.empty((3, width), dtype=np.uint8)
        augment.mirror(image[:, left : left + width], out)
        assert np.array_equal(out, np.fliplr(image[:, left : left + width]))
    scattered = np.random.RandomState(1).randint(0, 256, (3, 2 * width)).astype(np.uint8)[:, ::2]
    augment.mirror(scattered, out)
    assert np.array_equal(out, np.fliplr(scattered))


def test_crops_and_mirror_images_follow_one_another_as_on_paper() -> None:
    """Every order of them, against images that are turned and cut one step after another."""
    random = np.random.RandomState(2)
    for steps in itertools.product("cm", repeat=3):
        windows, expected = FULL, list(IMAGES)
        for number, step in enumerate(steps):
            size = 5 - number
            if step == "c":
                _, height, width = expected[0].shape
                tops = random.randint(0, height - size + 1, 3)
                lefts = random.randint(0, width - size + 1, 3)
                windows = windows.crop(tops, lefts, size, size)
                places = zip(expected, tops, lefts, strict=True)
                expected = [i[:, top : top + size, left : left + size] for i, top, left in places]
            else:
                chosen = random.random_sample(3) < 0.5
                windows = windows.mirror(chosen)
                expected = [i[:, :, ::-1] if turn else i for i, turn in zip(expected, chosen, strict=True)]
        assert np.array_equal(pixels(windows), np.stack(expected))


def test_what_moves_along_moves_with_its_pixels() -> None:
    """Subtracting the images themselves leaves nothing, wherever they are cut and mirrored."""
    for image in IMAGES:
        windows = FULL.crop(np.array([0, 2, 1]), np.array([1, 0, 1]), 4, 4).mirror(np.ones(3, dtype=bool))
        same = np.stack([image] * 3)
        left = pixels(windows, Change(np.subtract, image.astype(float)), images=same)
        assert np.array_equal(left, np.zeros((3, 2, 4, 4)))


def test_changes_are_rounded_one_after_another() -> None:
    """In float32, (250 + 1e-6) - 250 is 0, and 250 - 250 + 1e-6 is not."""
    full = np.full((1, 1, 2, 2), 250, dtype=np.uint8)
    tiny = Change(np.add, np.full((1, 1), 1e-6, dtype=np.float32))
    mean = Change(np.subtract, np.full((1, 2, 2), 250, dtype=np.float32))
    for changes, expected in (((tiny, mean), 0), ((mean, tiny), np.float32(1e-6))):
        out = np.empty((1, 1, 2, 2), dtype=np.float32)
        augment.cut(full, augment.full(1, 2, 2), changes, out)
        assert np.array_equal(out, np.full((1, 1, 2, 2), expected))


@pytest.mark.slow
def test_sums_are_exact_where_float32_is_not() -> None:
    images = np.full((70_000, 2, 1, 3), 255, dtype=np.uint8)
    images[1::3, 1] = 7  # 70,000 times 255 is over 2**24, and no multiple of 2
    sums = Sums((2, 1, 3))
    for image in images:
        sums.add(image)
    whole = images.astype(np.int64)
    assert np.array_equal(sums.total(), whole.sum(axis=0))
    assert np.array_equal(sums.products(), np.einsum("nchw,ndhw->cd", whole, whole))


def test_statistics_of_a_training_set() -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (37, 3, 4, 5)).astype(np.uint8)
    pixels[:, 1] = pixels[:, 0] // 2
    found = measure(InMemory(pixels, np.zeros(37, dtype=np.int64)), batch=8)
    flat = pixels.transpose(1, 0, 2, 3).reshape(3, -1).astype(float)
    # Measured: at most 4e-15.
    assert relative_error(found.mean, pixels.mean(axis=0)) < 1e-13
    assert relative_error(found.std, flat.std(axis=1)) < 1e-13
    covariance = np.cov(flat / 255, bias=True)
    rebuilt = found.color_vectors @ np.diag(found.color_values) @ found.color_vectors.T
    assert relative_error(rebuilt, covariance) < 1e-12
    assert list(found.color_values) == sorted(found.color_values, reverse=True)
    largest = np.abs(found.color_vectors).argmax(axis=0)
    assert (found.color_vectors[largest, [0, 1, 2]] > 0).all()
