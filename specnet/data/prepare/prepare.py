"""`specnet prepare`: from a source of image files to a folder of pixels, once and for all runs.

The source's list is cut into shards by its length alone, so that the result is the same however many workers
make it. While the work goes on, the folder `work` beside the shards holds a lock and a record of each
finished shard; the same command started again makes only what is missing. The manifest is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from specnet.data.base import Split
from specnet.data.prepare import manifest as manifests
from specnet.data.prepare.assembly import assemble
from specnet.data.prepare.destination import held, tidy_finished
from specnet.data.prepare.manifest import Manifest
from specnet.data.prepare.shard import Task, read_record
from specnet.data.prepare.workers import disk_errors, make_shards
from specnet.data.sources.decoding import pillow
from specnet.data.sources.file_kinds import is_other_format
from specnet.data.sources.files import Item, Source, Watch, folder_source
from specnet.data.sources.imagenet import has_archives, imagenet_source
from specnet.data.sources.layout import Choice
from specnet.diagnostics.errors import DataError, UsageError
from specnet.text import size as bytes_in_words

SHARDS, LEAST, MOST = 64, 64, 4096
"""A split is cut into some 64 shards, unless they would have fewer or more images than this."""


@dataclass(frozen=True)
class Options:
    """What the result depends on."""

    size: int = 256
    channels: int = 3
    held_out: float = 0.2
    strict: bool = False
    train: str | None = None
    test: str | None = None
    """Folders of the source, where their names do not say which is which."""


def prepare(
    source: Path,
    destination: Path,
    options: Options,
    workers: int,
    watch: Watch | None = None,
    note: Callable[[str], None] | None = None,
) -> Manifest:
    """Prepare the images of `source` in the folder `destination`, or go on where it was stopped.

    `watch` is told of progress, at least every second or so, and may raise to stop the work; `note` is told
    what a person should know. Raises `DataError` for a source that cannot be used and `UsageError` for a
    destination that cannot.
    """
    pillow()
    say = note or (lambda text: None)
    listed = _find(source, destination, options, watch)
    for text in listed.notes:
        say(text)
    images = [(name, reason) for name, reason in listed.left_out if is_other_format(reason)]
    if options.strict and images:
        raise DataError("cannot use the image {}: {}".format(*images[0]), "convert it, or leave out --strict")
    digest = _digest(listed, options)
    if (destination / manifests.NAME).is_file():
        return _finished(destination, digest, options)
    with held(destination) as place, disk_errors(destination):
        tasks = _tasks(listed, destination, place.work.path, options)
        settings = {"options": _settings(options), "classes": list(listed.classes)}
        counts: dict[Split, int] = {s: sum(task.split == s for task in tasks) for s in manifests.SPLITS}
        place.plan(settings, counts)
        missing = [task for task in tasks if read_record(task) is None]
        done = sum(len(task.items) for task in tasks) - sum(len(task.items) for task in missing)
        if done:
            say(f"{done:,} images are done already: going on")
        _check_space(destination, missing, options)
        count = _Counting(watch, done, sum(len(task.items) for task in tasks))
        count(0)
        make_shards(missing, workers, count)
        made = assemble(listed, tasks, digest, _decoder())
        place.remove_shards_but(list(made.files))
        manifests.write(destination / manifests.NAME, manifests.as_json(made.model_dump()))
        place.finish()
    return made


def _find(path: Path, destination: Path, options: Options, watch: Watch | None) -> Source:
    if (path / manifests.NAME).is_file() and (path / manifests.LABELS).is_file():
        raise DataError(f"{path} is prepared already", f"--data prepared:{path}")
    own, inside = (Path(os.path.realpath(p)) for p in (path, destination))  # resolve() raises for loops
    if path.exists() and inside.is_relative_to(own):
        raise UsageError(f"{destination} lies in {path}", "prepare into a folder outside the source")
    if path.is_dir() and has_archives(path):
        if options.train or options.test:
            raise UsageError(
                "--train and --test name folders, and the source is ImageNet's archives", "leave them out"
            )
        return imagenet_source(path, watch)
    choice = Choice(
        lambda given: " ".join(f"--{name} {value}" for name, value in given.items()),
        lambda folder: f"specnet prepare {folder} DST",
        options.train,
        options.test,
    )
    return folder_source(path, options.held_out, choice)


def _decoder() -> str:
    from PIL import __version__

    return f"Pillow {__version__}"


def _settings(options: Options) -> dict[str, object]:
    """What a shard depends on besides its items. Other versions of Pillow may decode to other pixels."""
    return {"size": options.size, "channels": options.channels, "decoder": _decoder()}


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _named(items: Sequence[Item]) -> list[tuple[str, int]]:
    return [(item.name, item.label) for item in items]


def _digest(source: Source, options: Options) -> str:
    return _hash(
        options.size, options.channels, list(source.classes), _named(source.train), _named(source.test)
    )


def _finished(destination: Path, digest: str, options: Options) -> Manifest:
    """The manifest of what is there already. Raises `UsageError` unless it is what was asked for."""
    manifest = manifests.read(destination)
    if manifest.source != digest:
        hint = "name another folder, or remove this one"
        raise UsageError(f"{destination} was prepared from other images, or at another size", hint)
    tidy_finished(destination)
    skipped = [*manifest.train.skipped, *manifest.test.skipped]
    if options.strict and skipped:
        raise DataError(f"{destination} was made without the image {skipped[0].name}: {skipped[0].reason}")
    return manifest


def _tasks(source: Source, destination: Path, work: Path, options: Options) -> list[Task]:
    """The shards to make; a function of the source's list."""
    tasks: list[Task] = []
    for split, items in (("train", source.train), ("test", source.test)):
        count = min(max(-(-len(items) // SHARDS), LEAST), MOST)
        for index, start in enumerate(range(0, len(items), count)):
            own = items[start : start + count]
            task = Task(
                folder=str(destination),
                work=str(work),
                root=str(source.root) if own[0].size is None else own[0].path,
                split=split,  # type: ignore[arg-type]
                index=index,
                items=own,
                channels=options.channels,
                size=options.size,
                strict=options.strict,
                digest=_hash(_settings(options), _named(own)),
            )
            tasks.append(task)
    return tasks


def _check_space(destination: Path, missing: Sequence[Task], options: Options) -> None:
    image = options.channels * options.size**2
    # A record holds the sum of its shard's images in 8 bytes for each value.
    needed = sum(len(task.items) * image + 8 * image for task in missing)
    free = shutil.disk_usage(destination).free
    if needed > free:
        message = f"{destination} needs {bytes_in_words(needed)}, and {bytes_in_words(free)} are free"
        raise UsageError(message, "name a folder on a larger disk, or a smaller --size")


class _Counting:
    """Adds up the images done and tells `watch`."""

    def __init__(self, watch: Watch | None, done: int, total: int) -> None:
        self._watch, self._done, self._total = watch, done, total

    def __call__(self, images: int) -> None:
        self._done += images
        if self._watch:
            self._watch("preparing images", self._done, self._total)
