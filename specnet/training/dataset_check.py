"""What can be said about a dataset and a network before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from specnet.data.base import Dataset, Images, Labelled
from specnet.diagnostics import rules
from specnet.diagnostics.diagnostic import Diagnostic
from specnet.diagnostics.errors import UsageError
from specnet.network.network import Network
from specnet.recipe.losses import place_of
from specnet.text import describe, few, plural, printable
from specnet.training.batches import check_images
from specnet.training.open_data import open_data, recipe_of


@dataclass(frozen=True)
class Contents:
    """What a dataset holds, and how it was read."""

    data: str
    image_shape: tuple[int, ...]
    classes: int
    train_images: int
    test_images: int
    notes: Sequence[str]

    @classmethod
    def of(cls, data: str, dataset: Dataset) -> Contents:
        counts = len(dataset.classes), len(dataset.train), len(dataset.test)
        return cls(data, tuple(dataset.train.shape), *counts, tuple(dataset.notes))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        first = (
            f"data: {printable(self.data)}, {self.train_images:,} training and "
            f"{self.test_images:,} test images, {describe(self.image_shape)}, {plural(self.classes, 'class')}"
        )
        return "\n".join([first, *(f"  {note}" for note in self.notes)])


def check_dataset(network: Network, asked: str) -> tuple[Contents | None, list[Diagnostic]]:
    """What the dataset KIND[:PATH] holds, and the findings about it; None if it cannot be used."""
    spec = network.spec
    try:
        dataset, described = open_data(network, asked)
        for images in (dataset.train, dataset.test):
            check_images(network.output_shape(network.inputs()[0]), recipe_of(spec), images)
    except UsageError as error:
        place = spec.locate(("data",), key=True) or spec.locate((), key=False)
        return None, [rules.UNUSABLE_DATASET.at(place, error.message, error.hint)]
    return Contents.of(described, dataset), class_warnings(network, dataset)


def class_warnings(network: Network, dataset: Dataset) -> list[Diagnostic]:
    """Classes that are fewer than the network's outputs, a single class, and classes without images."""
    spec = network.spec
    loss = recipe_of(spec).loss
    name = loss.head_layer
    units, count = network.output_shape(name)[0], len(dataset.classes)
    warnings: list[tuple[str, str]] = []
    trained = _shown(dataset.train, count)
    if len(trained) == 1:
        only = printable(dataset.classes[trained[0]])
        message = (
            f"all images to train on show one class, '{only}', which is told without having learnt anything"
        )
        warnings.append((message, "each class is a folder of images"))
    # A count that is known without the images is compared when the spec is checked.
    if count < units and (spec.data is None or spec.data.class_count() != count):
        outputs = f"'{name}' has {plural(units, 'output')}"
        message = f"the dataset has {plural(count, 'class')}, and {outputs}"
        warnings.append((message, f"give '{name}' {plural(count, 'unit')}"))
    for part, shown in (("train", trained), ("test", _shown(dataset.test, count))):
        without = [printable(dataset.classes[i]) for i in sorted(set(range(count)) - set(shown))]
        if without:
            message = f"{plural(len(without), 'class')} without images to {part} on: {few(without)}"
            warnings.append((message, "add some, or leave the class out"))
    place = spec.locate(("training", *place_of(next(iter(loss.sources)))))
    return [rules.CLASS_COUNT.at(place, message, hint) for message, hint in warnings]


def _shown(images: Images, count: int) -> Sequence[int]:
    """The classes that images show; all where the dataset does not tell."""
    return np.unique(images.labels).tolist() if isinstance(images, Labelled) else range(count)
