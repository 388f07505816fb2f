"""`manifest.json` of a prepared dataset: what the folder holds, and the sizes and checksums to hold it to.

    manifest.json              written last: a folder without it is not finished
    train-00000.bin ...        pixels, uint8, (images, channels, height, width) in C order, nothing else
    test-00000.bin ...
    train-names.txt            the name of each image in that order, and what was converted
    labels.safetensors         `train` and `test`, int64, indices into `classes`
    statistics.safetensors     mean image, spread and colour components of the training images

File names are fixed; the manifest cannot name others.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from specnet.data.base import Split
from specnet.diagnostics.errors import DataError
from specnet.schema.strict import Strict
from specnet.storage import atomic, reading

NAME = "manifest.json"
LABELS = "labels.safetensors"
STATISTICS = "statistics.safetensors"
SPLITS: tuple[Split, ...] = ("train", "test")
LARGEST = 2**25
"""Bytes of a manifest: a hundred thousand classes, or images that were skipped, take about a third of it."""
LARGEST_ARRAYS = 2**28
"""Bytes of the labels, of thirty million images, and of the statistics."""

NonNegative = Annotated[int, Field(ge=0, lt=2**63)]


class Stored(Strict):
    """A file's size and checksum."""

    bytes: NonNegative
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Skipped(Strict):
    """An image that was left out, and why."""

    name: str
    reason: str


class Part(Strict):
    """The training or the test images. `shards` counts the images in each file; `converted` those that were
    not upright 8-bit RGB, by what they were."""

    images: NonNegative
    shards: Annotated[list[NonNegative], Field(fail_fast=True)]
    converted: dict[str, NonNegative]
    skipped: Annotated[list[Skipped], Field(fail_fast=True)]


class Manifest(Strict):
    """What a folder of prepared images holds. `source` is a digest of the list that it was made from."""

    schema_version: Literal[1] = 1
    format: Literal["specnet-prepared"] = "specnet-prepared"
    shape: Annotated[list[Annotated[int, Field(ge=1, le=2**14)]], Field(min_length=3, max_length=3)]
    source: str
    decoder: str
    classes: Annotated[list[str], Field(fail_fast=True)]
    words: dict[str, str]
    train: Part
    test: Part
    left_out: Annotated[list[Skipped], Field(default_factory=list)]
    """Files of the source that are not images, or of a format that is not decoded."""
    files: dict[str, Stored]

    def part(self, split: Split) -> Part:
        return self.train if split == "train" else self.test

    def names(self) -> Iterator[str]:
        """The files that belong to the dataset."""
        yield from (LABELS, STATISTICS)
        for split in SPLITS:
            yield names_file(split)
            yield from (shard_name(split, i) for i in range(len(self.part(split).shards)))


def shard_name(split: Split, index: int) -> str:
    return f"{split}-{index:05d}.bin"


def record_name(split: Split, index: int) -> str:
    """The record of a finished shard, while the others are made."""
    return f"{split}-{index:05d}.safetensors"


def names_file(split: Split) -> str:
    return f"{split}-names.txt"


def read(folder: Path) -> Manifest:
    """The manifest of a prepared dataset whose files all have their sizes.

    Raises `DataError` if there is no manifest, if it makes no sense, or if a file is missing or has
    another size.
    """
    path = folder / NAME
    if not path.is_file():
        what = "is not finished or no prepared dataset" if folder.is_dir() else "does not exist"
        raise DataError(f"{folder} {what}", f"specnet prepare SRC {folder}")
    try:
        document = json.loads(reading.read(path, LARGEST))
        _check_keys(document)
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path} is not understood: {place}: {first['msg']}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    _check_sizes(folder, manifest)
    return manifest


def _check_keys(document: Any) -> None:
    """Raise `ValueError` for unknown keys: a million of them would be a million errors."""
    parts: list[tuple[Any, type[Strict]]] = [(document, Manifest)]
    if isinstance(document, dict):
        parts += [(document.get(split), Part) for split in SPLITS]
    for content, model in parts:
        if isinstance(content, dict) and len(content) > len(model.model_fields):
            raise ValueError("it has keys that no manifest has")


def _check_sizes(folder: Path, manifest: Manifest) -> None:
    image = math.prod(manifest.shape)
    if set(manifest.files) != set(manifest.names()):
        raise DataError(f"{folder / NAME} does not name the files of its shards")
    for split in SPLITS:
        part = manifest.part(split)
        if part.images != sum(part.shards):
            raise DataError(f"{folder / NAME} counts the {split} images in two ways")
        for index, count in enumerate(part.shards):
            if manifest.files[shard_name(split, index)].bytes != count * image:
                raise DataError(f"{folder / NAME} gives {shard_name(split, index)} a size that does not fit")
    for name, stored in manifest.files.items():
        try:
            size = reading.check_plain(folder / name)
        except (OSError, reading.Unfit) as error:
            raise _unreadable(folder / name, error) from error
        if size != stored.bytes:
            raise DataError(
                f"{folder / name} has {size:,} bytes, and the manifest says {stored.bytes:,}",
                "copy the folder again, or prepare it anew",
            )


def checked_bytes(folder: Path, manifest: Manifest, name: str) -> bytes:
    """A small file of the dataset. Raises `DataError` if its checksum is another."""
    try:
        data = reading.read(folder / name, LARGEST_ARRAYS)
    except (OSError, reading.Unfit) as error:
        raise _unreadable(folder / name, error) from error
    if hashlib.sha256(data).hexdigest() != manifest.files[name].sha256:
        raise changed(folder / name)
    return data


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}")


def changed(path: Path) -> DataError:
    return DataError(f"{path} has changed since it was made", "copy the folder again, or prepare it anew")


def verify(folder: Path, workers: int) -> Iterator[tuple[str, int, bool]]:
    """Hash every file; yields its name, its size and whether it is intact. Raises as `read`."""
    manifest = read(folder)

    def is_intact(name: str) -> bool:
        return reading.digest(folder / name)[1] == manifest.files[name].sha256

    with ThreadPoolExecutor(workers) as pool:
        names = sorted(manifest.files)
        for name, intact in zip(names, pool.map(is_intact, names), strict=True):
            yield name, manifest.files[name].bytes, intact


def as_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=True).encode() + b"\n"


def write(path: Path, data: bytes) -> Stored:
    """Give a file its content at once: after a crash it has all of it or is as it was."""
    atomic.replace(path, data)
    return Stored(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
