"""Classifying image files with a trained run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.data.arrays import grey_levels
from specnet.data.kinds.image_folder import decode
from specnet.data.sources import folders
from specnet.data.sources.decoding import FORMATS
from specnet.data.sources.folders import LeftOut
from specnet.diagnostics.errors import DataError, UsageError
from specnet.numerics.randomness import Array
from specnet.recipe.losses import Loss
from specnet.terminal.progress import Progress
from specnet.text import describe
from specnet.training.evaluation import answers
from specnet.training.load import open_trained

MOST_AT_ONCE = 32
"""Images that are classified together, unless the run trains with fewer at a time."""


@dataclass(frozen=True)
class Guess:
    """A class and its probability."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """What an image shows: the likeliest classes, the first one first; or why it cannot be told."""

    image: str
    guesses: tuple[Guess, ...] = ()
    error: DataError | None = None


def predict(
    run_dir: str | Path,
    images: Sequence[str | Path] | NDArray[Any],
    *,
    backend: str = "torch",
    devices: str | Mapping[str, str] | None = None,
    top: int = 5,
    progress: Progress | None = None,
) -> Iterator[Prediction]:
    """Classify image files with the newest checkpoint of a run, each as the run's test images are: the
    shorter side scaled and the centre cut out (the paper, section 2), the softmax averaged over the recipe's
    crops. A folder stands for the images below it, in order. Images may also be an array of them, (n,
    channels, height, width) from 0 to 255, as large as those of the run; they are named by their numbers.

    An image that cannot be read is a `Prediction` with an error. Raises `RunError` for a run that cannot be
    used and `UsageError` if the network does not take images.
    """
    if top < 1:
        raise UsageError(f"top is at least 1, not {top}")
    shown = progress or Progress()
    trained = open_trained(run_dir, backend, devices, shown)
    shape = trained.image_shape
    by_name = not hasattr(images, "__array__")
    if by_name and (len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]):
        message = f"the run was trained on images of {describe(shape)}, and image files have 1 or 3 channels"
        raise UsageError(message, "predict works with runs whose images are square, grey or RGB")
    classes = trained.saved.progress.classes
    at_once = min(MOST_AT_ONCE, trained.saved.progress.micro_batch or MOST_AT_ONCE)
    executable, plan, inputs = trained.compiled.executable, trained.compiled.plan, trained.inputs

    assert plan.loss is not None, "a run has a recipe"
    probabilities = probabilities_of(plan.loss)

    if not by_name:
        pixels, notes = grey_levels(images, shape)
        if pixels.shape[1:] != shape:
            message = f"the images are {describe(pixels.shape[1:])}, and those of the run {describe(shape)}"
            raise DataError(message, "bring them to that size")
        for note in notes:
            shown.note(note)
        parts = (pixels[start : start + at_once] for start in range(0, len(pixels), at_once))
        rows = (probabilities(answers(executable, plan, inputs, part)) for part in parts)
        numbered = enumerate(row for part in rows for row in part)
        return (_told(str(number), row, classes, top) for number, row in numbered)
    files = [file for path in images for file in image_files(Path(path), shown.note)]

    def told() -> Iterator[Prediction]:
        for start in range(0, len(files), at_once):
            read = [_read(path, shape[0], shape[1]) for path in files[start : start + at_once]]
            pixels = [image for image in read if not isinstance(image, Prediction)]
            rows: Iterator[Array] = iter(())
            if pixels:
                rows = iter(probabilities(answers(executable, plan, inputs, np.stack(pixels))))
            for path, image in zip(files[start:], read, strict=False):
                if isinstance(image, Prediction):
                    yield image
                else:
                    yield _told(path, next(rows), classes, top)

    return told()


def probabilities_of(loss: Loss) -> Callable[[Array], Array]:
    """From a network's answers to probabilities. Raises `UsageError` for a loss that does not tell any."""
    if loss.head.function is None:
        message = (
            f"the outputs of a network that was trained with the loss '{loss.kind}' are not probabilities"
        )
        raise UsageError(message, "predict works with losses whose outputs are logits")

    def probabilities(outputs: Array) -> Array:
        told = loss.head.probabilities(outputs)
        assert told is not None
        return told

    return probabilities


def _told(path: str, row: Array, classes: Sequence[str], top: int) -> Prediction:
    if np.isfinite(row).all():
        return Prediction(path, likeliest(row, classes, top))
    hint = "the run's weights are too large: go on from an earlier checkpoint, or train anew"
    return Prediction(path, error=DataError(f"the network's outputs for {path} are not finite", hint))


def likeliest(row: Array, classes: Sequence[str], top: int) -> tuple[Guess, ...]:
    """The `top` classes; between equal ones the lower label comes first. An output that has no class in the
    data is named by its number."""
    order = np.argsort(-row, kind="stable")[:top]
    return tuple(Guess(classes[i] if i < len(classes) else f"output {i}", float(row[i])) for i in order)


def image_files(path: Path, note: Callable[[str], None] = lambda text: None) -> list[str]:
    """A file as it is named; of a folder the images below it, sorted, and the folder itself if it has none.

    Images are those that a dataset of the folder would have; `note` is told what is left out.
    """
    if not path.is_dir():
        return [str(path)]
    left = LeftOut(path)
    listed = (
        file for file, reason in folders.image_files(str(path), left) if not (reason and Path(file).is_dir())
    )
    paths = sorted((Path(file).parts, file) for file in listed)
    for line in left.notes():
        note(line)
    return [file for _, file in paths] or [str(path)]


def _read(path: str, channels: int, size: int) -> NDArray[np.uint8] | Prediction:
    if not Path(path).is_file():
        if Path(path).is_dir():
            hint = f"the formats are {', '.join(FORMATS)}"
            return Prediction(path, error=DataError(f"the folder {path} holds no images", hint))
        what = "is not a file" if Path(path).exists() else "does not exist"
        return Prediction(path, error=DataError(f"the image {path} {what}"))
    try:
        return decode(Path(path), channels, size)
    except DataError as error:
        return Prediction(path, error=error)
