"""The end of preparing images: labels, names, statistics and manifest, from the shards' records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from specnet.data.base import Split
from specnet.data.measure import from_sums
from specnet.data.prepare import manifest as manifests
from specnet.data.prepare.manifest import LABELS, STATISTICS, Manifest, Part, Skipped, Stored
from specnet.data.prepare.shard import Task, read_record
from specnet.data.sources.files import Source, refusal
from specnet.diagnostics.errors import DataError, UsageError
from specnet.text import printable


@dataclass
class _Collected:
    """What the records of one split say, in the order of its images."""

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    converted: Counter[str] = field(default_factory=Counter)
    skipped: list[Skipped] = field(default_factory=list)
    files: dict[str, Stored] = field(default_factory=dict)
    total: NDArray[np.int64] | int = 0
    products: NDArray[np.int64] | int = 0
    """Below 2**63 up to 10**14 pixels."""

    def add(self, task: Task) -> None:
        """Take in a finished shard. Raises `DataError` if a strict task has skipped an image."""
        record = read_record(task)
        if record is None:
            hint = "run the same command again: it makes what is missing"
            raise UsageError(f"{task.shard} has vanished", hint)
        left_out, changes = dict(record.skipped), dict(record.converted)
        if task.strict and left_out:
            place = min(left_out)
            raise refusal(task.items[place], left_out[place])
        kept = [place for place in range(len(task.items)) if place not in left_out]
        self.names += ["\t".join([task.items[place].name, *changes.get(place, ())]) for place in kept]
        self.labels += [task.items[place].label for place in kept]
        self.counts.append(len(kept))
        self.converted.update(change for made in changes.values() for change in made)
        self.skipped += [
            Skipped(name=task.items[place].name, reason=printable(reason)) for place, reason in record.skipped
        ]
        self.files[task.shard.name] = record.stored
        self.total = self.total + record.total
        self.products = self.products + record.products

    def part(self) -> Part:
        return Part(
            images=len(self.names),
            shards=self.counts,
            converted=dict(sorted(self.converted.items())),
            skipped=self.skipped,
        )


def assemble(source: Source, tasks: Sequence[Task], digest: str, decoder: str) -> Manifest:
    """Write what is known once all shards are there; returns the manifest, which is to be written last.

    Raises `DataError` if no image of a split can be used, or if an image was skipped in strict tasks.
    """
    folder = Path(tasks[0].folder)
    files: dict[str, Stored] = {}
    splits: dict[Split, _Collected] = {}
    for split in manifests.SPLITS:
        records = splits[split] = _Collected()
        for task in tasks:
            if task.split == split:
                records.add(task)
        if not records.names:
            first = f"{records.skipped[0].name}: {records.skipped[0].reason}"
            message = (
                f"none of the {len(records.skipped):,} images to {split} on can be used; the first is {first}"
            )
            raise DataError(message)
        name = manifests.names_file(split)
        files |= records.files
        files[name] = manifests.write(folder / name, "".join(f"{line}\n" for line in records.names).encode())
    labels: dict[str, NDArray[np.int64]] = {
        split: np.array(records.labels, dtype=np.int64) for split, records in splits.items()
    }
    files[LABELS] = manifests.write(folder / LABELS, save(labels))
    train = splits["train"]
    statistics = from_sums(len(train.names), np.asarray(train.total), np.asarray(train.products))
    files[STATISTICS] = manifests.write(folder / STATISTICS, save(statistics.arrays()))
    made = Manifest(
        shape=list(statistics.mean.shape),
        source=digest,
        decoder=decoder,
        classes=[printable(name) for name in source.classes],
        words={name: printable(source.words[name]) for name in source.classes if name in source.words},
        train=train.part(),
        test=splits["test"].part(),
        left_out=[Skipped(name=name, reason=printable(reason)) for name, reason in source.left_out],
        files=dict(sorted(files.items())),
    )
    if len(manifests.as_json(made.model_dump())) > manifests.LARGEST:
        hint = "remove what is not an image from the source"
        raise DataError(f"too many of the images in {source.root} cannot be used to name them all", hint)
    return made
