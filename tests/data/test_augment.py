"""Augmentation on whole batches, against what each image should become."""

from __future__ import annotations

import numpy as np

from helpers import relative_error
from specnet.data import augment
from specnet.data.base import InMemory
from specnet.data.statistics import measure

IMAGES = np.arange(3 * 2 * 6 * 5, dtype=np.float64).reshape(3, 2, 6, 5)


def test_random_crops_reach_every_corner_and_stay_inside() -> None:
    draws = np.array([[0.0, 0.0], [0.999, 0.0], [0.5, 0.999]])
    crops = augment.random_crop(IMAGES, draws, 4)
    np.testing.assert_array_equal(crops[0], IMAGES[0, :, 0:4, 0:4])
    np.testing.assert_array_equal(crops[1], IMAGES[1, :, 2:6, 0:4])
    np.testing.assert_array_equal(crops[2], IMAGES[2, :, 1:5, 1:5])


def test_flips_mirror_the_chosen_images_only() -> None:
    flipped = augment.flip(IMAGES, np.array([0.49, 0.5, 0.0]))
    np.testing.assert_array_equal(flipped[0], IMAGES[0, :, :, ::-1])
    np.testing.assert_array_equal(flipped[1], IMAGES[1])
    np.testing.assert_array_equal(flipped[2], IMAGES[2, :, :, ::-1])


def test_ten_crops_are_corners_centre_and_mirrors() -> None:
    crops = list(augment.ten_crops(IMAGES, 4))
    assert len(crops) == 10
    np.testing.assert_array_equal(crops[0], IMAGES[:, :, :4, :4])
    np.testing.assert_array_equal(crops[2], IMAGES[:, :, :4, 1:])
    np.testing.assert_array_equal(crops[6], IMAGES[:, :, 2:, 1:])
    np.testing.assert_array_equal(crops[8], IMAGES[:, :, 1:5, 0:4])
    for even, odd in zip(crops[::2], crops[1::2], strict=True):
        np.testing.assert_array_equal(even[..., ::-1], odd)


def test_the_centre_crop_is_central() -> None:
    np.testing.assert_array_equal(augment.center_crop(IMAGES, 2), IMAGES[:, :, 2:4, 1:3])


def test_colour_shifts_run_along_the_components() -> None:
    values, vectors = np.array([0.5, 0.1]), np.array([[0.6, -0.8], [0.8, 0.6]])
    shifted = augment.shift_color(IMAGES, np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]]), values, vectors)
    np.testing.assert_allclose(
        shifted[0] - IMAGES[0], np.array([0.6, 0.8])[:, None, None] * 0.5 * 255 + 0 * IMAGES[0]
    )
    np.testing.assert_allclose(shifted[1, 0] - IMAGES[1, 0], -0.8 * 0.1 * 2 * 255)
    np.testing.assert_array_equal(shifted[2], IMAGES[2])


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
