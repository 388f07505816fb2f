"""Folders of photographs, and the datasets that `specnet prepare` makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specnet.data.base import Dataset, Images, Wanted
from specnet.data.kinds.prepared import Prepared
from specnet.data.prepare import manifest, prepare
from specnet.data.prepare.prepare import Options
from support import image_files

SMALL = Options(size=16)


def textured_photos(folder: Path) -> Path:
    """Two classes, 90 images to train on and 20 to test on."""
    for number in range(45):
        for label, name in enumerate(("cat", "dog")):
            image_files.textured(folder / "train" / name / f"{number}.png", 2 * number + label)
            if number < 10:
                image_files.textured(folder / "val" / name / f"{number}.png", 1000 + 2 * number + label)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def opened(folder: Path) -> Dataset:
    return Prepared().open(str(folder), Wanted((3, 16, 16), 2))


def made(source: Path, destination: Path, options: Options = SMALL, workers: int = 1) -> manifest.Manifest:
    return prepare.prepare(source, destination, options, workers)


def shown(images: Images, order: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Pixels and labels of images."""
    pixels, labels = images.read(order)
    return {"pixels": pixels, "labels": labels}
