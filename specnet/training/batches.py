"""From a dataset's images to the batches a step sees. Every draw is a function of seed, epoch and sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from specnet.backend.batch import Batch, Labels
from specnet.backend.protocol import Precision, storage
from specnet.data.augment import Pixels
from specnet.data.base import Images, InPlace
from specnet.data.image_batch import Black, ImageBatch
from specnet.data.statistics import Statistics
from specnet.diagnostics.errors import DataError, UsageError
from specnet.network.checks.recipe import neediest
from specnet.network.network import Network
from specnet.numerics.randomness import Array, Draws, keep_mask, permutation
from specnet.plans.operations import Mask
from specnet.plans.plan import Plan
from specnet.recipe.training import Training, fits
from specnet.text import describe, plural
from specnet.training.buffers import Memory


class Inputs:
    """Prepares training batches and evaluation views for one plan."""

    def __init__(
        self,
        plan: Plan,
        recipe: Training,
        statistics: Statistics,
        seed: int,
        precision: Precision,
        masks: Mapping[str, Mask] | None = None,
    ) -> None:
        """`masks` are the plan's own unless given."""
        self._masks = plan.masks if masks is None else masks
        self._recipe = recipe
        self._statistics = statistics
        self._seed = seed
        self._dtype = np.dtype(storage(precision))
        self._memory = Memory()
        heads = (op.output_shape[0] for op in plan.computes if op.name == plan.head)
        self._classes = next(heads, 0)

    def batches(self, images: Images, start: int, stop: int) -> Iterator[Batch]:
        """The batches of steps `start` to `stop`. Every sample is seen once an epoch; the last batch of an
        epoch may be smaller."""
        size = self._recipe.batch_size
        per_epoch = steps_per_epoch(images, self._recipe)
        order, order_epoch = np.empty(0, dtype=np.int64), -1
        for step in range(start, stop):
            epoch, place = divmod(step, per_epoch)
            if epoch != order_epoch:
                order = permutation(self._seed, "order", epoch, count=len(images))
                order_epoch = epoch
            samples = order[place * size : (place + 1) * size]
            pixels, labels = images.views(samples) if isinstance(images, InPlace) else images.read(samples)
            prepared, told = self._augmented(pixels, labels, images.shape, samples, epoch)
            yield Batch(prepared, told, self._draw_masks(samples, step))

    def samples(self, images: Images, step: int) -> NDArray[np.int64]:
        """The indices of the images that the step after `step` steps sees."""
        size = self._recipe.batch_size
        epoch, place = divmod(step, steps_per_epoch(images, self._recipe))
        return permutation(self._seed, "order", epoch, count=len(images))[place * size : (place + 1) * size]

    def views(self, pixels: NDArray[np.uint8]) -> Iterator[Array]:
        """What the network looks at to classify test images: one array of them for each view."""
        images = self._centered(ImageBatch(pixels, pixels.shape[1:], self._dtype))
        evaluation = self._recipe.evaluate
        views = iter([images]) if evaluation is None else evaluation.views(images)
        return (self._rescaled(view).pixels() for view in views)

    def _augmented(
        self,
        pixels: Pixels,
        labels: NDArray[np.int64],
        shape: tuple[int, ...],
        samples: NDArray[np.int64],
        epoch: int,
    ) -> tuple[Array, Labels]:
        """Images of `shape` with all that the recipe does to training images, and their labels, each class's
        share of them if they are mixed."""
        images = self._centered(ImageBatch(pixels, shape, self._dtype, self._memory.take))
        parts = self._recipe.augment if len(shape) == 3 else ()
        if parts:
            shares = np.eye(self._classes)[labels] if any(part.mixes for part in parts) else None
            images = replace(images, black=self._black, labels=shares)
        for index, part in enumerate(parts):
            draws = Draws(self._seed, (part.kind, index, epoch), samples)
            images = part.apply(images, draws, self._statistics)
        made = self._rescaled(images).pixels()
        return made, labels if images.labels is None else images.labels.astype(np.float64)

    def _centered(self, images: ImageBatch) -> ImageBatch:
        """Images about the training set's mean, still in grey levels, so that colour shifts have one unit."""
        normalize = self._recipe.normalize
        return images if normalize is None else normalize.center(images, self._statistics)

    @cached_property
    def _black(self) -> Black:
        """What the normalization makes of black pixels in the beginning."""
        nothing = np.zeros((1, *self._statistics.mean.shape), dtype=np.uint8)
        image = self._centered(ImageBatch(nothing, nothing.shape[1:], np.dtype(np.float64))).pixels()
        if (image == image[:, :, :1, :1]).all():
            return Black(image[0, :, 0, 0])
        return Black(image.mean(axis=(0, 2, 3)), lambda: image)

    def _rescaled(self, images: ImageBatch) -> ImageBatch:
        normalize = self._recipe.normalize
        return images if normalize is None else normalize.rescale(images, self._statistics)

    def _draw_masks(self, samples: NDArray[np.int64], step: int) -> dict[str, NDArray[np.uint8]]:
        """The dropout masks of a step, each layer's drawn in full and cut into its shares."""
        layer_masks: dict[str, NDArray[np.uint8]] = {}
        masks: dict[str, NDArray[np.uint8]] = {}
        for name, mask in self._masks.items():
            if mask.layer not in layer_masks:
                purpose = (self._seed, "dropout", mask.layer, step)
                full = keep_mask(*purpose, samples=samples, shape=mask.layer_shape, rate=mask.rate)
                layer_masks[mask.layer] = full.reshape(len(samples), -1)
            units = slice(mask.offset, mask.offset + math.prod(mask.shape))
            masks[name] = layer_masks[mask.layer][:, units].reshape(len(samples), *mask.shape)
        return masks


def check_images(shape: tuple[int, ...], recipe: Training, images: Images) -> None:
    """Raise `DataError` unless these images come out as the network's input `shape`, however cropped."""
    actual = images.shape
    if fits(recipe, actual, shape):
        return
    message = f"the images are {describe(actual)}, and the network's input is {describe(shape)}"
    raise DataError(
        message, "change the dataset's size, or crop in both training.augment and training.evaluate"
    )


def steps_per_epoch(images: Images, recipe: Training) -> int:
    """Batches in one pass over the training set."""
    return -(-len(images) // recipe.batch_size)


def check_batches(network: Network, recipe: Training, images: Images, start: int, stop: int) -> None:
    """Raise `UsageError` if a step from `start` to `stop` has fewer images than a layer needs.

    Only the last batch of an epoch can: the others have the recipe's size, which the spec's checks know.
    """
    node, least = neediest(network.shares)
    size, per_epoch = recipe.batch_size, steps_per_epoch(images, recipe)
    last = _last_batch(len(images), size)
    if node is None or last >= least or stop // per_epoch == start // per_epoch:
        return
    message = (
        f"{plural(len(images), 'training image')} in batches of {size:,} leave {plural(last, 'image')} for "
        f"the last batch of an epoch, and layer '{node.layer}' ({network.shares[node].layer.kind}) needs at "
        f"least {least}"
    )
    near = sorted(range(least, 2 * size + least), key=lambda other: (abs(other - size), other))
    fits = (other for other in near if _last_batch(len(images), other) >= least)
    other = next(fits, None)
    hint = "add training images" if other is None else f"--set training.batch_size={other}"
    raise UsageError(message, hint if start == 0 else f"in a new run (--run-dir): {hint}")


def _last_batch(images: int, size: int) -> int:
    return (images - 1) % size + 1
