"""`image_folder`: one folder for each class, full of image files.

PATH/train/CLASS/*  and  PATH/test/CLASS/*  (or val)    the given split
PATH/CLASS/*                                            a fixed split: `held_out` of each class is tested

`specnet.data.sources.find_layout` knows further names and layouts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, Wanted
from specnet.data.sources.decoding import BadImage, pillow
from specnet.data.sources.files import Files, Item, Source, folder_source, pixels, refusal
from specnet.data.sources.layout import Choice
from specnet.diagnostics.errors import DataError
from specnet.schema.fields import Count
from specnet.text import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HELD_OUT = 0.2


class ImageFolder(Data):
    """Images brought to `size` as in the paper (section 2): the shorter side scaled, the centre cut out."""

    kind: Literal["image_folder"] = "image_folder"
    size: Annotated[
        Count | None, Field(le=16384, description="Height and width; the network's input if left out.")
    ] = None
    held_out: Annotated[
        float,
        Field(gt=0, lt=1, description="Share of each class to test on, where the folders name no split."),
    ] = HELD_OUT
    train: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Folder to train on, if its name does not tell; '.' if all folders are classes.",
        ),
    ] = None
    test: Annotated[
        str | None,
        Field(min_length=1, description="Folder to test on, for example val, where several could be."),
    ] = None

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        root = checked(path, wanted, self.kind)
        choice = Choice(self._option, lambda folder: f"--data {self.kind}:{folder}", self.train, self.test)
        source = folder_source(root, self.held_out, choice)
        return opened(source, wanted.shape[0], self.size or wanted.shape[1])

    def _option(self, options: Mapping[str, str]) -> str:
        """How the options of this dataset are given with others beside them."""
        given = {**self.model_dump(exclude_unset=True), "kind": self.kind, **options}
        return f"--set 'data={{{', '.join(f'{key}: {given[key]}' for key in sorted(given))}}}'"


def checked(path: str | None, wanted: Wanted, kind: str) -> Path:
    """The path of a dataset of image files.

    Raises `DataError` if no path is given, or if the network's input is not an image.
    """
    if path is None:
        raise DataError(f"the dataset '{kind}' needs a path", f"--data {kind}:PATH")
    if len(wanted.shape) != 3 or wanted.shape[0] not in (1, 3):
        raise DataError(
            f"image files have 1 or 3 channels, and the network's input is {describe(wanted.shape)}"
        )
    pillow()
    return Path(path)


def opened(source: Source, channels: int, size: int) -> Dataset:
    """A source as a dataset that decodes what is read. Raises `DataError` for an image known to be bad."""
    for item in (*source.train, *source.test):
        if item.unreadable:
            raise refusal(item, item.unreadable)
    shape = (channels, size, size)
    train, test = Files(source.train, shape), Files(source.test, shape)
    return Dataset(source.classes, train, test, notes=source.notes)


def decode(path: Path, channels: int, size: int) -> NDArray[np.uint8]:
    """One image file as (channels, size, size). Raises `DataError`, naming the file, if it is unreadable."""
    pillow()
    item = Item(str(path), 0, str(path))
    try:
        return pixels(item, channels, size)[0]
    except BadImage as bad:
        raise refusal(item, str(bad)) from bad
