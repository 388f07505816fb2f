"""One shard: the images of a stretch of the source's list, decoded, written and summed up.

A shard depends on its own items alone, so that it does not matter who makes it or when. It is there once its
record is, which is written last; what a kill leaves behind is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from specnet.data.base import Split
from specnet.data.measure import Sums
from specnet.data.prepare import manifest
from specnet.data.prepare.manifest import Stored, record_name, shard_name
from specnet.data.sources.decoding import BadImage
from specnet.data.sources.files import Item, pixels, refusal
from specnet.diagnostics.errors import DataError
from specnet.storage import reading, system, tensors
from specnet.storage.folder import Folder

REPORT_EVERY = 16
"""Images between two reports of progress."""


@dataclass(frozen=True)
class Task:
    """What a worker needs to make one shard; everything in it can be sent to another process."""

    folder: str
    work: str
    root: str
    split: Split
    index: int
    items: Sequence[Item]
    channels: int
    size: int
    strict: bool
    digest: str

    @property
    def shard(self) -> Path:
        return Path(self.folder) / shard_name(self.split, self.index)

    @property
    def record(self) -> Path:
        return Path(self.work) / record_name(self.split, self.index)


@dataclass(frozen=True)
class Record:
    """What is known of a finished shard: its file, the sums over its pixels, what was skipped or converted.

    `total` is (channels, height, width), `products` (channels, channels), both exact integers. Skipped
    and converted images are named by their place in the task's items.
    """

    stored: Stored
    total: NDArray[np.int64]
    products: NDArray[np.int64]
    skipped: Sequence[tuple[int, str]]
    converted: Sequence[tuple[int, Sequence[str]]]


def make_shard(task: Task, report: Callable[[int], None]) -> None:
    """Make a shard and its record. `report` is told how many more items are done.

    Raises `DataError` if the source is gone, or at the first bad image of a strict task, and `OSError` if the
    disk refuses.
    """
    sums = Sums((task.channels, task.size, task.size))
    skipped: list[tuple[int, str]] = []
    converted: list[tuple[int, Sequence[str]]] = []
    digest = hashlib.sha256()
    written = 0
    with Folder.opened(Path(task.folder)) as folder, folder.replacing(task.shard.name) as descriptor:
        for place, item in enumerate(task.items):
            try:
                image, changes = pixels(item, task.channels, task.size)
            except BadImage as bad:
                _check_source(task)
                if task.strict:
                    raise refusal(item, str(bad)) from bad
                skipped.append((place, str(bad)))
            else:
                if changes:
                    converted.append((place, changes))
                sums.add(image)
                digest.update(image.data)
                system.append(descriptor, image.data.cast("B"))
                written += image.nbytes
            if (place + 1) % REPORT_EVERY == 0:
                report(REPORT_EVERY)
    stored = Stored(bytes=written, sha256=digest.hexdigest())
    _write_record(task, Record(stored, sums.total(), sums.products(), skipped, converted))
    report(len(task.items) % REPORT_EVERY)


def _check_source(task: Task) -> None:
    """An image is bad only as long as the others are still there."""
    try:
        Path(task.root).stat()
    except OSError as error:
        hint = "when it is back, run the same command again: it goes on"
        raise DataError(
            f"the source {task.root} is gone: {(error.strerror or str(error)).lower()}", hint
        ) from error


def _write_record(task: Task, record: Record) -> None:
    about = {
        "digest": task.digest,
        "stored": record.stored.model_dump(),
        "skipped": record.skipped,
        "converted": record.converted,
    }
    arrays = {"total": record.total, "products": record.products}
    manifest.write(task.record, save(arrays, metadata={"shard": json.dumps(about)}))


def read_record(task: Task) -> Record | None:
    """The record of a shard that was made from the same items; None if it has to be made."""
    try:
        tensors.check_header(task.record)
        with safe_open(task.record, framework="np") as file:
            about = json.loads(file.metadata()["shard"])
            stored = Stored.model_validate(about["stored"])
            if about["digest"] != task.digest or reading.check_plain(task.shard) != stored.bytes:
                return None
            return Record(
                stored,
                file.get_tensor("total"),
                file.get_tensor("products"),
                [(int(place), str(reason)) for place, reason in about["skipped"]],
                [(int(place), [str(change) for change in changes]) for place, changes in about["converted"]],
            )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
