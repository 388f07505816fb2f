"""`prepared`: images that `specnet prepare` has decoded and scaled, in files of plain pixels.

An image is read when it is asked for, from the system's cache where it can be. Nothing is mapped into memory:
a file that somebody cuts short would then end the process, where a read says what is missing. The statistics
of the training images come with them.
"""

from __future__ import annotations

import math
import os
import weakref
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from specnet.data.base import Data, Dataset, Split, Wanted
from specnet.data.prepare import manifest as manifests
from specnet.data.prepare.manifest import LABELS, STATISTICS, Manifest, checked_bytes, names_file, shard_name
from specnet.diagnostics.errors import DataError
from specnet.storage import reading, tensors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


OPEN = 200
"""Files that are open at a time for one split."""


class Prepared(Data):
    """A folder that `specnet prepare` made. The sizes of its files are checked when it is opened."""

    kind: Literal["prepared"] = "prepared"

    def open(self, path: str | None, wanted: Wanted) -> Dataset:
        if path is None:
            hint = "--data prepared:PATH, after specnet prepare SRC PATH"
            raise DataError("the dataset 'prepared' needs a path", hint)
        return open_prepared(Path(path))


def open_prepared(folder: Path) -> Dataset:
    """The dataset in a prepared folder. Raises `DataError` if anything in it does not fit together."""
    import numpy as np
    from safetensors import SafetensorError

    from specnet.data.statistics import Statistics

    manifest = manifests.read(folder)
    try:
        labels = tensors.parse(checked_bytes(folder, manifest, LABELS))
        statistics = Statistics(**tensors.parse(checked_bytes(folder, manifest, STATISTICS)))
    except (TypeError, ValueError, SafetensorError) as error:
        raise DataError(f"the labels or statistics in {folder} cannot be read: {error}") from error
    channels = manifest.shape[0]
    expected = {
        "mean": tuple(manifest.shape),
        "std": (channels,),
        "color_values": (channels,),
        "color_vectors": (channels, channels),
    }
    if {name: array.shape for name, array in statistics.arrays().items()} != expected:
        raise DataError(f"{folder / STATISTICS} is of images of another shape")
    parts: list[Shards] = []
    for split in manifests.SPLITS:
        own = labels.get(split)
        if own is None or own.dtype != np.int64 or own.shape != (manifest.part(split).images,):
            raise DataError(f"{folder / LABELS} does not have one label for each {split} image")
        if len(own) == 0 or own.min() < 0 or own.max() >= len(manifest.classes):
            raise DataError(f"{folder / LABELS} has no {split} labels, or labels of no class")
        parts.append(Shards(folder, manifest, split, own))
    return Dataset(_described(manifest), parts[0], parts[1], statistics)


def _described(manifest: Manifest) -> list[str]:
    """Class names with the first of the words for them, where there are any."""
    return [f"{c} {manifest.words.get(c, '').partition(',')[0]}".strip() for c in manifest.classes]


class Shards:
    """One split of a prepared dataset, read image by image."""

    def __init__(self, folder: Path, manifest: Manifest, split: Split, labels: NDArray[np.int64]) -> None:
        self.shape: tuple[int, ...] = tuple(manifest.shape)
        self.labels = labels
        self._names = folder / names_file(split)
        self._counts = manifest.part(split).shards
        self._starts: Sequence[int] = [0, *accumulate(self._counts)]
        self._paths = [folder / shard_name(split, index) for index in range(len(self._counts))]
        self._descriptors: dict[int, int] = {}
        weakref.finalize(self, _close, self._descriptors)

    def __len__(self) -> int:
        return len(self.labels)

    def name(self, index: int) -> str:
        """The image's name in the source that it was prepared from; its number if the names are gone."""
        try:
            line = next(islice(reading.lines(self._names), index, None))
            return line.decode().partition("\t")[0].rstrip("\n")
        except (OSError, StopIteration, ValueError):
            return str(index)

    def read(self, indices: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        import numpy as np

        views, labels = self.views(indices)
        images = np.empty((len(views), *self.shape), dtype=np.uint8)
        for image, view in zip(images, views, strict=True):
            image[:] = view
        return images, labels

    def views(self, indices: NDArray[np.int64]) -> tuple[list[NDArray[np.uint8]], NDArray[np.int64]]:
        import numpy as np

        labels = self.labels[indices]  # raises IndexError for what is not there
        size = math.prod(self.shape)
        views: list[NDArray[np.uint8]] = []
        for index in indices.tolist():
            shard = bisect_right(self._starts, index) - 1
            try:
                pixels = os.pread(self._opened(shard), size, (index - self._starts[shard]) * size)
            except (OSError, reading.Unfit) as error:
                reason = getattr(error, "strerror", None) or error
                raise DataError(f"cannot read {self._paths[shard]}: {reason}") from error
            if len(pixels) < size:
                hint = "copy the folder again, or prepare it anew"
                raise DataError(f"{self._paths[shard]} has become shorter while it was read", hint)
            views.append(np.frombuffer(pixels, dtype=np.uint8).reshape(self.shape))
        return views, labels

    def _opened(self, shard: int) -> int:
        descriptor = self._descriptors.get(shard)
        if descriptor is None:
            if len(self._descriptors) >= OPEN:
                os.close(self._descriptors.pop(next(iter(self._descriptors))))
            descriptor = self._descriptors[shard] = reading.descriptor_of(self._paths[shard])
        return descriptor


def _close(descriptors: dict[int, int]) -> None:
    while descriptors:
        os.close(descriptors.popitem()[1])
