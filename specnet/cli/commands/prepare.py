"""`specnet prepare`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import integer
from specnet.diagnostics.errors import UsageError
from specnet.terminal.output import say
from specnet.text import describe, size

if TYPE_CHECKING:
    from specnet.data.prepare.manifest import Manifest
    from specnet.data.sources.files import Watch
    from specnet.terminal.progress import Progress

HELP = "decode and scale images once, into files that training maps into memory"
EXAMPLE = """examples:
  specnet prepare photos photos-256
  specnet prepare ilsvrc2012 /data/imagenet-256 --workers 16
  specnet train specs/alexnet.yaml --data prepared:/data/imagenet-256
  specnet prepare --verify /data/imagenet-256

SRC is a folder of class folders, with or without train and val (or test) above them, or holds ImageNet as it
is distributed: ILSVRC2012_img_train.tar, ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz, which are
read where they lie, or Kaggle's tree. What was interrupted goes on when the same command is run again.
docs/data.md describes the layouts, what happens to bad images, and the files.
"""
SHOWN = 10
"""Skipped images named on the terminal; the manifest names them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SRC", help="the images; with --verify, a prepared folder")
    parser.add_argument("destination", metavar="DST", nargs="?", help="the folder to make")
    parser.add_argument(
        "--size", type=_from_one_to(4096), default=256, metavar="N", help="height and width (default: 256)"
    )
    parser.add_argument(
        "--channels", type=int, choices=(1, 3), default=3, help="3 for RGB (default), 1 for grey levels"
    )
    parser.add_argument(
        "--held-out",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="share of each class to test on, where the folders name no split (default: 0.2)",
    )
    parser.add_argument("--train", metavar="NAME", help="folder in SRC to train on; . where each is a class")
    parser.add_argument("--test", metavar="NAME", help="folder in SRC to test on, for example val")
    parser.add_argument(
        "--workers", type=_from_one_to(1024), metavar="N", help="processes (default: one for each core)"
    )
    parser.add_argument("--strict", action="store_true", help="stop at a bad image instead of leaving it out")
    parser.add_argument("--verify", action="store_true", help="compare a prepared folder with its checksums")


def _from_one_to(most: int) -> Callable[[str], int]:
    """An integer up to `most`, for argparse."""

    def checked(text: str) -> int:
        number = integer(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not between 1 and {most}")
        return number

    return checked


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return number


def _cores() -> int:
    """The cores that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(options: argparse.Namespace) -> int:
    from specnet.terminal.progress import Progress
    from specnet.terminal.signals import noticing_signals

    workers = options.workers or _cores()
    progress = Progress()
    with noticing_signals() as noticed:
        watch = _watching(progress, noticed)
        try:
            if options.verify:
                return _verify(options, workers, watch)
            made = _prepare(options, workers, watch, progress)
        finally:
            progress.clear()
    total = sum(made.files[name].bytes for name in made.files)
    shown = f"{len(made.classes):,} classes, {describe(made.shape)}, {size(total)}"
    say(
        f"{options.destination}: {made.train.images:,} images to train on, "
        f"{made.test.images:,} to test on, {shown}"
    )
    return 0


def _prepare(options: argparse.Namespace, workers: int, watch: Watch, progress: Progress) -> Manifest:
    from specnet.data.prepare.prepare import Options, prepare

    if options.destination is None:
        raise UsageError("prepare needs a folder to make", "specnet prepare SRC DST")
    chosen = Options(
        options.size, options.channels, options.held_out, options.strict, options.train, options.test
    )
    made = prepare(Path(options.source), Path(options.destination), chosen, workers, watch, progress.note)
    converted = made.train.converted | {
        name: made.train.converted.get(name, 0) + count for name, count in made.test.converted.items()
    }
    if converted:
        counts = ", ".join(f"{name} {count:,}" for name, count in sorted(converted.items()))
        progress.note(f"converted: {counts}")
    skipped = [*made.train.skipped, *made.test.skipped]
    for bad in skipped[:SHOWN]:
        progress.note(f"skipped {bad.name}: {bad.reason}")
    if len(skipped) > SHOWN:
        progress.note(f"skipped {len(skipped):,} images in all; manifest.json names them")
    return made


def _verify(options: argparse.Namespace, workers: int, watch: Watch) -> int:
    from specnet.data.prepare import manifest

    if options.destination is not None:
        raise UsageError("--verify looks at one folder", "specnet prepare --verify DST")
    folder = Path(options.source)
    total = sum(stored.bytes for stored in manifest.read(folder).files.values())
    damaged, done = [], 0
    for name, count, intact in manifest.verify(folder, workers):
        done += count
        watch("verifying MB", done // 10**6, total // 10**6)
        if not intact:
            damaged.append(name)
    for name in damaged:
        say(f"{folder / name}: damaged")
    if not damaged:
        say(f"{folder}: every file is as it was made ({size(total)})")
    return 1 if damaged else 0


def _watching(progress: Progress, noticed: list[int]) -> Watch:
    """Shows progress, and stops the work once a signal was noticed."""
    from specnet.terminal.signals import Interrupted

    begun: list[str] = []

    def watch(what: str, done: int, total: int) -> None:
        if noticed:
            raise Interrupted(noticed[0], "run the same command again to go on")
        if begun[-1:] != [what]:
            begun.append(what)
            progress.begin(done)
        progress.show(what, done, total)

    return watch
