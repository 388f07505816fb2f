"""Images between their pixels, against Pillow and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from specnet.data import resample
from specnet.numerics.randomness import Array
from specnet.testing import relative_error

RANDOM = np.random.RandomState(3)
IMAGES = RANDOM.uniform(0, 255, (6, 2, 21, 17))
TOPS, LEFTS = np.array([0, 3, 5, 0, 20, 10]), np.array([0, 2, 9, 16, 0, 8])
HEIGHTS, WIDTHS = np.array([21, 12, 1, 21, 1, 5]), np.array([17, 7, 8, 1, 17, 9])
WINDOWS = (TOPS, LEFTS, HEIGHTS, WIDTHS)


@pytest.mark.parametrize("size", [1, 4, 9, 16, 31])
def test_windows_are_resized_as_pillow_does(size: int) -> None:
    """Enlarged, shrunk and both at once, from a window of one pixel to the whole image."""
    found = resample.resized(IMAGES.astype(np.float32), WINDOWS, size)
    corners = zip(*WINDOWS, strict=True)
    for image, made, (top, left, height, width) in zip(IMAGES, found, corners, strict=True):
        for plane, own in zip(image, made, strict=True):
            box = (left, top, left + width, top + height)
            whole = Image.fromarray(plane.astype(np.float32)).crop(box)
            expected = whole.resize((size, size), Image.Resampling.BILINEAR)
            # Measured: 1.7e-7; Pillow rounds to float32 after each direction, too.
            assert relative_error(own, np.asarray(expected)) < 1e-6


def test_a_window_of_the_final_size_is_cut_out_as_it_is() -> None:
    nine = np.full(6, 9)
    found = resample.resized(IMAGES, (TOPS // 3, LEFTS // 2, nine, nine), 9)
    for image, made, top, left in zip(IMAGES, found, TOPS // 3, LEFTS // 2, strict=True):
        assert np.array_equal(made, image[:, top : top + 9, left : left + 9])


DEGREES = np.array([0.0, 30.0, -75.5, 90.0, 180.0, 3.25])


def turned(plane: Array, degrees: float, outside: float) -> NDArray[np.float64]:
    sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    matrix, middle = np.array([[cosine, sine], [-sine, cosine]]), (np.array(plane.shape) - 1) / 2
    made: NDArray[np.float64] = ndimage.affine_transform(
        plane, matrix, middle - matrix @ middle, order=1, mode="grid-constant", cval=outside
    )
    return made


def test_rotations_are_those_of_scipy_and_pillow() -> None:
    outside = np.array([7.0, -3.0])
    found = resample.rotated(IMAGES, DEGREES, outside)
    for image, made, degrees in zip(IMAGES, found, DEGREES, strict=True):
        for plane, own, value in zip(image, made, outside, strict=True):
            assert relative_error(own, turned(plane, degrees, value)) < 1e-12  # measured 3.2e-15
            # Pillow differs at the rim alone, which it does not blend.
            pillow = Image.fromarray(plane.astype(np.float32)).rotate(degrees, Image.Resampling.BILINEAR)
            middle = np.asarray(pillow)[7:14, 5:12]
            assert relative_error(own[7:14, 5:12], middle) < 1e-5  # measured 8.5e-8
    assert np.array_equal(found[0], IMAGES[0])


def test_a_quarter_turn_goes_counterclockwise() -> None:
    square = IMAGES[:1, :, :17]
    found = resample.rotated(square, np.array([90.0]), np.zeros(2))
    assert relative_error(found, np.rot90(square, axes=(2, 3))) < 1e-12  # measured 7.8e-16


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_image_comes_out_the_same_whatever_the_others_are(
    dtype: type[np.floating], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit: alone, in another order, and with few or all at a time."""
    images, order, outside = IMAGES.astype(dtype), np.array([4, 0, 5, 2, 1, 3]), np.ones(2)
    together = resample.resized(images, WINDOWS, 12)
    rotated = resample.rotated(images, DEGREES, outside)
    monkeypatch.setattr(resample, "CACHED", 1)
    mixed = tuple(part[order] for part in WINDOWS)
    assert np.array_equal(resample.resized(images[order], mixed, 12), together[order])
    assert np.array_equal(resample.rotated(images[order], DEGREES[order], outside), rotated[order])
    for i in range(6):
        one = slice(i, i + 1)
        alone = tuple(part[one] for part in WINDOWS)
        assert np.array_equal(resample.resized(images[one], alone, 12), together[one])  # type: ignore[arg-type]
        assert np.array_equal(resample.rotated(images[one], DEGREES[one], outside), rotated[one])
    assert together.dtype == rotated.dtype == dtype


def test_padding_is_outside_and_the_image_inside() -> None:
    found = resample.padded(IMAGES, 2, np.array([1.0, 2.0]))
    for channel, value in enumerate((1.0, 2.0)):
        expected = np.pad(IMAGES[:, channel], ((0, 0), (2, 2), (2, 2)), constant_values=value)
        assert np.array_equal(found[:, channel], expected)
