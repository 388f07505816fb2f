"""What images go through, kind by kind, against what each image should become."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from specnet.data.image_batch import ImageBatch
from specnet.data.statistics import Statistics, placeholder
from specnet.numerics.randomness import Array, Draws
from specnet.recipe.augmentations import Augmentation, HorizontalFlip, RandomCrop
from specnet.recipe.color_augmentations import Brightness, PCAColor
from specnet.recipe.evaluations import CenterCrop, Evaluation, TenCrop
from specnet.recipe.losses import SoftmaxCrossEntropy
from specnet.recipe.normalizations import MeanImage, Standardize
from specnet.recipe.optimizers import SGD
from specnet.recipe.training import Training, fits

IMAGES = np.random.RandomState(0).randint(0, 256, (3, 2, 6, 5)).astype(np.uint8)
LOSS = SoftmaxCrossEntropy.model_validate({"from": "fc"})
BATCH = ImageBatch(IMAGES, (2, 6, 5), np.dtype(np.float64))


@dataclass(frozen=True)
class Given(Draws):
    """Numbers that are given, in place of random ones."""

    values: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def uniforms(self, count: int) -> Array:
        assert self.values.shape == (len(self.samples), count)
        return self.values

    normals = uniforms


def augmented(part: Augmentation, draws: object, statistics: Statistics | None = None) -> Array:
    given = Given(0, (), np.arange(3), np.array(draws, dtype=float))
    return part.apply(BATCH, given, statistics or placeholder((2, 6, 5))).pixels()


def test_random_crops_reach_every_corner_and_stay_inside() -> None:
    crops = augmented(RandomCrop(size=4), [[0.0, 0.0], [0.999, 0.0], [0.5, 0.999]])
    assert np.array_equal(crops[0], IMAGES[0, :, 0:4, 0:4])
    assert np.array_equal(crops[1], IMAGES[1, :, 2:6, 0:4])
    assert np.array_equal(crops[2], IMAGES[2, :, 1:5, 1:5])


def test_flips_mirror_the_chosen_images_only() -> None:
    flipped = augmented(HorizontalFlip(), [[0.49], [0.5], [0.0]])
    assert np.array_equal(flipped[0], IMAGES[0, :, :, ::-1])
    assert np.array_equal(flipped[1], IMAGES[1])
    assert np.array_equal(flipped[2], IMAGES[2, :, :, ::-1])


def test_brightness_moves_all_pixels_of_an_image_alike() -> None:
    """A draw of 2 at a standard deviation of 0.1 is a fifth of the 255 levels."""
    brighter = augmented(Brightness(std=0.1), [[2.0], [-1.0], [0.0]])
    expected = IMAGES + np.array([51.0, -25.5, 0.0]).reshape(3, 1, 1, 1)
    assert np.abs(brighter - expected).max() < 1e-12  # measured 0


def test_colour_shifts_run_along_the_components() -> None:
    values, vectors = np.array([0.5, 0.1]), np.array([[0.6, -0.8], [0.8, 0.6]])
    known = Statistics(np.zeros((2, 6, 5)), np.ones(2), values, vectors)
    shifted = augmented(PCAColor(std=0.1), [[10.0, 0.0], [0.0, 20.0], [0.0, 0.0]], known)
    expected = [np.array([0.6, 0.8]) * 0.5 * 255, np.array([-0.8, 0.6]) * 0.1 * 2 * 255, np.zeros(2)]
    for image, found, shift in zip(IMAGES, shifted, expected, strict=True):
        np.testing.assert_allclose(found, image + shift[:, None, None], rtol=1e-15)  # measured 1.4e-16


def test_ten_crops_are_corners_centre_and_mirrors() -> None:
    crops = [view.pixels() for view in TenCrop(size=4).views(BATCH)]
    assert len(crops) == 10
    assert np.array_equal(crops[0], IMAGES[:, :, :4, :4])
    assert np.array_equal(crops[2], IMAGES[:, :, :4, 1:])
    assert np.array_equal(crops[4], IMAGES[:, :, 2:, :4])
    assert np.array_equal(crops[6], IMAGES[:, :, 2:, 1:])
    assert np.array_equal(crops[8], IMAGES[:, :, 1:5, 0:4])
    for even, odd in zip(crops[::2], crops[1::2], strict=True):
        assert np.array_equal(even[..., ::-1], odd)


def test_the_centre_crop_is_central() -> None:
    (view,) = CenterCrop(size=2).views(BATCH)
    assert np.array_equal(view.pixels(), IMAGES[:, :, 2:4, 1:3])


def test_the_mean_image_goes_and_pixels_are_scaled() -> None:
    mean = np.linspace(0, 255, 60).reshape(2, 6, 5)
    known, part = Statistics(mean, np.ones(2), np.zeros(2), np.eye(2)), MeanImage(scale=0.5)
    normal = part.rescale(part.center(BATCH, known), known).pixels()
    assert np.array_equal(normal, (IMAGES - mean) / 2)


def test_channels_are_standardized_and_one_that_does_not_vary_is_centred_alone() -> None:
    mean = np.stack([np.full((6, 5), 3.0), np.arange(30.0).reshape(6, 5)])
    known, part = Statistics(mean, np.array([4.0, 0.0]), np.zeros(2), np.eye(2)), Standardize()
    normal = part.rescale(part.center(BATCH, known), known).pixels()
    assert np.array_equal(normal[:, 0], (IMAGES[:, 0] - 3.0) / 4)
    np.testing.assert_array_equal(normal[:, 1], IMAGES[:, 1] - 14.5)  # the mean of 0 to 29


@pytest.mark.parametrize("part", [MeanImage(scale=0.5), Standardize()])
@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_what_is_no_image_is_normalized_too(part: MeanImage | Standardize, shape: tuple[int, ...]) -> None:
    values = np.random.RandomState(1).randint(0, 256, (3, *shape)).astype(np.uint8)
    mean, std = np.arange(np.prod(shape)).reshape(shape) + 1.0, np.arange(shape[0]) + 2.0
    known = Statistics(mean, std, np.zeros(shape[0]), np.eye(shape[0]))
    found = part.rescale(part.center(ImageBatch(values, shape, np.dtype(float)), known), known).pixels()
    for row, value in zip(found, values, strict=True):
        for channel in range(shape[0]):
            if isinstance(part, MeanImage):
                expected = (value[channel] - mean[channel]) * 0.5
            else:
                expected = (value[channel] - mean[channel].mean()) / std[channel]
            assert np.array_equal(row[channel], expected)


def test_a_recipe_says_whether_images_come_out_as_the_input() -> None:
    """Cropped to the input's size in training and in evaluation, or of that size from the beginning."""
    crop, flip, centre = RandomCrop(size=4), HorizontalFlip(), CenterCrop(size=4)
    cases: list[tuple[list[Augmentation], Evaluation | None, tuple[int, ...], bool]] = [
        ([], None, (2, 4, 4), True),
        ([], None, (2, 6, 5), False),
        ([flip, crop], centre, (2, 6, 5), True),
        ([flip, crop], TenCrop(size=4), (2, 4, 4), True),
        ([flip, crop], None, (2, 6, 5), False),
        ([flip], centre, (2, 6, 5), False),
        ([crop], centre, (2, 6, 3), False),
        ([crop], centre, (1, 6, 5), False),
        ([crop], centre, (2, 24), False),
    ]
    for augment, evaluate, images, expected in cases:
        recipe = Training(loss=LOSS, optimizer=SGD(learning_rate=0.1), augment=augment, evaluate=evaluate)
        assert fits(recipe, images, (2, 4, 4)) is expected, (augment, evaluate, images)


def test_statistics_are_asked_for_by_those_that_read_them() -> None:
    recipe = Training(loss=LOSS, optimizer=SGD(learning_rate=0.1), augment=[RandomCrop(size=4)])
    assert not recipe.needs_statistics()
    for update in (
        {"augment": [PCAColor(std=0.1)]},
        {"normalize": MeanImage()},
        {"normalize": Standardize()},
    ):
        assert recipe.model_copy(update=update).needs_statistics()


def test_parts_that_may_be_left_out_may_be_nothing() -> None:
    """As a checkpoint says of the normalization of a run that has none."""
    recipe = Training(loss=LOSS, optimizer=SGD(learning_rate=0.1))
    again = Training.model_validate({**recipe.as_yaml(), "normalize": None, "evaluate": None})
    assert again == recipe
    with pytest.raises(ValidationError, match="expected a mapping with a 'kind', got nothing"):
        Training.model_validate({**recipe.as_yaml(), "schedule": None})
