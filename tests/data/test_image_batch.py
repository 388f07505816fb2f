"""Batches of images: what is remembered is carried out in its order, and nothing changes in place."""

from __future__ import annotations

import numpy as np
import pytest

from specnet.data.image_batch import ImageBatch
from specnet.numerics.randomness import Array

IMAGES = np.random.RandomState(0).randint(0, 256, (3, 2, 6, 8)).astype(np.uint8)
BATCH = ImageBatch(IMAGES, (2, 6, 8), np.dtype(np.float64))


def test_it_says_its_shape_before_anything_is_computed() -> None:
    assert BATCH.shape == (2, 6, 8)
    assert BATCH.crop(1, [0, 1, 2], 4, 3).mirror().shape == (2, 4, 3)
    assert BATCH.replace(np.zeros((3, 2, 9, 9))).shape == (2, 9, 9)


def test_values_are_those_of_images_channels_or_pixels() -> None:
    for_images, for_channels = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0])
    ways: list[tuple[object, Array]] = [
        (2, np.full((3, 2, 1, 1), 2.0)),
        (for_channels, for_channels[None, :, None, None]),
        (for_images[:, None], for_images[:, None, None, None]),
        (np.outer(for_images, for_channels), np.outer(for_images, for_channels)[:, :, None, None]),
        (np.arange(96.0).reshape(2, 6, 8), np.arange(96.0).reshape(1, 2, 6, 8)),
    ]
    for values, alike in ways:
        np.testing.assert_array_equal(BATCH.calculate(np.add, values).pixels(), IMAGES + alike)  # type: ignore[arg-type]


def test_one_after_another_and_nothing_in_place() -> None:
    """Also with images put in between: mirrored floats, cropped after they were changed."""
    random = np.random.RandomState(1)
    noise, mean = random.standard_normal((3, 2, 4, 4)), random.standard_normal((2, 6, 8))
    cropped = BATCH.calculate(np.subtract, mean).crop([0, 1, 2], 3, 4, 4)
    noisy = cropped.replace(cropped.pixels() + noise).mirror([True, False, True])
    found = noisy.crop(0, 1, 3, 3).calculate(np.multiply, 2).pixels()
    for i, (image, top) in enumerate(zip(IMAGES, (0, 1, 2), strict=True)):
        expected = (image - mean)[:, top : top + 4, 3:7] + noise[i]
        expected = expected[:, :, ::-1] if i != 1 else expected
        np.testing.assert_array_equal(found[i], expected[:, :3, 1:4] * 2)
    np.testing.assert_array_equal(BATCH.pixels(), IMAGES)


def test_floats_are_mirrored_at_widths_of_full_words() -> None:
    """Grey levels of eight pixels are mirrored as one word; numbers of four or eight bytes must not be."""
    for dtype in (np.float32, np.float64):
        batch = ImageBatch(IMAGES, (2, 6, 8), np.dtype(dtype))
        turned = batch.replace(IMAGES / np.float32(3)).mirror().pixels()
        np.testing.assert_array_equal(turned, (IMAGES / np.float32(3)).astype(dtype)[..., ::-1])


def test_what_cannot_be_is_an_error() -> None:
    for top, left in ((-1, 0), (0, 6), ([0, 0, 3], 0)):
        with pytest.raises(ValueError, match="a window of 4x3 lies outside images of 6x8"):
            BATCH.crop(top, left, 4, 3)
    with pytest.raises(ValueError, match="3 images cannot be replaced"):
        BATCH.replace(np.zeros((2, 2, 6, 8)))
    with pytest.raises(ValueError, match="fit neither images of"):
        BATCH.calculate(np.add, np.zeros((2, 3, 8)))
