"""`image_folder`: one folder for each class, full of image files.

PATH/train/CLASS/*  and  PATH/test/CLASS/*  (or val)    the given split
PATH/CLASS/*                                            a fixed split: `held_out` of each class is tested
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from specnet.data.base import Data, Dataset, Wanted
from specnet.errors import DataError, PluginError
from specnet.schema import Count
from specnet.text import describe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
Labelled = tuple[Path, int]


class ImageFolder(Data):
    """Images brought to `size` as in the paper (section 2): the shorter side scaled, the centre cut out."""

    kind: Literal["image_folder"] = "image_folder"
    size: Annotated[
        Count | None, Field(le=16384, description="Height and width; the network's input if left out.")
    ] = None
    held_out: Annotated[
        float,
        Field(gt=0, lt=1, description="Share of each class to test on, where the folders name no split."),
    ] = 0.2

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        if path is None:
            raise DataError("the dataset 'image_folder' needs a path", "--data image_folder:PATH")
        if len(wanted.shape) != 3 or wanted.shape[0] not in (1, 3):
            raise DataError(
                f"image files have 1 or 3 channels, and the network's input is {describe(wanted.shape)}"
            )
        root = Path(path)
        train_root, test_root = _split_folders(root)
        classes = _class_names(train_root)
        train = _files(train_root, classes)
        if test_root is not None:
            test = _files(test_root, classes)
        else:
            test = [item for item in train if _held_out(item[0], root, self.held_out)]
            train = [item for item in train if not _held_out(item[0], root, self.held_out)]
        for part, items in (("train on", train), ("test on", test)):
            if not items:
                raise DataError(
                    f"{root} has no images to {part}", f"image files end in {', '.join(sorted(SUFFIXES))}"
                )
        size = self.size or wanted.shape[1]
        shape = (wanted.shape[0], size, size)
        return Dataset(classes, Files(train, shape), Files(test, shape))


def _split_folders(root: Path) -> tuple[Path, Path | None]:
    """The training folder and the test folder, if the split is given."""
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DataError(f"the data folder {root} {what}", "--data image_folder:PATH")
    train = root / "train"
    if not train.is_dir():
        return root, None
    for name in ("test", "val"):
        if (root / name).is_dir():
            return train, root / name
    raise DataError(f"{root} has a folder 'train' but neither 'test' nor 'val'", "add one of them")


def _class_names(root: Path) -> list[str]:
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not names:
        raise DataError(f"{root} holds no class folders", "each class is a folder of images")
    return names


def _files(root: Path, classes: Sequence[str]) -> list[Labelled]:
    """Every image file with its label, in an order that does not depend on the file system."""
    extra = sorted(set(_class_names(root)) - set(classes))
    if extra:
        raise DataError(f"{root} has a class '{extra[0]}' that the training folder does not have")
    return [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((root / name).rglob("*"))
        if path.suffix.lower() in SUFFIXES and path.is_file()
    ]


def _held_out(path: Path, root: Path, share: float) -> bool:
    """Whether a file is tested on. Depends on its name alone, so new files move no old ones."""
    digest = hashlib.blake2b(path.relative_to(root).as_posix().encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


@dataclass(frozen=True)
class Files:
    """Image files, decoded when they are read."""

    items: Sequence[Labelled]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.items)

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        import numpy as np

        chosen = [self.items[int(index)] for index in indices]
        images = np.stack([decode(path, self.shape[0], self.shape[1]) for path, _ in chosen])
        return images, np.array([label for _, label in chosen], dtype=np.int64)


def decode(path: Path, channels: int, size: int) -> NDArray[np.uint8]:
    """One image file as (channels, size, size). Raises `DataError`, naming the file, if it is unreadable."""
    import numpy as np

    try:
        from PIL import Image, ImageOps
    except ModuleNotFoundError as error:
        message = "the dataset 'image_folder' needs the package pillow, which is not installed"
        raise PluginError(message, "pip install 'specnet[data]'") from error
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("L" if channels == 1 else "RGB")
            fitted = ImageOps.fit(picture, (size, size), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot read the image {path}: {error}", "remove or replace the file") from error
    pixels = np.asarray(fitted, dtype=np.uint8)
    return pixels[None] if channels == 1 else np.moveaxis(pixels, -1, 0)
